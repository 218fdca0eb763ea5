"""A command group that imports a command when it is called, so that no command pays for another's imports."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from gategit.cli.errors import report_crash, report_error
from gategit.errors import GategitError
from gategit.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    # Older Typer stands on Click itself, newer Typer carries its own copy: the names are Typer's in both.
    Command = Any
    Context = Any

COMMANDS: Mapping[str, str] = {
    "check": "gategit.cli.check",
    "diff": "gategit.cli.diff",
    "policy": "gategit.cli.policy",
    "schema": "gategit.cli.schema",
    "explain": "gategit.cli.explain",
    "init": "gategit.cli.init",
}
"""Each command's module, in the order of ``--help``. Its ``app`` is a Typer program of one or more commands."""


class LazyGroup(TyperGroup):
    """The commands of ``COMMANDS``; errors that reach it end the process as the contract says."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002  the base class's signature
        """Every command's name."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002  the same
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            command = typer.main.get_command(import_module(COMMANDS[cmd_name]).app)
            command.name = cmd_name
            self.commands[cmd_name] = command
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Find the command that the arguments name; a wrong name is answered with the nearest right one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"no such command: {name}{did_you_mean(name, COMMANDS)}")
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command and end the process; nothing but SystemExit leaves this method."""
        try:
            return super().main(*args, **kwargs)
        except GategitError as error:
            sys.exit(report_error(error))
        except Exception as error:  # noqa: BLE001  the last door: no traceback reaches a user
            sys.exit(report_crash(error))

"""Commands that cost what they use: imported when called, and parsed without a validation library for plain strings."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from gategit.cli.errors import report_crash, report_error
from gategit.errors import GategitError
from gategit.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # Older Typer stands on Click itself, newer Typer carries its own copy: the names are Typer's in both.
    Command = Any
    Context = Any

COMMANDS: Mapping[str, str] = {
    "check": "gategit.cli.check",
    "diff": "gategit.cli.diff",
    "render": "gategit.cli.render",
    "policy": "gategit.cli.policy",
    "schema": "gategit.cli.schema",
    "cluster": "gategit.cli.cluster",
    "explain": "gategit.cli.explain",
    "waive": "gategit.cli.waive",
    "init": "gategit.cli.init",
}
"""Each command's module, in the order of ``--help``. Its ``app`` is a Typer program of one or more commands."""


def _pass_strings(params: list[Any]) -> None:
    """Let strings and absent values through to the function as they are.

    Newer Typer hands every value to a pydantic adapter; importing pydantic and building the adapters takes longer
    than a whole small check. Strings need no conversion. Whatever is not a string goes Typer's way.
    """
    for param in params:
        param.process_value = partial(_process, param, param.process_value)


def _process(param: Any, convert: Callable[[Context, Any], Any], context: Context, value: Any) -> Any:
    several = param.multiple or param.nargs == -1
    plain: object
    if value is None:
        plain = () if several else None
    elif isinstance(value, str) and not several:
        plain = value
    elif several and isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        plain = tuple(value)
    else:
        return convert(context, value)
    if param.required and not plain:
        return convert(context, value)
    return param.callback(context, param, plain) if param.callback else plain


class StringCommand(TyperCommand):
    """A command whose parameters are flags, strings and lists of strings, and nothing else."""

    def get_help_option_names(self, ctx: Context) -> list[str]:
        """Name the help option's long form first, always: Typer takes the order from a set."""
        return sorted(super().get_help_option_names(ctx), key=len, reverse=True)

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Parse the command line; here all parameters are known, those for help and shell completion too."""
        _pass_strings(self.get_params(ctx))
        return super().parse_args(ctx, args)


class StringGroup(TyperGroup):
    """A group of commands with no parameters but flags and strings of its own."""

    def get_help_option_names(self, ctx: Context) -> list[str]:
        """Name the help option's long form first, always: Typer takes the order from a set."""
        return sorted(super().get_help_option_names(ctx), key=len, reverse=True)

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Parse the command line; here all parameters are known, those for help and shell completion too."""
        _pass_strings(self.get_params(ctx))
        return super().parse_args(ctx, args)


class LazyGroup(StringGroup):
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

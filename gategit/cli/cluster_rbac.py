"""``gategit cluster rbac``: an account for the gate that may dry-run and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from gategit.cli.errors import say
from gategit.cli.output import write_stdout

EPILOG = """\b
Examples:
  gategit cluster rbac | kubectl apply --filename=-
  gategit cluster rbac --namespace ci --name gate --no-secrets > gate/rbac.yaml
  gategit cluster rbac --group cert-manager.io --group monitoring.coreos.com

\b
Exit codes: 0 printed, 2 wrong usage or configuration, 3 the tree cannot be read.
"""

_HEADER = """\
# An account that may dry-run and nothing else. Apply all of it, from the top: the policy denies the account every
# request that is no dry run, and the roles come after it. Never give the account the roles without the policy.
"""


def rbac(
    *,
    namespace: Annotated[
        str, typer.Option(metavar="NAME", help="The namespace of the service account, which is printed as well.")
    ] = "gategit",
    name: Annotated[str, typer.Option(metavar="NAME", help="The service account's name.")] = "gategit",
    no_secrets: Annotated[
        bool,
        typer.Option(
            "--no-secrets", help="No rights on Secrets: none can be read, and those of a change are not asked."
        ),
    ] = False,
    group: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP",
            help="An API group of custom resources that may be dry-run, besides those of the manifests below the "
            "current folder. Repeatable.",
        ),
    ] = None,
) -> None:
    """Print a service account, its roles, and the policy that denies it everything but dry runs.

    A dry run needs the rights of the write, which the roles give; the ValidatingAdmissionPolicy takes the writing away.
    Custom resources are those that manifests below the current folder declare, define or are rendered to, and those of
    --group.
    """
    from gategit.cli.declared_kinds import declared_kinds  # noqa: PLC0415  after the options are known to be right
    from gategit.cluster.rbac import Account, checked_group, least_rights  # noqa: PLC0415  the same

    custom = {checked_group(one): frozenset({"*"}) for one in group or ()}
    declared = declared_kinds(Path.cwd(), dict(os.environ))
    objects = least_rights(Account(namespace, name), {**declared.resources, **custom}, secrets=not no_secrets)
    for refusal in declared.refused:
        say(f"gategit: {refusal}")
    write_stdout(_HEADER + _to_yaml(objects))


def _to_yaml(objects: list[dict[str, Any]]) -> str:
    from io import StringIO  # noqa: PLC0415  only this command writes YAML

    from ruamel.yaml import YAML  # noqa: PLC0415  the same
    from ruamel.yaml.representer import RoundTripRepresenter  # noqa: PLC0415  the same

    class Representer(RoundTripRepresenter):
        """Lists of words on one line, everything else in blocks."""

        def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:  # noqa: FBT001
            flat = flow_style or all(isinstance(item, str) for item in sequence)
            return super().represent_sequence(tag, sequence, flow_style=flat)

    yaml = YAML()
    yaml.Representer = Representer
    yaml.width = 1000
    yaml.explicit_start = True
    written = StringIO()
    yaml.dump_all(objects, written)
    return written.getvalue()

"""What to say where a word names no kind that has a schema, or more than one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gategit.checks.schema.kind_names import KindName, alike
from gategit.errors import UsageError
from gategit.nearest import did_you_mean
from gategit.report.escaping import visible

if TYPE_CHECKING:
    from gategit.checks.schema.known import KnownKind

_MANY = 12


def no_such_kind(wanted: str, kinds: Iterable[KnownKind], targets: Sequence[str] = ()) -> UsageError:
    """That nothing has a kind of this name: what may have been meant, and how to add it.

    Args:
        wanted: the word.
        kinds: those that there are.
        targets: the targets of the config for which there is such a kind.
    """
    if targets:
        return UsageError(
            f"there is no schema for {visible(wanted)} but for the target {visible(_or(targets))}",
            f"say which one is meant: --target {visible(targets[0])}",
        )
    near = alike(wanted, {one.name: None for one in kinds})
    meant = f"; did you mean {_or(near)}?" if near else ""
    return UsageError(
        f"there is no schema for {visible(wanted)}{meant}",
        "add one: gategit schema add FILE (its CustomResourceDefinition, or a cluster's snapshot that has it)",
    )


def several_kinds(wanted: str, names: Sequence[KindName]) -> UsageError:
    """That a word means several kinds: which ones, and how to name one."""
    shown = ", ".join(name.full for name in names[:_MANY])
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return UsageError(f"{visible(wanted)} may be {len(names)} kinds: {shown}{more}", "name one of them with its group")


def no_such_group(wanted: str, kinds: Iterable[KnownKind]) -> UsageError:
    """That no kind with a schema is in this group."""
    groups = sorted({one.name.group for one in kinds})
    return UsageError(
        f"no kind of the group {visible(wanted)} has a schema{did_you_mean(wanted, groups)}",
        "gategit schema list shows every group",
    )


def no_such_source(wanted: str, kinds: Iterable[KnownKind]) -> UsageError:
    """That there is no source of this name."""
    sources = sorted({one.source for one in kinds if one.source})
    return UsageError(
        f"--source: there is no source {visible(wanted)}{did_you_mean(wanted, sources)}",
        f"use one of: {', '.join([*sources, 'repository', 'snapshot', 'folder', 'carried', 'kubernetes'])}",
    )


def _or(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"

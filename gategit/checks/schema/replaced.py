"""What a change does to the schemas that custom resources are judged by, where it brings a definition of its own.

A definition in the tree comes first, as it does in the cluster, and holds at once: also for objects of the same change.
So whoever reads the change is told of a definition that takes the place of a schema, and of one that asks less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from gategit.checks.schema import rules
from gategit.checks.schema.crd import Crd, is_crd, read_crd
from gategit.errors import UndecidedError
from gategit.manifests.manifest import Manifest
from gategit.model import Finding, Level, Location, Stage

_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"

Pairs = Iterable[tuple[Manifest | None, Manifest | None]]
"""The objects that a change adds, modifies or removes: as they were, and as they are."""


def judge_definitions(pairs: Pairs, locate: Callable[[Manifest], Location]) -> list[Finding]:
    """Say which definitions of a change replace a schema that gategit carries, or judge objects of the same change.

    Args:
        pairs: the objects of the change.
        locate: the place of a definition in its file.
    """
    both = list(pairs)
    changed = {(one.group, one.kind) for pair in both for one in pair if one is not None}
    found: list[Finding] = []
    for old, new in both:
        after = None if new is None else _definition(new)
        if new is None or after is None:
            continue
        before = None if old is None else _definition(old)
        if before is not None and (before.versions, before.preserve) == (after.versions, after.preserve):
            continue
        said = _said(before, after, has_objects=(after.group, after.kind) in changed)
        found += [_finding(new, locate, level, text) for level, text in said]
    return found


def _definition(manifest: Manifest) -> Crd | None:
    return read_crd(manifest.data) if is_crd(manifest.data) else None


def _said(before: Crd | None, after: Crd, *, has_objects: bool) -> Iterator[tuple[Level, str]]:
    what = f"{after.kind} of {after.group}"
    title, opened = _carried(after)
    if before is not None:
        opened = sorted(set(_open(after)) - set(_open(before)))
    if before is None and title:
        start = f"from this change on its definition judges every {what}, not the schema of {title}"
    elif before is not None and has_objects:
        start = f"this change edits the definition of {what}, and objects that are judged by it"
    elif before is not None and opened:
        start = f"this change edits the definition of {what}"
    else:
        return
    if opened:
        versions = " and ".join(opened)
        yield Level.WARNING, f"{start}; it keeps unknown fields of {versions} now, so none is found any more"
    else:
        yield Level.NOTE, start


def _carried(crd: Crd) -> tuple[str, list[str]]:
    """The project whose schema is carried, and the versions of which a definition keeps more than that."""
    from gategit.checks.schema import ecosystem  # noqa: PLC0415  only a change with definitions needs it

    try:
        kind = ecosystem.carried(crd.group, crd.kind)
        if kind is None:
            return "", []
        closed = {
            version.name
            for release in kind.releases
            for version in release.versions
            if not (version.preserve or _keeps(kind.schema(version)))
        }
    except UndecidedError:  # what it would judge says so
        return "", []
    return kind.title, [name for name in _open(crd) if name in closed]


def _open(crd: Crd) -> list[str]:
    """The served versions of which a definition keeps fields that it does not name."""
    return [one.name for one in crd.versions if one.served and (crd.preserve or _keeps(one.schema))]


def _keeps(schema: Any) -> bool:
    """Whether a schema keeps unknown fields of the object itself or of its spec."""
    if not isinstance(schema, dict):
        return False
    properties = schema.get("properties")
    spec = properties.get("spec") if isinstance(properties, dict) else None
    return any(one.get(_PRESERVE) is True for one in (schema, spec) if isinstance(one, dict))


def _finding(manifest: Manifest, locate: Callable[[Manifest], Location], level: Level, text: str) -> Finding:
    return Finding(
        rule=rules.DEFINITION_CHANGED.id,
        stage=Stage.SCHEMA,
        level=level,
        message=text,
        help=rules.DEFINITION_CHANGED.help,
        location=locate(manifest),
        object=manifest.ref,
        path=("spec",),
        subject=text,
    )

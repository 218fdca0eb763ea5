"""What the releases of a project say differently of an object, where nobody said which of them the cluster runs.

The newest release that gategit carries judges. What an older one takes may be right for this cluster, and what an older
one lacks may be wrong for it; neither can be an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from gategit.checks.schema.node import partial_root
from gategit.checks.schema.spec import KindSchema
from gategit.model import FieldPath

if TYPE_CHECKING:
    from gategit.checks.schema.ecosystem import Choice, FieldName
    from gategit.checks.schema.explain import Trouble
    from gategit.checks.schema.spec import SchemaSet

_MOST_PLACES: Final = 50
"""No more places of one object are named."""


class OtherReleases:
    """What the other releases of a project refuse of one object.

    Args:
        schemas: what the object is validated with.
        choice: the release that judged it.
        data: the object.
        part: whether it is a part of an object, such as a patch.
        secret: whether its values must not be shown.
    """

    def __init__(self, schemas: SchemaSet, choice: Choice, data: Any, *, part: bool, secret: bool) -> None:
        self._choice = choice
        self._refused: list[tuple[str, frozenset[tuple[str, FieldPath]]]] = []
        from gategit.checks.schema.explain import explain  # noqa: PLC0415  imports jsonschema: only failures pay

        for other in choice.others():
            found = schemas.read_release(other)
            if isinstance(found, KindSchema):
                schema = partial_root(found.schema) if part else found.schema
                troubles = explain(schema, data, "", secret=secret)
                self._refused.append((other.release.name, frozenset((one.rule, one.path) for one in troubles)))

    def taking(self, troubles: Sequence[Trouble]) -> list[str | None]:
        """For each trouble the newest other release that does not mind it; None where all of them do.

        Where each is taken by some release, but no release takes the object as a whole, nothing excuses it.
        """
        found = [self._taking(trouble) for trouble in troubles]
        if None not in found and all(refused for _, refused in self._refused):
            return [None] * len(found)
        return found

    def _taking(self, trouble: Trouble) -> str | None:
        return next(
            (release for release, refused in self._refused if (trouble.rule, trouble.path) not in refused), None
        )


def with_judge(message: str, choice: Choice, taking: str | None) -> str:
    """A refusal with the release that speaks it, and with the other one that takes what it refuses, if any does."""
    if taking is None:
        return f"{message} (judged by {choice.origin})"
    return f"{message}; so says {choice.origin}, but {taking} takes it"


def how_to_pin(choice: Choice, release_name: str | None = None) -> str:
    """How to say which release the cluster runs.

    Args:
        choice: the release that judged.
        release_name: another one that may well be the cluster's, since it takes what this one refuses.
    """
    source = choice.kind.source
    numbers, dash, channel = (release_name or choice.release.name).partition("-")
    release = f"{'.'.join(numbers.split('.')[:2])}{dash}{channel}"  # a later patch is as good
    return f'say in .gategit.yaml which release the cluster runs: schemas: {{releases: {{{source}: "{release}"}}}}'


def newer_fields(choice: Choice, data: Any) -> Iterator[tuple[FieldPath, str]]:
    """The fields of an object that an older release lacks, each with the release from which on it is there."""
    if choice.pinned or choice.dropped_by is not None or choice.release.channel:
        return
    left = _MOST_PLACES
    for name, release in choice.kind.since.get(choice.version.name, ()):
        for path in _places(name, data):
            yield path, release
            left -= 1
            if left == 0:
                return


def _places(name: FieldName, data: Any) -> Iterator[FieldPath]:
    """Where an object has a field."""
    waiting: list[tuple[FieldPath, Any]] = [((), data)]
    for step in name:
        found: list[tuple[FieldPath, Any]] = []
        for path, value in waiting:
            if step == "[]":
                found += [((*path, index), item) for index, item in enumerate(value)] if isinstance(value, list) else []
            elif isinstance(value, dict):
                if step == "{}":
                    found += [((*path, key), item) for key, item in value.items()]
                elif step in value:
                    found.append(((*path, step), value[step]))
        waiting = found
    yield from (path for path, _ in waiting)

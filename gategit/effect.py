"""What a change does to objects as they are applied, ready to be shown: for which target, how risky, on which lines.

Values of Secrets never leave this module, nor does what looks like a credential elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from gategit.change import ABSENT, ChangeKind, FieldDifference, ObjectChange, canonical, field_differences
from gategit.checks.dry_run.shown import Masker, shown
from gategit.manifests.manifest import Manifest
from gategit.model import Effect, EffectField, EffectObject, FieldPath, Location, Risk, Unchecked
from gategit.report.effect_view import HIDDEN
from gategit.risk import Assessor

if TYPE_CHECKING:
    from gategit.config import Config
    from gategit.render.values import Rendered
    from gategit.rendering import RenderedSide
    from gategit.side import Side

Locate = Callable[[Manifest, FieldPath], Location]
"""Finds the place of a manifest's field."""

_Place = Location | None

_MOST_PLACES: Final = 20_000
"""Lines that are looked for in one run: to look for one in a chart can take milliseconds."""

_MOST_OF_OBJECT: Final = 500
_NAMESPACE: Final = "namespace"


class _Hider(Masker):
    """Puts the same words in the place of each secret value: the same change is shown alike in every run."""

    def __init__(self) -> None:
        super().__init__(b"")

    def hide(self, path: FieldPath, value: Any) -> str:  # noqa: ARG002  nothing of a value shows
        """What is shown of a secret value."""
        return HIDDEN


def read_effect(  # noqa: PLR0913  what changes, where it stands, and what is known of both
    changes: Sequence[ObjectChange],
    config: Config,
    assessor: Assessor,
    *,
    locate_old: Locate,
    locate_new: Locate,
    files: Collection[str] = (),
    target: str | None = None,
    unknown: Sequence[Unchecked] = (),
) -> Effect:
    """Work out what is to be shown of each change, once for each cluster that it reaches.

    Args:
        changes: the object changes, as far as they are rendered.
        config: the trusted config, which says which targets an object goes to.
        assessor: says how risky each is.
        locate_old: finds the place of a field of the base.
        locate_new: finds the place of a field of the head.
        files: the paths that the change adds, modifies or removes.
        target: the target that is looked at; None: all.
        unknown: what nobody knows the effect on, and why.
    """
    hider, places = _Hider(), _Places(locate_old, locate_new)
    objects: list[EffectObject] = []
    for change, risks in zip(changes, assessor.risks(changes, files), strict=True):
        wanted = [name for name in _targets(change, config) if target in (None, name)]
        if wanted:
            one = _Shown(change, hider, places)
            objects += [one.for_target(name, risks) for name in wanted]
    return Effect(tuple(objects), tuple(unknown))


def place_of(side: Side, manifest: Manifest, path: FieldPath) -> Location:
    """The line of a field, or of the object itself: where it begins."""
    return side.locate(manifest.source, path, "key" if path else "value")


def unknown_effects(sides: Iterable[RenderedSide | None], target: str | None) -> tuple[Unchecked, ...]:
    """The units that cannot be rendered, so that nobody knows what the change does to their objects, and why.

    Args:
        sides: what was rendered of the head and, where there is one, of the base.
        target: the target that is looked at; None: all.
    """
    found: dict[str, Unchecked] = {}
    for where, side in zip(("", ", in the base"), sides, strict=False):
        for one in side.rendered if side is not None else ():
            if one.failed and target in (None, one.unit.target):
                name = f"{one.unit.name} for {one.unit.target}" if one.unit.target else one.unit.name
                found.setdefault(name, _unknown(one, name, where))
    return tuple(found.values())


def _unknown(rendered: Rendered, name: str, where: str) -> Unchecked:
    """Why a unit cannot be rendered, apart from which one it is: many may have one cause."""
    problem = next((problem for problem in rendered.problems if problem.fatal), None)
    if problem is None:
        return Unchecked(name, f"it cannot be rendered{where}")
    place = problem.location
    line = f":{place.region.line}" if place.region is not None else ""
    reason = problem.message.removeprefix(f"{rendered.unit.name} is not rendered: ")
    return Unchecked(f"{name} ({place.file}{line})" if place.file else name, f"{reason}{where}")


def _targets(change: ObjectChange, config: Config) -> Sequence[str | None]:
    """The targets that an object goes to; None where it goes to none."""
    return [one.name for one in config.targets_at(change.manifest.source)] or [None]


class _Places:
    """Finds places, as many as are worth the time: a file can have more fields than anybody reads."""

    def __init__(self, old: Locate, new: Locate) -> None:
        self._old = old
        self._new = new
        self._left = _MOST_PLACES

    def of_object(self, manifest: Manifest | None, *, old: bool) -> Location | None:
        """Where an object stands; its file alone where there is no time left."""
        if manifest is None:
            return None
        return self._find(manifest, (), old=old) or Location(manifest.source.file)

    def of_fields(self, manifest: Manifest | None, paths: Sequence[FieldPath | None], *, old: bool) -> list[_Place]:
        """Where fields stand; None for what is not there, and for those that come after too many others."""
        return [
            None
            if manifest is None or path is None or index >= _MOST_OF_OBJECT
            else self._find(manifest, path, old=old)
            for index, path in enumerate(paths)
        ]

    def _find(self, manifest: Manifest, path: FieldPath, *, old: bool) -> _Place:
        if not self._left:
            return None
        self._left -= 1
        return (self._old if old else self._new)(manifest, path)


class _Shown:
    """One change with what is shown of it, whatever the target."""

    def __init__(self, change: ObjectChange, hider: Masker, places: _Places) -> None:
        self._change = change
        old, new = change.old, change.new
        self._old = places.of_object(old, old=True)
        self._new = places.of_object(new, old=False)
        before, after = None if old is None else old.data, None if new is None else new.data
        differences = [_whole(change)] if before is None or after is None else field_differences(before, after)
        masked = shown(change.manifest.kind, differences, hider, old=before, new=after)
        if change.kind is ChangeKind.MODIFIED:
            before_at = places.of_fields(
                old, [None if one.old is ABSENT else one.path for one in differences], old=True
            )
            after_at = places.of_fields(
                new, [None if one.new is ABSENT else one.path for one in differences], old=False
            )
        else:
            before_at, after_at = [self._old], [self._new]
        self._fields = tuple(map(EffectField, masked, before_at, after_at))
        self._name = "\n".join(_named(change, differences))

    def for_target(self, target: str | None, risks: tuple[Risk, ...]) -> EffectObject:
        """The change in one target."""
        manifest = self._change.manifest
        unit = manifest.source.unit
        same = f"{self._name}\n{risks!r}"
        return EffectObject(
            object=manifest.ref,
            change=self._change.kind.value,
            old=self._old,
            new=self._new,
            target=target,
            unit=None if unit is None else unit.name,
            fields=self._fields,
            risks=risks,
            same=hashlib.sha256(same.encode(errors="surrogatepass")).hexdigest(),
        )


def _whole(change: ObjectChange) -> FieldDifference:
    """The difference that a whole object is, which comes or goes."""
    data = change.manifest.data
    return FieldDifference((), ABSENT, data) if change.kind is ChangeKind.ADDED else FieldDifference((), data, ABSENT)


def _named(change: ObjectChange, differences: Sequence[FieldDifference]) -> Iterator[str]:
    """What names a change to an object, wherever it is: in another namespace it may be the same."""
    manifest = change.manifest
    yield from (change.kind.value, manifest.api_version, manifest.kind, manifest.name)
    for one in differences:
        values = [None if value is ABSENT else _anywhere(one.path, value) for value in (one.old, one.new)]
        yield canonical([list(one.path), one.old is ABSENT, one.new is ABSENT, values])


def _anywhere(path: FieldPath, value: Any) -> Any:
    """A value without the namespace, where it is a whole object."""
    metadata = value.get("metadata") if not path and isinstance(value, dict) else None
    if not isinstance(metadata, dict):
        return value
    return {**value, "metadata": {key: part for key, part in metadata.items() if key != _NAMESPACE}}

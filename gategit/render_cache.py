"""What units render to, kept by content: the same program makes the same of the same files under the same settings.

A key names all of that, so that an entry is never wrong, only unused. What failed for a reason of the moment, or holds
anything from outside of the tree, is not kept.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from gategit.cache import Cache, program_id
from gategit.errors import UndecidedError
from gategit.model import Level, Location, ObjectRef, Region
from gategit.render.programs import identity
from gategit.render.values import (
    FilesBuild,
    Rendered,
    RenderedObject,
    RenderProblem,
    RenderSettings,
    Trace,
    Unit,
)
from gategit.tree import EntryKind, Tree, TreeEntry

if TYPE_CHECKING:
    from gategit.render.programs import Name

_LARGEST: Final = 256 * 2**20
"""How many bytes an entry may have: what anybody could have written must not fill the memory."""

_LARGEST_HASHED: Final = 16 * 2**20
"""How large a file may be that git has not named yet; beyond, its units are rendered each time."""

_DAMAGED: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError, zlib.error)
_PROGRAMS: Final[tuple[Name, ...]] = ("kustomize", "helm")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A unit that is to be rendered, and the files of the tree that it is made of."""

    unit: Unit
    inputs: frozenset[str]


class Keys:
    """Names what units of one tree render to.

    Args:
        tree: the files.
        settings: what the config says of rendering for a target.
    """

    def __init__(self, tree: Tree, settings: Callable[[str | None], RenderSettings]) -> None:
        self._tree = tree
        self._settings = settings
        self._heads: dict[str | None, str] = {}
        self._names: dict[str, str | None] = {}

    def of(self, wanted: Wanted) -> str | None:
        """The key of what a unit renders to; None where that is not kept."""
        unit = wanted.unit
        # Plain files are read, and nothing is run: that takes no longer than to look it up.
        if isinstance(unit.build, FilesBuild):
            return None
        parts = [self._head(unit.target), repr(replace(unit, owner=None))]
        if unit.owner is not None:  # where exactly it stands is told anew
            parts.append(repr((unit.owner.ref, unit.owner.location.file)))
        for path in sorted(wanted.inputs):
            if path not in self._names:
                self._names[path] = self._name(path)
            name = self._names[path]
            if name is None:
                return None
            parts.append(name)
        digest = blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        return f"rendered:{digest}"

    def _head(self, target: str | None) -> str:
        if target not in self._heads:
            settings = self._settings(target)
            programs = [identity(name, settings) for name in _PROGRAMS]
            # ApplicationSets see the clusters, builds do not.
            self._heads[target] = repr((program_id(), programs, replace(settings, clusters=())))
        return self._heads[target]

    def _name(self, path: str) -> str | None:
        """A file by its path, its mode and its content, None where its content has no name."""
        entry = self._tree.entries().get(path)
        if entry is None:
            return f"{path}\0none"
        content = entry.blob_id or self._hashed(entry)
        return None if content is None else f"{path}\0{entry.kind}\0{entry.executable}\0{content}"

    def _hashed(self, entry: TreeEntry) -> str | None:
        if entry.kind is EntryKind.SUBMODULE or entry.size > _LARGEST_HASHED:
            return None
        try:
            return blake2b(self._tree.read(entry.path), digest_size=20).hexdigest()
        except UndecidedError:
            return None


class RenderCache:
    """What units have rendered to: on disk, and for the other side of the same run.

    Args:
        cache: what earlier runs worked out.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._known: dict[str, Rendered] = {}

    def find(self, wanted: Mapping[str, Wanted]) -> dict[str, Rendered]:
        """What is known, by key.

        Args:
            wanted: what is asked for, by key.
        """
        found = {key: _moved(self._known[key], one.unit) for key, one in wanted.items() if key in self._known}
        for key, value in self._cache.read(key for key in wanted if key not in found).items():
            rendered = _decoded(value, wanted[key])
            if rendered is not None:
                found[key] = self._known[key] = rendered
        return found

    def keep(self, wanted: Mapping[str, Wanted], rendered: Mapping[str, Rendered]) -> None:
        """Keep what does not depend on the moment, nor on other files than the key names.

        Args:
            wanted: what was asked for, by key.
            rendered: what came of it, by key.
        """
        lasting = {key: one for key, one in rendered.items() if one.lasting and one.inputs == wanted[key].inputs}
        self._known |= lasting
        encoded = {key: _encoded(one) for key, one in lasting.items()} if self._cache.is_open else {}
        self._cache.write({key: value for key, value in encoded.items() if value is not None})


def _moved(rendered: Rendered, unit: Unit) -> Rendered:
    """What a unit renders to for another one that differs from it in where it is asked for."""
    before, after = rendered.unit.owner, unit.owner
    problems = rendered.problems
    if before is not None and after is not None and before.location != after.location:
        problems = tuple(
            replace(one, location=after.location) if one.location == before.location else one for one in problems
        )
    return replace(rendered, unit=unit, problems=problems)


def _encoded(rendered: Rendered) -> str | None:
    """A unit's result as text; None where what it says is on lines that the key does not name."""
    problems = []
    for problem in rendered.problems:
        encoded = _encoded_problem(problem, rendered)
        # What is said with more than is kept here is not kept at all.
        if encoded is None or _decoded_problem(encoded, rendered.unit) != problem:
            return None
        problems.append(encoded)
    objects = [
        [one.data, one.trace.file, one.trace.document, one.trace.changed_by, one.trace.generated_by]
        for one in rendered.objects
    ]
    try:
        whole = [objects, problems, rendered.unchecked, rendered.notes, rendered.given_up]
        text = json.dumps(whole, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        return None
    return b64encode(zlib.compress(text.encode(), 1)).decode()


def _encoded_problem(problem: RenderProblem, rendered: Rendered) -> list[Any] | None:
    location = _encoded_location(problem.location, rendered)
    ref = problem.object
    return (
        None
        if location is None
        else [
            problem.rule,
            problem.message,
            location,
            problem.help,
            problem.level,
            None if ref is None else [ref.api_version, ref.kind, ref.namespace, ref.name],
            problem.path,
            problem.fatal,
        ]
    )


def _encoded_location(location: Location, rendered: Rendered) -> object | None:
    """A place, [] for that of the unit's owner; None where it is on a line of a file that the key does not name."""
    owner, region = rendered.unit.owner, location.region
    if owner is not None and location == owner.location:
        return []
    if region is None:
        return [location.file]
    if location.file not in rendered.inputs:
        return None
    return [location.file, region.line, region.column, region.end_line, region.end_column]


def _decoded(value: Any, wanted: Wanted) -> Rendered | None:
    """The inverse of `_encoded`; None where the entry is damaged."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(b64decode(value, validate=True), _LARGEST)
        if not unpacker.eof:
            return None
        objects, problems, unchecked, notes, given_up = json.loads(text)
        return Rendered(
            wanted.unit,
            tuple(
                RenderedObject(_mapping(data), Trace(file, document, _texts(changed_by), generated_by))
                for data, file, document, changed_by, generated_by in objects
            ),
            tuple(_decoded_problem(one, wanted.unit) for one in problems),
            wanted.inputs,
            tuple((what, reason) for what, reason in unchecked),
            _texts(notes),
            given_up=bool(given_up),
        )
    except _DAMAGED:
        return None


def _decoded_problem(value: Any, unit: Unit) -> RenderProblem:
    rule, message, place, help_text, level, ref, path, fatal = value
    if not place and unit.owner is not None:
        location = unit.owner.location
    else:
        file, *region = place
        location = Location(file, Region(*region) if region else None)
    return RenderProblem(
        rule,
        message,
        location,
        help_text,
        None if level is None else Level(level),
        None if ref is None else ObjectRef(*ref),
        tuple(path),
        fatal,
    )


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def _texts(value: Collection[Any]) -> tuple[str, ...]:
    return tuple(str(one) for one in value)

"""What users write of the kinds that gategit carries, and the same with one mistake in each object.

The samples are written for these tests, a folder for each project, with the forms that are easily taken for mistakes:
maps of any content, whole pods inside of objects, numbers or texts, quantities, null, what may be left out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gategit.checks.schema.ecosystem import Choice, carried, choose, index
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.manifest import Manifest, Role
from gategit.model import FieldPath, Region

FOLDER = Path(__file__).parents[2] / "data" / "ecosystem"
SEED = 6

KUSTOMIZE = "kustomize"
"""The project whose files no cluster sees: another check judges them."""

_KEEPS = "x-kubernetes-preserve-unknown-fields"
_EITHER = "x-kubernetes-int-or-string"
_EMBEDDED = "x-kubernetes-embedded-resource"
_OBJECT = frozenset({"apiVersion", "kind", "metadata"})
_TYPES = frozenset({"string", "integer", "boolean", "number"})

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong thing in one object of a sample.

    Attributes:
        manifest: the object, without the mistake.
        path: the field in the sample that is misspelt, or has a wrong value.
        place: of the mistake in the text that has it.
        key: the field's name there.
    """

    manifest: Manifest
    path: FieldPath
    place: tuple[int, int]
    key: str


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of an object: its schema, and whether another field beside it would be refused."""

    path: FieldPath
    schema: Schema
    closed: bool
    value: Any


def samples() -> list[Path]:
    """The files with samples, in the order of their names."""
    return sorted(FOLDER.glob("*/*.yaml"))


def name(path: Path) -> str:
    """A sample's name for a reader, such as ``flux/sources.yaml``."""
    return path.relative_to(FOLDER).as_posix()


def read(path: Path, content: bytes | None = None) -> ManifestFile:
    """A sample, or what became of it."""
    role = Role.KUSTOMIZATION if path.parent.name == KUSTOMIZE else Role.MANIFEST
    return read_file(name(path), path.read_bytes() if content is None else content, role)


def newest(source: str) -> str:
    """The newest release of a project."""
    return index().sources[source].releases[0].name


def judge(manifest: Manifest) -> Choice:
    """The release of its project that judges an object, where the config names none."""
    kind = carried(manifest.group, manifest.kind)
    assert kind is not None, f"{manifest.api_version} {manifest.kind} is not carried"
    choice = choose(kind, manifest.version, None)
    assert isinstance(choice, Choice), f"{manifest.api_version} {manifest.kind}: {choice}"
    return choice


def misspell(path: Path) -> tuple[bytes, list[Mistake]]:
    """A sample with one misspelt field in each object that has a field whose neighbours are all known."""

    def wanted(field: _Field, file: ManifestFile, manifest: Manifest) -> bool:
        key = field.path[-1]
        return field.closed and isinstance(key, str) and _text(file, _region(file, manifest, field, on_key=True)) == key

    return _spoil(path, wanted, lambda old: f"{old}{old[-1]}", on_key=True)


def mistype(path: Path) -> tuple[bytes, list[Mistake]]:
    """A sample with one map in place of a text, a number or a boolean in each object."""

    def wanted(field: _Field, file: ManifestFile, manifest: Manifest) -> bool:
        region = _region(file, manifest, field, on_key=False)
        return (
            field.schema.get("type") in _TYPES
            and _EITHER not in field.schema
            and not isinstance(field.value, dict | list)
            and region.line == region.end_line
            and not _text(file, region).startswith(("|", ">"))
        )

    return _spoil(path, wanted, lambda _: "{}", on_key=False)


def _spoil(
    path: Path,
    wanted: Callable[[_Field, ManifestFile, Manifest], bool],
    write: Callable[[str], str],
    *,
    on_key: bool,
) -> tuple[bytes, list[Mistake]]:
    """Write something else in one random place of each object; the same ones in every run."""
    chance = random.Random(f"{SEED} {name(path)}")  # noqa: S311  chosen, not guessed
    file = read(path)
    lines = file.content.decode().splitlines(keepends=True)
    mistakes = []
    for manifest in file.manifests:
        choice = judge(manifest)
        schema = choice.kind.schema(choice.version)
        fields = [one for one in _fields(schema, manifest.data, (), keeps=choice.version.preserve) if one.path]
        fields = [one for one in fields if one.path[0] not in _OBJECT and wanted(one, file, manifest)]
        if not fields:
            continue
        field = chance.choice(fields)
        region = _region(file, manifest, field, on_key=on_key)
        # Each object has lines of its own, so that no mistake moves another one.
        line = lines[region.line - 1]
        start, end = region.column - 1, region.end_column - 1
        new = write(line[start:end])
        lines[region.line - 1] = line[:start] + new + line[end:]
        key = new if on_key else str(field.path[-1])
        mistakes.append(Mistake(manifest, field.path, (region.line, region.column), key))
    return "".join(lines).encode(), mistakes


def _region(file: ManifestFile, manifest: Manifest, field: _Field, *, on_key: bool) -> Region:
    document = manifest.source.document
    return file.source_map.region(document, (*manifest.source.pointer, *field.path), on="key" if on_key else "value")


def _text(file: ManifestFile, region: Region) -> str:
    return file.source_map.line_text(region.line)[region.column - 1 : region.end_column - 1]


def _fields(schema: Schema, value: Any, path: FieldPath, *, keeps: bool, closed: bool = False) -> Iterator[_Field]:
    """Every field of a value that its schema describes.

    Args:
        schema: of the value.
        value: in the sample.
        path: of the value.
        keeps: whether what encloses the value keeps unknown fields for it: a list does so for its items.
        closed: whether another field beside the value would be refused.
    """
    yield _Field(path, schema, closed, value)
    keeps = keeps or schema.get(_KEEPS) is True
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _fields(schema.get("items", {}), item, (*path, number), keeps=keeps)
    if isinstance(value, dict):
        extra = schema.get("additionalProperties")
        known = schema.get("properties", {})
        for key, child in value.items():
            if key in known:
                yield from _fields(known[key], child, (*path, key), keeps=False, closed=not keeps and extra is None)
            elif isinstance(extra, dict) and not (schema.get(_EMBEDDED) and key in _OBJECT):
                yield from _fields(extra, child, (*path, key), keeps=False)

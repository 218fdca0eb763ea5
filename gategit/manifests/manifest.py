"""The manifest: one Kubernetes object as a file declares it."""

from __future__ import annotations

import marshal
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from gategit.model import FieldPath, ObjectRef


class Role(StrEnum):
    """What a file is to the gate.

    ``MANIFEST`` holds objects. ``PATCH`` holds partial objects that a kustomization merges into others: no required
    fields, not objects of their own. ``KUSTOMIZATION`` is Kustomize's own file. ``TEMPLATE`` is text that becomes YAML
    only when something fills it in (Helm templates): not looked at, counted. ``DATA`` is any other YAML or JSON
    (values files, workflows, compose files, Chart.yaml): its syntax is checked, nothing else.
    """

    MANIFEST = "manifest"
    PATCH = "patch"
    KUSTOMIZATION = "kustomization"
    TEMPLATE = "template"
    DATA = "data"


class ObjectKey(NamedTuple):
    """What makes an object the same object on both sides of a change: no file, no version."""

    group: str
    kind: str
    namespace: str
    name: str


class UnitKey(NamedTuple):
    """What names a unit that agents build in a tree, and pairs it with that of another tree: its name and target."""

    name: str
    target: str | None


class Source(NamedTuple):
    """Where a manifest stands: file, document (0-based) and, in a ``List``, the path of the item in the document.

    One that is rendered has the unit that renders it; its file is the one that it comes from, and its document its
    place among what the unit renders. Only the provenance knows its lines.
    """

    file: str
    document: int
    pointer: FieldPath = ()
    unit: UnitKey | None = None

    @property
    def units(self) -> tuple[UnitKey, ...]:
        """The unit that renders it, as findings name it; none for one that is declared."""
        return () if self.unit is None else (self.unit,)


def group_kind(api_version: str, kind: str) -> str:
    """A kind with its group, ``group/Kind``, or ``Kind`` for the core group."""
    group = api_version.rpartition("/")[0]
    return f"{group}/{kind}" if group else kind


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object as declared. ``data`` is plain data and must not be changed.

    ``name`` is ``metadata.name``, or ``metadata.generateName`` followed by ``*``, or "" where there is neither.
    """

    api_version: str
    kind: str
    namespace: str | None
    name: str
    data: dict[str, Any]
    source: Source

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version in the API group, such as ``v1beta1``."""
        return self.api_version.rpartition("/")[2]

    @property
    def group_kind(self) -> str:
        """The kind with its group, ``group/Kind``, or ``Kind`` for the core group."""
        return group_kind(self.api_version, self.kind)

    @property
    def key(self) -> ObjectKey:
        """What pairs the object between two trees."""
        return ObjectKey(self.group, self.kind, self.namespace or "", self.name)

    @property
    def ref(self) -> ObjectRef:
        """The object as findings name it."""
        return ObjectRef(self.api_version, self.kind, self.namespace, self.name)


class PackedObject(NamedTuple):
    """An object put away in a tenth of the memory: what is asked first, and all of it as bytes."""

    group_kind: str
    namespace: str
    content: bytes


def pack(manifest: Manifest) -> PackedObject:
    """Put an object away."""
    source = manifest.source
    parts = (manifest.api_version, manifest.kind, manifest.namespace, manifest.name, manifest.data)
    unit = None if source.unit is None else tuple(source.unit)
    content = marshal.dumps((*parts, source.document, source.pointer, unit), 4)
    return PackedObject(manifest.group_kind, manifest.namespace or "", content)


def unpack(packed: PackedObject, file: str) -> Manifest:
    """The object again.

    Args:
        packed: from ``pack``, in this run of the program.
        file: the file that it stands in.
    """
    api_version, kind, namespace, name, data, *place = marshal.loads(packed.content)  # noqa: S302  our own
    document, pointer, unit = place
    source = Source(file, document, pointer, None if unit is None else UnitKey(*unit))
    return Manifest(api_version, kind, namespace, name, data, source)

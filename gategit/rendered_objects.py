"""Rendered objects as checks look at objects of files: their places are the lines that people edit."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from gategit.manifests.classify import KUSTOMIZATION_NAMES
from gategit.manifests.decode import decode
from gategit.manifests.file import ManifestFile
from gategit.manifests.manifest import Manifest, Role, Source, UnitKey
from gategit.model import Location
from gategit.render.provenance import Provenance
from gategit.render.scopes import scopes_of
from gategit.render.values import HelmBuild
from gategit.rendering import carried_files, key_of, left_units, lost_units
from gategit.side import Rendition

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from gategit.model import FieldPath
    from gategit.render.scopes import IsNamespaced
    from gategit.render.values import Rendered, RenderedObject, RenderSettings, Unit
    from gategit.rendering import RenderedSide
    from gategit.side import Side

_CREATES = "CreateNamespace=true"
_NAMESPACE = ("metadata", "namespace")


class RenderedFile(ManifestFile):
    """One rendered object, as checks look at a file."""

    def __init__(
        self,
        manifest: Manifest,
        one: RenderedObject,
        provenance: Provenance,
        default: str,
        placed_at: Location | None = None,
    ) -> None:
        path = manifest.source.file
        super().__init__(path, b"", Role.MANIFEST, decode(b"", path))
        self._manifest = manifest
        self._one = one
        self._provenance = provenance
        self._default = default
        self._placed_at = placed_at
        self.applied_server_side = provenance.applied_server_side
        trace = one.trace
        self.made_of = frozenset({trace.file, trace.generated_by, *trace.changed_by, default} - {""})

    @cached_property
    def manifests(self) -> tuple[Manifest, ...]:
        """The object."""
        return (self._manifest,)

    def location(self, source: Source, path: FieldPath = (), *, on: Literal["key", "value"] = "value") -> Location:  # noqa: ARG002  there is one object
        """The line that sets a field; the file alone, where it is not sure which line does."""
        if path == _NAMESPACE and self._placed_at is not None:
            return self._placed_at
        located = self._provenance.locate(self._one, path, on)
        file = located.location.file or self._default
        return Location(file, located.location.region if located.sure else None)


def rendition_of(
    side: Side,
    rendered: RenderedSide,
    settings: Callable[[str | None], RenderSettings],
    before: RenderedSide | None = None,
) -> Rendition:
    """What agents make of a tree, for checks.

    An object that names no namespace has that of its destination, where its kind lives in namespaces: so it is applied.

    Args:
        side: the tree that was rendered.
        rendered: what was rendered of it.
        settings: what the config says of rendering for a target.
        before: what was rendered of the tree before the change.
    """
    files: dict[Source, RenderedFile] = {}
    is_namespaced = scopes_of(rendered.rendered)
    for one in rendered.rendered:
        if not one.failed:
            provenance = Provenance(side.tree, side.graph, one, settings(one.unit.target))
            files |= {file.manifests[0].source: file for file in _files(one, provenance, is_namespaced)}
    failed = [one for one in rendered.rendered if one.failed]
    roles = side.graph.roles
    by_agents: set[str] = set()
    by_people: set[str] = set()
    for one in rendered.rendered:
        (by_people if one.unit.owner is None else by_agents).update(carried_files(one, roles))
    folders = side.graph.kustomizations.keys()
    lost = lost_units(rendered, before) if before is not None else frozenset[UnitKey]()
    return Rendition(
        files,
        covered=frozenset(by_agents | by_people),
        loose=frozenset(path for path in by_people - by_agents if path.rpartition("/")[0] not in folders),
        templates=frozenset().union(*map(_templates, rendered.rendered)),
        unknown=frozenset().union(*(one.inputs for one in failed)),
        units=frozenset(key_of(one.unit) for one in rendered.rendered),
        failed=lost | {key_of(one.unit) for one in failed},
        left=frozenset() if before is None else _left(rendered, before, lost | {key_of(one.unit) for one in failed}),
        asked_at={key_of(one.unit): tuple(_asked_at(one, rendered)) for one in rendered.rendered},
        namespaces=frozenset(_made_namespaces(rendered)),
        origins={source: file.made_of for source, file in files.items()},
    )


def _left(rendered: RenderedSide, before: RenderedSide, unknown: Collection[UnitKey]) -> frozenset[UnitKey]:
    """The units that nobody applies any more, without those of which nobody knows whether something brings them."""

    def is_hidden(key: UnitKey) -> bool:
        seen: set[UnitKey] = set()
        while key not in seen and key in before.units:
            seen.add(key)
            owner = before.units[key].owner
            if owner is None or owner.brought_by is None:
                return False
            key = UnitKey(*owner.brought_by)
            if key in unknown:
                return True
        return False

    found = left_units(rendered.units, before.units, before.folders)
    return frozenset(key for key in found if not is_hidden(key))


def _templates(one: Rendered) -> Iterator[str]:
    """The templates that a chart is rendered from."""
    if isinstance(one.unit.build, HelmBuild) and not one.failed:
        yield from (path for path in one.inputs if "/templates/" in f"/{path}")


def _asked_at(one: Rendered, rendered: RenderedSide) -> Iterator[Location]:
    seen: set[UnitKey] = set()
    unit: Unit | None = one.unit
    while unit is not None and unit.owner is not None and key_of(unit) not in seen:
        seen.add(key_of(unit))
        yield unit.owner.location
        brought = unit.owner.brought_by
        unit = None if brought is None else rendered.units.get(UnitKey(*brought))
    yield from (Location(path) for path in sorted(one.inputs) if path.rpartition("/")[2] in KUSTOMIZATION_NAMES)


def _made_namespaces(rendered: RenderedSide) -> Iterator[tuple[str | None, str]]:
    """The namespaces that Argo CD makes for its applications."""
    for one in rendered.rendered:
        if _CREATES in one.unit.sync_options and one.unit.namespace:
            yield one.unit.target, one.unit.namespace


def default_file(rendered: Rendered) -> str:
    """The file to name where nobody knows better: the one that has it built."""
    unit = rendered.unit
    if unit.owner is not None:
        return unit.owner.location.file
    folder = unit.build.chart.folder if isinstance(unit.build, HelmBuild) else unit.build.folder
    own = sorted(path for path in rendered.inputs if path.rpartition("/")[0] == folder)
    named = (path for path in own if path.rpartition("/")[2] in KUSTOMIZATION_NAMES)
    return next(named, next(iter(own), folder or ""))


def _files(rendered: Rendered, provenance: Provenance, is_namespaced: IsNamespaced) -> Iterator[RenderedFile]:
    default = default_file(rendered)
    unit = key_of(rendered.unit)
    for index, one in enumerate(rendered.objects):
        version, kind = one.data.get("apiVersion"), one.data.get("kind")
        if not isinstance(version, str) or not isinstance(kind, str):
            continue
        data = _placed(one.data, rendered.unit, namespaced=is_namespaced(version, kind) is True)
        metadata = data.get("metadata")
        known = metadata if isinstance(metadata, dict) else {}
        namespace, name, generated = known.get("namespace"), known.get("name"), known.get("generateName")
        manifest = Manifest(
            version,
            kind,
            namespace if isinstance(namespace, str) and namespace else None,
            name if isinstance(name, str) else f"{generated}*" if isinstance(generated, str) else "",
            data,
            # Where checks ask for a place, they name the object by its source: each has its own.
            Source(one.trace.file or one.trace.generated_by or default, index, (), unit),
        )
        owner = rendered.unit.owner
        # A namespace that the object does not name itself is that of whoever has it built.
        placed_at = owner.location if owner is not None and data is not one.data else None
        yield RenderedFile(manifest, one, provenance, default, placed_at)


def _placed(data: dict[str, Any], unit: Unit, *, namespaced: bool) -> dict[str, Any]:
    """An object with the namespace that its agent gives it where it names none."""
    metadata: Mapping[str, Any] | None = data.get("metadata")
    if not (namespaced and unit.namespace and isinstance(metadata, dict)) or metadata.get("namespace"):
        return data
    return {**data, "metadata": {**metadata, "namespace": unit.namespace}}

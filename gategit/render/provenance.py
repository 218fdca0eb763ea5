"""The line that a person edits to change a field of a rendered object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from gategit.checks.references.kustomize import Kustomization, KustomizeGraph, Parsed
from gategit.checks.references.sources import dig, text_at
from gategit.manifests.decode import decode
from gategit.model import FieldPath, Location
from gategit.render.argocd_application import override_files
from gategit.render.argocd_sources import split_image
from gategit.render.flux_sources import KUSTOMIZE
from gategit.render.kustomize_plan import Plan, plan
from gategit.render.provenance_kustomize import Carried, Replay, Transformers, Wanted
from gategit.render.provenance_match import Match, follow, is_named, is_same
from gategit.render.provenance_nodes import Node, Origin, load, plain
from gategit.render.provenance_texts import Texts
from gategit.render.values import FilesBuild, HelmBuild, KustomizeBuild, Rendered, RenderedObject, RenderSettings
from gategit.tree import Tree

if TYPE_CHECKING:
    from gategit.render.provenance_helm import HelmProvenance

_NO_KUSTOMIZATION: Final = Kustomization("", "", Parsed(""), ())
"""Stands for one that is in no file."""

_SERVER_SIDE: Final = "ServerSideApply=true"

_DEPTH: Final = 4
"""How many replacements in a row are followed."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where something is set.

    Attributes:
        location: the place.
        sure: whether a change there changes the field; where it is False, only the file is named, as the best guess.
    """

    location: Location
    sure: bool


class Provenance:
    """Where the fields of one unit's objects are set. Nothing is read before somebody asks.

    Args:
        tree: what was rendered.
        graph: the tree's kustomizations.
        rendered: what came of it.
        settings: the limits with which it was rendered: a chart is rendered again to see which line prints what.
    """

    def __init__(
        self, tree: Tree, graph: KustomizeGraph, rendered: Rendered, settings: RenderSettings | None = None
    ) -> None:
        self._tree = tree
        self._graph = graph
        self._rendered = rendered
        self._unit = rendered.unit
        self._settings = settings or RenderSettings()

    @property
    def applied_server_side(self) -> bool:
        """Whether the agent has the API server merge the objects: Flux does, Argo CD where it is told to."""
        owner = self._unit.owner
        flux = owner is not None and owner.ref.api_version.startswith(f"{KUSTOMIZE}/")
        return flux or _SERVER_SIDE in self._unit.sync_options

    @cached_property
    def _texts(self) -> Texts:
        return Texts(self._tree, self._graph.index)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(text_at(one.data, "metadata", "name") for one in self._rendered.objects)

    def locate(self, one: RenderedObject, path: FieldPath = (), on: Literal["key", "value"] = "value") -> Located:
        """The place that sets a field, or, for one that is missing, the nearest field around it.

        Args:
            one: one of the unit's objects.
            path: the field; () for the object.
            on: whether its key or its value is meant.
        """
        return self._locate(one, path, on, 0)

    def _locate(self, one: RenderedObject, path: FieldPath, on: Literal["key", "value"], depth: int) -> Located:
        found = (
            self._by_agent(one, path)
            or self._by_post_renderers(one, path, on)
            or self._by_helm(one, path, on)
            or self._by_replay(one, path, on, depth)
        )
        return found or Located(Location(self._file(one)), sure=False)

    def _file(self, one: RenderedObject) -> str:
        """The file that has most to do with an object."""
        trace, build, owner = one.trace, self._unit.build, self._unit.owner
        named = trace.changed_by[-1:] or (trace.file or trace.generated_by,)
        if named[0] or owner is not None:
            return named[0] or (owner.location.file if owner is not None else "")
        return self._made.file if isinstance(build, KustomizeBuild) and self._made is not None else ""

    def _by_agent(self, one: RenderedObject, path: FieldPath) -> Located | None:
        """What the agent puts on every object in the end."""
        if len(path) != len(("metadata", "labels", "name")) or path[0] != "metadata":
            return None
        added = {"labels": self._unit.labels, "annotations": self._unit.annotations}.get(str(path[1]), ())
        value = dict(added).get(str(path[2]))
        if value is None or dig(one.data, *path) != value:
            return None
        origin = self._owner.of((str(path[1]), path[2]), value) or self._owner.named(str(path[2]), value)
        if origin is not None:
            return Located(self._texts.locate(origin), sure=True)
        owner = self._unit.owner
        return Located(Location(owner.location.file), sure=False) if owner is not None else None

    def _by_post_renderers(self, one: RenderedObject, path: FieldPath, on: Literal["key", "value"]) -> Located | None:
        """What post-renderers set: done once more, on what came out of them."""
        for index in reversed(range(len(self._unit.post))):
            entries = load(json.loads(self._unit.post[index]), None)
            self._from_owner(entries, ("postRenderers", index, "kustomize"))
            carried = Carried(load(one.data, None), [])
            Transformers(_NO_KUSTOMIZATION, entries, [carried], self._texts).run()
            match = follow(carried.node, one.data, path)
            if match is None:
                continue
            if match.gone is not None:
                return Located(self._texts.locate(match.gone, "key"), sure=True)
            value = dig(one.data, *path) if path else one.data
            if not match.missing and match.node.origin is not None and is_same(match.node, value):
                return Located(self._texts.locate(match.node.origin, on), sure=True)
        return None

    def _from_owner(self, node: Node, path: FieldPath) -> None:
        """Say of every field of a post-renderer where the agent's object has it."""
        node.origin = self._owner.of(path, plain(node))
        for key, child in node.value.items() if isinstance(node.value, dict) else ():
            self._from_owner(child, (*path, key))
        for index, child in enumerate(node.value if isinstance(node.value, list) else ()):
            self._from_owner(child, (*path, index))

    def _by_helm(self, one: RenderedObject, path: FieldPath, on: Literal["key", "value"]) -> Located | None:
        if self._helm is None:
            return None
        found = self._helm.locate(one, path, on)
        return Located(found.location, found.sure) if found is not None else None

    @cached_property
    def _helm(self) -> HelmProvenance | None:
        build = self._unit.build
        if not isinstance(build, HelmBuild):
            return None
        from gategit.render.provenance_helm import HelmProvenance  # noqa: PLC0415  only charts need it

        return HelmProvenance(self._tree, self._graph.index, self._rendered, build, self._settings)

    def _by_replay(
        self, one: RenderedObject, path: FieldPath, on: Literal["key", "value"], depth: int
    ) -> Located | None:
        carried = self._carried(one)
        match = follow(carried.node, one.data, path) if carried is not None else None
        if carried is None or match is None:
            return None
        if match.missing:
            return self._missing(match)
        copies = [copied for node, copied in carried.replaced if node is match.node]
        value = dig(one.data, *path) if path else one.data
        if copies:
            return self._replaced(copies[-1].source, value, depth)
        node: Node | None = match.node
        while node is not None and not is_same(node, value, self._names):
            node = node.before
        if node is None or node.origin is None:
            return None
        return self._at(node.origin, on)

    def _at(self, origin: Origin, on: Literal["key", "value"]) -> Located | None:
        """The place that an origin means."""
        if origin.chart is None:
            return Located(self._texts.locate(origin, on), sure=True)
        release = self._releases[origin.chart[0]]
        if release is None:
            return None
        objects, helm = release
        found = helm.locate(objects[origin.chart[1]], origin.path or (), on)
        return Located(found.location, found.sure) if found is not None else None

    def _missing(self, match: Match) -> Located | None:
        """The place for a field that is not there: what removed it, or what it should stand in."""
        if match.gone is not None:
            return Located(self._texts.locate(match.gone, "key"), sure=True)
        if match.node.origin is None:
            return None
        return self._at(match.node.origin.at(*match.missing), "value")

    def _replaced(self, source: Node, value: Any, depth: int) -> Located | None:
        """The place of the field that a replacement copies from."""
        if isinstance(source.value, str):
            here = source.origin
            return Located(self._texts.locate(here), sure=True) if here is not None and source.value == value else None
        if depth > _DEPTH:
            return None
        kind, name = source.text("kind"), source.text("name")
        steps = tuple(
            int(step) if step.isdecimal() else step
            for step in (source.text("fieldPath") or "metadata.name").replace("[", ".").replace("]", "").split(".")
        )
        whole = source.get("options", "delimiter") is None
        for one in self._rendered.objects:
            data = one.data
            if kind not in {"", text_at(data, "kind")} or name not in text_at(data, "metadata", "name"):
                continue
            here = dig(data, *steps)
            if here == value or (not whole and isinstance(here, str) and str(value) in here):
                found = self._locate(one, steps, "value", depth + 1)
                return found if found.sure else None
        return None

    def _carried(self, one: RenderedObject) -> Carried | None:
        """What became an object, with every value knowing where it is written."""
        build = self._unit.build
        if isinstance(build, FilesBuild):
            several = self._declared(one)
        elif isinstance(build, HelmBuild):
            # Helm takes the definitions of a chart's crds folder as they are.
            several = self._declared(one) if one.trace.document is not None else []
        elif isinstance(build, KustomizeBuild) and self._replay is not None:
            several = self._replay.objects(Wanted(one.trace.file, one.trace.generated_by))
        else:
            return None
        kind = (one.data.get("apiVersion"), one.data.get("kind"))
        name, namespace = text_at(one.data, "metadata", "name"), text_at(one.data, "metadata", "namespace")
        alike = [
            each
            for each in several
            if (each.node.text("apiVersion"), each.node.text("kind")) == kind and is_named(each.node, name)
        ]
        alike = [each for each in alike if each.node.text("metadata", "name") == name] or alike
        alike = [each for each in alike if each.node.text("metadata", "namespace") == namespace] or alike
        return alike[0] if len(alike) == 1 else None

    @cached_property
    def _releases(self) -> dict[int, tuple[Sequence[RenderedObject], HelmProvenance] | None]:
        """What the charts of kustomizations render to, by their numbers in the plan."""
        return {}

    def _inflated(self, one: Kustomization) -> Iterator[Node]:
        """The objects of a kustomization's charts."""
        for number, chart in enumerate(self._made.charts if self._made is not None else ()):
            if chart.one.file != one.file or chart.folder is None or self._replay is None:
                continue
            from gategit.render.provenance_charts import inflate  # noqa: PLC0415  only charts need it

            entry = plain(self._replay.entries(one)).get("helmCharts")
            release = inflate(one, chart.index, chart.folder, entry[chart.index], self._texts, self._settings)
            self._releases[number] = release
            for index, made in enumerate(release[0]):
                yield load(made.data, Origin("", chart=(number, index)))

    def _declared(self, one: RenderedObject) -> list[Carried]:
        return [
            Carried(load(data, Origin(source.file, source.document, source.pointer)), [])
            for source, data in self._texts.objects(one.trace.file)
            if one.trace.document in {None, source.document}
        ]

    @cached_property
    def _made(self) -> Plan | None:
        build = self._unit.build
        return plan(build, self._graph, self._tree) if isinstance(build, KustomizeBuild) else None

    @cached_property
    def _replay(self) -> Replay | None:
        made = self._made
        if made is None:
            return None
        return Replay(made, self._graph, self._texts, self._overlaid, self._inflated)

    @cached_property
    def _owner(self) -> _OwnersObject:
        return _OwnersObject(self._rendered, self._texts)

    @cached_property
    def _overlay(self) -> dict[str, Any]:
        build = self._unit.build
        return json.loads(build.overlay) if isinstance(build, KustomizeBuild) and build.overlay else {}

    def _overlaid(self, path: FieldPath, value: Any) -> Origin | None:
        """Where the agent's object says a field of the kustomization."""
        if self._made is None or not path:
            return None
        field, rest = str(path[0]), path[1:]
        added = self._overlay.get(field)
        if isinstance(added, list) and rest:
            entry = dig(self._made.data, field, rest[0])
            index = next((i for i, each in enumerate(added) if _is_entry(each, entry)), None)
            if index is None:
                return None
            rest = (index, *rest[1:])
        elif field not in self._overlay:
            return None
        return self._owner.of((field, *rest), value)


def _is_entry(added: Any, merged: Any) -> bool:
    if added == merged:
        return True
    named = isinstance(added, dict) and isinstance(merged, dict) and "name" in added
    return named and added["name"] == merged.get("name")


class _OwnersObject:
    """The object that has something built, as its file declares it."""

    def __init__(self, rendered: Rendered, texts: Texts) -> None:
        self._owner = rendered.unit.owner
        self._texts = texts
        self._build = rendered.unit.build

    @cached_property
    def _overrides(self) -> tuple[tuple[Any, Origin], ...]:
        """The files of the folder that Argo CD lays over the Application's source, the strongest first."""
        owner, build = self._owner, self._build
        if owner is None or owner.ref.kind != "Application" or not isinstance(build, KustomizeBuild):
            return ()
        files = (f"{build.folder}/{name}".lstrip("/") for name in reversed(override_files(owner.ref.name)))
        found = ((file, next(self._texts.documents(file), None)) for file in files)
        return tuple((one[1], Origin(file, one[0], ())) for file, one in found if one is not None)

    @cached_property
    def _declared(self) -> tuple[Any, Origin] | None:
        owner = self._owner
        for source, data in self._texts.objects(owner.location.file) if owner is not None else ():
            kind, name = text_at(data, "kind"), text_at(data, "metadata", "name")
            origin = Origin(source.file, source.document, source.pointer)
            if owner is not None and (kind, name) == (owner.ref.kind, owner.ref.name):
                return data, origin
            template = origin.at("spec", "template")
            if owner is not None and kind == "ApplicationSet" and self._texts.locate(template) == owner.location:
                return dig(data, "spec", "template"), template
        return None

    def of(self, path: FieldPath, value: Any) -> Origin | None:
        """Where the object holds a field of what it adds, if it has this value there."""
        for data, origin in self._overrides:
            found = _holding(data, _below(("kustomize",), path), value)
            if found:
                return origin.at(*found[0])
        if self._declared is None:
            return None
        data, origin = self._declared
        found = _holding(data, self._candidates(data, path), value)
        # Two sources of an Application may say the same; which of them this is nobody told.
        return origin.at(*found[0]) if len(found) == 1 else None

    def named(self, label: str, value: str) -> Origin | None:
        """Where the object has its own name or namespace, with which its controller labels what it applies."""
        last = label.rpartition("/")[2]
        if self._declared is None or last not in {"name", "namespace"}:
            return None
        data, origin = self._declared
        return origin.at("metadata", last) if dig(data, "metadata", last) == value else None

    @staticmethod
    def _candidates(data: Any, path: FieldPath) -> Iterator[FieldPath]:
        renamed = {"namespace": "targetNamespace"}.get(str(path[0]), str(path[0]))
        yield ("spec", renamed, *path[1:])
        yield ("spec", "commonMetadata", *path)
        sources = dig(data, "spec", "sources")
        starts: list[FieldPath] = [("spec", "source", "kustomize")]
        starts += [
            ("spec", "sources", index, "kustomize") for index in range(len(sources) if isinstance(sources, list) else 0)
        ]
        for start in starts:
            yield from _below(start, path)


def _below(start: FieldPath, path: FieldPath) -> Iterator[FieldPath]:
    """Where Kustomize's options of an Application's source may hold a field of what they add."""
    yield (*start, *path)
    if path[0] == "images" and len(path) > len(("images", 0)):
        yield (*start, *path[:2])
    if path[0] == "labels":
        yield (*start, "commonLabels", *path[len(("labels", 0, "pairs")) :])


def _holding(data: Any, candidates: Iterable[FieldPath], value: Any) -> list[FieldPath]:
    """Those fields of an object from which a value may come."""
    found = []
    for candidate in candidates:
        here = dig(data, *candidate)
        alike = here == value or _is_short_image(here, value) or _is_as_text(here, value)
        if here is not None and (alike or _is_template_of(here, value)):
            found.append(candidate)
    return found


def _is_as_text(here: Any, value: Any) -> bool:
    """Whether a text says what stands as fields in the object."""
    if not isinstance(value, str) or not isinstance(here, dict | list):
        return False
    documents = decode(value.encode("utf-8", "surrogatepass"), "it.yaml").documents
    return len(documents) == 1 and bool(documents[0].data == here)


def _is_template_of(here: Any, value: Any) -> bool:
    """Whether a text of an ApplicationSet, or a part of an image in it, may have been filled in to give another."""
    if not isinstance(here, str) or not isinstance(value, str) or "{{" not in here:
        return False
    image = here.partition("=")[2] or here
    return any("{{" in text and _is_filled_to(text, value) for text in (here, *split_image(image)))


def _is_filled_to(template: str, value: str) -> bool:
    start, *rest = template.split("{{")
    if not value.startswith(start):
        return False
    position = len(start)
    *inner, last = (one.partition("}}")[2] for one in rest)
    for piece in inner:
        found = value.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return value.endswith(last) and len(value) - len(last) >= position


def _is_short_image(here: Any, value: Any) -> bool:
    """Whether an image as Argo CD writes it (``name=other:tag``) says a part of an image."""
    return isinstance(here, str) and isinstance(value, str) and bool(value) and value in here

"""Flux HelmReleases: the chart, the release and the values that the helm-controller gives to Helm.

Values are laid over each other as ``chartutil.ChartValuesFromReferences`` of Flux's packages does it: what
``valuesFrom`` names in its order, then the inline values; an entry with a ``targetPath`` is set as ``--set`` does, and
wins.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal

from gategit.checks.references.kustomize import LinkState
from gategit.checks.references.paths import Place, has_variable
from gategit.checks.references.rules import DANGLING_REFERENCE
from gategit.checks.references.shapes import Use
from gategit.checks.references.sources import dig, root_path, text_at
from gategit.manifests.manifest import Source
from gategit.model import FieldPath, Level, Location, format_path
from gategit.render.flux_kustomizations import (
    Findings,
    asked_of,
    destination,
    entries,
    image_entries,
    labels,
    pairs,
    patch_entries,
)
from gategit.render.flux_sources import HELM, SOURCE, Sources, missing, missing_map
from gategit.render.values import AgentObject, Chart, HelmBuild, Owner, Parameter, RenderProblem, Unit, ValuesLayer
from gategit.render.world import World, ref_of

_LONGEST_NAME: Final = 53
_HASH: Final = 12
_CHART: Final = ("spec", "chart", "spec")
_OVERLAID: Final = "later values may be laid over those that are set at a targetPath, which is not followed here"


def release_unit(one: AgentObject, name: str, world: World, sources: Sources) -> tuple[Unit | None, Findings]:
    """What a HelmRelease has rendered, None where the chart is nowhere that can be looked at.

    Args:
        one: the HelmRelease.
        name: the unit's name.
        world: what it is read against.
        sources: the world's sources.
    """
    return _Release(one, name, world, sources).unit()


def release_name(name: str, target_namespace: str = "", release: str = "") -> str:
    """The name of the Helm release: as it is given, or ``[target namespace-]name``, cut where it is too long."""
    whole = release or (f"{target_namespace}-{name}" if target_namespace else name)
    if len(whole) <= _LONGEST_NAME:
        return whole
    digest = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:_HASH]
    return f"{whole[: _LONGEST_NAME - _HASH - 1]}-{digest}"


@dataclass(frozen=True, slots=True)
class _ChartSpec:
    """Where a chart is asked for: the object, the field, and what stands there."""

    one: AgentObject
    path: FieldPath
    spec: Mapping[str, Any]


class _Release:
    """One HelmRelease as it is read."""

    def __init__(self, one: AgentObject, name: str, world: World, sources: Sources) -> None:
        self._one = one
        self._name = name
        self._world = world
        self._sources = sources
        self._found = Findings()
        spec = one.data.get("spec")
        self._spec: Mapping[str, Any] = spec if isinstance(spec, dict) else {}
        self._ref = ref_of(one.data, one.namespace)

    def unit(self) -> tuple[Unit | None, Findings]:
        """What it has rendered."""
        spec, found = self._spec, self._found
        chart, base = self._chart()
        if chart is None:
            return None, found
        layers, parameters = self._values()
        target_namespace = text_at(spec, "targetNamespace")
        namespace = target_namespace or self._one.namespace
        install = spec.get("install")
        build = HelmBuild(
            chart,
            release_name(self._ref.name, target_namespace, text_at(spec, "releaseName")),
            namespace,
            values=tuple(layers),
            parameters=tuple(parameters),
            skip_crds=text_at(install, "crds") == "Skip" or dig(install, "skipCRDs") is True,
            skip_tests=dig(spec, "test", "enable") is not True,
            skip_schema=dig(install, "disableSchemaValidation") is True,
            base_values=base,
        )
        away = destination(spec)
        unit = Unit(
            name=self._name,
            build=build,
            owner=Owner(self._ref, self._world.place(self._one), self._one.brought_by),
            target=None if away else self._one.target,
            namespace=namespace,
            post=tuple(_post_renderers(spec.get("postRenderers"))),
            cluster=away,
            labels=labels(spec, HELM, self._ref),
            annotations=pairs(dig(spec, "commonMetadata", "annotations")),
            suspended=spec.get("suspend") is True,
        )
        return replace(unit, uncertain=tuple(found.uncertain), refused=found.refused), found

    def _chart(self) -> tuple[Chart | None, tuple[ValuesLayer, ...] | None]:
        reference = self._spec.get("chartRef")
        if isinstance(reference, dict):
            return self._referenced(reference)
        spec = dig(self._one.data, *_CHART)
        if not isinstance(spec, dict):
            return None, None
        return self._asked(_ChartSpec(self._one, _CHART, spec))

    def _referenced(self, reference: dict[str, Any]) -> tuple[Chart | None, tuple[ValuesLayer, ...] | None]:
        kind = text_at(reference, "kind")
        source = self._source(reference, self._one, ("spec", "chartRef"))
        if source is None:
            return None, None
        spec = source.data.get("spec")
        if kind == "HelmChart" and isinstance(spec, dict):
            return self._asked(_ChartSpec(source, ("spec",), spec))
        if kind == "OCIRepository":
            url = text_at(spec, "url").rstrip("/")
            repository, _, chart = url.rpartition("/")
            pin = dig(spec, "ref")
            version = text_at(pin, "digest") or text_at(pin, "semver") or text_at(pin, "tag")
            if not has_variable(url) and not has_variable(version):
                return Chart(None, repository, chart, version), None
        self._leave(f"its chart is that of the {kind} {text_at(reference, 'name')}")
        return None, None

    def _asked(self, asked: _ChartSpec) -> tuple[Chart | None, tuple[ValuesLayer, ...] | None]:
        chart, version = text_at(asked.spec, "chart"), text_at(asked.spec, "version")
        reference = asked.spec.get("sourceRef")
        kind = text_at(reference, "kind")
        if has_variable(chart) or has_variable(version):
            self._leave("its chart is filled in later")
            return None, None
        if kind == "GitRepository":
            return self._in_tree(asked, chart, reference)
        source = self._source(reference, asked.one, (*asked.path, "sourceRef"))
        if source is None:
            return None, None
        url = text_at(source.data, "spec", "url")
        if kind != "HelmRepository" or not url or has_variable(url):
            self._leave(f"its chart is in the {kind or 'unnamed source'} {text_at(reference, 'name')}")
            return None, None
        if any(_values_files(asked.spec)):
            self._found.uncertain.append("its values files are in the chart, which is kept elsewhere")
        return Chart(None, url, chart, "" if version == "*" else version), None

    def _in_tree(
        self, asked: _ChartSpec, chart: str, reference: Any
    ) -> tuple[Chart | None, tuple[ValuesLayer, ...] | None]:
        reason = self._sources.why_elsewhere(reference, asked.one)
        if reason:
            self._found.unchecked.append((asked_of(asked.one, chart, self._world) or self._name, reason))
            return None, None
        folder = root_path(chart)
        index = self._world.graph.index
        if folder is None or index.find(folder).place is not Place.FOLDER:
            self._blame_chart(asked, chart, "such folder in this repository")
            return None, None
        if index.find(f"{folder}/Chart.yaml".lstrip("/")).place is Place.MISSING:
            self._blame_chart(asked, chart, "Chart.yaml in that folder")
            return None, None
        files = list(_values_files(asked.spec))
        if not files:
            return Chart(folder), None
        layers: list[ValuesLayer] = []
        for text in files:
            path = root_path(text)
            content = None if path is None else self._world.content(path)
            if content is None:
                if asked.spec.get("ignoreMissingValuesFiles") is not True:
                    self._found.uncertain.append(f"its values file {text} is not in this repository")
            else:
                layers.append(ValuesLayer(content.decode("utf-8", "replace"), path or ""))
        return Chart(folder), tuple(layers)

    def _blame_chart(self, asked: _ChartSpec, chart: str, lacks: str) -> None:
        """Say that there is no such chart. Of two findings on the line the gate shows that of the references."""
        path = (*asked.path, "chart")
        self._found.problems.append(
            RenderProblem(
                DANGLING_REFERENCE.id,
                f'{self._ref}: {format_path(path)} is "{chart}", but there is no {lacks}',
                self._world.locate(asked.one, path),
                help="Correct the path, or restore the chart.",
                object=self._ref,
                path=path,
                unit=(self._name, self._one.target),
            )
        )

    def _source(self, reference: Any, one: AgentObject, path: FieldPath) -> AgentObject | None:
        """The declared source that a reference names; what is not there is said."""
        kind, name = text_at(reference, "kind"), text_at(reference, "name")
        source = self._sources.declared(reference, one)
        if source is None:
            namespace = text_at(reference, "namespace") or one.namespace
            problem = missing(self._world, one, (SOURCE, kind, namespace, name), (*path, "name"))
            self._found.problems.extend([problem] if problem else [])
            self._leave(f"its source, the {kind or 'source'} {name}, is not declared in this repository")
        return source

    def _leave(self, reason: str) -> None:
        self._found.unchecked.append((self._name, reason))

    def _values(self) -> tuple[list[ValuesLayer], list[Parameter]]:
        layers: list[ValuesLayer] = []
        parameters: list[Parameter] = []
        inline = self._spec.get("values")
        references = self._spec.get("valuesFrom")
        for index, reference in enumerate(references if isinstance(references, list) else ()):
            layer = self._from_object(reference, ("spec", "valuesFrom", index))
            target = text_at(reference, "targetPath")
            if layer is None:
                continue
            source, where, key, text = layer
            if not target:
                layers.append(self._layer(source, where, key, text))
                if parameters and _OVERLAID not in self._found.uncertain:
                    self._found.uncertain.append(_OVERLAID)
            # At the top Flux lays the inline values over what was set; deeper down what was set stays.
            elif not (isinstance(inline, dict) and target in inline):
                place = self._world.locate(source, (where, key))
                value, is_text = _set_value(text, is_literal=dig(reference, "literal") is True)
                parameters.append(Parameter(target, value, place, text=is_text))
        if isinstance(inline, dict) and inline:
            layers.append(self._in_object(self._one, json.dumps(inline, ensure_ascii=False), ("spec", "values")))
        return layers, parameters

    def _from_object(self, reference: Any, path: FieldPath) -> tuple[AgentObject, str, str, str] | None:
        """The object, field, key and text that an entry of ``valuesFrom`` names, None where they cannot be had."""
        kind, name = text_at(reference, "kind"), text_at(reference, "name")
        if kind not in {"ConfigMap", "Secret"} or not name:
            return None
        world, one = self._world, self._one
        source = world.find("", kind, one.namespace, name, one)
        if source is None or has_variable(name):
            if dig(reference, "optional") is not True:
                self._found.lacks(missing_map(world, one, (kind, name), (*path, "name")))
            self._found.uncertain.append(f"the values of the {kind} {name} are not in this repository")
            return None
        wanted = text_at(reference, "valuesKey") or "values.yaml"
        found = [entry for entry in entries(source) if entry[1] == wanted]
        if not found:
            if dig(reference, "optional") is not True:
                self._found.lacks(self._no_such_key(kind, name, wanted, path))
            return None
        where, key, text = found[-1]
        if text is None:
            self._found.uncertain.append(f"the values of the {kind} {name} are encrypted, or filled in later")
            return None
        return source, where, key, text

    def _no_such_key(self, kind: str, name: str, key: str, path: FieldPath) -> RenderProblem:
        written = bool(text_at(self._one.data, *path, "valuesKey"))
        place = (*path, "valuesKey") if written else (*path, "name")
        return RenderProblem(
            DANGLING_REFERENCE.id,
            f"{self._ref}: the {kind} {name} has no key {key}, from which values are taken",
            self._world.locate(self._one, place),
            help=f"Correct valuesKey, or add the key to the {kind}.",
            level=Level.ERROR,
            object=self._ref,
            path=place,
            fatal=False,
        )

    def _layer(self, source: AgentObject, where: str, key: str, text: str) -> ValuesLayer:
        if not self._world.declares(source, (where, key)):
            generated = self._generated_from(source, text)
            if generated or source.parent is None:
                return ValuesLayer(text, generated)
        layer = self._in_object(source, text, (where, key))
        # What stands in a Secret's data is base64: no line of the text is a line of it.
        return layer if where == "data" and source.data.get("kind") == "Secret" else replace(layer, as_text=True)

    def _in_object(self, one: AgentObject, text: str, path: FieldPath) -> ValuesLayer:
        """Values that a field of an object holds; without a place where no file declares the object."""
        source = self._world.source_of(one) or (Source(one.file, one.document) if one.parent and one.file else None)
        if source is None:
            return ValuesLayer(text)
        where = partial(self._set_at, one) if one.parent is not None else None
        return ValuesLayer(text, source.file, source.document, (*source.pointer, *path), where=where)

    def _set_at(self, one: AgentObject, path: FieldPath, on: Literal["key", "value"]) -> Location:
        """Where a field of an object is set, that something renders."""
        return self._world.locate(one, path, on=on)

    def _generated_from(self, source: AgentObject, text: str) -> str:
        """The file of which a generator made the text, or ""."""
        wanted = text.encode("utf-8", "surrogatepass")
        name, world = text_at(source.data, "metadata", "name"), self._world
        for one in world.graph.kustomizations.values():
            if not any(made and made in name for _, made in one.parsed.generated):
                continue
            for link in one.linked(Use.KEY_VALUE_FILE):
                if link.state is LinkState.FILE and world.content(link.path) == wanted:
                    return link.path
        return ""


def _values_files(spec: Mapping[str, Any]) -> Iterator[str]:
    files = spec.get("valuesFiles")
    yield from (file for file in (files if isinstance(files, list) else ()) if isinstance(file, str) and file)
    single = text_at(spec, "valuesFile")
    if single and not files:
        yield single


def _set_value(text: str, *, is_literal: bool) -> tuple[str, bool]:
    """A value as ``--set`` takes it, and whether it is a text whatever it looks like (``ReplacePathValue``)."""
    if is_literal:
        return "".join(f"\\{sign}" if sign in "\\,[]{}" else sign for sign in text), True
    for quote in "'\"":
        if text.startswith(quote) and text.endswith(quote):
            return text.strip("'\""), True
    return text, False


def _post_renderers(value: Any) -> Iterator[str]:
    """The post-renderers as kustomizations."""
    for one in value if isinstance(value, list) else ():
        spec = dig(one, "kustomize")
        if not isinstance(spec, dict):
            continue
        merges = spec.get("patchesStrategicMerge")
        older = spec.get("patchesJson6902")
        lists = {
            "patches": list(patch_entries(spec.get("patches"))),
            "patchesStrategicMerge": [
                json.dumps(patch) for patch in (merges if isinstance(merges, list) else ()) if isinstance(patch, dict)
            ],
            "patchesJson6902": [
                {**patch, "patch": json.dumps(patch["patch"])}
                for patch in (older if isinstance(older, list) else ())
                if isinstance(patch, dict) and isinstance(patch.get("patch"), list)
            ],
            "images": list(image_entries(spec.get("images"))),
        }
        kustomization = {name: entries_ for name, entries_ in lists.items() if entries_}
        if kustomization:
            yield json.dumps(kustomization)

"""The charts that a kustomization has Helm render (``helmCharts``), rendered by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gategit.checks.references.kustomize import Kustomization
from gategit.checks.references.paths import join
from gategit.checks.references.sources import text_at
from gategit.render.helm import build_helm
from gategit.render.provenance_helm import HelmProvenance
from gategit.render.provenance_texts import Texts
from gategit.render.values import Chart, HelmBuild, RenderedObject, RenderSettings, Unit, ValuesLayer


def inflate(  # noqa: PLR0913, PLR0917  which chart, of which kustomization, of which tree
    one: Kustomization,
    index: int,
    folder: str,
    entry: Mapping[str, Any],
    texts: Texts,
    settings: RenderSettings,
) -> tuple[Sequence[RenderedObject], HelmProvenance]:
    """What a chart renders to, and where its fields are set.

    Args:
        one: the kustomization.
        index: which of its charts.
        folder: the chart's folder.
        entry: what the kustomization says of it.
        texts: the tree's files.
        settings: the limits.
    """
    build = HelmBuild(
        Chart(folder),
        text_at(entry, "releaseName") or "release-name",
        text_at(entry, "namespace"),
        values=tuple(_layers(one, index, entry, texts)),
        skip_crds=entry.get("includeCRDs") is not True,
        skip_tests=entry.get("skipTests") is True,
    )
    rendered = build_helm(Unit(f"chart {folder}", build), texts.tree, settings, index=texts.index)
    return rendered.objects, HelmProvenance(texts.tree, texts.index, rendered, build, settings)


def _layers(one: Kustomization, index: int, entry: Mapping[str, Any], texts: Texts) -> Iterator[ValuesLayer]:
    """The values, the weakest first: those of the kustomization over the file unless ``valuesMerge`` says otherwise."""
    inline, how = entry.get("valuesInline"), text_at(entry, "valuesMerge")
    written = [ValuesLayer(json.dumps(inline), one.file, one.parsed.document, ("helmCharts", index, "valuesInline"))]
    layers = written if isinstance(inline, dict) else []
    file = [] if how == "replace" and layers else list(_files(one, [entry.get("valuesFile")], texts))
    yield from [*layers, *file] if how == "merge" else [*file, *layers]
    more = entry.get("additionalValuesFiles")
    yield from _files(one, more if isinstance(more, list) else (), texts)


def _files(one: Kustomization, named: Sequence[Any], texts: Texts) -> Iterator[ValuesLayer]:
    for text in named:
        path = join(one.folder, text) if isinstance(text, str) and text else None
        if path is not None and texts.exists(path):
            yield ValuesLayer(texts.text(path), path)

"""Flux Operator's objects: a FluxInstance that has this repository applied, and ResourceSets, which are not expanded.

The operator makes a source and a Kustomization of ``spec.sync``, named after the namespace unless it says otherwise
(``gotk-sync.yaml`` of the instance's distribution). Many install the instance with its chart, whose values hold the
same under ``instance``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from gategit.checks.references.paths import Place, has_variable
from gategit.checks.references.rules import DANGLING_REFERENCE
from gategit.checks.references.sources import dig, normal_url, root_path, text_at
from gategit.model import FieldPath, Level
from gategit.render.flux_sources import HELM, KUSTOMIZE, SOURCE, Sources
from gategit.render.values import AgentObject, RenderProblem
from gategit.render.world import World, ref_of

OPERATOR: Final = "fluxcd.controlplane.io"
_CHART: Final = "flux-instance"
_BRANCH: Final = "refs/heads/"
_VALUES: Final = ("spec", "values", "instance", "sync")


def synced(world: World) -> tuple[AgentObject, ...]:
    """The sources and Kustomizations that the operator makes, each where its instance stands."""
    found: list[AgentObject] = []
    for one, _, sync in _instances(world):
        name = text_at(sync, "name") or one.namespace
        kind, ref = text_at(sync, "kind"), text_at(sync, "ref")
        metadata = {"name": name, "namespace": one.namespace}
        pin = {"branch": ref.removeprefix(_BRANCH)} if ref.startswith(_BRANCH) else {"name": ref} if ref else {}
        source = {
            "apiVersion": f"{SOURCE}/v1",
            "kind": kind,
            "metadata": metadata,
            "spec": {"url": text_at(sync, "url"), "ref": pin},
        }
        kustomization = {
            "apiVersion": f"{KUSTOMIZE}/v1",
            "kind": "Kustomization",
            "metadata": metadata,
            "spec": {"path": text_at(sync, "path"), "sourceRef": {"kind": kind, "name": name}, "prune": True},
        }
        found += [replace(one, data=source), replace(one, data=kustomization)]
    return tuple(found)


def check_sync(world: World, sources: Sources) -> Iterator[RenderProblem]:
    """Paths of this repository that an instance is to apply and that are not there.

    Args:
        world: with what the operator makes.
        sources: the world's sources.
    """
    for one, path, sync in _instances(world):
        text = text_at(sync, "path")
        folder = root_path(text)
        reference = {"kind": text_at(sync, "kind"), "name": text_at(sync, "name") or one.namespace}
        if has_variable(text) or sources.why_elsewhere(reference, one):
            continue
        if folder is None or world.graph.index.find(folder).place in (Place.MISSING, Place.FILE):
            ref = ref_of(one.data, one.namespace)
            yield RenderProblem(
                DANGLING_REFERENCE.id,
                f'{ref}: {".".join(map(str, path))}.path is "{text}", but there is no such folder in this repository',
                world.locate(one, (*path, "path")),
                help="Correct the path: it is relative to the root of the repository.",
                # Repositories are renamed; where the URL is another one, this may be one that is not looked at.
                level=Level.ERROR if normal_url(text_at(sync, "url")) in world.urls else Level.WARNING,
                object=ref,
                path=(*path, "path"),
                fatal=False,
            )


def left_out(world: World) -> Iterator[tuple[str, str]]:
    """The operator's objects that are not followed, with the reason."""
    for one in world.of_kind(OPERATOR, "ResourceSet"):
        yield str(ref_of(one.data, one.namespace)), "what the Flux Operator makes of its templates is not worked out"


def _instances(world: World) -> Iterator[tuple[AgentObject, FieldPath, dict[str, Any]]]:
    """The objects that have something synchronised, with the field that says what."""
    candidates: list[tuple[AgentObject, FieldPath]] = [
        (one, ("spec", "sync")) for one in world.of_kind(OPERATOR, "FluxInstance")
    ]
    candidates += [(one, _VALUES) for one in world.of_kind(HELM, "HelmRelease") if _has_instance(one, world)]
    for one, path in _latest(candidates):
        sync = dig(one.data, *path)
        if isinstance(sync, dict) and text_at(sync, "kind") and text_at(sync, "url") and one.namespace:
            yield one, path, sync


def _has_instance(one: AgentObject, world: World) -> bool:
    if text_at(one.data, "spec", "chart", "spec", "chart") == _CHART:
        return True
    reference = dig(one.data, "spec", "chartRef")
    namespace = text_at(reference, "namespace") or one.namespace
    source = world.find(SOURCE, text_at(reference, "kind"), namespace, text_at(reference, "name"), one)
    return source is not None and text_at(source.data, "spec", "url").rstrip("/").endswith(f"/{_CHART}")


def _latest(candidates: Sequence[tuple[AgentObject, FieldPath]]) -> Iterator[tuple[AgentObject, FieldPath]]:
    """Each object once: as it is rendered, where it is."""
    rendered = {(one.file, text_at(one.data, "metadata", "name")) for one, _ in candidates if one.parent is not None}
    for one, path in candidates:
        if one.parent is not None or (one.file, text_at(one.data, "metadata", "name")) not in rendered:
            yield one, path

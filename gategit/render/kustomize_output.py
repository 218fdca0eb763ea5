"""What Kustomize prints, as objects with the place that each comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gategit.checks.references.paths import join
from gategit.manifests.decode import Decoded, Limits, decode
from gategit.manifests.expand import expand
from gategit.render.values import RenderedObject, Trace

ORIGIN: Final = "config.kubernetes.io/origin"
TRANSFORMATIONS: Final = "alpha.config.kubernetes.io/transformations"

_ASKED_BY: Final = {ORIGIN: "originAnnotations", TRANSFORMATIONS: "transformerAnnotations"}
_NODES: Final = 5_000_000
_DOCUMENTS: Final = 200_000


def read(content: bytes, limit: int) -> Decoded:
    """Decode what a renderer printed, as the cluster would read it."""
    limits = Limits(file_bytes=limit, nodes=_NODES, scalar_bytes=limit, documents=_DOCUMENTS)
    return decode(content, "rendered.yaml", limits)


def objects(
    decoded: Decoded, folder: str, kept: frozenset[str], resolve: Callable[[str], str]
) -> tuple[RenderedObject, ...]:
    """The objects, without the annotations that were asked for to trace them.

    Args:
        decoded: what was printed.
        folder: the folder that was built: Kustomize's paths are relative to it.
        kept: the sorts of metadata that the kustomization asks for itself.
        resolve: the path by which a file is read, for one that may lead through links.
    """
    return tuple(
        RenderedObject(*_traced(manifest.data, folder, kept, resolve)) for manifest in expand("rendered.yaml", decoded)
    )


def _traced(
    data: dict[str, Any], folder: str, kept: frozenset[str], resolve: Callable[[str], str]
) -> tuple[dict[str, Any], Trace]:
    metadata = data.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(annotations, dict):
        return data, Trace()
    trace = _trace(annotations.get(ORIGIN), annotations.get(TRANSFORMATIONS), folder, resolve)
    left = {name: value for name, value in annotations.items() if name not in _ASKED_BY or _ASKED_BY[name] in kept}
    bare = {name: value for name, value in metadata.items() if name != "annotations"}
    if left:
        bare["annotations"] = left
    return {**data, "metadata": bare}, trace


def _trace(origin: Any, transformations: Any, folder: str, resolve: Callable[[str], str]) -> Trace:
    where = _decoded(origin)
    where = where if isinstance(where, dict) else {}
    if where.get("repo"):
        return Trace()
    changes = _decoded(transformations)
    changed: list[str] = []
    for change in changes if isinstance(changes, list) else ():
        path = _path(change, "path", folder, resolve) or _path(change, "configuredIn", folder, resolve)
        if path and path not in changed:
            changed.append(path)
    return Trace(
        file=_path(where, "path", folder, resolve),
        changed_by=tuple(changed),
        generated_by=_path(where, "configuredIn", folder, resolve),
    )


def _decoded(text: Any) -> Any:
    if not isinstance(text, str):
        return None
    documents = decode(text.encode("utf-8", "surrogateescape"), "origin.yaml").documents
    return documents[0].data if documents else None


def _path(entry: Mapping[str, Any] | Any, field: str, folder: str, resolve: Callable[[str], str]) -> str:
    text = entry.get(field) if isinstance(entry, dict) and not entry.get("repo") else None
    path = join(folder, text) if isinstance(text, str) and text else None
    return resolve(path) if path else ""

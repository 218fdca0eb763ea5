"""What Kustomize prints, as objects with the place that each comes from."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from gategit.checks.references.paths import join
from gategit.manifests.decode import Decoded, Limits, decode
from gategit.manifests.expand import expand
from gategit.render.kustomize_plan import REMOTE_FOLDER
from gategit.render.values import RenderedObject, Trace

ORIGIN: Final = "config.kubernetes.io/origin"
TRANSFORMATIONS: Final = "alpha.config.kubernetes.io/transformations"

_ASKED_BY: Final = {ORIGIN: "originAnnotations", TRANSFORMATIONS: "transformerAnnotations"}
_SIMPLE: Final = re.compile(r"path: (?P<path>[\w./-]+\.ya?ml)\n?", re.ASCII)
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

    def tree_path(text: str) -> str:
        path = join(folder, text) if text else None
        return resolve(path) if path and not path.startswith(f"{REMOTE_FOLDER}/") else ""

    origin, changes = (_origins(_text(annotations, name)) for name in (ORIGIN, TRANSFORMATIONS))
    where = origin[0] if origin else _Origin()
    changed = (tree_path(change.path or change.configured_in) for change in changes)
    trace = Trace(
        file=tree_path(where.path),
        changed_by=tuple(dict.fromkeys(path for path in changed if path)),
        generated_by=tree_path(where.configured_in),
    )
    left = {name: value for name, value in annotations.items() if name not in _ASKED_BY or _ASKED_BY[name] in kept}
    bare = {name: value for name, value in metadata.items() if name != "annotations"}
    if left:
        bare["annotations"] = left
    return {**data, "metadata": bare}, trace


class _Origin(NamedTuple):
    """Where something comes from, relative to the folder that was built; nothing of what is fetched."""

    path: str = ""
    configured_in: str = ""


@lru_cache(maxsize=4096)
def _origins(text: str) -> tuple[_Origin, ...]:
    """What an annotation of Kustomize's says; many objects of a build have the same."""
    one = _SIMPLE.fullmatch(text)
    if one is not None:
        return (_Origin(path=one["path"]),)
    documents = decode(text.encode("utf-8", "surrogateescape"), "origin.yaml").documents
    data = documents[0].data if documents else None
    entries = data if isinstance(data, list) else [data]
    return tuple(
        _Origin() if entry.get("repo") else _Origin(_text(entry, "path"), _text(entry, "configuredIn"))
        for entry in entries
        if isinstance(entry, dict)
    )


def _text(entry: dict[str, Any], field: str) -> str:
    value = entry.get(field)
    return value if isinstance(value, str) else ""

"""What agents write on the objects that they apply, to find them again, and no manifest declares.

An agent adds its marks to each manifest before it applies it. A dry run under the agent's name does the same: without
them, every object would lose its marks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from gategit.change import ObjectChange
from gategit.manifests.manifest import Manifest

MARK_PREFIXES: Final = (
    "argocd.argoproj.io/",
    "config.k8s.io/",
    "configmanagement.gke.io/",
    "configsync.gke.io/",
    "fleet.cattle.io/",
    "helm.toolkit.fluxcd.io/",
    "kapp.k14s.io/",
    "kustomize.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "objectset.rio.cattle.io/",
)
"""How the names of labels and annotations begin that agents write."""

MARK_LABELS: Final = frozenset({"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "helm.sh/chart"})
"""Labels that agents write, and people too."""

_BLOCKS: Final = ("labels", "annotations")


def with_marks(change: ObjectChange, live: Mapping[str, Any] | None) -> ObjectChange:
    """A change with the marks of the live object on both sides, as far as neither side declares them.

    The change itself where there are none.
    """
    found = {block: _marks(_block(live or {}, block)) for block in _BLOCKS}
    for side in (change.old, change.new):
        for block, marks in found.items():
            found[block] = {name: value for name, value in marks.items() if name not in _block(side, block)}
    if not any(found.values()):
        return change
    return ObjectChange(_marked(change.old, found), _marked(change.new, found))


def _marks(block: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name.startswith(MARK_PREFIXES) or name in MARK_LABELS}


def _block(content: Manifest | Mapping[str, Any] | None, block: str) -> Mapping[str, Any]:
    data = content.data if isinstance(content, Manifest) else content
    metadata = data.get("metadata") if data is not None else None
    found = metadata.get(block) if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def _marked(manifest: Manifest | None, found: Mapping[str, Mapping[str, Any]]) -> Manifest | None:
    metadata = manifest.data.get("metadata") if manifest is not None else None
    if manifest is None or not isinstance(metadata, dict):
        return manifest
    added: dict[str, Any] = {}
    for block, marks in found.items():
        own = metadata.get(block)
        # What is no mapping is refused, and so it shall be.
        if marks and (own is None or isinstance(own, dict)):
            added[block] = {**(own or {}), **marks}
    return replace(manifest, data={**manifest.data, "metadata": {**metadata, **added}})

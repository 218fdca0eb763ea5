"""The other objects of the tree, for policies that compare one object with others."""

from __future__ import annotations

from gategit.checks.policy.api.kinds import WORKLOADS
from gategit.checks.policy.api.labels import selects
from gategit.checks.policy.api.objects import Workload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gategit.checks.policy.api.fields import Path
    from gategit.checks.policy.api.objects import Manifest

    Pair = tuple[str, str]

_SELECTORS: dict[str, Path] = {
    "Service": ("spec", "selector"),
    "ReplicationController": ("spec", "selector"),
    "policy/PodDisruptionBudget": ("spec", "selector"),
    "networking.k8s.io/NetworkPolicy": ("spec", "podSelector"),
    "apps/Deployment": ("spec", "selector"),
    "apps/StatefulSet": ("spec", "selector"),
    "apps/DaemonSet": ("spec", "selector"),
    "apps/ReplicaSet": ("spec", "selector"),
    "batch/Job": ("spec", "selector"),
    "monitoring.coreos.com/PodMonitor": ("spec", "selector"),
}


class Inventory:
    """The objects of the tree as the change leaves it: those of the kinds that the policy's decorator names.

    A namespace that a manifest does not name is often set later, by Kustomize or by the agent. So an object without
    one is taken for a neighbour of every other: look-ups err on the side of finding something.
    """

    __slots__ = ("_by_kind", "_by_label", "_by_name", "_by_selector")

    def __init__(self, manifests: Iterable[Manifest] = ()) -> None:
        self._by_kind: dict[str, list[Manifest]] = {}
        self._by_name: dict[tuple[str, str], list[Manifest]] | None = None
        self._by_label: dict[Pair, list[Workload]] | None = None
        self._by_selector: dict[str, dict[Pair | None, list[Manifest]]] = {}
        for manifest in manifests:
            self._by_kind.setdefault(manifest.group_kind, []).append(manifest)

    def of_kind(self, kind: str, namespace: str | None = None) -> list[Manifest]:
        """Every object of a kind (``group/Kind``), or those that may stand in a namespace."""
        found = self._by_kind.get(kind, [])
        return found if namespace is None else [one for one in found if _neighbours(one.namespace, namespace)]

    def get(self, kind: str, name: str, namespace: str = "") -> Manifest | None:
        """An object by its kind (``group/Kind``), name and namespace; None where there is none."""
        if self._by_name is None:
            self._by_name = {}
            for manifests in self._by_kind.values():
                for manifest in manifests:
                    self._by_name.setdefault((manifest.group_kind, manifest.name), []).append(manifest)
        found = self._by_name.get((kind, name), ())
        return next((one for one in found if _neighbours(one.namespace, namespace)), None)

    def workloads(self, selector: object, namespace: str = "") -> list[Workload]:
        """The workloads whose pods a selector chooses (see ``selects``), of the kinds that the policy names."""
        pair = _first_pair(selector)
        candidates = self._workloads() if pair is None else self._labelled(pair)
        return [
            one for one in candidates if _neighbours(one.namespace, namespace) and selects(selector, one.pod_labels)
        ]

    def selecting(self, kind: str, labels: Mapping[str, str], namespace: str = "") -> list[Manifest]:
        """The objects of a kind with a pod selector (Service, PodDisruptionBudget, …) that choose pods with labels."""
        path = _SELECTORS[kind]
        index = self._by_selector.get(kind)
        if index is None:
            index = self._by_selector[kind] = {}
            for one in self._by_kind.get(kind, ()):
                index.setdefault(_first_pair(one.get(*path)), []).append(one)
        candidates = list(index.get(None, ()))
        for pair in labels.items():
            candidates += index.get(pair, ())
        return [one for one in candidates if _neighbours(one.namespace, namespace) and selects(one.get(*path), labels)]

    def _workloads(self) -> Iterator[Workload]:
        return (one for kind in WORKLOADS for one in self._by_kind.get(kind, ()) if isinstance(one, Workload))

    def _labelled(self, pair: Pair) -> list[Workload]:
        """The workloads whose pods have a label."""
        if self._by_label is None:
            self._by_label = {}
            for one in self._workloads():
                for label in one.pod_labels.items():
                    self._by_label.setdefault(label, []).append(one)
        return self._by_label.get(pair, [])


def _first_pair(selector: object) -> Pair | None:
    """A label that everything which the selector chooses must have; None where there is none such."""
    if not isinstance(selector, dict):
        return None
    labels = selector.get("matchLabels") if "matchLabels" in selector or "matchExpressions" in selector else selector
    if not isinstance(labels, dict):
        return None
    return next(((k, v) for k, v in labels.items() if isinstance(k, str) and isinstance(v, str)), None)


def _neighbours(one: str, other: str) -> bool:
    """Whether two namespaces may be the same one."""
    return not one or not other or one == other

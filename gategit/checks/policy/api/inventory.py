"""The other objects of the tree, for policies that compare one object with others."""

from __future__ import annotations

from gategit.checks.policy.api.kinds import WORKLOADS
from gategit.checks.policy.api.labels import selects
from gategit.checks.policy.api.objects import Workload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, TypeVar

    from gategit.checks.policy.api.fields import Path
    from gategit.checks.policy.api.objects import Manifest

    Pair = tuple[str, str]
    Labelled = tuple[Workload, dict[str, str]]
    Result = TypeVar("Result")

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

_AUTOSCALERS = ("autoscaling/HorizontalPodAutoscaler", "keda.sh/ScaledObject")


class Inventory:
    """The objects of the tree as the change leaves it: those of the kinds that the policy's decorator names.

    A namespace that a manifest does not name is often set later, by Kustomize or by the agent. So an object without
    one is taken for a neighbour of every other: look-ups err on the side of finding something.
    """

    __slots__ = ("_autoscalers", "_by_folder", "_by_kind", "_by_label", "_by_name", "_by_selector", "_results")

    def __init__(self, manifests: Iterable[Manifest] = ()) -> None:
        self._by_kind: dict[str, list[Manifest]] = {}
        self._by_name: dict[tuple[str, str], list[Manifest]] | None = None
        self._by_label: dict[Pair, list[Labelled]] | None = None
        self._by_selector: dict[str, dict[Pair | None, list[Manifest]]] = {}
        self._by_folder: dict[str, list[Manifest]] | None = None
        self._autoscalers: dict[Pair, list[Manifest]] | None = None
        self._results: dict[Callable[[Inventory], Any], Any] = {}
        for manifest in manifests:
            self._by_kind.setdefault(manifest.group_kind, []).append(manifest)

    def once(self, work: Callable[[Inventory], Result]) -> Result:
        """What a function of the policy's own makes of the inventory, such as an index. It is called once.

        Args:
            work: a function at the top of the policy's file; one that is defined anew each time is called each time.
        """
        if work not in self._results:
            self._results[work] = work(self)
        found: Result = self._results[work]
        return found

    def of_kind(self, kind: str, namespace: str | None = None) -> list[Manifest]:
        """Every object of a kind (``group/Kind``), or those that may stand in a namespace."""
        found = self._by_kind.get(kind, [])
        return found if namespace is None else [one for one in found if _neighbours(one.namespace, namespace)]

    def get(self, kind: str, name: str, namespace: str = "") -> Manifest | None:
        """An object by its kind (``group/Kind``), name and namespace; None where there is none."""
        return next(iter(self.named(kind, name, namespace)), None)

    def named(self, kind: str, name: str, namespace: str = "") -> list[Manifest]:
        """Every object of a kind (``group/Kind``) and name that may stand in a namespace.

        There is more than one where the tree holds several clusters, or variants of one application.
        """
        if self._by_name is None:
            self._by_name = {}
            for manifests in self._by_kind.values():
                for manifest in manifests:
                    self._by_name.setdefault((manifest.group_kind, manifest.name), []).append(manifest)
        found = self._by_name.get((kind, name), ())
        return [one for one in found if _neighbours(one.namespace, namespace)]

    def beside(self, manifest: Manifest) -> list[Manifest]:
        """The objects whose files stand in the same folder: what most likely is applied together with it."""
        if self._by_folder is None:
            self._by_folder = {}
            for manifests in self._by_kind.values():
                for one in manifests:
                    self._by_folder.setdefault(one.file.rpartition("/")[0], []).append(one)
        return self._by_folder.get(manifest.file.rpartition("/")[0], [])

    def workloads(self, selector: object, namespace: str = "") -> list[Workload]:
        """The workloads whose pods a selector chooses (see ``selects``), of the kinds that the policy names."""
        pairs = _pairs(selector)
        # The label that fewest have leaves least to look at.
        candidates = min(map(self._labelled, pairs), key=len) if pairs else self._workloads()
        return [
            one for one, labels in candidates if _neighbours(one.namespace, namespace) and selects(selector, labels)
        ]

    def chooses_nothing(self, manifest: Manifest, *selector: str | int) -> bool:
        """Whether a pod selector chooses no workload of the tree, as far as the tree can tell.

        It can where the manifest's folder holds a workload: pods that a chart, an operator or another repository makes
        are not to be seen. A label with a prefix that none of those workloads has is most likely a controller's.

        Args:
            manifest: the object that selects.
            selector: the path of its selector. One that is absent or empty is none, and its values must be known.
        """
        wanted = manifest.get(*selector)
        keys = _keys(wanted)
        if not keys or self.workloads(wanted, manifest.namespace):
            return False
        prefixed = {key for key in keys if "/" in key}
        has_neighbour = False
        for one in self.beside(manifest):
            if isinstance(one, Workload):
                has_neighbour = True
                if not prefixed:
                    return True
                prefixed.difference_update(one.pod_labels)
        return has_neighbour and not prefixed

    def autoscalers(self, workload: Manifest) -> list[Manifest]:
        """The HorizontalPodAutoscalers and ScaledObjects (of KEDA) that scale a workload."""
        if self._autoscalers is None:
            self._autoscalers = {}
            for kind in _AUTOSCALERS:
                for one in self._by_kind.get(kind, ()):
                    target = one.field("spec", "scaleTargetRef")
                    # KEDA takes a target without a kind for a Deployment.
                    what = target.text("kind") or "Deployment", target.text("name")
                    self._autoscalers.setdefault(what, []).append(one)
        found = self._autoscalers.get((workload.kind, workload.name), ())
        return [one for one in found if _neighbours(one.namespace, workload.namespace)]

    def selecting(self, kind: str, labels: Mapping[str, str], namespace: str = "") -> list[Manifest]:
        """The objects of a kind with a pod selector (Service, PodDisruptionBudget, …) that choose pods with labels."""
        path = _SELECTORS[kind]
        index = self._by_selector.get(kind)
        if index is None:
            index = self._by_selector[kind] = {}
            for one in self._by_kind.get(kind, ()):
                index.setdefault(next(iter(_pairs(one.get(*path))), None), []).append(one)
        candidates = list(index.get(None, ()))
        for pair in labels.items():
            candidates += index.get(pair, ())
        return [one for one in candidates if _neighbours(one.namespace, namespace) and selects(one.get(*path), labels)]

    def _workloads(self) -> Iterator[Labelled]:
        """Every workload, with its pods' labels."""
        found = (one for kind in WORKLOADS for one in self._by_kind.get(kind, ()) if isinstance(one, Workload))
        return ((one, one.pod_labels) for one in found)

    def _labelled(self, pair: Pair) -> list[Labelled]:
        """The workloads whose pods have a label."""
        if self._by_label is None:
            self._by_label = {}
            for one in self._workloads():
                for label in one[1].items():
                    self._by_label.setdefault(label, []).append(one)
        return self._by_label.get(pair, [])


def _pairs(selector: object) -> list[Pair]:
    """The labels that everything which the selector chooses must have."""
    if not isinstance(selector, dict):
        return []
    labels = selector.get("matchLabels") if "matchLabels" in selector or "matchExpressions" in selector else selector
    if not isinstance(labels, dict):
        return []
    return [(k, v) for k, v in labels.items() if isinstance(k, str) and isinstance(v, str)]


def _keys(selector: object) -> set[str]:
    """The labels that a selector asks for; none where a value is filled in later."""
    if not isinstance(selector, dict):
        return set()
    plain = selector
    if "matchLabels" in selector or "matchExpressions" in selector:
        plain = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    if not isinstance(plain, dict) or not isinstance(expressions, list | tuple):
        return set()
    if any(not isinstance(value, str) or "$" in value or "{{" in value for value in plain.values()):
        return set()
    keys = [*plain, *(one.get("key") for one in expressions if isinstance(one, dict))]
    return {key for key in keys if isinstance(key, str)}


def _neighbours(one: str, other: str) -> bool:
    """Whether two namespaces may be the same one."""
    return not one or not other or one == other

"""Built-in policy: update-strategy."""

from __future__ import annotations

import re

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy

_PLACES = {
    "apps/Deployment": "strategy",
    "apps/DaemonSet": "updateStrategy",
    "apps/StatefulSet": "updateStrategy",
}
_PERCENT = re.compile(r"[0-9]+%")
_DEADLINE = ("spec", "progressDeadlineSeconds")


@policy(level="error", kinds=tuple(_PLACES))
def update_strategy(manifest: Manifest) -> Violations:
    """The settings of an update strategy do not contradict each other.

    What it asks:
        A Deployment lets pods be missing (`maxUnavailable`) or lets there be more of them (`maxSurge`): not both are
        zero. A DaemonSet sets exactly one of the two, where `maxUnavailable` is 1 if it is left out. A StatefulSet's
        `maxUnavailable` is not zero. `rollingUpdate` stands only beside the type `RollingUpdate` (a DaemonSet may
        keep it beside `OnDelete`). A Deployment's `progressDeadlineSeconds`, 600 if it is left out, is more than its
        `minReadySeconds`.

    Why:
        With these settings an update could never get on, so the API server refuses the object. A patch that sets
        `type: Recreate` and leaves the base's `rollingUpdate` in place is the usual way to get there.

    How to fix:
        Let one of `maxUnavailable` and `maxSurge` be above zero. Where the type is `Recreate`, remove `rollingUpdate`;
        in a Kustomize patch, write `rollingUpdate: null`.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          strategy:
            rollingUpdate:
              maxSurge: 0
              maxUnavailable: 0%  # <-
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Fails (settings of another type):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          strategy:
            type: Recreate
            rollingUpdate: {maxSurge: 1}  # <-
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Fails (a DaemonSet that only sets maxSurge):
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: web, namespace: shop}
        spec:
          updateStrategy:
            rollingUpdate:  # <-
              maxSurge: 1
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          strategy:
            type: RollingUpdate
            rollingUpdate:
              maxSurge: 25%
              maxUnavailable: 0
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: web, namespace: shop}
        spec:
          updateStrategy:
            rollingUpdate:
              maxSurge: 1
              maxUnavailable: 0
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy
        https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/
        https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies
    """
    place = _PLACES[manifest.group_kind]
    kind = manifest.kind
    strategy = manifest.get("spec", place)
    if isinstance(strategy, dict):
        rolling = strategy.get("rollingUpdate")
        type_name = strategy.get("type")
        where = manifest.field("spec", place, "rollingUpdate")
        if rolling is not None and (kind, type_name) in (("Deployment", "Recreate"), ("StatefulSet", "OnDelete")):
            yield Violation(where, f"{manifest} has settings for rolling updates, but the type is {type_name}")
        elif isinstance(rolling, dict) and type_name in (None, "RollingUpdate"):
            problem = _problem(kind, rolling)
            if problem:
                yield Violation(where.field("maxUnavailable"), f"{manifest} {problem}")
    if kind == "Deployment" and (manifest.has("spec", "minReadySeconds") or manifest.has(*_DEADLINE)):
        ready = manifest.integer("spec", "minReadySeconds") or 0
        deadline = manifest.integer(*_DEADLINE) if manifest.has(*_DEADLINE) else 600
        if deadline is not None and deadline <= ready:
            message = f"{manifest} gives up after {deadline} seconds, before a pod counts as ready after {ready}"
            yield Violation(manifest.field(*_DEADLINE), message)


def _problem(kind: str, rolling: dict[str, object]) -> str:
    """What is wrong with the settings of a rolling update, "" where nothing is."""
    missing, more = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    if isinstance(missing, str) and _PERCENT.fullmatch(missing) and int(missing[:9].rstrip("%")) > 100:
        return "lets more than all of its pods be missing during an update"
    for amount in (missing, more):
        if isinstance(amount, str) and not _PERCENT.fullmatch(amount) and not is_filled_in_later(amount):
            return f"has the text {amount[:40]} in its rollingUpdate, where a number or a percentage is wanted"
    if kind == "StatefulSet":
        return "lets no pod be missing during an update" if _is_zero(missing) else ""
    if kind == "Deployment":
        stands_still = _is_zero(missing) and _is_zero(more)
    else:
        stands_still = _is_zero(missing) and (more is None or _is_zero(more))
        if more is not None and not _is_zero(more) and not _is_zero(missing):
            return "lets a node have two pods (maxSurge) and none (maxUnavailable, 1 if left out) during an update"
    return "lets no pod be missing and none be added during an update" if stands_still else ""


def _is_zero(value: object) -> bool:
    if isinstance(value, str):
        return value.endswith("%") and not value[:-1].strip("0") and len(value) > 1
    return value == 0 and value is not False

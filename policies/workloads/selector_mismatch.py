"""Built-in policy: selector-mismatch."""

from __future__ import annotations

from gategit.checks.policy.api import LONG_RUNNING, Violation, Violations, Workload, is_filled_in_later, policy, selects


@policy(level="error", kinds=LONG_RUNNING)
def selector_mismatch(workload: Workload) -> Violations:
    """A workload's selector chooses the pods that it makes.

    What it asks:
        `spec.selector` is not empty and matches `spec.template.metadata.labels`, for Deployments, StatefulSets,
        DaemonSets, ReplicaSets and ReplicationControllers. Labels that a variable fills in later are not judged.

    Why:
        The API server refuses the object. The change then fails after the merge, and with Argo CD or Flux everything
        else that is applied together with it waits.

    How to fix:
        Give the pod template every label that the selector asks for. The selector of an object that exists cannot be
        changed, so mend the template rather than the selector.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector:  # <-
            matchLabels: {app: web, tier: front}
          template:
            metadata:
              labels: {app: web, tier: frontend}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Fails (a selector that asks for nothing):
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agent, namespace: shop}
        spec:
          selector: {}  # <-
          template:
            metadata:
              labels: {app: agent}
            spec:
              containers:
                - name: agent
                  image: registry.example.com/agent:1.4.2

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector:
            matchLabels: {app: web}
            matchExpressions:
              - {key: tier, operator: In, values: [front, back]}
          template:
            metadata:
              labels: {app: web, tier: front, version: "2"}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector
    """
    selector = workload.get("spec", "selector")
    if not isinstance(selector, dict):
        return
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        if workload.group:  # a ReplicationController's selector is a plain mapping, and may be left out
            yield Violation(workload.field("spec", "selector"), f"the selector of {workload} asks for no label")
            return
        if not selector:
            return
    labels = workload.strings("spec", "template", "metadata", "labels")
    if selects(selector, labels) or _is_open(selector, labels):
        return
    yield Violation(
        workload.field("spec", "selector"), f"the selector of {workload} does not match the labels of its own pods"
    )


def _is_open(selector: dict[str, object], labels: dict[str, str]) -> bool:
    """Whether a variable stands in one of the labels, or their mapping itself comes from one."""
    wanted = selector.get("matchLabels", selector)
    values = [*labels, *labels.values()]
    if isinstance(wanted, dict):
        values += [*wanted, *wanted.values()]
    return any(is_filled_in_later(value) for value in values)

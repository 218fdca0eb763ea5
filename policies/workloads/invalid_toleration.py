"""Built-in policy: invalid-toleration."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy


@policy(level="error", kinds=WORKLOADS)
def invalid_toleration(workload: Workload) -> Violations:
    """A toleration says what it tolerates in a way that the cluster accepts.

    What it asks:
        A toleration with the operator `Exists` has no value. One with the operator `Equal`, which is what none stands
        for, has a key. `tolerationSeconds` stands only beside the effect `NoExecute`.

    Why:
        The API server refuses the object, and what is applied together with it waits.

    How to fix:
        Remove the value, or set the operator to `Equal`. To tolerate every taint, write `operator: Exists` alone.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              tolerations:
                - key: pool
                  operator: Exists
                  value: gpu  # <-
                - effect: NoSchedule  # <-
                  value: gpu
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Fails (seconds of something that does not evict):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              tolerations:
                - key: pool
                  operator: Exists
                  effect: NoSchedule
                  tolerationSeconds: 60  # <-
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              tolerations:
                - {key: pool, value: gpu, effect: NoSchedule}
                - {key: pool, operator: Exists, effect: NoExecute, tolerationSeconds: 60}
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
    """
    tolerations = workload.pod.get("tolerations")
    for index, one in enumerate(tolerations if isinstance(tolerations, list) else ()):
        if not isinstance(one, dict) or any(is_filled_in_later(value) for value in one.values()):
            continue
        key, operator = str(one.get("key") or "")[:80], one.get("operator") or "Equal"
        where = workload.pod.field("tolerations", index)
        if operator == "Exists" and one.get("value"):
            yield Violation(where.field("value"), f"the toleration of {key} has a value, which Exists does not look at")
        elif operator == "Equal" and not key:
            yield Violation(
                where.field("key"), f"a toleration of {workload} names no key, which only Exists may leave out"
            )
        if one.get("tolerationSeconds") is not None and one.get("effect") != "NoExecute":
            problem = f"the toleration of {key or 'every taint'} has seconds, but its effect is not NoExecute"
            yield Violation(where.field("tolerationSeconds"), problem)

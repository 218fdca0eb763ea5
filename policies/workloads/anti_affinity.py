"""Built-in policy: anti-affinity."""

from __future__ import annotations

from gategit.checks.policy.api import SCALABLE, Violation, Violations, Workload, policy


@policy(level="note", kinds=SCALABLE)
def anti_affinity(workload: Workload) -> Violations:
    """Replicas of a workload are kept apart from each other.

    What it asks:
        A Deployment, StatefulSet or ReplicaSet with two or more replicas has `topologySpreadConstraints` or
        `affinity.podAntiAffinity` in its pods. How strict these are, and whether they go by node or by zone, is not
        judged.

    Why:
        Without them the scheduler only tends to spread pods, and gives that up for other wishes. Replicas on one node
        go down with it, all at once.

    How to fix:
        Add a constraint with `topologyKey: kubernetes.io/hostname`, `maxSkew: 1`, a `whenUnsatisfiable` that fits,
        and the workload's own labels as selector.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 3  # <-
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
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              topologySpreadConstraints:
                - maxSkew: 1
                  topologyKey: kubernetes.io/hostname
                  whenUnsatisfiable: ScheduleAnyway
                  labelSelector: {matchLabels: {app: web}}
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
        https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
    """
    replicas = workload.integer("spec", "replicas")
    if replicas is None or replicas < 2:
        return
    pod = workload.pod
    if not pod.get("topologySpreadConstraints") and not pod.get("affinity", "podAntiAffinity"):
        yield Violation(
            workload.field("spec", "replicas"), f"nothing keeps the {replicas} replicas of {workload} apart"
        )

"""Built-in policy: node-name."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="warning", kinds=WORKLOADS)
def node_name(workload: Workload) -> Violations:
    """The scheduler, not the manifest, chooses a pod's node.

    What it asks:
        `nodeName` is not set in a pod's specification.

    Why:
        A pod with `nodeName` goes around the scheduler: nobody asks whether the node has room, has taints or is being
        drained. If the node is gone, the pod waits for it for ever.

    How to fix:
        Choose nodes by their labels, with `nodeSelector` or `affinity.nodeAffinity`. For one particular node that is
        `kubernetes.io/hostname`.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              nodeName: worker-1  # <-
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
              nodeSelector: {kubernetes.io/hostname: worker-1}
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename
    """
    if workload.pod.get("nodeName"):
        yield Violation(workload.pod.field("nodeName"), f"the pods of {workload} go around the scheduler")

"""Built-in policy: node-name."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="warning", kinds=WORKLOADS)
def node_name(workload: Workload) -> Violations:
    """No workload names the node that it runs on.

    What it asks:
        `nodeName` is not set in a pod's specification.

    Why:
        It goes past the scheduler: the pod is put on that node whether there is room or not, taints are not looked
        at, and when the node is gone the pod does not come back anywhere else.

    How to fix:
        Say what the node must be like instead of which one it is: `nodeSelector`, node affinity, or a toleration.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          nodeName: node-7  # <-
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          nodeSelector:
            disktype: ssd
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename
    """
    name = workload.pod.text("nodeName")
    if name:
        yield Violation(workload.pod.field("nodeName"), f"the pod is tied to the node {name}")

"""Built-in policy: control-plane-toleration."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_KEYS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


@policy(level="warning", kinds=WORKLOADS, security_severity=4.3)
def control_plane_toleration(workload: Workload) -> Violations:
    """No ordinary workload may run on the nodes of the control plane.

    What it asks:
        No toleration of a pod names the taint `node-role.kubernetes.io/control-plane` or the older
        `node-role.kubernetes.io/master`. DaemonSets, which are meant for every node, are not asked.

    Why:
        The nodes of the control plane hold the API server's keys and etcd. A pod that breaks out of its container
        there has the cluster, and one that takes too much memory there stops it.

    How to fix:
        Remove the toleration. What has to run there deserves a waiver with an owner.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          tolerations:
            - key: node-role.kubernetes.io/control-plane  # <-
              operator: Exists
              effect: NoSchedule
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          tolerations:
            - key: example.com/batch
              operator: Exists
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
        https://kubernetes.io/docs/reference/labels-annotations-taints/#node-role-kubernetes-io-control-plane-taint
    """
    if workload.kind == "DaemonSet" or not workload.pod.get("tolerations"):
        return
    for toleration in workload.pod.items("tolerations"):
        key = toleration.text("key")
        if key in _KEYS:
            yield Violation(toleration.field("key"), f"the pod tolerates the nodes of the control plane ({key})")

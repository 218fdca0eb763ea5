"""Built-in policy: toleration-of-everything."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="warning", kinds=tuple(kind for kind in WORKLOADS if kind != "apps/DaemonSet"))
def toleration_of_everything(workload: Workload) -> Violations:
    """Only DaemonSets run on every node, whatever its taints say.

    What it asks:
        No toleration of a pod has the operator `Exists` and no key, which stands for every taint. DaemonSets, whose
        job may be to run everywhere, are not judged.

    Why:
        Such a pod runs on control plane nodes, and on nodes that are reserved for others. It also stays where it is
        when its node is out of reach, so nothing starts it elsewhere.

    How to fix:
        Tolerate the taints by their keys, such as `node-role.kubernetes.io/control-plane`.

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
                - operator: Exists  # <-
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
                - key: node-role.kubernetes.io/control-plane
                  operator: Exists
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
    """
    tolerations = workload.pod.get("tolerations")
    for index, toleration in enumerate(tolerations if isinstance(tolerations, list) else ()):
        if isinstance(toleration, dict) and toleration.get("operator") == "Exists" and not toleration.get("key"):
            effect = toleration.get("effect")
            what = f"every taint with the effect {str(effect)[:40]}" if effect else "every taint"
            where = workload.pod.field("tolerations", index, "operator")
            yield Violation(where, f"the pods of {workload} tolerate {what}")

"""Built-in policy: termination-grace-period."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="warning", kinds=WORKLOADS)
def termination_grace_period(workload: Workload) -> Violations:
    """Pods get time to end.

    What it asks:
        `terminationGracePeriodSeconds` of the pod is not 0. A field that is absent stands for 30 seconds.

    Why:
        With 0 a pod is removed from the API at once, whether its process has ended or not. Requests are cut off, and
        a StatefulSet may start the replacement while the old one still writes to the same volume.

    How to fix:
        Remove the field. If a pod ends slowly, let its process handle SIGTERM, which makes a short period enough.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 0  # <-
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
              terminationGracePeriodSeconds: 5
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
        https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#deployment-and-scaling-guarantees
    """
    if workload.pod.get("terminationGracePeriodSeconds") == 0:
        where = workload.pod.field("terminationGracePeriodSeconds")
        yield Violation(where, f"the pods of {workload} are ended without any time to finish")

"""Built-in policy: shared-process-namespace."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="note", kinds=WORKLOADS, security_severity=3.1)
def shared_process_namespace(workload: Workload) -> Violations:
    """Containers of a pod do not see each other's processes.

    What it asks:
        `shareProcessNamespace` is not true in a pod's specification.

    Why:
        With it each container sees the others' processes, their command lines and their environment, and with the
        same user also their files, by way of `/proc`. A sidecar that is taken over then has the secrets of the
        application.

    How to fix:
        Remove the field. To signal another container's process, use a file in a shared volume or a small API; to look
        into a running pod, use `kubectl debug --target`.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              shareProcessNamespace: true  # <-
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
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/
    """
    if workload.pod.is_true("shareProcessNamespace"):
        where = workload.pod.field("shareProcessNamespace")
        yield Violation(where, f"the containers of {workload} see each other's processes")

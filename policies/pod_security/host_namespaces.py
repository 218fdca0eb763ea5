"""Built-in policy: host-namespaces."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_FIELDS = (
    ("hostNetwork", "the pod shares its node's network"),
    ("hostPID", "the pod shares its node's process ids"),
    ("hostIPC", "the pod shares its node's inter-process communication"),
)


@policy(level="error", kinds=WORKLOADS, security_severity=7.5)
def host_namespaces(workload: Workload) -> Violations:
    """No pod shares its node's network, process or IPC namespace.

    What it asks:
        `hostNetwork`, `hostPID` and `hostIPC` are not true in a pod's specification.

    Why:
        A pod in the node's network reaches services that listen on the node's loopback, such as the kubelet's, and
        no NetworkPolicy applies to it. One that sees the node's processes can read their environment and, with the
        right user, their memory.

    How to fix:
        Remove the field. To be reached from outside, use a Service, an Ingress or a `hostPort`. Network plugins and
        node agents that cannot work otherwise deserve a waiver with an owner and a date.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              hostNetwork: true  # <-
              hostPID: true  # <-
              hostIPC: false
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
                  ports:
                    - containerPort: 8080

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
    """
    pod = workload.pod
    for name, problem in _FIELDS:
        if pod.is_true(name):
            yield Violation(pod.field(name), f"{problem} ({name} is true)")

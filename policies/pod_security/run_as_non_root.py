"""Built-in policy: run-as-non-root."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy

_SETTING = ("securityContext", "runAsNonRoot")
_RELAXED_SINCE = "1.35"


@policy(level="error", kinds=WORKLOADS, security_severity=5.9)
def run_as_non_root(workload: Workload) -> Violations:
    """Every container is kept from running as root.

    What it asks:
        `securityContext.runAsNonRoot` is true for the pod, or for each of its containers, and false nowhere. For
        clusters of Kubernetes 1.35 or newer, a pod with its own user namespace (`hostUsers: false`) is not asked:
        its root is nobody on the node.

    Why:
        Root in a container is root of the node's kernel, held back by namespaces and filters alone. Most ways out of
        a container that were ever found need it.

    How to fix:
        Set `runAsNonRoot: true` in the pod's security context. Where the image does not name a user by number, set
        `runAsUser` too; the kubelet refuses to start a container whose user it cannot tell from root.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                runAsNonRoot: true
            - name: proxy  # <-
              image: registry.example.com/proxy:1.4.2

    Fails (a container that takes it back):
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            runAsNonRoot: true
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                runAsNonRoot: false  # <-

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            runAsNonRoot: true
            runAsUser: 1000
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    Passes (a user namespace):
        apiVersion: v1
        kind: Pod
        metadata: {name: builder, namespace: ci}
        spec:
          hostUsers: false
          containers:
            - name: builder
              image: registry.example.com/builder:1.4.2

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
        https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    pod = workload.pod
    of_pod = pod.get(*_SETTING)
    wrong = [container for container in workload.containers if container.is_false(*_SETTING)]
    unset = (
        []
        if of_pod is True or is_filled_in_later(of_pod)
        else [one for one in workload.containers if not one.has(*_SETTING)]
    )
    if (of_pod is not False and not wrong and not unset) or _has_own_users(workload):
        return
    if of_pod is False:
        yield Violation(pod.field(*_SETTING), "the pod may run as root (runAsNonRoot is false)")
    for container in wrong:
        yield Violation(container.field(*_SETTING), f"{container} may run as root (runAsNonRoot is false)")
    if of_pod is not False:
        for container in unset:
            yield Violation(container.field(*_SETTING), f"{container} may run as root (runAsNonRoot is not set)")


def _has_own_users(workload: Workload) -> bool:
    return workload.pod.is_false("hostUsers") and workload.target.at_least(_RELAXED_SINCE)

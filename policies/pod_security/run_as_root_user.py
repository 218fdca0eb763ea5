"""Built-in policy: run-as-root-user."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Field, Violation, Violations, Workload, policy

_SETTING = ("securityContext", "runAsUser")
_SINCE = "1.23"
_RELAXED_SINCE = "1.35"


@policy(level="error", kinds=WORKLOADS, security_severity=5.9)
def run_as_root_user(workload: Workload) -> Violations:
    """No pod asks to run as the user 0.

    What it asks:
        `securityContext.runAsUser` is not 0, neither for the pod nor for any container. It is asked for clusters of
        Kubernetes 1.23 or newer; from 1.35 on, not of pods with their own user namespace (`hostUsers: false`).

    Why:
        User 0 is root, whatever the image says. Together with `runAsNonRoot: true` the kubelet refuses to start the
        container; without it, the container runs as root.

    How to fix:
        Set `runAsUser` to the number of the image's own user, or remove it. Files that only root can read are better
        given to a group with `fsGroup`.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            runAsUser: 0  # <-
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                runAsUser: 0  # <-

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            runAsUser: 1000
            fsGroup: 1000
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
              securityContext:
                runAsUser: 0

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
        https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/
    """
    if _is_root(workload.pod) and _is_asked(workload):
        yield Violation(workload.pod.field(*_SETTING), "the pod runs as root (runAsUser is 0)")
    for container in workload.containers:
        if _is_root(container) and _is_asked(workload):
            yield Violation(container.field(*_SETTING), f"{container} runs as root (runAsUser is 0)")


def _is_root(holder: Field) -> bool:
    return holder.integer(*_SETTING) == 0


def _is_asked(workload: Workload) -> bool:
    target = workload.target
    return target.at_least(_SINCE) and not (workload.pod.is_false("hostUsers") and target.at_least(_RELAXED_SINCE))

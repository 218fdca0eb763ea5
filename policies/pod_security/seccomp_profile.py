"""Built-in policy: seccomp-profile."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_SETTING = ("securityContext", "seccompProfile", "type")
_SINCE = "1.19"
_WINDOWS_EXEMPT_SINCE = "1.25"


@policy(level="error", kinds=WORKLOADS, security_severity=4.3)
def seccomp_profile(workload: Workload) -> Violations:
    """Every container has a filter for its system calls.

    What it asks:
        `securityContext.seccompProfile.type` is set for the pod, or for each of its containers. (That it is not
        `Unconfined` is the business of `seccomp-unconfined`.) It is asked for clusters of Kubernetes 1.19 or newer;
        from 1.25 on, not of pods that say that they run on Windows (`spec.os.name`).

    Why:
        Unless the administrator of the node has turned a default on, a container without a profile runs unconfined:
        it can make every system call of the kernel that it shares with all others.

    How to fix:
        Set `seccompProfile: {type: RuntimeDefault}` in the pod's security context.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web  # <-
              image: registry.example.com/web:1.4.2
            - name: proxy
              image: registry.example.com/proxy:1.4.2
              securityContext:
                seccompProfile: {type: RuntimeDefault}

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            seccompProfile: {type: RuntimeDefault}
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
        https://kubernetes.io/docs/tutorials/security/seccomp/
    """
    if workload.pod.has(*_SETTING):
        return
    for container in workload.containers:
        if container.has(*_SETTING) or not workload.target.at_least(_SINCE):
            continue
        if workload.is_windows and workload.target.at_least(_WINDOWS_EXEMPT_SINCE):
            return
        yield Violation(container.field(*_SETTING), f"{container} has no seccomp profile")

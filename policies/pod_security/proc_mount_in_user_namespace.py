"""Built-in policy: proc-mount-in-user-namespace."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy

_SINCE = "1.35"


@policy(level="error", kinds=WORKLOADS, security_severity=4.3)
def proc_mount_in_user_namespace(workload: Workload) -> Violations:
    """Not even a pod with its own user namespace sees all of /proc.

    What it asks:
        `securityContext.procMount` is absent or `Default` in every container of a pod with `hostUsers: false`, for
        clusters of Kubernetes 1.35 or newer. (In all other pods it is the business of `proc-mount`.)

    Why:
        In a user namespace an unmasked /proc is mostly harmless, so the baseline lets it through. Mostly: a hardened
        pod has no use for it, and a fault of the kernel's user namespaces would open it.

    How to fix:
        Remove `procMount`. A builder of images that cannot work otherwise deserves a waiver with an owner and a date.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: builder, namespace: ci}
        spec:
          hostUsers: false
          containers:
            - name: builder
              image: registry.example.com/builder:1.4.2
              securityContext:
                procMount: Unmasked  # <-

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: builder, namespace: ci}
        spec:
          hostUsers: false
          containers:
            - name: builder
              image: registry.example.com/builder:1.4.2
              securityContext:
                procMount: Default

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
        https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/
    """
    if not workload.pod.is_false("hostUsers") or not workload.target.at_least(_SINCE):
        return
    for container in workload.containers:
        kind = container.get("securityContext", "procMount")
        if kind is not None and kind != "Default" and not is_filled_in_later(kind):
            yield Violation(container.field("securityContext", "procMount"), f"{container} mounts /proc as {kind}")

"""Built-in policy: selinux-options."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Field, Violation, Violations, Workload, is_filled_in_later, policy

_TYPES = frozenset(("container_t", "container_init_t", "container_kvm_t"))
_TYPE_SINCE_1_31 = "container_engine_t"


@policy(level="error", kinds=WORKLOADS, security_severity=6.5)
def selinux_options(workload: Workload) -> Violations:
    """No pod chooses an SELinux user, role or type that loosens its confinement.

    What it asks:
        In `securityContext.seLinuxOptions`, of the pod and of each container, `type` is absent or one of
        `container_t`, `container_init_t`, `container_kvm_t` and, for clusters of Kubernetes 1.31 or newer,
        `container_engine_t`. `user` and `role` are not set. A `level` may be.

    Why:
        The type decides what a process may touch on its node. With `spc_t`, a container is not confined at all, and
        another user or role opens transitions that the policy of the node never meant for containers.

    How to fix:
        Remove `user` and `role`, and `type` unless it is one of the four. To share files between pods, set the same
        `level`.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            seLinuxOptions:
              type: spc_t  # <-
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                seLinuxOptions:
                  user: sysadm_u  # <-
                  role: sysadm_r  # <-

    Fails (a type that this cluster does not know):
        --- # target
        name: old
        kubernetes_version: "1.30"
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            seLinuxOptions:
              type: container_engine_t  # <-
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          securityContext:
            seLinuxOptions: {type: container_engine_t, level: "s0:c123,c456"}
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
    """
    yield from _options(workload, workload.pod, "the pod")
    for container in workload.containers:
        yield from _options(workload, container, str(container))


def _options(workload: Workload, holder: Field, name: str) -> Violations:
    if not holder.get("securityContext", "seLinuxOptions"):
        return
    options = holder.field("securityContext", "seLinuxOptions")
    for key in ("type", "user", "role"):
        value = options.text(key)
        if not value or is_filled_in_later(value):
            continue
        if key == "type" and (value in _TYPES or (value == _TYPE_SINCE_1_31 and workload.target.at_least("1.31"))):
            continue
        yield Violation(options.field(key), f"{name} sets the SELinux {key} {value}")

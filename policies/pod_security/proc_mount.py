"""Built-in policy: proc-mount."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy

_RELAXED_SINCE = "1.35"


@policy(level="error", kinds=WORKLOADS, security_severity=6.5)
def proc_mount(workload: Workload) -> Violations:
    """No container sees the parts of /proc that are hidden from containers.

    What it asks:
        `securityContext.procMount` is absent or `Default` in every container. For clusters of Kubernetes 1.35 or
        newer, a pod with its own user namespace (`hostUsers: false`) may set `Unmasked`.

    Why:
        What is hidden in /proc lets a process read the kernel's memory and timers, and change settings of the whole
        node. Only a user namespace of its own makes that harmless.

    How to fix:
        Remove `procMount`. To build images or run containers inside of a container, set `hostUsers: false` as well.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: builder, namespace: ci}
        spec:
          containers:
            - name: builder
              image: registry.example.com/builder:1.4.2
              securityContext:
                procMount: Unmasked  # <-

    Fails (a cluster before 1.35):
        --- # target
        name: old
        kubernetes_version: "1.34"
        --- # new
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
                procMount: Unmasked
            - name: web
              image: registry.example.com/web:1.4.2
              securityContext:
                procMount: Default

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
        https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/
    """
    for container in workload.containers:
        kind = container.get("securityContext", "procMount")
        if kind is None or kind == "Default" or is_filled_in_later(kind):
            continue
        if not (workload.pod.is_false("hostUsers") and workload.target.at_least(_RELAXED_SINCE)):
            yield Violation(container.field("securityContext", "procMount"), f"{container} mounts /proc as {kind}")

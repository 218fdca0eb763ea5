"""Built-in policy: privileged-container."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS, security_severity=8.8)
def privileged_container(workload: Workload) -> Violations:
    """No container runs privileged.

    What it asks:
        `securityContext.privileged` is not true in any container, init container or ephemeral container.

    Why:
        A privileged container has every capability and every device of its node, and no seccomp or AppArmor profile.
        Whoever takes it over has the node, and with it the secrets of every pod that runs there.

    How to fix:
        Remove `privileged`, or set it to false, and grant what the container needs by name: a capability in
        `securityContext.capabilities.add`, a device through a device plugin. Drivers and node agents that cannot
        work otherwise deserve a waiver with an owner and a date.

    Fails:
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agent, namespace: ops}
        spec:
          selector: {matchLabels: {app: agent}}
          template:
            metadata: {labels: {app: agent}}
            spec:
              initContainers:
                - name: prepare
                  image: registry.example.com/agent:1.4.2
                  securityContext:
                    privileged: true  # <-
              containers:
                - name: agent
                  image: registry.example.com/agent:1.4.2
                  securityContext:
                    privileged: true  # <-

    Passes:
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agent, namespace: ops}
        spec:
          selector: {matchLabels: {app: agent}}
          template:
            metadata: {labels: {app: agent}}
            spec:
              containers:
                - name: agent
                  image: registry.example.com/agent:1.4.2
                  securityContext:
                    privileged: false
                    capabilities:
                      add: [NET_ADMIN]

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
        https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    for container in workload.containers:
        if container.is_true("securityContext", "privileged"):
            yield Violation(container.field("securityContext", "privileged"), f"{container} runs privileged")

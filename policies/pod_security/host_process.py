"""Built-in policy: host-process."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_SETTING = ("securityContext", "windowsOptions", "hostProcess")


@policy(level="error", kinds=WORKLOADS, security_severity=8.8)
def host_process(workload: Workload) -> Violations:
    """No Windows container runs as a process of its node.

    What it asks:
        `securityContext.windowsOptions.hostProcess` is not true, neither for the pod nor for any of its containers.

    Why:
        A HostProcess container is not contained at all: it is a process on the Windows node with the node's files,
        network and devices. Whoever takes it over has the node.

    How to fix:
        Remove `hostProcess`. Node agents that cannot work otherwise deserve a waiver with an owner and a date.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: agent, namespace: ops}
        spec:
          os: {name: windows}
          hostNetwork: true
          securityContext:
            windowsOptions:
              hostProcess: true  # <-
          containers:
            - name: agent
              image: registry.example.com/agent:1.4.2

    Fails (one container):
        apiVersion: v1
        kind: Pod
        metadata: {name: agent, namespace: ops}
        spec:
          os: {name: windows}
          hostNetwork: true
          containers:
            - name: agent
              image: registry.example.com/agent:1.4.2
              securityContext:
                windowsOptions:
                  hostProcess: true  # <-

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          os: {name: windows}
          securityContext:
            runAsNonRoot: true
            windowsOptions:
              runAsUserName: ContainerUser
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
        https://kubernetes.io/docs/tasks/configure-pod-container/create-hostprocess-pod/
    """
    if workload.pod.is_true(*_SETTING):
        yield Violation(workload.pod.field(*_SETTING), "the pod runs as a process of its node (hostProcess is true)")
    for container in workload.containers:
        if container.is_true(*_SETTING):
            yield Violation(container.field(*_SETTING), f"{container} runs as a process of its node")

"""Built-in policy: host-port."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS, security_severity=5.3)
def host_port(workload: Workload, *, allowed: tuple[str, ...] = ()) -> Violations:
    """No container takes a port of its node.

    What it asks:
        `hostPort` is absent or 0 in every port of every container, or one of those that the parameter allows.

    Why:
        A port on the node is reached past every Service, Ingress and, with many network plugins, every NetworkPolicy.
        Only one pod per node can have it, so a rolling update waits for a node that is free.

    How to fix:
        Remove `hostPort` and put a Service in front of the pod. Node agents that others reach on the node's address
        deserve a waiver with an owner and a date.

    Parameters:
        allowed: ports of the node that may be taken, as numbers or spans of numbers (9100, 30000-30010).

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              ports:
                - containerPort: 8080
                  hostPort: 80  # <-

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              ports:
                - containerPort: 8080

    Passes (an allowed port):
        --- # parameters
        allowed: ["9100"]
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: agent, namespace: ops}
        spec:
          containers:
            - name: agent
              image: registry.example.com/agent:1.4.2
              ports:
                - containerPort: 9100
                  hostPort: 9100

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
        https://kubernetes.io/docs/concepts/configuration/overview/#services
    """
    for container in workload.containers:
        if not container.get("ports"):
            continue
        for port in container.ports:
            number = port.integer("hostPort")
            if number and not (allowed and _is_allowed(number, allowed)):
                yield Violation(port.field("hostPort"), f"{container} takes port {number} of its node")


def _is_allowed(port: int, allowed: tuple[str, ...]) -> bool:
    for one in allowed:
        first, _, last = one.partition("-")
        if first.isdecimal() and int(first) <= port <= int(last if last.isdecimal() else first):
            return True
    return False

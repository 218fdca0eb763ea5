"""Built-in policy: host-port."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS, security_severity=5.3)
def host_port(workload: Workload) -> Violations:
    """No container takes a port of its node.

    What it asks:
        `hostPort` is absent or 0 in every port of every container.

    Why:
        A port on the node is reached past every Service, Ingress and, with many network plugins, every NetworkPolicy.
        Only one pod per node can have it, so a rolling update waits for a node that is free.

    How to fix:
        Remove `hostPort` and put a Service in front of the pod. Node agents that others reach on the node's address
        deserve a waiver with an owner and a date.

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

    References:
        https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
        https://kubernetes.io/docs/concepts/configuration/overview/#services
    """
    for container in workload.containers:
        if not container.get("ports"):
            continue
        for port in container.ports:
            number = port.integer("hostPort")
            if number:
                yield Violation(port.field("hostPort"), f"{container} takes port {number} of its node")

"""Built-in policy: container-port-name."""

from __future__ import annotations

import re

from gategit.checks.policy.api import WORKLOADS, Container, Violation, Violations, Workload, is_filled_in_later, policy

_GOOD = re.compile(r"(?!-)(?!.*--)(?!.*-\Z)(?=.*[a-z])[a-z0-9-]{1,15}")


@policy(level="error", kinds=WORKLOADS)
def container_port_name(workload: Workload) -> Violations:
    """Container ports have names that the cluster accepts, and no two of a container the same.

    What it asks:
        The name of a container's port has at most 15 characters: lower-case letters, at least one of them, digits
        and single dashes, the dashes not at either end. A container uses a name once.

    Why:
        The API server refuses the object. A Service's port may have a longer name, so a name that works there is
        easily copied to where it does not.

    How to fix:
        Shorten the name, and change the Service's `targetPort` and the probes that use it as well.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  ports:
                    - {name: prometheus-metrics, containerPort: 9090}  # <-
                    - {name: http, containerPort: 8080}
                    - {name: http, containerPort: 8081}  # <-

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  ports:
                    - {name: metrics, containerPort: 9090}
                    - {name: http, containerPort: 8080}
                - name: other
                  image: registry.example.com/other:1.4.2
                  ports:
                    - {name: http, containerPort: 8081}

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports
    """
    for container in workload.containers:
        ports = container.get("ports")
        if isinstance(ports, list):
            yield from _names(container, ports)


def _names(container: Container, ports: list[object]) -> Violations:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        name = port.get("name") if isinstance(port, dict) else None
        if not isinstance(name, str) or not name:
            continue
        if name in seen:
            yield Violation(container.field("ports", index, "name"), f"{container} has two ports named {name[:80]}")
        elif not _GOOD.fullmatch(name) and not is_filled_in_later(name):
            where = container.field("ports", index, "name")
            yield Violation(where, f"{name[:80]} is no name that a port of {container} can have")
        if not is_filled_in_later(name):
            seen.add(name)

"""Built-in policy: ssh-port."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="warning", kinds=WORKLOADS, security_severity=4.0)
def ssh_port(workload: Workload) -> Violations:
    """No container serves SSH.

    What it asks:
        No container declares TCP port 22 in its `ports`. A port that is used and not declared is not seen.

    Why:
        A shell into a container goes around the API server: around its rights, its audit log and its admission. It
        also means that keys and passwords are kept in the image or beside it.

    How to fix:
        Remove the server and use `kubectl exec` or `kubectl debug`. A program that speaks SSH as its job, such as a
        git server, can listen on a port above 1024 behind a Service with port 22.

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
                    - name: ssh
                      containerPort: 22  # <-

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
                    - {name: http, containerPort: 8080}
                    - {name: other, containerPort: 22, protocol: UDP}

    References:
        https://kubernetes.io/docs/tasks/debug/debug-application/get-shell-running-container/
    """
    for container in workload.containers:
        ports = container.get("ports")
        for index, port in enumerate(ports if isinstance(ports, list) else ()):
            if isinstance(port, dict) and port.get("containerPort") == 22 and port.get("protocol") in (None, "TCP"):
                yield Violation(container.field("ports", index, "containerPort"), f"{container} serves SSH at port 22")

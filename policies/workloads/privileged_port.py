"""Built-in policy: privileged-port."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="note", kinds=WORKLOADS)
def privileged_port(workload: Workload) -> Violations:
    """Containers listen on ports that need no privilege.

    What it asks:
        No container declares a port below 1024 in its `ports`.

    Why:
        Depending on the node's runtime, only root or a process with the capability NET_BIND_SERVICE may listen there.
        So the image is built to start as root, or the pod fails on the one node that is set up differently.

    How to fix:
        Let the process listen on a port such as 8080, and let the Service go from port 80 to it with `targetPort`.

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
                    - name: http
                      containerPort: 80  # <-

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

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
        https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
    """
    for container in workload.containers:
        ports = container.get("ports")
        for index, port in enumerate(ports if isinstance(ports, list) else ()):
            number = port.get("containerPort") if isinstance(port, dict) else None
            if isinstance(number, int) and 0 < number < 1024:
                where = container.field("ports", index, "containerPort")
                yield Violation(where, f"{container} listens on port {number}, which may need privileges")

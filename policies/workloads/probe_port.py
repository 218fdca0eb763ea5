"""Built-in policy: probe-port."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Violation, Violations, Workload, is_filled_in_later, policy


@policy(level="error", kinds=WORKLOADS)
def probe_port(workload: Workload, *, numbers: bool = False) -> Violations:
    """A probe or hook that names a port names one that its own container declares.

    What it asks:
        Where a probe or a lifecycle hook gives its port by name, `ports` of the same container has a port of that
        name. A port given by number may be undeclared, because `ports` only informs; the parameter asks for it too.

    Why:
        The kubelet looks for the name in the container itself, not in its neighbours nor in the Service. Where it
        finds none, the probe fails each time: the pod never gets ready, or is restarted for ever. Nothing refuses
        it before.

    How to fix:
        Declare the port with this name in the container's `ports`, or correct the name in the probe.

    Parameters:
        numbers: whether a port given by number must be declared as well

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
                    - {name: http, containerPort: 8080}
                  livenessProbe:
                    httpGet:
                      path: /live
                      port: metrics  # <-
                - name: exporter
                  image: registry.example.com/exporter:1.4.2
                  ports:
                    - {name: metrics, containerPort: 9090}

    Fails (a number, where these are asked for):
        --- # parameters
        numbers: true
        --- # new
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
                  livenessProbe:
                    tcpSocket: {port: 8081}  # <-

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
                  livenessProbe:
                    httpGet: {path: /live, port: http}
                  readinessProbe:
                    httpGet: {path: /ready, port: 8081}

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#use-a-named-port
    """
    for container in workload.containers:
        actions = container.probes
        if container.has("lifecycle"):
            actions = [*actions, *(container.field("lifecycle", hook) for hook in ("postStart", "preStop"))]
        for action in actions:
            for handler in ("httpGet", "tcpSocket"):
                port = action.get(handler, "port")
                if port is None or (isinstance(port, int) and not numbers) or _is_declared(container, port):
                    continue
                what = f"the {action.path[-1]} of {container} asks at port {str(port)[:40]}"
                where = action.field(handler, "port")
                yield Violation(where, f"{what}, which the container does not declare")


def _is_declared(container: Container, port: object) -> bool:
    """Whether the container has this port, or it cannot be known yet."""
    if is_filled_in_later(port) or (isinstance(port, str) and port.isdecimal()):
        return True
    key = "containerPort" if isinstance(port, int) else "name"
    ports = container.get("ports")
    values = [one.get(key) for one in ports if isinstance(one, dict)] if isinstance(ports, list) else []
    return port in values or any(is_filled_in_later(value) for value in values)

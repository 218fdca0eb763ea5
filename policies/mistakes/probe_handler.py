"""Built-in policy: probe-handler."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")


@policy(level="error", kinds=WORKLOADS)
def probe_handler(workload: Workload) -> Violations:
    """Each probe looks at exactly one thing, in a way that the API server takes.

    What it asks:
        A probe has one of `httpGet`, `tcpSocket`, `exec` and `grpc`, and not two. The `successThreshold` of a
        `livenessProbe` and of a `startupProbe` is 1.

    Why:
        The API server refuses such a workload. The schema lets it pass, so nothing says it before the agent's sync
        stops there. Two handlers come from a patch that adds one to the other.

    How to fix:
        Keep one handler. A patch removes the other one with `httpGet: null`.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  readinessProbe:  # <-
                    httpGet: {path: /ready, port: 8080}
                    tcpSocket: {port: 8080}
                  livenessProbe:
                    tcpSocket: {port: 8080}
                    successThreshold: 2  # <-

    Fails (none):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  readinessProbe:  # <-
                    initialDelaySeconds: 10

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  readinessProbe:
                    httpGet: {path: /ready, port: 8080}
                    successThreshold: 2
                  livenessProbe:
                    tcpSocket: {port: 8080}

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe
    """
    for container in workload.containers:
        for name in _PROBES:
            probe = container.get(name)
            if not isinstance(probe, dict):
                continue
            handlers = [handler for handler in _HANDLERS if probe.get(handler) is not None]
            if not handlers:
                yield Violation(container.field(name), f"the {name} of {container} looks at nothing")
            elif len(handlers) > 1:
                problem = f"the {name} of {container} has both {handlers[0]} and {handlers[1]}"
                yield Violation(container.field(name), problem)
            threshold = probe.get("successThreshold")
            if name != "readinessProbe" and isinstance(threshold, int) and threshold > 1:
                problem = f"the {name} of {container} has successThreshold {threshold}; it must be 1"
                yield Violation(container.field(name, "successThreshold"), problem)

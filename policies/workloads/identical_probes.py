"""Built-in policy: identical-probes."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Field, Violation, Violations, Workload, policy

_HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")


@policy(level="warning", kinds=WORKLOADS)
def identical_probes(workload: Workload) -> Violations:
    """A liveness probe is more patient than a readiness probe that asks the same.

    What it asks:
        Where a container's `livenessProbe` and `readinessProbe` ask the same (the same path, port or command), the
        first takes longer to give up: `failureThreshold` times `periodSeconds` is more. 3 and 10 are the defaults.

    Why:
        A container under load fails its readiness probe, and is left alone until it has caught up. If the liveness
        probe fails at the same moment, the container is restarted instead, its load goes to the others, and they
        fail next.

    How to fix:
        Give the liveness probe a higher `failureThreshold`, or let it ask for less than the readiness probe does.

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
                  readinessProbe:
                    httpGet: {path: /health, port: 8080}
                  livenessProbe:  # <-
                    httpGet: {path: /health, port: 8080}

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
                  readinessProbe:
                    httpGet: {path: /health, port: 8080}
                  livenessProbe:
                    httpGet: {path: /health, port: 8080}
                    failureThreshold: 10

    References:
        https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
    """
    for container in workload.containers:
        live, ready = container.get("livenessProbe"), container.get("readinessProbe")
        if not isinstance(live, dict) or not isinstance(ready, dict):
            continue
        asks = [live.get(handler) for handler in _HANDLERS]
        if any(asks) and asks == [ready.get(handler) for handler in _HANDLERS]:
            probe = container.field("livenessProbe")
            if _patience(probe) <= _patience(container.field("readinessProbe")):
                message = (
                    f"the livenessProbe of {container} asks the same as its readinessProbe, and is no more patient"
                )
                yield Violation(probe, message)


def _patience(probe: Field) -> int:
    """How many seconds of failure a probe puts up with."""
    return (probe.integer("failureThreshold") or 3) * (probe.integer("periodSeconds") or 10)

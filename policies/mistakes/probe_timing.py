"""Built-in policy: probe-timing."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_NUMBERS = ("periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold")


@policy(level="warning", kinds=WORKLOADS)
def probe_timing(workload: Workload) -> Violations:
    """The times of a probe fit each other, and none is zero.

    What it asks:
        `timeoutSeconds` is at most `periodSeconds` (10 where it is absent), and none of `periodSeconds`,
        `timeoutSeconds`, `successThreshold` and `failureThreshold` is zero.

    Why:
        A probe that may take longer than its period finds out late: the next one waits for it. A zero does not switch
        anything off: the cluster puts its default in its place, so what is written is not what holds.

    How to fix:
        Raise `periodSeconds` or lower `timeoutSeconds`; leave out what should have its default.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  livenessProbe:
                    httpGet: {path: /healthz, port: 8080}
                    periodSeconds: 5
                    timeoutSeconds: 30  # <-
                    failureThreshold: 0  # <-

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  livenessProbe:
                    httpGet: {path: /healthz, port: 8080}
                    timeoutSeconds: 5
                    failureThreshold: 3

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
    """
    for container in workload.containers:
        value = container.value
        for name in _PROBES:
            probe = value.get(name)
            if not isinstance(probe, dict):
                continue
            timeout, period = probe.get("timeoutSeconds"), probe.get("periodSeconds") or 10
            if isinstance(timeout, int) and isinstance(period, int) and timeout > period:
                problem = f"the {name} of {container} may take {timeout} seconds, and runs every {period}"
                yield Violation(container.field(name, "timeoutSeconds"), problem)
            for key in _NUMBERS:
                if key in probe and probe[key] == 0 and probe[key] is not False:
                    problem = f"the {name} of {container} has {key} 0, for which the cluster takes its default"
                    yield Violation(container.field(name, key), problem)

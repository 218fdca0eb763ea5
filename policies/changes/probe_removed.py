"""Built-in policy: probe-removed."""

from __future__ import annotations

from gategit.checks.policy.api import LONG_RUNNING, Change, Violation, Violations, policy


@policy(level="warning", kinds=LONG_RUNNING)
def probe_removed(change: Change) -> Violations:
    """A change does not remove a probe from a container.

    What it asks:
        A container that had a readiness, liveness or startup probe still has it after the change.

    Why:
        Without a readiness probe a release goes on while the new pods answer with errors, and takes down the old ones.
        Without a liveness probe a container that hangs goes on hanging. Without a startup probe a slow start is taken
        for a hang.

    How to fix:
        Mend the probe instead: give it more time, or an endpoint that says what is true. Where it has to go, say why
        in a waiver.

    Fails:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers: [{name: web, readinessProbe: {httpGet: {path: /healthz, port: 8080}}}]
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web  # <-

    Passes:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers: [{name: web, readinessProbe: {httpGet: {path: /healthz, port: 8080}}}]
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers: [{name: web, readinessProbe: {tcpSocket: {port: 8080}}}]

    References:
        https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
    """
    for old, new in change.containers:
        kept = {probe.path[-1] for probe in new.probes}
        for probe in old.probes:
            name = str(probe.path[-1])
            if name not in kept:
                yield Violation(new.field(name), f"{new} loses its {name}")

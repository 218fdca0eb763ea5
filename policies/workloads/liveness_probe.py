"""Built-in policy: liveness-probe."""

from __future__ import annotations

from gategit.checks.policy.api import LONG_RUNNING, Violation, Violations, Workload, policy


@policy(level="note", kinds=("Pod", *LONG_RUNNING))
def liveness_probe(workload: Workload) -> Violations:
    """Every container that keeps running says whether it still works.

    What it asks:
        Each container of a Deployment, StatefulSet, DaemonSet or ReplicaSet, and of a Pod that is always restarted,
        has a `livenessProbe`. Init containers, sidecars, Jobs and hooks are not judged.

    Why:
        A process that hangs stays where it is: the kubelet only starts those again that end. But a probe that asks
        too much restarts a container that is merely busy, so this is advice, and a process that ends by itself when
        it cannot go on needs none.

    How to fix:
        Where the process can hang, add a probe that asks it alone, not the database behind it, with more patience
        than the readiness probe has. Otherwise leave this rule off.

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
                - name: web  # <-
                  image: registry.example.com/web:1.4.2
                  readinessProbe:
                    httpGet: {path: /ready, port: 8080}

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
                  livenessProbe:
                    httpGet: {path: /live, port: 8080}
                    failureThreshold: 10

    References:
        https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#liveness-probe
    """
    if workload.kind == "Pod" and (
        workload.text("spec", "restartPolicy") in ("Never", "OnFailure") or workload.is_hook
    ):
        return
    for container in workload.containers:
        if container.role == "container" and container.get("livenessProbe") is None:
            yield Violation(container.field("livenessProbe"), f"{container} does not say whether it still works")

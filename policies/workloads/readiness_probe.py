"""Built-in policy: readiness-probe."""

from __future__ import annotations

from gategit.checks.policy.api import LONG_RUNNING, Violation, Violations, Workload, policy


@policy(level="warning", kinds=LONG_RUNNING)
def readiness_probe(workload: Workload) -> Violations:
    """Every container that keeps running says when it is ready.

    What it asks:
        Each container of a Deployment, StatefulSet, DaemonSet or ReplicaSet has a `readinessProbe`. Init containers
        and sidecars are not judged, nor are Jobs and bare Pods.

    Why:
        Without it a container counts as ready the moment its process starts. Services send it requests that it
        cannot answer yet, and a rolling update ends pods that work before the new ones do.

    How to fix:
        Add a probe that asks what the container needs in order to answer: an HTTP path, a gRPC health check, or a
        TCP port at the least. A worker that takes no requests may write a file when it has started, and test for it.

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
                  livenessProbe:
                    httpGet: {path: /live, port: 8080}

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              initContainers:
                - name: migrate
                  image: registry.example.com/migrate:1.4.2
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  readinessProbe:
                    httpGet: {path: /ready, port: 8080}

    References:
        https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#readiness-probe
    """
    for container in workload.containers:
        if container.role == "container" and container.get("readinessProbe") is None:
            yield Violation(container.field("readinessProbe"), f"{container} does not say when it is ready")

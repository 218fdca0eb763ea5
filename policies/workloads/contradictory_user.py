"""Built-in policy: contradictory-user."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS)
def contradictory_user(workload: Workload) -> Violations:
    """No container must not run as root and is told to.

    What it asks:
        A container for which `runAsNonRoot` is true does not have the `runAsUser` 0. Each of the two counts from the
        container's own security context, else from its pod's.

    Why:
        The kubelet refuses to start such a container: the pod stays in CreateContainerConfigError, and the roll-out
        stands still. Nothing refuses it before.

    How to fix:
        Set `runAsUser` to another user. Where the container has to be root, set `runAsNonRoot: false` in its own
        security context.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              securityContext:
                runAsNonRoot: true
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  securityContext:
                    runAsUser: 0  # <-

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              securityContext:
                runAsNonRoot: true
                runAsUser: 10001
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                - name: tuner
                  image: registry.example.com/tuner:1.4.2
                  securityContext:
                    runAsNonRoot: false
                    runAsUser: 0

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    context = workload.pod.get("securityContext")
    of_pod = context if isinstance(context, dict) else {}
    for container in workload.containers:
        context = container.get("securityContext")
        own = context if isinstance(context, dict) else {}
        forbidden = own.get("runAsNonRoot") if own.get("runAsNonRoot") is not None else of_pod.get("runAsNonRoot")
        if forbidden is not True:
            continue
        user = own.get("runAsUser") if own.get("runAsUser") is not None else of_pod.get("runAsUser")
        if user == 0 and user is not False:
            where = container.security("runAsUser")
            yield Violation(where, f"{container} is told to run as root (user 0), and runAsNonRoot forbids it")

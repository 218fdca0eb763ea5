"""Built-in policy: low-user-id."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Violation, Violations, Workload, policy


@policy(level="note", kinds=WORKLOADS, security_severity=3.1)
def low_user_id(workload: Workload, *, least: int = 10000) -> Violations:
    """Containers run as users and groups that the node does not have.

    What it asks:
        `runAsUser` and `runAsGroup` are set for each container, in its own security context or its pod's, and are at
        least 10000, or what the parameter says. Pods for Windows, ephemeral containers, and pods with
        `hostUsers: false`, whose users the node does not know anyway, are not judged.

    Why:
        A process that gets out of its container is on the node whoever it was inside. User 1000 is often somebody
        there, with files of their own; user 34567 is nobody.

    How to fix:
        Set both in the pod's security context, and let the image's files belong to that user or be readable to all.

    Parameters:
        least: the lowest user and group that are let through

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
                  securityContext:
                    runAsGroup: 20000
                    runAsUser: 1000  # <-

    Fails (the image decides):
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
                  securityContext:  # <-
                    runAsNonRoot: true

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              securityContext: {runAsUser: 20000, runAsGroup: 20000}
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    if workload.is_windows or workload.pod.is_false("hostUsers"):
        return
    context = workload.pod.get("securityContext")
    of_pod = context if isinstance(context, dict) else {}
    for container in workload.containers:
        context = container.get("securityContext")
        own = context if isinstance(context, dict) else {}
        for setting, what in (("runAsUser", "user"), ("runAsGroup", "group")):
            value = own.get(setting) if own.get(setting) is not None else of_pod.get(setting)
            if (value is None or (isinstance(value, int) and value < least)) and not container.is_ephemeral:
                yield Violation(container.security(setting), _problem(container, what, value, least))


def _problem(container: Container, what: str, value: object, least: int) -> str:
    if value is None:
        return f"{container} leaves it to its image which {what} it runs as"
    return f"{container} runs as {what} {value}, which is below {least}"

"""Built-in policy: interactive-container."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="warning", kinds=WORKLOADS)
def interactive_container(workload: Workload) -> Violations:
    """No container waits for somebody to type.

    What it asks:
        `stdin` and `tty` are not true in containers and init containers. Ephemeral containers, which are there to
        type in, are not asked.

    Why:
        Nobody sits in front of a container that a repository deploys. What is left over from trying it out is a
        shell that stays open for whoever may attach to the pod.

    How to fix:
        Remove `stdin` and `tty`. To look around in a running pod, use `kubectl debug`.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
              stdin: true  # <-
              tty: true  # <-

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/
    """
    for container in workload.containers:
        if container.is_ephemeral:
            continue
        for key in ("stdin", "tty"):
            if container.is_true(key):
                yield Violation(container.field(key), f"{container} waits for somebody to type ({key} is true)")

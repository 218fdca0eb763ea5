"""Built-in policy: read-only-root-filesystem."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="warning", kinds=WORKLOADS, security_severity=4.3)
def read_only_root_filesystem(workload: Workload) -> Violations:
    """No container can write to the file system of its image.

    What it asks:
        `securityContext.readOnlyRootFilesystem` is true in every container and init container. Ephemeral containers
        and pods for Windows, which has no such setting, are not judged.

    Why:
        Whoever gets into a container usually brings tools along, or changes the program that runs. On a read-only
        file system neither can be stored.

    How to fix:
        Set it to true, and mount an `emptyDir` volume wherever the process has to write, such as `/tmp`.

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
                - name: proxy
                  image: registry.example.com/proxy:1.4.2
                  securityContext:
                    readOnlyRootFilesystem: false  # <-

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
                  securityContext:
                    readOnlyRootFilesystem: true
                  volumeMounts:
                    - {name: tmp, mountPath: /tmp}
              volumes:
                - name: tmp
                  emptyDir: {}

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    for container in workload.containers:
        context = container.get("securityContext")
        if isinstance(context, dict) and context.get("readOnlyRootFilesystem") is True:
            continue
        if container.is_ephemeral or workload.is_windows:
            continue
        where = container.field("securityContext", "readOnlyRootFilesystem")
        yield Violation(where, f"{container} can write to its image's file system")

"""Built-in policy: invalid-env-name."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="error", kinds=WORKLOADS)
def invalid_env_name(workload: Workload) -> Violations:
    """Environment variables have names.

    What it asks:
        The name of each variable in a container's `env` is not empty, holds printable ASCII characters only, and no
        equals sign.

    Why:
        The API server refuses the object, and what is applied together with it waits. An equals sign is what is left
        of `NAME=value` that was copied from a shell.

    How to fix:
        Write the name in `name` and the value in `value`.

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
                  env:
                    - name: MODE=fast  # <-

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
                  env:
                    - name: MODE
                      value: fast
                    - name: app.config-file
                      value: /etc/web.conf

    References:
        https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/
    """
    for container in workload.containers:
        variables = container.get("env")
        for index, variable in enumerate(variables if isinstance(variables, list) else ()):
            name = variable.get("name") if isinstance(variable, dict) else None
            if isinstance(name, str) and (not name or "=" in name or not name.isascii() or not name.isprintable()):
                shown = f"{name[:80]!a} is no name" if name else "an empty text is no name"
                where = container.field("env", index, "name")
                yield Violation(where, f"{shown} that an environment variable of {container} can have")

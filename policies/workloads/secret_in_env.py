"""Built-in policy: secret-in-env."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="note", kinds=WORKLOADS, security_severity=3.1)
def secret_in_env(workload: Workload) -> Violations:
    """Containers read Secrets from files, not from their environment.

    What it asks:
        No environment variable of a container comes from a Secret, by `valueFrom.secretKeyRef` or by
        `envFrom.secretRef`.

    Why:
        An environment is handed to every child process, and ends up in crash reports, debug pages and logs. It also
        never changes: after a rotation the old credential is used until the pod is replaced, while a mounted file is
        brought up to date.

    How to fix:
        Mount the Secret as a volume and let the process read the file. Many programs take the file's path from a
        variable such as `PASSWORD_FILE`.

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
                  envFrom:
                    - secretRef: {name: web}  # <-
                  env:
                    - name: DB_PASSWORD
                      valueFrom:
                        secretKeyRef: {name: db, key: password}  # <-

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
                  envFrom:
                    - configMapRef: {name: web}
                  env:
                    - name: DB_PASSWORD_FILE
                      value: /run/secrets/db/password
                  volumeMounts:
                    - {name: db, mountPath: /run/secrets/db, readOnly: true}
              volumes:
                - name: db
                  secret: {secretName: db}

    References:
        https://kubernetes.io/docs/concepts/security/secrets-good-practices/
        https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets
    """
    for container in workload.containers:
        variables, sources = container.get("env"), container.get("envFrom")
        for index, variable in enumerate(variables if isinstance(variables, list) else ()):
            origin = variable.get("valueFrom") if isinstance(variable, dict) else None
            if isinstance(origin, dict) and origin.get("secretKeyRef") is not None:
                where = container.field("env", index, "valueFrom", "secretKeyRef")
                name = str(variable.get("name"))[:80]
                yield Violation(where, f"environment variable {name} of {container} comes from a Secret")
        for index, source in enumerate(sources if isinstance(sources, list) else ()):
            if isinstance(source, dict) and source.get("secretRef") is not None:
                where = container.field("envFrom", index, "secretRef")
                yield Violation(where, f"{container} takes a whole Secret into its environment")

"""Built-in policy: argument-secret."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Manifest,
    Violation,
    Violations,
    credential_in_text,
    named_credential,
    policy,
    token_in,
)


@policy(level="error", kinds=WORKLOADS, security_severity=9.1, sensitive=True)
def argument_secret(manifest: Manifest) -> Violations:
    """No container is given a credential on its command line.

    What it asks:
        No entry of a container's `command` or `args` is a credential: the value of an option such as `--password=…` or
        `--api-key …`, or an assignment (`TOKEN=…`) in a shell script. Variables (`$(PASSWORD)`, `${PASSWORD}`), paths,
        references and placeholders pass. What shows by its shape alone is left to `known-token`.

    Why:
        What is in git stays in git, and everyone who can read the repository has the credential. A command line is also
        shown by `ps`, by crash reports and by every dashboard.

    How to fix:
        First revoke the credential: it is known now. Then give the program the name of a file or of an environment
        variable that comes from a Secret: `--password-file=/run/secrets/db`, or `--password=$(DB_PASSWORD)` with
        `valueFrom`.

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
                  args:
                    - --listen=:8080
                    - --db-password=correct-horse-battery  # <-
                    - --api-key
                    - correct-horse-battery  # <-

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
                  args:
                    - --db-password=$(DB_PASSWORD)
                    - --token-file=/run/secrets/token
                    - --tls-private-key=/run/tls/tls.key

    References:
        https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    """
    workload = manifest.workload
    for container in workload.containers if workload is not None else ():
        option = ""
        for entry in (*container.items("command"), *container.items("args")):
            value = entry.text()
            name = _credential_in(option, value)
            if name:
                yield Violation(entry, f"the command line of {container} holds a credential under {name} in plain text")
            is_option = value.startswith("-") and "=" not in value and " " not in value
            option = value.lstrip("-") if is_option else ""


def _credential_in(option: str, value: str) -> str:
    """The name under which an argument holds a credential, "" where it holds none.

    Args:
        option: the option that the argument before it is, "" where it is none.
        value: the argument.
    """
    if len(value) < 4 or token_in(value):
        return ""
    if value.startswith("-") and " " not in value:
        name, _, value = value.lstrip("-").partition("=")
        return name if value and named_credential(name, value, is_setting=True) else ""
    if option and "\n" not in value and named_credential(option, value, is_setting=True):
        return option
    return credential_in_text(value) if "=" in value or ":" in value else ""

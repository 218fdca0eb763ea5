"""Built-in policy: field-secret."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Manifest,
    Violation,
    Violations,
    named_credential,
    policy,
    strings_below,
    token_in,
)

_ELSEWHERE = frozenset(
    (
        *WORKLOADS,
        "ConfigMap",
        "Secret",
        "Service",
        "apiextensions.k8s.io/CustomResourceDefinition",
        "argoproj.io/Application",
        "argoproj.io/ApplicationSet",
        "bitnami.com/SealedSecret",
        "helm.cattle.io/HelmChart",
        "helm.cattle.io/HelmChartConfig",
        "helm.toolkit.fluxcd.io/HelmRelease",
    )
)
"""The kinds that other policies look through, and those in which such names say something else."""


@policy(level="error", kinds=("*",), security_severity=8.5, sensitive=True)
def field_secret(manifest: Manifest) -> Violations:
    """No field of a custom resource is a credential in plain text.

    What it asks:
        No field, at any depth, of an object of another kind than those that have a policy of their own (Secrets,
        ConfigMaps, workloads, Helm's kinds) is a credential under a name such as `password` or `apiKey`, or under the
        `name` of its list item. Names of Secrets and of keys in them, placeholders, variables and encrypted values
        pass. Labels and annotations are left to `annotation-secret`, and what shows by its shape alone to
        `known-token`.

    Why:
        What is in git stays in git, and everyone who can read the repository has the credential. Whoever may look at
        the custom resource in the cluster has it, too: such rights are given more freely than those for Secrets.

    How to fix:
        First revoke the credential: it is known now. Then use the resource's field for a Secret (`passwordSecretRef`,
        `secretKeyRef` or the like); most operators have one.

    Fails:
        apiVersion: grafana.example.com/v1
        kind: Grafana
        metadata: {name: main, namespace: monitoring}
        spec:
          config:
            security:
              admin_user: root
              admin_password: correct-horse-battery  # <-

    Passes:
        apiVersion: grafana.example.com/v1
        kind: Grafana
        metadata: {name: main, namespace: monitoring}
        spec:
          config:
            security:
              admin_user: root
              admin_password: ${ADMIN_PASSWORD}
          passwordSecretRef: {name: grafana, key: password-1}

    References:
        https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    """
    if manifest.group_kind in _ELSEWHERE:
        return
    for name, field in strings_below(manifest):
        value = field.text()
        if len(value) < 4 or field.path[0] == "metadata" or not named_credential(name, value, is_setting=True):
            continue
        if "\n" not in value.strip() and not token_in(value):
            yield Violation(field, f"the field {name} of {manifest} is a credential in plain text")

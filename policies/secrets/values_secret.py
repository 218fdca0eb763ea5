"""Built-in policy: values-secret."""

from __future__ import annotations

from gategit.checks.policy.api import (
    APPLICATIONS,
    Field,
    Manifest,
    Violation,
    Violations,
    application_sources,
    application_spec,
    credential_in_text,
    named_credential,
    policy,
    strings_below,
    token_in,
)


@policy(
    level="error",
    kinds=(
        "helm.toolkit.fluxcd.io/HelmRelease",
        "helm.cattle.io/HelmChart",
        "helm.cattle.io/HelmChartConfig",
        *APPLICATIONS,
    ),
    security_severity=9.1,
    sensitive=True,
)
def values_secret(manifest: Manifest) -> Violations:
    """No value of a Helm chart is a credential in plain text.

    What it asks:
        No value that a HelmRelease, an Argo CD Application or ApplicationSet, or a HelmChart of K3s gives to its chart
        is a credential: one under a name such as `adminPassword` or `apiKey`, as a value, as a parameter, or in values
        that are text. Names of Secrets and of keys in them (`existingSecret`, `secretKey`), placeholders, variables and
        encrypted values pass. What shows by its shape alone is left to `known-token`.

    Why:
        What is in git stays in git, and everyone who can read the repository has the credential. Charts put such values
        into Secrets, so they look safe in the cluster.

    How to fix:
        First revoke the credential: it is known now. Then use the chart's setting for an existing Secret, or take the
        value from one: `valuesFrom` of a HelmRelease, `valueFrom` of an environment variable.

    Fails:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: grafana, namespace: monitoring}
        spec:
          interval: 10m
          chartRef: {kind: OCIRepository, name: grafana}
          values:
            replicas: 1
            adminPassword: correct-horse-battery  # <-
            env:
              - name: SMTP_PASSWORD
                value: correct-horse-battery  # <-

    Fails (values as text):
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: grafana, namespace: argocd}
        spec:
          project: monitoring
          destination: {namespace: monitoring, name: prod}
          source:
            repoURL: https://charts.example.com
            chart: grafana
            targetRevision: 8.4.1
            helm:
              values: |  # <-
                adminPassword: correct-horse-battery

    Passes:
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: grafana, namespace: monitoring}
        spec:
          interval: 10m
          chartRef: {kind: OCIRepository, name: grafana}
          values:
            admin:
              existingSecret: grafana-admin
              passwordKey: password
            smtp:
              password: ${SMTP_PASSWORD}
          valuesFrom:
            - kind: Secret
              name: grafana-values

    References:
        https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    """
    for holder in _values(manifest):
        for name, field in strings_below(holder):
            value = field.text()
            if len(value) < 4 or token_in(value):
                continue
            if named_credential(name, value, is_setting=True) and "\n" not in value.strip():
                yield Violation(field, f"the value {name} of {manifest} is a credential in plain text")
                continue
            within = credential_in_text(value) if "\n" in value or "{" in value else ""
            if within:
                yield Violation(field, f"the values of {manifest} hold a credential under {within} in plain text")


def _values(manifest: Manifest) -> list[Field]:
    """The fields that hold what a chart is given."""
    if manifest.group == "argoproj.io":
        helm = [source.field("helm") for source in application_sources(application_spec(manifest))]
        return [one.field(key) for one in helm for key in ("values", "valuesObject", "parameters")]
    if manifest.group == "helm.cattle.io":
        return [manifest.field("spec", key) for key in ("valuesContent", "set")]
    return [manifest.field("spec", "values")]

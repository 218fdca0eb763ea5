"""Built-in policy: webhook-write."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, grants, policy

_CONFIGURATIONS = (
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
)


@policy(level="warning", kinds=("rbac.authorization.k8s.io/ClusterRole",), security_severity=7.0)
def webhook_write(manifest: Manifest) -> Violations:
    """No role lets its subjects put admission webhooks in place.

    What it asks:
        No ClusterRole allows `create`, `update` or `patch` on `mutatingwebhookconfigurations`,
        `validatingwebhookconfigurations`, or the mutating and validating admission policies of
        `admissionregistration.k8s.io`, unless the rule lists in `resourceNames` which ones. Wildcards count.

    Why:
        A webhook is sent every object that is written, Secrets too, and a mutating one can change each of them. A
        broken one with `failurePolicy: Fail` stops the whole cluster from being changed.

    How to fix:
        Keep the webhook's configuration in the repository and let the agent apply it. What fills in its certificate
        needs `update` or `patch` on that one by name.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: injector
        rules:
          - apiGroups:
              - admissionregistration.k8s.io
            resources:
              - mutatingwebhookconfigurations  # <-
            verbs:
              - get
              - patch

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: injector
        rules:
          - apiGroups:
              - admissionregistration.k8s.io
            resources:
              - mutatingwebhookconfigurations
            resourceNames:
              - sidecar-injector
            verbs:
              - get
              - patch

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
        https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
    """
    for grant in grants(manifest, ("create", "update", "patch"), _CONFIGURATIONS, "admissionregistration.k8s.io"):
        if not grant.is_named_only:
            yield Violation(grant.field, f"{manifest} may put admission webhooks or policies in place")

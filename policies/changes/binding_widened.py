"""Built-in policy: binding-widened."""

from __future__ import annotations

from gategit.checks.policy.api import ROLE_BINDINGS, Change, Field, Violation, Violations, policy


@policy(level="warning", kinds=ROLE_BINDINGS, security_severity=6.5)
def binding_widened(change: Change) -> Violations:
    """A change does not give an existing binding's role to further subjects.

    What it asks:
        Every subject of a changed RoleBinding or ClusterRoleBinding was one of its subjects before.

    Why:
        A line in a list of names gives somebody all rights of a role that the diff does not show.

    How to fix:
        Look at what the role allows. Make a binding of its own for the new subject, with the smallest role that will
        do; or say in a waiver why it may have this one.

    Fails:
        --- # old
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: operators}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
        subjects:
          - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: operators}
        --- # new
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: operators}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
        subjects:
          - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: operators}
          - {kind: ServiceAccount, name: web, namespace: shop}  # <-

    Passes:
        --- # old
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: operators}
        subjects:
          - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: operators}
          - {kind: ServiceAccount, name: web, namespace: shop}
        --- # new
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: operators}
        subjects:
          - {kind: ServiceAccount, name: web, namespace: shop}

    References:
        https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    old, new = change.old, change.new
    if old is None or new is None or old.get("subjects") == new.get("subjects"):
        return
    known = {_identity(subject) for subject in old.items("subjects")}
    for subject in new.items("subjects"):
        if subject.has("name") and _identity(subject) not in known:
            role = new.text("roleRef", "name")
            yield Violation(subject, f"{subject.text('kind')} {subject.text('name')} is newly bound to the role {role}")


def _identity(subject: Field) -> tuple[str, str, str]:
    return subject.text("kind"), subject.text("namespace"), subject.text("name")

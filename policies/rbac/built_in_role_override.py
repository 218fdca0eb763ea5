"""Built-in policy: built-in-role-override."""

from __future__ import annotations

from gategit.checks.policy.api import ROLES, Manifest, Violation, Violations, policy


@policy(level="warning", kinds=ROLES, security_severity=5.0)
def built_in_role_override(manifest: Manifest) -> Violations:
    """The repository does not redefine the roles that Kubernetes brings.

    What it asks:
        No ClusterRole is called `cluster-admin`, `admin`, `edit` or `view`, and no Role or ClusterRole has a name that
        begins with `system:`, unless it carries the label `kubernetes.io/bootstrapping: rbac-defaults` as an export of
        the cluster's own does.

    Why:
        The API server owns these and puts missing rules back at each start, while the agent takes them out again.
        Everyone who is bound to one gets what the repository says, though they were told the name of a built-in role.

    How to fix:
        Give the role a name of its own. To add to `admin`, `edit` or `view`, label a ClusterRole with
        `rbac.authorization.k8s.io/aggregate-to-view: "true"` and its like.

    Fails:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: view  # <-
        rules: []

    Passes:
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: shop-view
        rules: []

    References:
        https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
    """
    name = manifest.name
    is_built_in = name.startswith("system:") or (
        manifest.kind == "ClusterRole" and name in ("cluster-admin", "admin", "edit", "view")
    )
    if is_built_in and "kubernetes.io/bootstrapping" not in manifest.labels:
        yield Violation(
            manifest.field("metadata", "name"), f"{manifest} takes the place of a role that Kubernetes brings"
        )

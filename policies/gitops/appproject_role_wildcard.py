"""Built-in policy: appproject-role-wildcard."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_GRANTS = {
    "*": "every action, also to deploy local files (override) and to delete",
    "override": "to deploy local files in place of what is in Git (override)",
}


@policy(level="warning", kinds=("argoproj.io/AppProject",), security_severity=5.5)
def appproject_role_wildcard(manifest: Manifest) -> Violations:
    """A role of an Argo CD AppProject lists what it allows, and does not let anyone pass Git by.

    What it asks:
        No line of `spec.roles[].policies` that allows has the action `*` or `override`, or the resource `exec`. Lines
        that deny are let through.

    Why:
        `override` syncs an Application with files from somebody's computer: what runs was never in a pull request.
        `exec` opens a shell in the pods. `*` holds both what exists today and what a later Argo CD adds.

    How to fix:
        List the actions that the role needs, one line each: `get`, `sync`, and `action/*` for restarts.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          roles:
            - name: developer
              policies:
                - p, proj:shop:developer, applications, get, shop/*, allow
                - p, proj:shop:developer, applications, *, shop/*, allow  # <-
                - p, proj:shop:developer, exec, create, shop/*, allow  # <-

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          roles:
            - name: developer
              policies:
                - p, proj:shop:developer, applications, get, shop/*, allow
                - p, proj:shop:developer, applications, sync, shop/*, allow
                - p, proj:shop:developer, exec, *, shop/*, deny

    References:
        https://argo-cd.readthedocs.io/en/stable/operator-manual/rbac/
    """
    for role in manifest.items("spec", "roles"):
        for line in role.items("policies"):
            parts = [part.strip() for part in line.text().split(",")]
            if len(parts) != 6 or parts[0] != "p" or parts[5] != "allow":
                continue
            resource, action = parts[2], parts[3]
            what = "to open a shell in pods" if resource == "exec" else _GRANTS.get(action, "")
            if what:
                yield Violation(line, f"the role {role.text('name')} allows {what}")

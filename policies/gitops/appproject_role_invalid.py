"""Built-in policy: appproject-role-invalid."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy


@policy(level="warning", kinds=("argoproj.io/AppProject",))
def appproject_role_invalid(manifest: Manifest) -> Violations:
    """The policy lines of an Argo CD AppProject's roles are lines that Argo CD accepts.

    What it asks:
        Each of `spec.roles[].policies` has the six parts `p, subject, resource, action, object, effect`. The
        subject is `proj:PROJECT:ROLE` with the names of this project and this role, the object starts with
        `PROJECT/`, and the effect is `allow` or `deny`.

    Why:
        A wrong line gives nobody a right, and one that cannot be read can take the project's other lines with it.
        Argo CD's server refuses to save such a project; applied from Git it is not looked at. It is often a role
        that was copied from another project.

    How to fix:
        Write the names of this project and this role into the line.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          roles:
            - name: developer
              policies:
                - p, proj:billing:developer, applications, get, shop/*, allow  # <-
                - p, proj:shop:developer, applications, get, billing/*, allow  # <-
                - p, proj:shop:developer, applications, get, shop/*  # <-
                - p, proj:shop:developer, applications, get, shop/*, permit  # <-

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          roles:
            - name: developer
              policies:
                - p, proj:shop:developer, applications, get, shop/*, allow

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/projects/#project-roles
    """
    project = manifest.name
    if not project or is_filled_in_later(project):
        return
    for role in manifest.items("spec", "roles"):
        for line in role.items("policies"):
            text = line.text()
            if text and not is_filled_in_later(text):
                problem = _problem([part.strip() for part in text.split(",")], project, role.text("name"))
                if problem:
                    yield Violation(line, problem)


def _problem(parts: list[str], project: str, role: str) -> str:
    """What Argo CD would say against a line, "" where it accepts it."""
    if len(parts) != 6 or parts[0] != "p":
        return "a policy line has the six parts p, subject, resource, action, object, effect"
    if parts[1] != f"proj:{project}:{role}":
        return f"the subject of the policy line must be proj:{project}:{role}, not {parts[1][:100] or 'empty'}"
    if not parts[4].startswith(f"{project}/"):
        return f"the object of the policy line must start with {project}/, not be {parts[4][:100] or 'empty'}"
    if parts[5] not in ("allow", "deny"):
        return f"the effect of the policy line must be allow or deny, not {parts[5][:100] or 'empty'}"
    return ""

"""Built-in policy: environments-together."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Changes, Violation, Violations, matches, policy


@policy(level="warning", kinds=("*",))
def environments_together(changes: Changes, *, environments: tuple[str, ...] = ()) -> Violations:
    """A pull request does not change two environments at once.

    What it asks:
        All objects that the pull request changes belong to one of the environments that the parameter names, or to
        none of them. While the parameter names none, nothing is judged.

    Why:
        What goes to production together with staging was tried nowhere before. And when it has to be reverted in one
        of the two, it cannot be.

    How to fix:
        Make one pull request for the first environment, see it work there, and then make the one for the next.

    Fails:
        --- # parameters
        environments: [clusters/prod/*, clusters/staging/*]
        --- # old
        --- # new clusters/prod/web.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web  # <-
          namespace: shop
        --- # new clusters/staging/web.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web-staging  # <-
          namespace: shop

    Fails (targets):
        --- # parameters
        environments: [prod*, staging]
        --- # target
        name: prod-eu
        paths: ["clusters/prod/**"]
        --- # target
        name: staging
        paths: ["clusters/staging/**"]
        --- # old
        --- # new clusters/prod/web.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web  # <-
        --- # new clusters/staging/web.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web-staging  # <-

    Passes:
        --- # parameters
        environments: [clusters/prod/*, clusters/staging/*]
        --- # old
        --- # new clusters/prod/web.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, namespace: shop}
        --- # new base/web.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: base, namespace: shop}

    Parameters:
        environments: one pattern for each environment, of the paths of its files where it holds a slash, else of the
            names of its targets; a star stands for any characters.

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/
        https://fluxcd.io/flux/guides/repository-structure/
    """
    first: dict[str, Change] = {}
    for change in changes:
        for environment in environments:
            if environment not in first and _is_in(change, environment):
                first[environment] = change
    if len(first) > 1:
        for environment, change in first.items():
            others = ", ".join(other for other in first if other != environment)
            message = f"the pull request changes {environment} together with {others}"
            yield Violation(change.manifest, message, of=change)


def _is_in(change: Change, environment: str) -> bool:
    if "/" in environment:
        sides = (change.old, change.new)
        return any(side is not None and matches(side.file, (environment,)) for side in sides)
    return any(matches(target, (environment,)) for target in change.targets)

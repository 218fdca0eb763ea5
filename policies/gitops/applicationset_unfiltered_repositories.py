"""Built-in policy: applicationset-unfiltered-repositories."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, generators, policy


@policy(level="warning", kinds=("argoproj.io/ApplicationSet",), security_severity=6.0)
def applicationset_unfiltered_repositories(manifest: Manifest) -> Violations:
    """An Argo CD ApplicationSet does not deploy every repository of an organisation.

    What it asks:
        An `scmProvider` generator, also inside of `matrix` or `merge`, has `filters`.

    Why:
        Without a filter, every repository of the organisation or group becomes an Application: whoever can create a
        repository there deploys to the cluster.

    How to fix:
        Filter by the repository's name, by a topic that members of the platform set, or by the paths that a repository
        must hold.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {name: apps, namespace: argocd}
        spec:
          generators:
            - scmProvider:  # <-
                github:
                  organization: example

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {name: apps, namespace: argocd}
        spec:
          generators:
            - scmProvider:
                github:
                  organization: example
                filters:
                  - repositoryMatch: ^shop-
                    labelMatch: deploy-ok

    References:
        https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-SCM-Provider/
        https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Security/
    """
    for generator in generators(manifest.field("spec")):
        if generator.has("scmProvider") and not generator.items("scmProvider", "filters"):
            yield Violation(
                generator.field("scmProvider"), f"{manifest} makes an Application of every repository that it finds"
            )

"""Built-in policy: applicationset-pull-request-generator."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, generators, policy

_HOSTS = ("github", "gitlab", "gitea", "azuredevops", "bitbucket", "bitbucketServer")


@policy(level="warning", kinds=("argoproj.io/ApplicationSet",), security_severity=7.0)
def applicationset_pull_request_generator(manifest: Manifest) -> Violations:
    """An Argo CD ApplicationSet does not deploy every open pull request.

    What it asks:
        A `pullRequest` generator, also inside of `matrix` or `merge`, asks for `labels`, so that somebody with
        rights in the repository decides which pull requests are deployed.

    Why:
        The generator deploys what nobody has reviewed, with the rights of Argo CD. In a public repository that is
        whatever a stranger writes into a pull request.

    How to fix:
        Ask for a label such as `preview` that only members can set, and give the Applications a project that is
        bound to namespaces for previews.

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {name: previews, namespace: argocd}
        spec:
          generators:
            - pullRequest:
                github:  # <-
                  owner: example
                  repo: shop

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {name: previews, namespace: argocd}
        spec:
          generators:
            - pullRequest:
                github:
                  owner: example
                  repo: shop
                  labels: [preview]

    References:
        https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Pull-Request/
        https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Security/
    """
    for generator in generators(manifest.field("spec")):
        host = next((one for key, one in generator.entries("pullRequest") if key in _HOSTS), None)
        if host is not None and not host.items("labels"):
            yield Violation(host, f"{manifest} deploys every open pull request, unreviewed")

"""Built-in policy: appproject-wildcard-source."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, matches, policy

_ANY_HOST = ("*", "**", "*/*", "*//*", "https://*", "https://**", "http://*", "ssh://*", "git@*", "oci://*")


@policy(level="warning", kinds=("argoproj.io/AppProject",), security_severity=6.5)
def appproject_wildcard_source(manifest: Manifest, *, trusted: tuple[str, ...] = ()) -> Violations:
    """An Argo CD AppProject names the repositories that it deploys from.

    What it asks:
        No entry of `spec.sourceRepos` covers the repositories of every host, as `*` and `https://*` do. A pattern
        below a host, such as `https://git.example.com/shop/*`, is let through.

    Why:
        With any source, an Application of the project can deploy a repository that nobody here reviews, such as one
        of the attacker's own. The review of this repository then protects nothing.

    How to fix:
        List the repositories and chart repositories, or the folder of the Git host that is the team's own.

    Parameters:
        trusted: names of projects that may deploy from anywhere; a `*` stands for any text

    Fails:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          sourceRepos:
            - https://git.example.com/shop/*
            - "*"  # <-

    Passes:
        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata: {name: shop, namespace: argocd}
        spec:
          sourceRepos:
            - https://git.example.com/shop/*

    References:
        https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
    """
    if matches(manifest.name, trusted):
        return
    for repository in manifest.items("spec", "sourceRepos"):
        if repository.value in _ANY_HOST:
            yield Violation(repository, f"{manifest} may deploy from every repository")

"""Built-in policy: git-source-pinned."""

from __future__ import annotations

from gategit.checks.policy.api import (
    APPLICATIONS,
    Manifest,
    Violation,
    Violations,
    application_sources,
    application_spec,
    is_filled_in_later,
    is_open_range,
    matches,
    policy,
)

_BRANCHES = ("main", "master", "develop", "dev", "trunk", "staging", "production")
_OWN = ("flux-system",)


@policy(level="note", kinds=("source.toolkit.fluxcd.io/GitRepository", *APPLICATIONS), security_severity=4.0)
def git_source_pinned(
    manifest: Manifest, *, branches: tuple[str, ...] = _BRANCHES, own: tuple[str, ...] = _OWN
) -> Violations:
    """Every Git source is pinned to a commit, a tag or a range of versions.

    What it asks:
        A GitRepository's `spec.ref` has a `commit`, a `tag`, a `name` below `refs/tags/`, or a `semver` range that
        ends. An Argo CD Application's `targetRevision` is there, and is neither `HEAD` nor one of the parameter's
        branches. The repository that the cluster itself is described in follows a branch by its nature: the parameter
        names those sources.

    Why:
        Who may push to the branch changes the cluster without a review in this repository. For a repository of other
        people that is all of them, and everyone who takes over one of their accounts.

    How to fix:
        Pin the commit or the release's tag, and let an update bot raise it by pull request.

    Parameters:
        branches: the names of branches, which an Argo CD Application does not tell from tags.
        own: patterns for the names of the objects whose source is the repository of the cluster itself.

    Fails:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 5m
          url: https://git.example.com/shop/web
          ref:
            branch: main  # <-

    Fails (an Application):
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web, namespace: argocd}
        spec:
          project: shop
          destination: {namespace: shop, name: prod}
          source:
            repoURL: https://git.example.com/shop/web
            path: deploy
            targetRevision: HEAD  # <-

    Passes:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 5m
          url: https://git.example.com/shop/web
          ref:
            tag: v1.4.2

    Passes (the cluster's own repository):
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: flux-system, namespace: flux-system}
        spec:
          interval: 5m
          url: https://git.example.com/shop/web
          ref:
            branch: main

    References:
        https://fluxcd.io/flux/components/source/gitrepositories/#reference
        https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/#git
    """
    if matches(manifest.name, own):
        return
    if manifest.group == "argoproj.io":
        for source in application_sources(application_spec(manifest)):
            revision = source.text("targetRevision")
            if source.get("chart") or source.text("repoURL").startswith("oci://") or is_filled_in_later(revision):
                continue
            if revision in ("", "HEAD", *branches) or revision.startswith("refs/heads/"):
                follows = revision or "the default branch"
                yield Violation(source.field("targetRevision"), f"a source of {manifest} follows {follows[:100]}")
        return
    ref = manifest.field("spec", "ref")
    if ref.text("commit") or ref.text("tag") or ref.text("name").startswith("refs/tags/"):
        return
    name, span, branch = ref.text("name"), ref.text("semver"), ref.text("branch")
    if is_filled_in_later(name or span or branch) or (not name and span and not is_open_range(span)):
        return
    key = "name" if name else "semver" if span else "branch"
    follows = name or span or branch or "the default branch"
    yield Violation(ref.field(key), f"{manifest} follows {follows[:100]}")

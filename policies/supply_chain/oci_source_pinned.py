"""Built-in policy: oci-source-pinned."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, is_open_range, policy

_MOVING = ("latest", "stable", "main", "master", "dev", "develop", "edge", "nightly", "canary", "head", "snapshot")


@policy(level="warning", kinds=("source.toolkit.fluxcd.io/OCIRepository",), security_severity=5.5)
def oci_source_pinned(manifest: Manifest, *, digest: bool = False, tags: tuple[str, ...] = _MOVING) -> Violations:
    """Every OCIRepository is pinned to a digest, a version or a range of versions.

    What it asks:
        `spec.ref` of an OCIRepository has a `digest`, a `semver` range that ends, or a `tag` that is not one of the
        parameter's. Without `ref` it is `latest`. With the parameter `digest` only a digest will do.

    Why:
        A tag such as `latest` names whatever was pushed last: who may push to the registry changes the cluster without
        a review in this repository.

    How to fix:
        Write the version's tag, better its digest (`crane digest` prints it), and let an update bot raise it by pull
        request.

    Parameters:
        digest: whether nothing but a digest will do.
        tags: the tags that are moved, in small letters.

    Fails:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: OCIRepository
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 5m
          url: oci://registry.example.com/shop/web
          ref:
            tag: latest  # <-

    Fails (no reference):
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: OCIRepository
        metadata: {name: web, namespace: flux-system}
        spec:  # <-
          interval: 5m
          url: oci://registry.example.com/shop/web

    Fails (a tag, where the config wants a digest):
        --- # parameters
        digest: true
        --- # new
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: OCIRepository
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 5m
          url: oci://registry.example.com/shop/web
          ref:
            tag: 1.4.2  # <-

    Passes:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: OCIRepository
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 5m
          url: oci://registry.example.com/shop/web
          ref:
            tag: 1.4.2

    References:
        https://fluxcd.io/flux/components/source/ocirepositories/#reference
    """
    ref = manifest.field("spec", "ref")
    span, tag = ref.text("semver"), ref.text("tag")
    if ref.get("digest") or "@sha256:" in tag or is_filled_in_later(span or tag):
        return
    where = ref.field("semver") if span else ref.field("tag") if tag else ref
    if digest:
        yield Violation(where, f"{manifest} is not pinned by a digest")
    elif span and is_open_range(span):
        yield Violation(where, f"{manifest} follows every later version ({span[:60]})")
    elif not span and (not tag or tag.lower() in tags):
        yield Violation(where, f"{manifest} follows {tag[:60] or 'latest'}, which is moved")

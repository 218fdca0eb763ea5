"""Built-in policy: image-policy-unbounded."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, is_open_range, policy


@policy(level="warning", kinds=("image.toolkit.fluxcd.io/ImagePolicy",))
def image_policy_unbounded(manifest: Manifest) -> Violations:
    """A Flux ImagePolicy does not take whatever tag comes next.

    What it asks:
        A `semver` range ends somewhere: not `*`, and not `>=1.0.0` alone. A policy by `alphabetical` or `numerical`
        order filters the tags with `filterTags.pattern`, and not with a pattern that takes all.

    Why:
        With image automation, the newest tag in the registry is deployed without a person. Without an end that is
        the next major version; without a filter it is a tag of somebody's branch.

    How to fix:
        Write a range within the major version, such as `1.x` or `>=1.4.0 <2.0.0`; filter tags to those that the
        build of the main branch makes, such as `^main-[0-9]+$`.

    Fails:
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImagePolicy
        metadata: {name: web, namespace: flux-system}
        spec:
          imageRepositoryRef: {name: web}
          policy:
            semver:
              range: ">=1.0.0"  # <-

    Fails (no filter):
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImagePolicy
        metadata: {name: web, namespace: flux-system}
        spec:
          imageRepositoryRef: {name: web}
          policy:
            alphabetical:  # <-
              order: asc

    Passes:
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImagePolicy
        metadata: {name: web, namespace: flux-system}
        spec:
          imageRepositoryRef: {name: web}
          policy:
            semver:
              range: ">=1.4.0 <2.0.0"

    References:
        https://fluxcd.io/flux/components/image/imagepolicies/
    """
    span = manifest.field("spec", "policy", "semver", "range")
    text = span.text()
    if text and not is_filled_in_later(text) and is_open_range(text):
        yield Violation(span, f"the range {text[:60]} takes every later version")
    if manifest.get("spec", "filterTags", "pattern") not in (None, "", ".*", "^.*$", ".+"):
        return
    for order in ("alphabetical", "numerical"):
        if manifest.has("spec", "policy", order):
            yield Violation(manifest.field("spec", "policy", order), f"{manifest} takes any tag of the image")

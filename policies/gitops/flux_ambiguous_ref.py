"""Built-in policy: flux-ambiguous-ref."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy

_OUTWEIGHED = {
    "GitRepository": (("name", ("semver", "tag", "branch")), ("semver", ("tag", "branch")), ("tag", ("branch",))),
    "OCIRepository": (("semver", ("tag",)),),
}


@policy(
    level="warning",
    kinds=("source.toolkit.fluxcd.io/GitRepository", "source.toolkit.fluxcd.io/OCIRepository"),
)
def flux_ambiguous_ref(manifest: Manifest) -> Violations:
    """A Flux source says once which revision it wants.

    What it asks:
        `spec.ref` of a GitRepository holds only one of `name`, `semver`, `tag` and `branch`; that of an OCIRepository
        not `semver` and `tag` at once. A `commit` beside a branch, and a `digest` beside a tag, are let through: there
        the exact one is meant, and the other says where it comes from.

    Why:
        Flux takes one of them and ignores the others: `name` before `semver`, before `tag`, before `branch`. Who raises
        the ignored one merges a change that changes nothing.

    How to fix:
        Keep the one that is meant, and delete the others.

    Fails:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: shop, namespace: flux-system}
        spec:
          url: https://git.example.com/shop.git
          interval: 5m
          ref:
            semver: ">=1.0.0 <2.0.0"
            tag: v1.4.2  # <-

    Passes:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: shop, namespace: flux-system}
        spec:
          url: https://git.example.com/shop.git
          interval: 5m
          ref:
            branch: main
            commit: 0123456789abcdef0123456789abcdef01234567

    References:
        https://fluxcd.io/flux/components/source/gitrepositories/#reference
        https://fluxcd.io/flux/components/source/ocirepositories/#reference
    """
    reference = manifest.get("spec", "ref")
    if not isinstance(reference, dict) or len(reference) < 2 or reference.get("commit") or reference.get("digest"):
        return
    for taken, others in _OUTWEIGHED.get(manifest.kind, ()):
        ignored = [other for other in others if reference.get(other)]
        if reference.get(taken) and ignored:
            for other in ignored:
                yield Violation(manifest.field("spec", "ref", other), f"Flux takes {taken} and ignores this {other}")
            return

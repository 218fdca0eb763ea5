"""Built-in policy: flux-source-verify."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(
    level="note",
    kinds=("source.toolkit.fluxcd.io/GitRepository", "source.toolkit.fluxcd.io/OCIRepository"),
    security_severity=4.0,
)
def flux_source_verify(manifest: Manifest) -> Violations:
    """A Flux source is verified by a signature.

    What it asks:
        `spec.verify` of a GitRepository or an OCIRepository is set.

    Why:
        Who takes over the Git host's account, or the registry's, decides what the cluster runs. A signature made with
        a key that is kept elsewhere stops that: Flux applies nothing that is not signed.

    How to fix:
        Sign the commits or tags and name the public keys in `spec.verify.secretRef`; sign artifacts with cosign or
        notation, and name the provider in `spec.verify.provider`.

    Fails:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: OCIRepository
        metadata: {name: shop, namespace: flux-system}
        spec:  # <-
          url: oci://registry.example.com/shop
          interval: 5m

    Passes:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: OCIRepository
        metadata: {name: shop, namespace: flux-system}
        spec:
          url: oci://registry.example.com/shop
          interval: 5m
          verify:
            provider: cosign

    References:
        https://fluxcd.io/flux/components/source/gitrepositories/#verification
        https://fluxcd.io/flux/components/source/ocirepositories/#verification
    """
    if not manifest.has("spec", "verify"):
        yield Violation(manifest.field("spec", "verify"), f"the signature of {manifest} is not verified")

"""Built-in policy: allowed-sources."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, matches, policy

_SOURCE = "source.toolkit.fluxcd.io"
_FIELDS = {
    f"{_SOURCE}/Bucket": "endpoint",
    f"{_SOURCE}/GitRepository": "url",
    f"{_SOURCE}/HelmRepository": "url",
    f"{_SOURCE}/OCIRepository": "url",
    "image.toolkit.fluxcd.io/ImageRepository": "image",
}


@policy(level="error", kinds=tuple(_FIELDS), security_severity=7.5)
def allowed_sources(manifest: Manifest, *, sources: tuple[str, ...] = ()) -> Violations:
    """Flux takes manifests, charts and images from known places only.

    What it asks:
        The address of a GitRepository, HelmRepository, OCIRepository, Bucket or ImageRepository fits one of the
        parameter's patterns. Without the parameter nothing is judged.

    Why:
        What stands at that address is what the cluster becomes. Who may add a source can bring anything in, past every
        review of this repository.

    How to fix:
        Take it from one of the known places, copying it there first where it has to be. Or have the new place agreed
        on and added to the parameter.

    Parameters:
        sources: patterns for whole addresses; a star stands for any characters.

    Fails:
        --- # parameters
        sources: ["https://github.com/example/*", "oci://ghcr.io/example/*"]
        --- # new
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: web, namespace: shop}
        spec:
          interval: 5m
          url: https://github.com/exarnple/web  # <-

    Passes:
        --- # parameters
        sources: ["https://github.com/example/*", "oci://ghcr.io/example/*"]
        --- # new
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: web, namespace: shop}
        spec:
          interval: 5m
          url: https://github.com/example/web

    References:
        https://fluxcd.io/flux/components/source/
        https://fluxcd.io/flux/security/best-practices/
    """
    if not sources:
        return
    where = manifest.field("spec", _FIELDS[manifest.group_kind])
    address = where.text()
    if address and not is_filled_in_later(address) and not matches(address, sources):
        yield Violation(where, f"{manifest} takes what is at {address}, which is no known place")

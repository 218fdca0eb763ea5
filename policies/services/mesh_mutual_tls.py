"""Built-in policy: mesh-mutual-tls."""

from __future__ import annotations

from gategit.checks.policy.api import Field, Manifest, Violation, Violations, policy


@policy(
    level="warning",
    kinds=("networking.istio.io/DestinationRule", "security.istio.io/PeerAuthentication"),
    security_severity=5.9,
)
def mesh_mutual_tls(manifest: Manifest) -> Violations:
    """Nothing in Istio's mesh may be called without mutual TLS, or calls without any.

    What it asks:
        The `mode` of a PeerAuthentication, for all ports or for one, is neither `DISABLE` nor `PERMISSIVE`. The `mode`
        of the `tls` in a DestinationRule's traffic policies is not `DISABLE`.

    Why:
        Mutual TLS is how the mesh knows who calls. With `PERMISSIVE` a pod outside of the mesh may call as well, in
        plain text and as nobody, so a rule about who may call is only as good as the network.

    How to fix:
        Set `STRICT`, or leave the mode to the mesh (`UNSET`). `PERMISSIVE` is for the time of moving in: a waiver with
        a date says until when.

    Fails:
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: default, namespace: shop}
        spec:
          mtls:
            mode: PERMISSIVE  # <-
          portLevelMtls:
            8080:
              mode: DISABLE  # <-

    Fails (calls in plain text):
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: db, namespace: shop}
        spec:
          host: db.shop.svc.cluster.local
          trafficPolicy:
            tls:
              mode: DISABLE  # <-

    Passes:
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: default, namespace: shop}
        spec:
          mtls:
            mode: STRICT

    References:
        https://istio.io/latest/docs/reference/config/security/peer_authentication/
        https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
    """
    if manifest.kind == "DestinationRule":
        for mode in _client_modes(manifest):
            if mode.text() == "DISABLE":
                yield Violation(mode, f"{manifest} switches TLS off for calls to {manifest.text('spec', 'host')}")
        return
    for mode in _server_modes(manifest):
        if mode.text() in ("DISABLE", "PERMISSIVE"):
            yield Violation(mode, f"{manifest} lets callers come without mutual TLS (mode {mode.text()})")


def _server_modes(manifest: Manifest) -> list[Field]:
    ports = [port.field("mode") for _, port in manifest.entries("spec", "portLevelMtls")]
    return [manifest.field("spec", "mtls", "mode"), *ports]


def _client_modes(manifest: Manifest) -> list[Field]:
    policies = [manifest.field("spec", "trafficPolicy")]
    policies += [subset.field("trafficPolicy") for subset in manifest.items("spec", "subsets")]
    policies += [port for one in policies for port in one.items("portLevelSettings")]
    return [one.field("tls", "mode") for one in policies]

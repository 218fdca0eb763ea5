"""Built-in policy: ingress-tls-removed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Field, Manifest, Violation, Violations, policy

_KINDS = ("networking.k8s.io/Ingress", "gateway.networking.k8s.io/Gateway")


@policy(level="error", kinds=_KINDS, security_severity=7.4)
def ingress_tls_removed(change: Change) -> Violations:
    """A change does not take TLS away from a host.

    What it asks:
        A host that an Ingress names below `spec.tls` is still named there after the change, as long as the Ingress
        serves it. A listener of a Gateway that had `tls` still has it.

    Why:
        Without a certificate of its own the host answers in plain text, or with the controller's default certificate.
        Passwords and cookies can then be read on the way.

    How to fix:
        Keep the host below `tls`, also when its certificate comes from elsewhere. Where something before the cluster
        ends TLS from now on, say so in a waiver.

    Fails:
        --- # old
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          tls: [{hosts: [shop.example.com], secretName: shop-tls}]
          rules: [{host: shop.example.com}]
        --- # new
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:  # <-
          rules: [{host: shop.example.com}]

    Passes:
        --- # old
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          tls: [{hosts: [shop.example.com, old.example.com], secretName: shop-tls}]
          rules: [{host: shop.example.com}, {host: old.example.com}]
        --- # new
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          tls: [{hosts: [shop.example.com], secretName: shop-tls}]
          rules: [{host: shop.example.com}]

    References:
        https://kubernetes.io/docs/concepts/services-networking/ingress/#tls
        https://gateway-api.sigs.k8s.io/guides/tls/
    """
    old, new = change.old, change.new
    if old is None or new is None or old.get("spec") == new.get("spec"):
        return
    if new.kind == "Gateway":
        secured = {one.text("name") for one in old.items("spec", "listeners") if one.has("tls")}
        for listener in new.items("spec", "listeners"):
            if listener.text("name") in secured and not listener.has("tls"):
                yield Violation(listener.field("tls"), f"listener {listener.text('name')} of {new} has lost its tls")
        return
    served = {rule.text("host") for rule in new.items("spec", "rules")}
    lost = _secured(old) - _secured(new)
    # An entry without hosts stands for all that the Ingress serves.
    has_all = any(not entry.items("hosts") for entry in new.items("spec", "tls"))
    for host in sorted(lost & served) if not has_all else ():
        place: Field = new.field("spec", "tls")
        yield Violation(place, f"{host} has lost its TLS certificate")


def _secured(manifest: Manifest) -> set[str]:
    return {host.text() for entry in manifest.items("spec", "tls") for host in entry.items("hosts") if host.text()}

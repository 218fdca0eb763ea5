"""Built-in policy: ingress-host-removed."""

from __future__ import annotations

from gategit.checks.policy.api import (
    Change,
    Field,
    Inventory,
    Manifest,
    Violation,
    Violations,
    is_filled_in_later,
    policy,
)

_KINDS = ("networking.k8s.io/Ingress", "gateway.networking.k8s.io/HTTPRoute")


@policy(level="warning", kinds=_KINDS, inventory=_KINDS)
def ingress_host_removed(change: Change, inventory: Inventory) -> Violations:
    """A change does not leave a host unserved.

    What it asks:
        A host that an Ingress or HTTPRoute served before the change is still served by one of them, in this
        namespace or another.

    Why:
        Whoever calls the host gets an error as soon as the agent has applied the change. A name in DNS that points at
        the cluster and is served by nobody can be claimed by whoever asks first.

    How to fix:
        Keep the host until nobody calls it, or serve a redirect in its place. Where it is retired, remove its name from
        DNS first, and say so in a waiver.

    Fails:
        --- # old
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          rules:
            - host: shop.example.com
            - host: www.shop.example.com
        --- # new
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          rules:  # <-
            - host: shop.example.com

    Fails (the object is gone):
        --- # old
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec:
          rules:
            - host: shop.example.com  # <-
        --- # new

    Passes:
        --- # inventory
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: shop, namespace: shop}
        spec: {hostnames: [shop.example.com]}
        --- # old
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec: {rules: [{host: shop.example.com}]}
        --- # new

    References:
        https://kubernetes.io/docs/concepts/services-networking/ingress/#name-based-virtual-hosting
    """
    old, new = change.old, change.new
    if old is None or (new is None and change.deleted is None):
        return
    gone = _hosts(old)
    for host in _hosts(new) if new is not None else ():
        gone.pop(host, None)
    if not gone:
        return
    for kind in _KINDS:
        for other in inventory.of_kind(kind):
            for host in _hosts(other):
                gone.pop(host, None)
    for host, field in gone.items():
        where = field if new is None else new.field("spec", "hostnames" if new.kind == "HTTPRoute" else "rules")
        yield Violation(where, f"{host} is served by nothing in the repository any more")


def _hosts(manifest: Manifest) -> dict[str, Field]:
    """The hosts that an object serves, and the fields that name them."""
    if manifest.kind == "HTTPRoute":
        fields = manifest.items("spec", "hostnames")
    else:
        fields = [rule.field("host") for rule in manifest.items("spec", "rules")]
    return {field.text(): field for field in fields if field.text() and not is_filled_in_later(field.value)}

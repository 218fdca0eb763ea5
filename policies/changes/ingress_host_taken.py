"""Built-in policy: ingress-host-taken."""

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


@policy(level="error", kinds=_KINDS, inventory=_KINDS, security_severity=6.4)
def ingress_host_taken(change: Change, inventory: Inventory) -> Violations:
    """A change does not claim a host and path that another namespace serves.

    What it asks:
        A host and path that an Ingress or HTTPRoute newly serves is served by no Ingress or HTTPRoute of another
        namespace in the repository. A host that moves, because the same change takes it away from the other, passes.

    Why:
        Two objects that claim the same address make one of them win, by age or by name. Requests, cookies and
        passwords of one application's users then go to another's pods.

    How to fix:
        Take a host of your own, or agree with the other team on a path; to move the host, remove it from the other
        object in the same change.

    Fails:
        --- # inventory
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec: {rules: [{host: shop.example.com}]}
        --- # old
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: blog, namespace: blog}
        spec: {rules: [{host: blog.example.com}]}
        --- # new
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: blog, namespace: blog}
        spec:
          rules:
            - host: blog.example.com
            - host: shop.example.com  # <-

    Passes:
        --- # inventory
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: shop, namespace: shop}
        spec: {rules: [{host: shop.example.com, http: {paths: [{path: /}]}}]}
        --- # old
        --- # new
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: blog, namespace: blog}
        spec: {rules: [{host: shop.example.com, http: {paths: [{path: /blog}]}}]}

    References:
        https://kubernetes.io/docs/concepts/services-networking/ingress/#name-based-virtual-hosting
        https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec
    """
    new = change.new
    if new is None or not new.namespace:
        return
    wanted = _addresses(new)
    for known in _addresses(change.old) if change.old is not None else ():
        wanted.pop(known, None)
    if not wanted:
        return
    for kind in _KINDS:
        for other in inventory.of_kind(kind):
            if other.namespace in ("", new.namespace):
                continue
            for address in _addresses(other):
                field = wanted.pop(address, None)
                if field is not None:
                    host, path = address
                    message = f"{host}{path} is served by {other} of the namespace {other.namespace}"
                    yield Violation(field, message)


def _addresses(manifest: Manifest) -> dict[tuple[str, str], Field]:
    """The hosts and paths that an object serves, and the fields that name the hosts."""
    if manifest.kind == "HTTPRoute":
        paths = [
            match.text("path", "value") or "/"
            for rule in manifest.items("spec", "rules")
            for match in rule.items("matches")
        ] or ["/"]
        hosts = [(host, path) for host in manifest.items("spec", "hostnames") for path in paths]
    else:
        hosts = [
            (rule.field("host"), path)
            for rule in manifest.items("spec", "rules")
            for path in [one.text("path") or "/" for one in rule.items("http", "paths")] or ["/"]
        ]
    return {(host.text(), path): host for host, path in hosts if host.text() and not is_filled_in_later(host.value)}

"""Built-in policy: network-policy-widened."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Field, Manifest, Violation, Violations, policy

_SIDES = (("Ingress", "ingress", "from"), ("Egress", "egress", "to"))
_ALL = ""  # stands for every peer, or every port


@policy(level="warning", kinds=("networking.k8s.io/NetworkPolicy",), security_severity=5.3)
def network_policy_widened(change: Change) -> Violations:
    """A change does not make a NetworkPolicy allow more than before.

    What it asks:
        A changed NetworkPolicy still isolates pods in each direction in which it did (`policyTypes`), its `podSelector`
        asks for no further labels, and every pair of a peer and a port that its rules allow was allowed before.

    Why:
        The rules of a NetworkPolicy read much alike, and the wide ones are the short ones: an empty rule, a rule
        without `from`, one type less. Nothing breaks when a wall has a hole.

    How to fix:
        Name the peer and the port that are needed, and nothing more. Where the wider rule is meant, say so in a waiver.

    Fails:
        --- # old
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: db, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: db}}
          policyTypes: [Ingress]
          ingress:
            - {from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}
        --- # new
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: db, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: db}}
          policyTypes: [Ingress]
          ingress:
            - ports: [{port: 5432}]  # <-

    Fails (a direction is left open):
        --- # old
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: default-deny, namespace: shop}
        spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
        --- # new
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: default-deny, namespace: shop}
        spec:
          podSelector: {}
          policyTypes:  # <-
            - Ingress

    Passes:
        --- # old
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: db, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: db}}
          ingress:
            - {from: [{podSelector: {matchLabels: {app: web}}}, {podSelector: {}}], ports: [{port: 5432}]}
        --- # new
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: db, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: db}}
          ingress:
            - {from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}

    References:
        https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    old, new = change.old, change.new
    if old is None or new is None or old.get("spec") == new.get("spec"):
        return
    selector = new.field("spec", "podSelector")
    added = sorted(selector.strings("matchLabels").items() - old.strings("spec", "podSelector", "matchLabels").items())
    if added:
        key, value = added[0]
        yield Violation(selector, f"{new} now chooses only pods with the label {key}={value}")
    types = _types(new)
    for name in sorted(_types(old) - types):
        yield Violation(new.field("spec", "policyTypes"), f"{new} no longer isolates pods for {name.lower()}")
    for name, direction, peers in _SIDES:
        if name not in types or name not in _types(old):
            continue  # what did not isolate before allowed everything
        known = {pair for rule in old.items("spec", direction) for pair in _pairs(rule, peers)}
        for rule in new.items("spec", direction):
            if any(not _is_known(pair, known) for pair in _pairs(rule, peers)):
                yield Violation(rule, f"this rule allows {name.lower()} that {new} did not allow")


def _types(manifest: Manifest) -> set[str]:
    """The directions in which a policy isolates pods."""
    types = manifest.get("spec", "policyTypes")
    if isinstance(types, list) and types:
        return {one for one in types if isinstance(one, str)}
    return {"Ingress", "Egress"} if manifest.items("spec", "egress") else {"Ingress"}


def _pairs(rule: Field, peers: str) -> list[tuple[str, str]]:
    """Every peer and port that a rule allows, as texts that are equal for equal ones."""
    who = [_text(peer.value) for peer in rule.items(peers)] or [_ALL]
    where = [_text({"protocol": "TCP", **_mapping(port.value)}) for port in rule.items("ports")] or [_ALL]
    return [(peer, port) for peer in who for port in where]


def _is_known(pair: tuple[str, str], known: set[tuple[str, str]]) -> bool:
    peer, port = pair
    return not {pair, (_ALL, port), (peer, _ALL), (_ALL, _ALL)}.isdisjoint(known)


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """A text for a value that does not depend on the order of its keys."""
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{key!r}:{_text(member)}" for key, member in value.items())) + "}"
    return f"[{','.join(map(_text, value))}]" if isinstance(value, list) else repr(value)

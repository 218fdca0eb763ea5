"""Built-in policy: ingress-class-conflict."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy

_CLASS = "kubernetes.io/ingress.class"


@policy(level="error", kinds=("networking.k8s.io/Ingress",))
def ingress_class_conflict(ingress: Manifest) -> Violations:
    """An Ingress does not name two different classes.

    What it asks:
        Where both the annotation `kubernetes.io/ingress.class` and `spec.ingressClassName` are set, they say the same.

    Why:
        The API server refuses to create an Ingress with two classes, and the agent's sync stops there. Older
        versions refuse one that sets both fields at all.

    How to fix:
        Remove the annotation: it is the old way, and `spec.ingressClassName` is the one that stays.

    Fails:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop
          annotations:
            kubernetes.io/ingress.class: traefik  # <-
        spec:
          ingressClassName: nginx

    Passes:
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop
        spec:
          ingressClassName: nginx

    References:
        https://kubernetes.io/docs/concepts/services-networking/ingress/#deprecated-annotation
    """
    old, new = ingress.text("metadata", "annotations", _CLASS), ingress.text("spec", "ingressClassName")
    if old and new and old != new and not is_filled_in_later(old + new):
        place = ingress.field("metadata", "annotations", _CLASS)
        yield Violation(place, f"{ingress} names the class {old} in an annotation and {new} in spec.ingressClassName")

"""Built-in policy: external-name."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="note", kinds=("Service",), security_severity=3.7)
def external_name(service: Manifest) -> Violations:
    """No Service stands for a name outside of its namespace.

    What it asks:
        `spec.type` of a Service is not `ExternalName`.

    Why:
        Such a Service is a DNS alias. An Ingress that leads to it reaches into other namespaces, or out of the
        cluster, past the rules that hold for its own; TLS and host names seldom fit.

    How to fix:
        Let clients use the real name, or route by a Gateway with a ReferenceGrant. Where the alias is meant, say so in
        a waiver.

    Fails:
        apiVersion: v1
        kind: Service
        metadata: {name: db, namespace: shop}
        spec:
          type: ExternalName  # <-
          externalName: db.example.com

    Passes:
        apiVersion: v1
        kind: Service
        metadata: {name: db, namespace: shop}
        spec:
          selector: {app: db}
          ports: [{port: 5432}]

    References:
        https://kubernetes.io/docs/concepts/services-networking/service/#externalname
        https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/#disable-svc-external-name
    """
    if service.get("spec", "type") == "ExternalName":
        yield Violation(service.field("spec", "type"), f"{service} is an alias for a name elsewhere")

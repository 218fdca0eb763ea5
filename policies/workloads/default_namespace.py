"""Built-in policy: default-namespace."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("*",))
def default_namespace(manifest: Manifest) -> Violations:
    """Nothing is put into the namespace `default`.

    What it asks:
        `metadata.namespace` is not `default`, except for what belongs there: the Service `kubernetes` and the service
        account `default`. An object that names no namespace is not judged: its namespace is set elsewhere.

    Why:
        The namespace `default` is what commands use that name none, so things of every team and every try end up
        there. Rights, quotas and network policies are given by namespace, and this one cannot be given to anybody.

    How to fix:
        Give the application a namespace of its own, and set it here or in the overlay.

    Fails:
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          namespace: default  # <-
        spec:
          ports: [{port: 80}]

    Passes:
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          namespace: shop
        spec:
          ports: [{port: 80}]

    References:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#when-to-use-multiple-namespaces
    """
    if manifest.get("metadata", "namespace") != "default":
        return
    if (manifest.group_kind, manifest.name) not in (("ServiceAccount", "default"), ("Service", "kubernetes")):
        yield Violation(manifest.field("metadata", "namespace"), f"{manifest} is put into the namespace default")

"""Built-in policy: namespace-required."""

from __future__ import annotations

from gategit.checks.policy.api import CLUSTER_SCOPED_KINDS, Manifest, Violation, Violations, policy


@policy(level="error", kinds=("*",))
def namespace_required(manifest: Manifest) -> Violations:
    """Every object that lives in a namespace says which one.

    What it asks:
        `metadata.namespace` is set on every object of a built-in kind that lives in a namespace. Custom resources are
        not judged, because their definition alone knows whether they do. The policy fits repositories whose
        manifests are applied as they are; where Kustomize, Flux or Argo CD sets the namespace, leave it off.

    Why:
        An object without a namespace lands in whatever namespace the applying agent happens to use. Applied twice
        with different settings, it exists twice.

    How to fix:
        Set `metadata.namespace`, also where it is `default`: then it is there on purpose.

    Fails:
        apiVersion: v1
        kind: Service
        metadata:
          name: web  # <-
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
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: reader
        rules: []

    References:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
    """
    group = manifest.group
    is_builtin = "." not in group or group.endswith(".k8s.io")
    if is_builtin and not manifest.namespace and manifest.group_kind not in CLUSTER_SCOPED_KINDS:
        yield Violation(manifest, f"{manifest} names no namespace")

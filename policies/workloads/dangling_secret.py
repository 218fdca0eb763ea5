"""Built-in policy: dangling-secret."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Inventory,
    Manifest,
    Violation,
    Violations,
    Workload,
    needed_names,
    policy,
)

_MAKERS: dict[str, tuple[str, ...]] = {
    "bitnami.com/SealedSecret": ("spec", "template", "metadata", "name"),
    "external-secrets.io/ExternalSecret": ("spec", "target", "name"),
    "cert-manager.io/Certificate": ("spec", "secretName"),
    "secrets.hashicorp.com/VaultStaticSecret": ("spec", "destination", "name"),
    "secrets.hashicorp.com/VaultDynamicSecret": ("spec", "destination", "name"),
    "secrets.hashicorp.com/VaultPKISecret": ("spec", "destination", "name"),
    "ricoberger.de/VaultSecret": ("metadata", "name"),
    "onepassword.com/OnePasswordItem": ("metadata", "name"),
}
_KINDS = ("Secret", *_MAKERS)


@policy(level="note", kinds=WORKLOADS, inventory=_KINDS, within_namespace=True)
def dangling_secret(workload: Workload, inventory: Inventory, *, elsewhere: tuple[str, ...] = ()) -> Violations:
    """Every Secret that a pod needs is in the repository, or something there makes it.

    What it asks:
        The tree has each Secret that a container's `env`, `envFrom` or a volume names, in the namespace of the
        workload, or a SealedSecret, an ExternalSecret, a Certificate or the like that makes it. References that are
        `optional` are not judged. It is advice, because a kustomization's generator, a chart or an operator in the
        cluster may make the Secret, which is not seen here.

    Why:
        A pod whose Secret is missing does not start: it waits, and the roll-out with it. Nothing refuses it before.

    How to fix:
        Add what makes the Secret, or correct the name. Mark the reference `optional: true` where the pod can do
        without it. Name those that something else makes in the parameter.

    Parameters:
        elsewhere: the names of Secrets that are there without standing in the repository

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  env:
                    - name: DB_PASSWORD
                      valueFrom:
                        secretKeyRef:
                          name: db  # <-
                          key: password

    Passes:
        --- # inventory
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: {name: shop-db, namespace: shop}
        spec:
          target: {name: db}
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2
                  env:
                    - name: DB_PASSWORD
                      valueFrom:
                        secretKeyRef: {name: db, key: password}

    References:
        https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist
    """
    for field in needed_names(workload, "Secret"):
        name, namespace = field.text(), workload.namespace
        if name in elsewhere or any(inventory.get(kind, name, namespace) is not None for kind in _KINDS):
            continue
        if not any(name == _made(one) for kind in _MAKERS for one in inventory.of_kind(kind, namespace)):
            yield Violation(field, f"the tree has no Secret {name[:80]}, which {workload} needs, nor what makes it")


def _made(manifest: Manifest) -> str:
    """The name of the Secret that an object makes: what it says, else its own name."""
    return manifest.text(*_MAKERS[manifest.group_kind]) or manifest.name

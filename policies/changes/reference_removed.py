"""Built-in policy: reference-removed."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Change, Field, Inventory, Manifest, Violation, Violations, policy

_MAKERS = (
    ("external-secrets.io/ExternalSecret", ("spec", "target", "name")),
    ("bitnami.com/SealedSecret", ("spec", "template", "metadata", "name")),
    ("cert-manager.io/Certificate", ("spec", "secretName")),
)  # what makes a Secret in the cluster, and where it says which; without a word it has its maker's name

_KINDS = ("ConfigMap", "Secret", "ServiceAccount")


@policy(
    level="warning",
    kinds=_KINDS,
    inventory=(*WORKLOADS, *_KINDS, *(kind for kind, _ in _MAKERS)),
)
def reference_removed(change: Change, inventory: Inventory) -> Violations:
    """A change does not remove what a workload still refers to.

    What it asks:
        No ConfigMap, Secret or ServiceAccount is removed while a workload of its namespace, or of its folder where a
        namespace is not named, refers to it by name. Optional references do not count. A Secret that an ExternalSecret,
        a SealedSecret or a Certificate makes from now on may go.

    Why:
        Pods that run go on running, so the change looks good. The next pod does not start: after a node fails, at the
        next release, at night.

    How to fix:
        Remove the reference in the same change, or keep the object. Where something else makes it from now on, such
        as a generator of Kustomize, say so in a waiver.

    Fails:
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: web, envFrom: [{configMapRef: {name: settings}}]}]}}}
        --- # old
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings  # <-
          namespace: shop
        --- # new

    Passes:
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {volumes: [{name: db, secret: {secretName: db}}]}}}
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: {name: db, namespace: shop}
        --- # old
        apiVersion: v1
        kind: Secret
        metadata: {name: db, namespace: shop}
        --- # new

    References:
        https://kubernetes.io/docs/concepts/configuration/configmap/
        https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist
    """
    old = change.deleted
    if old is None or any(_are_together(old, one) for one in inventory.named(old.kind, old.name, old.namespace)):
        return
    if old.kind == "Secret":
        for kind, path in _MAKERS:
            for maker in inventory.of_kind(kind, old.namespace):
                if (maker.text(*path) or maker.name) == old.name:
                    return
    for kind in WORKLOADS:
        for one in inventory.of_kind(kind, old.namespace):
            workload = one.workload
            if workload is not None and _are_together(old, one) and old.name in _names(workload.pod, old.kind):
                yield Violation(old, f"the change removes {old}, which {one} refers to")
                return


def _are_together(one: Manifest, other: Manifest) -> bool:
    """Whether two objects are surely of one namespace."""
    if one.namespace and other.namespace:
        return one.namespace == other.namespace
    return one.file.rpartition("/")[0] == other.file.rpartition("/")[0]


def _names(pod: Field, kind: str) -> set[str]:
    """The names of the objects of a kind that a pod cannot start without."""
    if kind == "ServiceAccount":
        return {pod.text("serviceAccountName") or pod.text("serviceAccount")}
    reference, name, volume = (
        ("configMap", "name", "configMap") if kind == "ConfigMap" else ("secret", "secretName", "secret")
    )
    found = [
        holder.field(f"{reference}{part}")
        for key in ("containers", "initContainers")
        for container in pod.items(key)
        for holder, part in (
            *((one.field("valueFrom"), "KeyRef") for one in container.items("env")),
            *((one, "Ref") for one in container.items("envFrom")),
        )
    ]
    volumes = [one.field(volume) for one in pod.items("volumes")]
    found += [source.field(volume) for one in pod.items("volumes") for source in one.items("projected", "sources")]
    return {one.text("name") for one in found if not one.is_true("optional")} | {
        one.text(name) for one in volumes if not one.is_true("optional")
    }

"""Built-in policy: stateful-set-service."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, is_filled_in_later, policy


@policy(level="warning", kinds=("apps/StatefulSet",), inventory=("Service",), within_namespace=True)
def stateful_set_service(manifest: Manifest, inventory: Inventory) -> Violations:
    """A StatefulSet's pods get their names from a headless Service that is there.

    What it asks:
        `spec.serviceName` of a StatefulSet names a Service of the tree, and that Service is headless
        (`clusterIP: None`).

    Why:
        The pods' own names in DNS, such as `db-0.db.shop.svc`, come from this Service. Where it is missing or has an
        address of its own, the replicas do not find each other, and nothing refuses it.

    How to fix:
        Add a Service with `clusterIP: None` that selects the pods, and name it in `serviceName`.

    Fails:
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: db, namespace: shop}
        spec:
          selector: {app: db}
          ports: [{port: 5432}]
        --- # new
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          serviceName: db  # <-

    Fails (no such Service):
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          serviceName: data  # <-

    Passes:
        --- # inventory
        apiVersion: v1
        kind: Service
        metadata: {name: db, namespace: shop}
        spec:
          clusterIP: None
          selector: {app: db}
          ports: [{port: 5432}]
        --- # new
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          serviceName: db

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
    """
    name = manifest.text("spec", "serviceName")
    if not name:
        message = f"{manifest} names no Service, so its pods have no names of their own in DNS"
    elif is_filled_in_later(name):
        return
    else:
        service = inventory.get("Service", name, manifest.namespace)
        if service is None:
            message = f"the tree has no Service {name[:80]}, which {manifest} takes its pods' names from"
        elif service.get("spec", "clusterIP") != "None":
            message = f"Service {name[:80]}, which {manifest} takes its pods' names from, is not headless"
        else:
            return
    yield Violation(manifest.field("spec", "serviceName"), message)

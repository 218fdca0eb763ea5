"""Built-in policy: dangling-service-selector."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Manifest, Violation, Violations, policy


@policy(level="warning", kinds=("Service",), inventory=WORKLOADS)
def dangling_service_selector(service: Manifest, inventory: Inventory) -> Violations:
    """A Service's selector chooses the pods of some workload in the repository.

    What it asks:
        The labels of `spec.selector` are the labels of some workload's pods. It is asked where the folder of the
        Service holds a workload too: what a chart or an operator makes cannot be seen in the repository. A selector
        with a label of the form `operator.example.com/cluster` passes where no workload in the folder has that label.

    Why:
        A Service that chooses no pods has no endpoints. It is created without a complaint, its name resolves, and
        every connection to it is refused. Most often the labels of the pods were renamed, or one letter is wrong.

    How to fix:
        Copy the labels from `spec.template.metadata.labels` of the workload into `spec.selector` of the Service.

    Fails:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          selector:  # <-
            app: wbe
          ports: [{port: 80}]
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}

    Passes:
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec:
          selector:
            app: web
          ports: [{port: 80}]
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web, tier: front}}

    Passes (an operator makes the pods):
        apiVersion: v1
        kind: Service
        metadata: {name: db, namespace: shop}
        spec:
          selector:
            cnpg.io/cluster: db
          ports: [{port: 5432}]
        --- # inventory
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}

    References:
        https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors
    """
    if service.text("spec", "type") == "ExternalName" or not inventory.chooses_nothing(service, "spec", "selector"):
        return
    labels = ", ".join(f"{key}={value}" for key, value in service.strings("spec", "selector").items())
    yield Violation(service.field("spec", "selector"), f"{service} selects {labels}, and no workload's pods have that")

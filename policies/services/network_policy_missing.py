"""Built-in policy: network-policy-missing."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Manifest, Violation, Violations, Workload, policy


@policy(
    level="note",
    kinds=WORKLOADS,
    inventory=("networking.k8s.io/NetworkPolicy",),
    within_namespace=True,
    security_severity=4.3,
)
def network_policy_missing(workload: Workload, inventory: Inventory, *, egress: bool = False) -> Violations:
    """Some NetworkPolicy chooses the pods of each workload.

    What it asks:
        A NetworkPolicy of the repository, in the namespace of the workload, chooses its pods and is for what comes in
        (`Ingress`); the parameter asks for one for what goes out as well. One with an empty `podSelector` chooses all.
        Pods in the network of their node (`hostNetwork`) pass: policies do not reach them.

    Why:
        A pod that no NetworkPolicy chooses takes connections from every pod of the cluster. One container that is
        broken into reaches all of them.

    How to fix:
        Add a NetworkPolicy that denies everything in the namespace (`podSelector: {}`), and one for each workload that
        lets in what it needs.

    Parameters:
        egress: whether a policy for what goes out is asked for as well

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web  # <-
          namespace: shop
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
        --- # inventory
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: db, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: db}}

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          namespace: shop
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
        --- # inventory
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: deny-all, namespace: shop}
        spec:
          podSelector: {}

    Fails (what goes out is asked for too):
        --- # parameters
        egress: true
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web  # <-
          namespace: shop
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
        --- # inventory
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: deny-all, namespace: shop}
        spec:
          podSelector: {}

    References:
        https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    if workload.pod.is_true("hostNetwork"):
        return
    kind = "networking.k8s.io/NetworkPolicy"
    policies = inventory.selecting(kind, workload.pod_labels, workload.namespace)
    if not any(_is_for("Ingress", one) for one in policies):
        yield Violation(workload, f"no NetworkPolicy for what comes in chooses the pods of {workload}")
    if egress and not any(_is_for("Egress", one) for one in policies):
        yield Violation(workload, f"no NetworkPolicy for what goes out chooses the pods of {workload}")


def _is_for(direction: str, network_policy: Manifest) -> bool:
    types = network_policy.get("spec", "policyTypes")
    if isinstance(types, list) and types:
        return direction in types
    return direction == "Ingress" or bool(network_policy.get("spec", "egress"))

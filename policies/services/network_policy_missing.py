"""Built-in policy: network-policy-missing."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Violation, Violations, Workload, policy


@policy(level="note", kinds=WORKLOADS, inventory=("networking.k8s.io/NetworkPolicy",), security_severity=4.3)
def network_policy_missing(workload: Workload, inventory: Inventory) -> Violations:
    """Some NetworkPolicy chooses the pods of each workload.

    What it asks:
        A NetworkPolicy of the repository, in the namespace of the workload, chooses its pods. One with an empty
        `podSelector` chooses all. Pods in the network of their node (`hostNetwork`) pass: policies do not reach them.

    Why:
        A pod that no NetworkPolicy chooses takes connections from every pod of the cluster. One container that is
        broken into reaches all of them.

    How to fix:
        Add a NetworkPolicy that denies everything in the namespace (`podSelector: {}`), and one for each workload that
        lets in what it needs.

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

    References:
        https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    kind = "networking.k8s.io/NetworkPolicy"
    if workload.pod.is_true("hostNetwork") or inventory.selecting(kind, workload.pod_labels, workload.namespace):
        return
    yield Violation(workload, f"no NetworkPolicy chooses the pods of {workload}")

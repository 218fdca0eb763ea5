"""Built-in policy: dangling-service-account."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Inventory,
    Violation,
    Violations,
    Workload,
    is_filled_in_later,
    policy,
)


@policy(level="note", kinds=WORKLOADS, inventory=("ServiceAccount",), within_namespace=True)
def dangling_service_account(
    workload: Workload, inventory: Inventory, *, elsewhere: tuple[str, ...] = ()
) -> Violations:
    """Every service account that a pod runs as is in the repository.

    What it asks:
        The tree has the ServiceAccount that `serviceAccountName` names, in the namespace of the workload. The account
        `default` is always there. It is advice, because a chart or a controller in the cluster may make the account.

    Why:
        Without its service account a workload makes no pod at all. The Deployment itself looks well; the refusal
        stands in the events of its ReplicaSet.

    How to fix:
        Add the ServiceAccount, or correct the name. Name those that something else makes in the parameter.

    Parameters:
        elsewhere: the names of service accounts that are there without standing in the repository

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              serviceAccountName: web  # <-
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes:
        --- # inventory
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web, namespace: shop}
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              serviceAccountName: web
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
    """
    key = "serviceAccountName" if workload.pod.has("serviceAccountName") else "serviceAccount"
    name = workload.pod.text(key)
    if not name or name == "default" or name in elsewhere or is_filled_in_later(name):
        return
    if inventory.get("ServiceAccount", name, workload.namespace) is None:
        where = workload.pod.field(key)
        yield Violation(where, f"the tree has no service account {name[:80]}, which {workload} runs as")

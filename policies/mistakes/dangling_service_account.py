"""Built-in policy: dangling-service-account."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Violation, Violations, Workload, policy


@policy(level="note", kinds=WORKLOADS, inventory=("ServiceAccount",))
def dangling_service_account(workload: Workload, inventory: Inventory) -> Violations:
    """The service account of a workload is in the repository.

    What it asks:
        The ServiceAccount that `serviceAccountName` names stands in the repository; `default` is in every namespace.
        It fits repositories that declare all of their accounts: charts and operators make some that are not to be seen.

    Why:
        No pod is made for a workload whose account does not exist. The workload itself is taken without a complaint;
        only an event of its ReplicaSet tells.

    How to fix:
        Add the ServiceAccount, or write the name of the one that is meant.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              serviceAccountName: wbe  # <-
        --- # inventory
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web, namespace: shop}

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              serviceAccountName: web
        --- # inventory
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web, namespace: shop}

    References:
        https://kubernetes.io/docs/concepts/security/service-accounts/
    """
    name = workload.pod.text("serviceAccountName")
    if not name or name == "default" or "$" in name or "{{" in name:
        return
    if not inventory.get("ServiceAccount", name, workload.namespace):
        place = workload.pod.field("serviceAccountName")
        yield Violation(place, f"{workload} runs as ServiceAccount {name}, which is not in the repository")

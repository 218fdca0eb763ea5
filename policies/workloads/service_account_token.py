"""Built-in policy: service-account-token."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Inventory, Violation, Violations, Workload, policy


@policy(level="warning", kinds=WORKLOADS, inventory=("ServiceAccount",), within_namespace=True, security_severity=4.3)
def service_account_token(workload: Workload, inventory: Inventory) -> Violations:
    """A pod that was given no service account of its own gets no token either.

    What it asks:
        A pod that runs as the service account `default`, by name or because it names none, sets
        `automountServiceAccountToken: false`, or the tree holds the namespace's ServiceAccount `default` with that
        setting. Pods with an account of their own are not judged: they have one because they talk to the API.

    Why:
        Every pod finds a token for the API server in its file system unless it says no. Rights that somebody once
        gave to `default` are then in the hands of whoever gets into any pod of the namespace.

    How to fix:
        Set `automountServiceAccountToken: false` in the pod. If it does need the API, give it a service account of its
        own, with the rights that it needs.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:  # <-
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Fails (said outright):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              serviceAccountName: default
              automountServiceAccountToken: true  # <-
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              automountServiceAccountToken: false
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes (an account of its own):
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

    Passes (set for the whole namespace):
        --- # inventory
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: default, namespace: shop}
        automountServiceAccountToken: false
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

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting
    """
    pod = workload.pod.value
    if not isinstance(pod, dict) or pod.get("automountServiceAccountToken") is False:
        return
    if (pod.get("serviceAccountName") or pod.get("serviceAccount") or "default") != "default":
        return
    if pod.get("automountServiceAccountToken") is None:
        account = inventory.get("ServiceAccount", "default", workload.namespace)
        if account is not None and account.is_false("automountServiceAccountToken"):
            return
    where = workload.pod.field("automountServiceAccountToken")
    yield Violation(where, f"the pods of {workload} get a token of the service account default")

"""Built-in policy: deprecated-service-account."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="note", kinds=WORKLOADS)
def deprecated_service_account(workload: Workload) -> Violations:
    """A pod names its service account in `serviceAccountName`.

    What it asks:
        A pod that sets the old field `serviceAccount` sets `serviceAccountName` to the same.

    Why:
        `serviceAccount` is an alias that has been deprecated since the first versions of Kubernetes. Where the two
        differ, `serviceAccountName` counts and the other is ignored in silence: the pod then runs with other rights
        than its manifest seems to say.

    How to fix:
        Rename the field to `serviceAccountName`.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              serviceAccount: web  # <-
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Fails (two that differ):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              serviceAccount: web  # <-
              serviceAccountName: admin
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
              serviceAccountName: web
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodSpec
    """
    old = workload.pod.get("serviceAccount")
    if not old:
        return
    new = workload.pod.get("serviceAccountName")
    if not new:
        message = f"the pods of {workload} name their account in serviceAccount, which is deprecated"
    elif new != old:
        message = f"the pods of {workload} name two service accounts; {str(new)[:80]} counts"
    else:
        return
    yield Violation(workload.pod.field("serviceAccount"), message)

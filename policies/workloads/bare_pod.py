"""Built-in policy: bare-pod."""

from __future__ import annotations

from gategit.checks.policy.api import Violation, Violations, Workload, policy


@policy(level="warning", kinds=("Pod",))
def bare_pod(workload: Workload) -> Violations:
    """Pods are made by a controller.

    What it asks:
        The repository declares no Pod of its own. Hooks of Argo CD and Helm, and Pods that name an owner, are not
        judged.

    Why:
        A Pod that no controller made is gone with its node: nothing starts it again. And most of its fields cannot be
        changed, so the next edit of its manifest fails when the agent applies it.

    How to fix:
        Make it a Deployment, or a Job where it is to end.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata:
          name: web  # <-
          namespace: shop
        spec:
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
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/workloads/pods/#using-pods
    """
    if not workload.is_hook and not workload.get("metadata", "ownerReferences"):
        yield Violation(workload.field("metadata", "name"), f"no controller starts {workload} again when it is gone")

"""Built-in policy: priority-class."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="note", kinds=WORKLOADS)
def priority_class(workload: Workload) -> Violations:
    """Every workload says how important its pods are.

    What it asks:
        `priorityClassName` is set in the pod's specification.

    Why:
        When there is not room for all, the cluster ends the pods of the lowest priority. Those that name no class have
        priority 0, unless the cluster has a default class: the shop's checkout and last night's report are the same
        to it.

    How to fix:
        Define a few PriorityClasses for the cluster, and name the right one in each workload.

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

    Passes:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              priorityClassName: customer-facing
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    References:
        https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
    """
    pod = workload.pod
    if isinstance(pod.value, dict) and not pod.value.get("priorityClassName"):
        yield Violation(pod.field("priorityClassName"), f"the pods of {workload} name no priority class")

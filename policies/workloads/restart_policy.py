"""Built-in policy: restart-policy."""

from __future__ import annotations

from gategit.checks.policy.api import POD_CONTROLLERS, Violation, Violations, Workload, is_filled_in_later, policy

_JOBS = ("batch/Job", "batch/CronJob")


@policy(level="error", kinds=POD_CONTROLLERS)
def restart_policy(workload: Workload) -> Violations:
    """A workload's pods have a restart policy that its kind allows.

    What it asks:
        The pods of a Job or CronJob set `restartPolicy` to `OnFailure` or `Never`; those of a Deployment,
        StatefulSet, DaemonSet or ReplicaSet leave it out or set it to `Always`.

    Why:
        The API server refuses the object otherwise. A Job's pod that says nothing would be restarted for ever: the
        default is `Always`, so leaving the field out is the same mistake.

    How to fix:
        In a Job, set `restartPolicy: OnFailure` to run the container again in the same pod, or `Never` to have a new
        pod for each attempt, whose logs stay. Elsewhere, remove the field.

    Fails (a Job that says nothing):
        apiVersion: batch/v1
        kind: Job
        metadata: {name: migrate, namespace: shop}
        spec:
          template:
            spec:  # <-
              containers:
                - name: migrate
                  image: registry.example.com/migrate:1.4.2

    Fails (a Deployment whose pods end):
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              restartPolicy: OnFailure  # <-
              containers:
                - name: web
                  image: registry.example.com/web:1.4.2

    Passes:
        apiVersion: batch/v1
        kind: Job
        metadata: {name: migrate, namespace: shop}
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: registry.example.com/migrate:1.4.2
        ---
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
        https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-template
        https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
    """
    pod = workload.pod
    if not isinstance(pod.value, dict):
        return
    value = pod.get("restartPolicy")
    is_job = workload.group_kind in _JOBS
    if value in (("OnFailure", "Never") if is_job else (None, "Always")) or is_filled_in_later(value):
        return
    if not is_job:
        message = f"the restart policy of {workload} is {str(value)[:40]}; its pods must have Always"
    elif value is None:
        message = f"{workload} sets no restart policy; its pods must have OnFailure or Never"
    else:
        message = f"the restart policy of {workload} is {str(value)[:40]}; its pods must have OnFailure or Never"
    yield Violation(pod.field("restartPolicy"), message)

"""Built-in policy: job-ttl."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy


@policy(level="warning", kinds=("batch/Job",))
def job_ttl(manifest: Manifest) -> Violations:
    """A Job that an agent keeps applying does not delete itself.

    What it asks:
        A Job does not set `spec.ttlSecondsAfterFinished`. Hooks of Argo CD and Helm, Jobs with `generateName`
        or a variable in their name, and the Jobs that a CronJob makes are not judged.

    Why:
        An agent compares the cluster with the repository again and again. When the cluster has deleted the finished
        Job, the agent finds it missing and applies it once more: the migration that was to run once runs every few
        minutes.

    How to fix:
        Remove the field, and the finished Job stays, which costs nothing. To run something at each deployment, make
        the Job a hook of Argo CD with a delete policy; to run it again and again, make it a CronJob.

    Fails:
        apiVersion: batch/v1
        kind: Job
        metadata: {name: migrate, namespace: shop}
        spec:
          ttlSecondsAfterFinished: 600  # <-
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: registry.example.com/migrate:1.4.2

    Passes:
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: migrate
          namespace: shop
          annotations: {argocd.argoproj.io/hook: PreSync}
        spec:
          ttlSecondsAfterFinished: 600
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: registry.example.com/migrate:1.4.2

    References:
        https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
        https://argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks/
    """
    name = manifest.name
    if manifest.get("spec", "ttlSecondsAfterFinished") is None or not name or is_filled_in_later(name):
        return
    if not manifest.is_hook:
        where = manifest.field("spec", "ttlSecondsAfterFinished")
        yield Violation(where, f"{manifest} deletes itself when it has finished, and the agent then runs it again")

"""Built-in policy: required-labels."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Manifest, Violation, Violations, policy, unmet


@policy(level="error", kinds=("*",))
def required_labels(
    manifest: Manifest,
    *,
    labels: tuple[str, ...] = (),
    kinds: tuple[str, ...] = WORKLOADS,
    of_pods: bool = False,
) -> Violations:
    """Objects carry the labels that this repository asks for.

    What it asks:
        Every object of the kinds in the parameter `kinds` has each label in the parameter `labels`, and where a
        pattern stands behind it, a value that the pattern matches as a whole. While no labels are given, nothing is
        judged.

    Why:
        Who owns a workload, what it costs and whom to call at night is looked up by labels. One that is missing is
        noticed when it is needed.

    How to fix:
        Set the label in `metadata.labels`, or for all objects at once in the kustomization.

    Parameters:
        labels: the labels, each as a key, or as key=pattern with a regular expression for the value
        kinds: the kinds that must have them, written as apps/Deployment or Service; * is every kind
        of_pods: whether the pods that a workload makes must have them, instead of the workload itself

    Fails:
        --- # parameters
        labels: [team, "stage=test|prod"]
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          labels:  # <-
            stage: production  # <-

    Passes:
        --- # parameters
        labels: [team, "stage=test|prod"]
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          labels: {team: shop, stage: prod}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}

    Passes (its pods have it):
        --- # parameters
        labels: [example.com/team]
        of_pods: true
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          template:
            metadata:
              labels: {example.com/team: shop}

    References:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
    """
    if not labels or (manifest.group_kind not in kinds and "*" not in kinds):
        return
    workload = manifest.workload if of_pods else None
    metadata = manifest.field("metadata") if workload is None else workload.pod_metadata
    for key, problem in unmet(labels, metadata.strings("labels")):
        where = metadata.field("labels", key)
        yield Violation(where, f"the label {key} of {manifest} {problem}")

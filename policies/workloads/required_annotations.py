"""Built-in policy: required-annotations."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Manifest, Violation, Violations, policy, unmet


@policy(level="error", kinds=("*",))
def required_annotations(
    manifest: Manifest,
    *,
    annotations: tuple[str, ...] = (),
    kinds: tuple[str, ...] = WORKLOADS,
    of_pods: bool = False,
) -> Violations:
    """Objects carry the annotations that this repository asks for.

    What it asks:
        Every object of the kinds in the parameter `kinds` has each annotation in the parameter `annotations`, and
        where a pattern stands behind it, a value that the pattern matches as a whole. While no annotations are given,
        nothing is judged.

    Why:
        A contact, a runbook, a dashboard: what people need when something breaks is of use only where every workload
        has it.

    How to fix:
        Set the annotation in `metadata.annotations`, or for all objects at once in the kustomization.

    Parameters:
        annotations: the annotations, each as a key, or as key=pattern with a regular expression for the value
        kinds: the kinds that must have them, written as apps/Deployment or Service; * is every kind
        of_pods: whether the pods that a workload makes must have them, instead of the workload itself

    Fails:
        --- # parameters
        annotations: ["example.com/contact=[a-z]+@example[.]com"]
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata:  # <-
          name: web

    Passes:
        --- # parameters
        annotations: ["example.com/contact=[a-z]+@example[.]com"]
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          annotations: {example.com/contact: shop@example.com}

    Passes (its pods have it):
        --- # parameters
        annotations: [example.com/team]
        of_pods: true
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          template:
            metadata:
              annotations: {example.com/team: shop}

    References:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/
    """
    if not annotations or (manifest.group_kind not in kinds and "*" not in kinds):
        return
    workload = manifest.workload if of_pods else None
    metadata = manifest.field("metadata") if workload is None else workload.pod_metadata
    for key, problem in unmet(annotations, metadata.strings("annotations")):
        where = metadata.field("annotations", key)
        yield Violation(where, f"the annotation {key} of {manifest} {problem}")

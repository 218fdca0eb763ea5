"""Built-in policy: autoscaler-target-version."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, policy

_GROUPS = {"Deployment": "apps", "StatefulSet": "apps", "ReplicaSet": "apps", "ReplicationController": ""}


@policy(level="error", kinds=("autoscaling/HorizontalPodAutoscaler",))
def autoscaler_target_version(autoscaler: Manifest) -> Violations:
    """A HorizontalPodAutoscaler names its target by an API group that has this kind.

    What it asks:
        `spec.scaleTargetRef.apiVersion` is of the group `apps` for a Deployment, a StatefulSet or a ReplicaSet, and
        of the core group (`v1`) for a ReplicationController. Other kinds are not judged.

    Why:
        The autoscaler finds its target by group, kind and name. `v1` or the old `extensions/v1beta1` has no
        Deployment, so the autoscaler cannot scale at all, and only its status says so.

    How to fix:
        Write `apiVersion: apps/v1` into `spec.scaleTargetRef`, as in the manifest of the target itself.

    Fails:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          maxReplicas: 5
          scaleTargetRef:
            apiVersion: extensions/v1beta1  # <-
            kind: Deployment
            name: web

    Fails (no version):
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          maxReplicas: 5
          scaleTargetRef:  # <-
            kind: Deployment
            name: web

    Passes:
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          maxReplicas: 5
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: web

    References:
        https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/
    """
    target = autoscaler.field("spec", "scaleTargetRef")
    kind = target.text("kind")
    version = target.text("apiVersion")
    if kind not in _GROUPS or is_filled_in_later(version):
        return
    group = version.rpartition("/")[0]
    if group != _GROUPS[kind]:
        wanted = f"{_GROUPS[kind]}/v1".lstrip("/")
        said = f"by apiVersion {version}" if version else "without an apiVersion"
        yield Violation(target.field("apiVersion"), f"{autoscaler} names its {kind} {said}; it is one of {wanted}")

"""Built-in policy: frozen-registry."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy

_GONE = {
    "k8s.gcr.io": "registry.k8s.io",
    "gcr.io/google_containers": "registry.k8s.io",
    "gcr.io/google-containers": "registry.k8s.io",
}


@policy(level="warning", kinds=WORKLOADS)
def frozen_registry(workload: Workload) -> Violations:
    """No image comes from a registry that the Kubernetes project has given up.

    What it asks:
        No container's image comes from `k8s.gcr.io` or from `gcr.io/google_containers`, where the Kubernetes project
        kept its images before `registry.k8s.io`.

    Why:
        Nothing new has been put there since April 2023, not even security fixes, and the images may go at any time. A
        node that has not got the image then cannot start the pod.

    How to fix:
        Take the image from `registry.k8s.io`: the rest of its name stays the same.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: k8s.gcr.io/pause:3.5  # <-

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.k8s.io/pause:3.10

    References:
        https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement/
        https://kubernetes.io/blog/2023/03/10/image-registry-redirect/
    """
    for container in workload.containers:
        reference = container.get("image")
        if not isinstance(reference, str) or "gcr.io/" not in reference:
            continue
        for registry, successor in _GONE.items():
            if reference.startswith(f"{registry}/"):
                where = container.field("image")
                yield Violation(where, f"the image of {container} comes from {registry}, which is now {successor}")

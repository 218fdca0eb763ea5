"""Built-in policy: docker-hub-image."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy


@policy(level="note", kinds=WORKLOADS)
def docker_hub_image(workload: Workload) -> Violations:
    """No image is pulled from Docker Hub directly.

    What it asks:
        The image of no container is one of `docker.io`, which is also what an image without a registry is. An image
        that something fills in later is not judged.

    Why:
        Docker Hub limits how often an address may pull. A node that is new, or a cluster that comes back after an
        outage, pulls everything at once, and the pods wait for images.

    How to fix:
        Pull through a mirror or a cache of your own, such as a registry's proxy project, and name that in the manifest.

    Fails:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
                - name: cache
                  image: redis:7.4.1  # <-
                - name: web
                  image: docker.io/example/web:1.4.2  # <-

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
                - name: cache
                  image: registry.example.com/docker-hub/redis:7.4.1

    References:
        https://docs.docker.com/docker-hub/usage/
        https://kubernetes.io/docs/concepts/containers/images/
    """
    for container in workload.containers:
        image = container.image
        if image is not None and image.registry == "docker.io" and not is_filled_in_later(image.reference):
            yield Violation(container.field("image"), f"the image of {container} is pulled from Docker Hub")

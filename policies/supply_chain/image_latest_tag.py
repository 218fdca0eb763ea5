"""Built-in policy: image-latest-tag."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="warning", kinds=WORKLOADS)
def image_latest_tag(workload: Workload) -> Violations:
    """Every image names a version: a tag other than latest, or a digest.

    What it asks:
        The image of each container has a tag that is not `latest`, or a digest. An image that something fills in
        later (`${IMAGE}`, `{{ image }}`) is not judged.

    Why:
        `latest`, which is also what no tag means, is whatever was pushed last. Two pods of one Deployment can run
        different code, a restart is an unplanned upgrade, and a revert of the commit brings nothing back.

    How to fix:
        Write the version's tag, better with its digest. Where Kustomize's `images` sets the tag, write the tag that
        is in use into the base as well, so that the base alone runs too.

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
                - name: web
                  image: registry.example.com/web:latest  # <-
                - name: proxy
                  image: registry.example.com:5000/proxy  # <-

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
                - name: proxy
                  image: proxy@sha256:0d4a1c1c5a2f6f1b3ef8a3f8d8e5f6c2a7b9c0d1e2f30415263748596a7b8c9d

    References:
        https://kubernetes.io/docs/concepts/containers/images/
    """
    for container in workload.containers:
        image = container.image
        if image is None or image.digest or "$" in image.reference or "{{" in image.reference:
            continue
        if not image.tag:
            yield Violation(container.field("image"), f"the image of {container} names no tag, so it is latest")
        elif image.tag == "latest":
            yield Violation(container.field("image"), f"the image of {container} has the tag latest")

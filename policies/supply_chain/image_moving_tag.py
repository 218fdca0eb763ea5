"""Built-in policy: image-moving-tag."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy

_MOVING = ("latest", "stable", "main", "master", "dev", "develop", "edge", "nightly", "canary", "head", "snapshot")


@policy(level="warning", kinds=WORKLOADS)
def image_moving_tag(workload: Workload, *, tags: tuple[str, ...] = _MOVING) -> Violations:
    """No image has a tag that is moved to each new build.

    What it asks:
        The tag of no container's image is one of the parameter's, such as `main`, `edge` or `stable`, unless a digest
        follows. `latest` and no tag at all are left to `image-latest-tag`. An image that something fills in later is
        not judged.

    Why:
        Such a tag names whatever was built last. Nothing in the repository says what runs, two pods of one Deployment
        can run different code, and a revert of the commit brings nothing back.

    How to fix:
        Write the version's tag, better with its digest. For builds without versions use the commit's id as the tag.

    Parameters:
        tags: the tags that are moved, in small letters.

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
                  image: registry.example.com/web:main  # <-
                - name: proxy
                  image: registry.example.com/proxy:nightly  # <-

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
                  image: proxy:main@sha256:0d4a1c1c5a2f6f1b3ef8a3f8d8e5f6c2a7b9c0d1e2f30415263748596a7b8c9d

    References:
        https://kubernetes.io/docs/concepts/containers/images/
    """
    for container in workload.containers:
        image = container.image
        if image is None or image.digest or image.tag == "latest" or image.tag.lower() not in tags:
            continue
        if not is_filled_in_later(image.reference):
            yield Violation(
                container.field("image"), f"the image of {container} has the tag {image.tag}, which is moved"
            )

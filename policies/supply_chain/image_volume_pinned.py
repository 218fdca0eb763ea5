"""Built-in policy: image-volume-pinned."""

from __future__ import annotations

from gategit.checks.policy.api import (
    WORKLOADS,
    Violation,
    Violations,
    Workload,
    is_filled_in_later,
    parse_image,
    policy,
)


@policy(level="warning", kinds=WORKLOADS)
def image_volume_pinned(workload: Workload) -> Violations:
    """Every image that is mounted as a volume names a version: a tag other than latest, or a digest.

    What it asks:
        The `image.reference` of each volume of the pod has a tag that is not `latest`, or a digest. A reference that
        something fills in later is not judged.

    Why:
        Files that are mounted from an image are code and settings like those of a container: `latest`, which is also
        what no tag means, is whatever was pushed last, and two pods can have different ones.

    How to fix:
        Write the version's tag, better with its digest.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
          volumes:
            - name: model
              image:
                reference: registry.example.com/model:latest  # <-

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2
          volumes:
            - name: model
              image:
                reference: registry.example.com/model:2.1.0
            - name: scratch
              emptyDir: {}

    References:
        https://kubernetes.io/docs/tasks/configure-pod-container/image-volumes/
    """
    volumes = workload.pod.get("volumes")
    if not isinstance(volumes, list) or not any(isinstance(one, dict) and "image" in one for one in volumes):
        return
    for volume in workload.pod.items("volumes"):
        reference = volume.text("image", "reference")
        if not reference or is_filled_in_later(reference):
            continue
        image = parse_image(reference)
        if not image.digest and image.tag in ("", "latest"):
            has = f"the tag {image.tag}" if image.tag else "no tag, so it is latest"
            yield Violation(volume.field("image", "reference"), f"the image of volume {volume.text('name')} has {has}")

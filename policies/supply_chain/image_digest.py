"""Built-in policy: image-digest."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, policy


@policy(level="warning", kinds=WORKLOADS, security_severity=4.0)
def image_digest(workload: Workload) -> Violations:
    """Every image is pinned by its digest.

    What it asks:
        The image of each container ends with `@sha256:…`. An image that something fills in later (`${IMAGE}`,
        `{{ image }}`) is not judged.

    Why:
        A tag can be moved to other content by whoever can push to the registry, and nothing in the repository
        changes. A digest is the content: what was reviewed is what runs.

    How to fix:
        Add the digest after the tag; the tag stays as a hint for people, the digest decides. `crane digest IMAGE` or
        `docker buildx imagetools inspect IMAGE` prints it, and update bots keep both up to date.

    Fails:
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: report, namespace: shop}
        spec:
          schedule: "0 6 * * *"
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers:
                    - name: report
                      image: registry.example.com/report:1.4.2  # <-

    Passes:
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: report, namespace: shop}
        spec:
          schedule: "0 6 * * *"
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers:
                    - name: report
                      image: report@sha256:0d4a1c1c5a2f6f1b3ef8a3f8d8e5f6c2a7b9c0d1e2f30415263748596a7b8c9d

    References:
        https://kubernetes.io/docs/concepts/containers/images/#image-names
    """
    for container in workload.containers:
        image = container.image
        if image is None or image.digest or "$" in image.reference or "{{" in image.reference:
            continue
        yield Violation(container.field("image"), f"the image of {container} is not pinned by a digest")

"""Built-in policy: image-pull-policy."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Violation, Violations, Workload, is_filled_in_later, policy

_MOVING = ("latest", "stable", "main", "master", "dev", "develop", "edge", "nightly", "canary", "head", "snapshot")


@policy(level="warning", kinds=WORKLOADS)
def image_pull_policy(workload: Workload, *, tags: tuple[str, ...] = _MOVING) -> Violations:
    """An image whose tag is moved is pulled each time.

    What it asks:
        Where the image of a container has no tag, or one of the parameter's (`latest`, `main`, `edge` …), and no
        digest, the pull policy is `Always`. Without `imagePullPolicy` it is, for `latest` and for no tag; for every
        other tag it is `IfNotPresent`. For an image with a version or a digest any policy will do.

    Why:
        A node that has some image of that tag keeps it, and another one pulls the new one: which code runs depends on
        where the pod lands, and a restart changes it.

    How to fix:
        Pin the image by its version or digest; then `IfNotPresent` is right. Where the tag has to stay, set
        `imagePullPolicy: Always`.

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
                  image: registry.example.com/web:latest
                  imagePullPolicy: IfNotPresent  # <-
                - image: registry.example.com/proxy:main
                  name: proxy  # <-

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
                  image: registry.example.com/web:latest
                - name: proxy
                  image: registry.example.com/proxy:main
                  imagePullPolicy: Always
                - name: cache
                  image: registry.example.com/cache:1.4.2
                  imagePullPolicy: IfNotPresent

    References:
        https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy
    """
    for container in workload.containers:
        image = container.image
        if image is None or image.digest or is_filled_in_later(image.reference):
            continue
        if image.tag and image.tag.lower() not in tags:
            continue
        if _policy_of(container, image.tag) not in ("Always", ""):
            moved = f"the tag {image.tag}, which is moved" if image.tag else "no tag"
            yield Violation(container.field("imagePullPolicy"), f"{container} keeps an old image: it has {moved}")


def _policy_of(container: Container, tag: str) -> str:
    """The pull policy as the cluster fills it in; "" where it is not known yet."""
    written = container.text("imagePullPolicy")
    if is_filled_in_later(written):
        return ""
    return written or ("Always" if tag in ("", "latest") else "IfNotPresent")

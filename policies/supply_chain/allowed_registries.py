"""Built-in policy: allowed-registries."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, matches, policy


@policy(level="error", kinds=WORKLOADS, security_severity=7.0)
def allowed_registries(workload: Workload, *, registries: tuple[str, ...] = ()) -> Violations:
    """Every image comes from a registry that the config allows.

    What it asks:
        The image of each container stands below one of the parameter's entries. Without the parameter nothing is
        judged. An image that names no registry is one of `docker.io`, and one that names no folder there is one of
        `docker.io/library`. An image that something fills in later is not judged.

    Why:
        What runs in the cluster is what a registry hands out. Registries that nobody has agreed on are neither scanned
        nor backed up, and names that look alike are a known way in.

    How to fix:
        Copy the image to an allowed registry, where it is scanned, and take it from there. Or have the registry agreed
        on and added to the parameter.

    Parameters:
        registries: what images may stand below: a registry (ghcr.io), a folder in it (ghcr.io/example), or a pattern
          in which a star stands for any characters between two slashes (*.example.com).

    Fails:
        --- # parameters
        registries: [registry.example.com, ghcr.io/example]
        --- # new
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
                  image: ghcr.io/exarnple/proxy:1.4.2  # <-
                - name: cache
                  image: redis:7.4.1  # <-

    Passes:
        --- # parameters
        registries: ['*.example.com', docker.io/library]
        --- # new
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
                - name: cache
                  image: redis:7.4.1

    Passes (without the parameter):
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
                  image: redis:7.4.1

    References:
        https://kubernetes.io/docs/concepts/containers/images/
    """
    if not registries:
        return
    for container in workload.containers:
        image = container.image
        if image is None or is_filled_in_later(image.reference):
            continue
        name = f"{image.registry}/{image.repository}"
        if not any(_stands_below(name, entry) for entry in registries):
            yield Violation(
                container.field("image"), f"the image of {container} comes from {name}, which is not allowed"
            )


def _stands_below(name: str, entry: str) -> bool:
    """Whether an image is what an entry names, or stands below it.

    A star goes over no slash, so that no host that somebody else owns can be made to fit.
    """
    wanted, parts = entry.rstrip("/").split("/"), name.split("/")
    return len(wanted) <= len(parts) and all(
        part == one or matches(part, (one,)) for part, one in zip(parts, wanted, strict=False)
    )

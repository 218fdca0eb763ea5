"""Built-in policy: image-unpinned."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Change, Violation, Violations, is_filled_in_later, policy


@policy(level="warning", kinds=WORKLOADS, security_severity=5.3)
def image_unpinned(change: Change) -> Violations:
    """A change does not take the digest away from an image that had one.

    What it asks:
        A container whose image was pinned by a digest (`name@sha256:…`) is still pinned by one after the change.

    Why:
        Somebody pinned the image on purpose. Without the digest the registry decides what runs: whoever can move the
        tag can put other code into the cluster, and no pull request shows it.

    How to fix:
        Write the new version with its digest: `registry.example.com/web:1.4.2@sha256:…`.

    Fails:
        --- # old
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec: {containers: [{name: web, image: "registry.example.com/web:1.4.1@sha256:4a1c7e"}]}
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2  # <-

    Passes:
        --- # old
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec: {containers: [{name: web, image: "registry.example.com/web:1.4.1@sha256:4a1c7e"}]}
        --- # new
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec: {containers: [{name: web, image: "registry.example.com/web:1.4.2@sha256:90b2d4"}]}

    References:
        https://kubernetes.io/docs/concepts/containers/images/#image-names
    """
    for old, new in change.containers:
        before, after = old.image, new.image
        if before is None or after is None or not before.digest or after.digest:
            continue
        if not is_filled_in_later(after.reference):
            yield Violation(new.field("image"), f"the image of {new} is no longer pinned by a digest")

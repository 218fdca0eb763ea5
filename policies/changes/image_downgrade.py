"""Built-in policy: image-downgrade."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Change, Violation, Violations, parse_version, policy


@policy(level="warning", kinds=WORKLOADS)
def image_downgrade(change: Change) -> Violations:
    """A change does not go back to an older version of an image.

    What it asks:
        Where a container's image stays the same but for its tag, and both tags are version numbers, the new one is not
        the older. What follows the numbers (`-alpine`) does not count, except where it says that the version is none
        yet (`-rc.1`). A tag that names fewer numbers (`1.27` after `1.27.4`) is not older.

    Why:
        A downgrade is seldom meant: it is what a merge conflict, an old branch or a reverted file leaves behind. An
        application that has migrated its data often cannot go back, and security fixes are lost.

    How to fix:
        Take the newer version. Where the step back is meant, make sure that the older version can read the data, and
        say so in a waiver.

    Fails:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: web, image: "registry.example.com/web:1.10.0"}]}}}
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: web
                  image: registry.example.com/web:1.9.3  # <-

    Passes:
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: web, image: "registry.example.com/web:1.9.3-alpine"}]}}}
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: web, image: "registry.example.com/web:1.10.0"}]}}}

    Passes (another image):
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: db, image: "postgres:16"}]}}}
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: db, image: "mariadb:11"}]}}}

    References:
        https://kubernetes.io/docs/concepts/containers/images/#image-names
    """
    for old, new in change.containers:
        before, after = old.image, new.image
        if before is None or after is None or before.tag == after.tag or before.repository != after.repository:
            continue
        was, becomes = parse_version(before.tag), parse_version(after.tag)
        if was is not None and becomes is not None and becomes.is_older_than(was):
            yield Violation(new.field("image"), f"the image of {new} goes back from {before.tag} to {after.tag}")

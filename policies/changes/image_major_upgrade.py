"""Built-in policy: image-major-upgrade."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Change, Violation, Violations, parse_version, policy


@policy(level="note", kinds=WORKLOADS)
def image_major_upgrade(change: Change) -> Violations:
    """A change that takes an image to a new major version says so to its readers.

    What it asks:
        Where a container's image stays the same but for its tag, and both tags are version numbers, the first number
        does not rise. Dates and build numbers are not judged.

    Why:
        By the rules of semantic versioning a new major version breaks something. In the diff it is one digit among
        many, and a bot's pull request looks the same for a patch and for a new database.

    How to fix:
        Read the release notes, and upgrade a major version by itself, not among other changes. This is a reminder: it
        blocks only where the config gives it a higher level.

    Fails:
        --- # old
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec: {template: {spec: {containers: [{name: db, image: "postgres:16.4"}]}}}
        --- # new
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          template:
            spec:
              containers:
                - name: db
                  image: postgres:17.0  # <-

    Passes:
        --- # old
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec: {template: {spec: {containers: [{name: db, image: "postgres:16.3"}]}}}
        --- # new
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec: {template: {spec: {containers: [{name: db, image: "postgres:16.4"}]}}}

    Passes (a date is no version number):
        --- # old
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: web, image: "registry.example.com/web:2025.12.31"}]}}}
        --- # new
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: web, image: "registry.example.com/web:2026.1.1"}]}}}

    References:
        https://semver.org/#spec-item-8
    """
    for old, new in change.containers:
        before, after = old.image, new.image
        if before is None or after is None or before.tag == after.tag or before.repository != after.repository:
            continue
        was, becomes = parse_version(before.tag), parse_version(after.tag)
        if was is not None and becomes is not None and becomes.is_major_upgrade_of(was):
            yield Violation(
                new.field("image"), f"the image of {new} goes to a new major version, from {before.tag} to {after.tag}"
            )

"""Built-in policy: crd-narrowed."""

from __future__ import annotations

from itertools import islice

from gategit.checks.policy.api import Change, Field, Manifest, Violation, Violations, policy

_MOST = 50  # how many violations of one definition are shown: after that many it is another definition
_DEEPEST = 60
_FREE = "x-kubernetes-preserve-unknown-fields"

_UPPER = ("maxLength", "maxItems", "maxProperties", "maximum")
_LOWER = ("minLength", "minItems", "minProperties", "minimum")


@policy(level="error", kinds=("apiextensions.k8s.io/CustomResourceDefinition",))
def crd_narrowed(change: Change) -> Violations:
    """A change does not make a CustomResourceDefinition refuse or drop what it took before.

    What it asks:
        In each version that stays served: no property goes (except where unknown fields are preserved), no type
        changes, nothing becomes required without a default, no value of an enumeration goes, no limit becomes
        tighter, and no enumeration or pattern comes where there was none. What is below `status` is not judged.

    Why:
        Objects that are in the cluster, and manifests in other repositories, were written for the wider schema. The
        cluster refuses their next update; a field that the schema no longer has is dropped without a word.

    How to fix:
        Widen a version, never narrow it: add fields as optional ones, and keep what there is. For a schema that breaks
        with the old one, add a new version to the definition. For a definition of others, read their release notes,
        look for objects that use what goes, and say in a waiver that there are none.

    Fails:
        --- # old
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: databases.example.com}
        spec:
          versions:
            - name: v1
              served: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties:
                    spec:
                      type: object
                      properties:
                        size: {type: integer}
                        engine: {type: string, enum: [postgres, mysql]}
                        comment: {type: string}
        --- # new
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: databases.example.com}
        spec:
          versions:
            - name: v1
              served: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties:
                    spec:
                      type: object
                      required:
                        - size  # <-
                      properties:  # <-
                        size:
                          type: string  # <-
                        engine:
                          type: string
                          enum: [postgres]  # <-

    Passes:
        --- # old
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: databases.example.com}
        spec:
          versions:
            - name: v1
              served: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties: {spec: {type: object, properties: {size: {type: integer}}}}
        --- # new
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: databases.example.com}
        spec:
          versions:
            - name: v1
              served: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties:
                    spec:
                      type: object
                      required: [replicas]
                      properties:
                        size: {type: integer}
                        replicas: {type: integer, default: 1, minimum: 0}

    References:
        https://kubernetes.io/docs/concepts/overview/kubernetes-api/#api-changes
        https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
    """
    if change.old is not None and change.new is not None:
        yield from islice(_narrowed(change.old, change.new), _MOST)


def _narrowed(old: Manifest, new: Manifest) -> Violations:
    before = {one.text("name"): one for one in old.items("spec", "versions") if one.is_true("served")}
    for version in new.items("spec", "versions"):
        name = version.text("name")
        if name in before and version.is_true("served"):
            path = ("schema", "openAPIV3Schema")
            yield from _compare(before[name].field(*path), version.field(*path), name, 0)


def _compare(old: Field, new: Field, name: str, depth: int) -> Violations:
    """What one schema takes and the other does not; ``name`` is that of the field which they are about."""
    if old.value == new.value or depth > _DEEPEST or not isinstance(new.value, dict) or not isinstance(old.value, dict):
        return
    yield from _type(old, new, name)
    yield from _limits(old, new, name)
    properties = new.field("properties")
    known = properties.value if isinstance(properties.value, dict) else {}
    before = dict(old.entries("properties"))
    if not new.is_true(_FREE) and not new.get("additionalProperties"):
        gone = [key for key in before if key not in known]
        if gone:
            fields = f"the fields {', '.join(gone[:4])}" if len(gone) > 1 else f"the field {gone[0]}"
            more = f" and {len(gone) - 4} more" if len(gone) > 4 else ""
            verb = "are" if len(gone) > 1 else "is"
            yield Violation(properties, f"{fields}{more} of {name} {verb} gone, and what stands there is dropped")
    required = old.get("required")
    for one in new.items("required"):
        key = one.text()
        is_old = isinstance(required, list) and key in required
        if key and not is_old and new.get("properties", key, "default") is None:
            yield Violation(one, f"the field {key} of {name} becomes required")
    for key, field in new.entries("properties"):
        if key in before and not (depth == 0 and key == "status"):
            yield from _compare(before[key], field, key, depth + 1)
    for key in ("items", "additionalProperties"):
        yield from _compare(old.field(key), new.field(key), name, depth + 1)


def _type(old: Field, new: Field, name: str) -> Violations:
    before, after = old.text("type"), new.text("type")
    is_wider = (before, after) == ("integer", "number") or new.is_true("x-kubernetes-int-or-string")
    if before and after and before != after and not is_wider:
        yield Violation(new.field("type"), f"the type of {name} changes from {before} to {after}")
    if old.is_true("nullable") and not new.is_true("nullable"):
        yield Violation(new.field("nullable"), f"{name} must no longer be null")


def _limits(old: Field, new: Field, name: str) -> Violations:
    for limit in (*_UPPER, *_LOWER):
        before, after = old.get(limit), new.get(limit)
        if not isinstance(after, int | float) or before == after:
            continue
        tighter = not isinstance(before, int | float) or (after < before if limit in _UPPER else after > before)
        # A least size of 0 is no limit; for numbers it is one.
        if tighter and not (limit in _LOWER[:3] and after == 0):
            yield Violation(new.field(limit), f"the {limit} of {name} becomes {after}")
    before, after = old.get("enum"), new.get("enum")
    if isinstance(after, list) and before != after:
        gone = [one for one in before if one not in after] if isinstance(before, list) else []
        if gone:
            yield Violation(new.field("enum"), f"{name} can no longer be {gone[0]}")
        elif not isinstance(before, list):
            yield Violation(new.field("enum"), f"{name} can be nothing but the values of a new enumeration")
    if new.text("pattern") and not old.text("pattern"):
        yield Violation(new.field("pattern"), f"{name} must match a pattern, where any text was allowed")

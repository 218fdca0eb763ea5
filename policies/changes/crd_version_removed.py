"""Built-in policy: crd-version-removed."""

from __future__ import annotations

from gategit.checks.policy.api import Change, Field, Manifest, Violation, Violations, policy


@policy(level="error", kinds=("apiextensions.k8s.io/CustomResourceDefinition",))
def crd_version_removed(change: Change) -> Violations:
    """A change does not take a served version away from a CustomResourceDefinition.

    What it asks:
        Each version of the definition that was served is still served, and the version in which objects are stored
        is still among `spec.versions`.

    Why:
        Every manifest and every client that uses the version fails from then on: the agents of other repositories
        cannot apply their objects, controllers stop. Where objects are stored in the version, the cluster refuses the
        change.

    How to fix:
        Move all objects to the newer version, and give clients time: mark the old one `deprecated: true` and serve it.
        Before it goes, rewrite what is stored and take the version out of `status.storedVersions`.

    Fails:
        --- # old
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: databases.example.com}
        spec:
          versions:
            - {name: v1beta1, served: true, storage: false}
            - {name: v1alpha1, served: true, storage: false}
            - {name: v1, served: true, storage: true}
        --- # new
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: databases.example.com}
        spec:
          versions:  # <-
            - name: v1beta1
              served: false  # <-
              storage: false
            - {name: v1, served: true, storage: true}

    Passes:
        --- # old
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: databases.example.com}
        spec:
          versions:
            - {name: v1beta1, served: true, storage: true}
            - {name: v1alpha1, served: false, storage: false}
        --- # new
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: databases.example.com}
        spec:
          versions:
            - {name: v1beta1, served: true, storage: false, deprecated: true}
            - {name: v1, served: true, storage: true}

    References:
        https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
    """
    if change.old is None or change.new is None:
        return
    versions = change.new.field("spec", "versions")
    after = _versions(change.new)
    for name, before in _versions(change.old).items():
        version = after.get(name)
        if version is None and before.is_true("storage"):
            yield Violation(versions, f"the version {name} of {change.new} is gone, and objects are stored in it")
        elif version is None and before.is_true("served"):
            yield Violation(versions, f"the version {name} of {change.new} is gone")
        elif version is not None and before.is_true("served") and not version.is_true("served"):
            yield Violation(version.field("served"), f"the version {name} of {change.new} is no longer served")


def _versions(manifest: Manifest) -> dict[str, Field]:
    return {version.text("name"): version for version in manifest.items("spec", "versions") if version.has("name")}

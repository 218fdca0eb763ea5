"""Built-in policy: flux-root-path."""

from __future__ import annotations

from gategit.checks.policy.api import Inventory, Manifest, Violation, Violations, policy

_SOURCE = "source.toolkit.fluxcd.io/GitRepository"


@policy(level="note", kinds=("kustomize.toolkit.fluxcd.io/Kustomization",), inventory=(_SOURCE,))
def flux_root_path(manifest: Manifest, inventory: Inventory) -> Violations:
    """A Flux Kustomization applies a folder, not the whole repository.

    What it asks:
        `spec.path` names a folder. Absent, `.`, `./` and `/` all stand for the root of the source. Sources other than
        a GitRepository are not judged: an artifact or a bucket is often made for one purpose; nor is a GitRepository
        that leaves out some files itself, by `ignore` or `sparseCheckout`.

    Why:
        Without a `kustomization.yaml` in it, Flux applies every YAML file below the path: examples, tests, other
        clusters' manifests. Any new file in the repository becomes part of the cluster.

    How to fix:
        Move what the cluster runs into a folder such as `clusters/prod`, and name it in `spec.path`.

    Fails:
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: cluster, namespace: flux-system}
        spec:
          path: ./  # <-
          prune: true
          sourceRef: {kind: GitRepository, name: flux-system}

    Passes:
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: cluster, namespace: flux-system}
        spec:
          path: ./clusters/prod
          prune: true
          sourceRef: {kind: GitRepository, name: flux-system}

    Passes (a source that leaves out the rest):
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: crds, namespace: flux-system}
        spec:
          path: ./
          prune: false
          sourceRef: {kind: GitRepository, name: operator}
        --- # inventory
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: operator, namespace: flux-system}
        spec:
          url: https://git.example.com/operator.git
          ignore: |
            /*
            !/config/crd

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#path
    """
    if manifest.get("spec", "path") not in (None, "", ".", "./", "/"):
        return
    if manifest.get("spec", "sourceRef", "kind") != "GitRepository":
        return
    reference = manifest.field("spec", "sourceRef")
    source = inventory.get(_SOURCE, reference.text("name"), reference.text("namespace") or manifest.namespace)
    if source is None or not (source.has("spec", "ignore") or source.has("spec", "sparseCheckout")):
        yield Violation(manifest.field("spec", "path"), f"{manifest} applies the whole repository")

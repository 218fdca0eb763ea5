"""Built-in policy: flux-prune."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, ParameterError, Violation, Violations, matches, policy

_WORDS = ("required", "forbidden")


@policy(level="warning", kinds=("kustomize.toolkit.fluxcd.io/Kustomization",))
def flux_prune(
    manifest: Manifest, *, prune: str = "required", exempt: tuple[str, ...] = ("*crd*", "flux-*")
) -> Violations:
    """A Flux Kustomization prunes, as the config asks.

    What it asks:
        `spec.prune` is true; or false, where the parameter forbids pruning. Kustomizations of CRDs and of Flux itself
        are exempt, by their names: what they hold takes everything else with it when it is deleted.

    Why:
        Without `prune`, what is deleted in Git goes on running in the cluster: old workloads, old rights, old
        ingress hosts. Nobody sees them in the repository any more.

    How to fix:
        Set `prune: true`. Keep single objects with the annotation `kustomize.toolkit.fluxcd.io/prune: disabled`.

    Parameters:
        prune: whether pruning is `required` or `forbidden`
        exempt: names of Kustomizations that may do either; a `*` stands for any text

    Fails:
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 10m
          path: ./apps/web
          prune: false  # <-
          sourceRef: {kind: GitRepository, name: flux-system}

    Passes:
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 10m
          path: ./apps/web
          prune: true
          sourceRef: {kind: GitRepository, name: flux-system}

    Passes (a cluster in which nothing is deleted by itself):
        --- # new
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: data, namespace: flux-system}
        spec:
          interval: 10m
          path: ./data
          prune: false
          sourceRef: {kind: GitRepository, name: flux-system}
        --- # parameters
        prune: forbidden

    Passes (what nothing outlives):
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: certificates-crds, namespace: flux-system}
        spec:
          interval: 10m
          path: ./crds/certificates
          prune: false
          sourceRef: {kind: GitRepository, name: flux-system}

    References:
        https://fluxcd.io/flux/components/kustomize/kustomizations/#prune
    """
    if prune not in _WORDS:
        raise ParameterError("prune", f"must be one of {', '.join(_WORDS)}, not {prune[:40]}")
    field = manifest.field("spec", "prune")
    field = manifest.field("spec", "prune")
    is_wrong = field.value is True if prune == "forbidden" else field.value is not True
    if not is_wrong or isinstance(field.value, str) or matches(manifest.name, exempt):
        return
    does = "prunes" if prune == "forbidden" else "does not prune, so what is deleted in Git goes on running"
    yield Violation(field, f"{manifest} {does}")

"""Built-in policy: flux-cross-namespace-reference."""

from __future__ import annotations

from gategit.checks.policy.api import Manifest, Violation, Violations, is_filled_in_later, matches, policy

_REFERENCES = {
    "kustomize.toolkit.fluxcd.io/Kustomization": (("spec", "sourceRef"),),
    "helm.toolkit.fluxcd.io/HelmRelease": (("spec", "chart", "spec", "sourceRef"), ("spec", "chartRef")),
    "image.toolkit.fluxcd.io/ImagePolicy": (("spec", "imageRepositoryRef"),),
    "image.toolkit.fluxcd.io/ImageUpdateAutomation": (("spec", "sourceRef"),),
}


@policy(level="warning", kinds=tuple(_REFERENCES), security_severity=5.0)
def flux_cross_namespace_reference(manifest: Manifest, *, shared: tuple[str, ...] = ("*flux*",)) -> Violations:
    """A Flux object takes its source from its own namespace, or from one that is shared.

    What it asks:
        `sourceRef`, `chartRef` and `imageRepositoryRef` name no namespace, or the object's own, or a shared
        one. Those whose names hold `flux` are shared unless the config says otherwise.

    Why:
        A source holds credentials. Whoever may refer to another tenant's source deploys from a private repository,
        or pushes to it, without being let into it. Where tenants are locked down, Flux refuses such a reference.

    How to fix:
        Declare the source again in the object's own namespace, with an account of its own; or put sources that are
        meant for all into a shared namespace.

    Parameters:
        shared: namespaces whose sources are for all, such as Flux's own; a `*` stands for any text

    Fails:
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: shop}
        spec:
          interval: 10m
          prune: true
          sourceRef:
            kind: GitRepository
            name: billing
            namespace: billing  # <-

    Passes:
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: web, namespace: shop}
        spec:
          interval: 10m
          prune: true
          sourceRef:
            kind: GitRepository
            name: shop
            namespace: flux-system

    References:
        https://fluxcd.io/flux/installation/configuration/multitenancy/
        https://fluxcd.io/flux/components/kustomize/kustomizations/#source-reference
    """
    own = manifest.namespace
    if not own or is_filled_in_later(own):
        return
    for path in _REFERENCES.get(manifest.group_kind, ()):
        namespace = manifest.text(*path, "namespace")
        if not namespace or namespace == own or is_filled_in_later(namespace):
            continue
        if not matches(namespace, shared):
            message = f"{manifest} of namespace {own} refers to {path[-1]} in namespace {namespace}"
            yield Violation(manifest.field(*path, "namespace"), message)

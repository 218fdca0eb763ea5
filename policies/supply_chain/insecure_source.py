"""Built-in policy: insecure-source."""

from __future__ import annotations

from gategit.checks.policy.api import (
    APPLICATIONS,
    Field,
    Manifest,
    Violation,
    Violations,
    application_sources,
    application_spec,
    is_filled_in_later,
    policy,
)

_SOURCE = "source.toolkit.fluxcd.io"
_FLUX = (
    f"{_SOURCE}/GitRepository",
    f"{_SOURCE}/HelmRepository",
    f"{_SOURCE}/OCIRepository",
    f"{_SOURCE}/Bucket",
    "image.toolkit.fluxcd.io/ImageRepository",
)
_OPEN = ("http://", "git://", "ftp://")


@policy(level="warning", kinds=(*_FLUX, "helm.cattle.io/HelmChart", "Secret", *APPLICATIONS), security_severity=7.4)
def insecure_source(manifest: Manifest) -> Violations:
    """No source is fetched without encryption, or from a host that is not checked.

    What it asks:
        No address of a Flux source, an Argo CD Application or ApplicationSet, a repository Secret of Argo CD or a
        HelmChart of K3s begins with `http://`, `git://` or `ftp://`, and none of them turns the check off (`insecure`,
        `insecureSkipTLSVerify`, `insecureIgnoreHostKey`). Hosts inside of the cluster (a name without a dot, `….svc`,
        `….cluster.local`, `localhost`) pass.

    Why:
        Whoever stands between the agent and the source can put anything into what is fetched, and the agent applies it
        with full rights. The credentials for the source are readable on the way, too.

    How to fix:
        Write `https://`, or `ssh://` for Git. For a certificate of your own, give the agent its authority
        (`certSecretRef`, Argo CD's `argocd-tls-certs-cm`) instead of turning the check off.

    Fails:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 5m
          url: http://git.example.com/shop/web  # <-

    Fails (a check that is turned off):
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: OCIRepository
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 5m
          url: oci://registry.example.com/shop/web
          insecure: true  # <-
          ref:
            tag: 1.4.2

    Fails (a repository of Argo CD):
        apiVersion: v1
        kind: Secret
        metadata:
          name: web
          namespace: argocd
          labels:
            argocd.argoproj.io/secret-type: repository
        stringData:
          url: ssh://git@git.example.com/shop/web
          insecureIgnoreHostKey: "true"  # <-

    Passes:
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 5m
          url: https://git.example.com/shop/web
          ref:
            tag: v1.4.2

    Passes (inside of the cluster):
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: web, namespace: flux-system}
        spec:
          interval: 5m
          url: http://gitea.git.svc/shop/web

    References:
        https://fluxcd.io/flux/components/source/
        https://argo-cd.readthedocs.io/en/stable/user-guide/private-repositories/
    """
    for field in _addresses(manifest):
        address = field.text()
        if address.startswith(_OPEN) and not is_filled_in_later(address) and not _is_inside(address):
            yield Violation(
                field, f"a source of {manifest} is fetched by {address.partition(':')[0]}, which is not encrypted"
            )
    for field in _switches(manifest):
        if field.value is True or (field.path[0] == "stringData" and field.value == "true"):
            yield Violation(field, f"{manifest} turns the check of its source's host off ({field.path[-1]})")


def _is_repository(manifest: Manifest) -> bool:
    """Whether a Secret is one in which Argo CD looks up how to reach a repository."""
    return manifest.text("metadata", "labels", "argocd.argoproj.io/secret-type") in ("repository", "repo-creds")


def _addresses(manifest: Manifest) -> list[Field]:
    if manifest.group == "argoproj.io":
        return [source.field("repoURL") for source in application_sources(application_spec(manifest))]
    if manifest.group_kind == "Secret":
        return [manifest.field("stringData", "url")] if _is_repository(manifest) else []
    if manifest.group == "helm.cattle.io":
        return [manifest.field("spec", "repo"), manifest.field("spec", "chart")]
    return [manifest.field("spec", "url"), manifest.field("spec", "endpoint")]


def _switches(manifest: Manifest) -> list[Field]:
    """The settings that turn a check off, absent or not."""
    if manifest.group_kind == "Secret":
        if not _is_repository(manifest):
            return []
        return [manifest.field("stringData", key) for key in ("insecure", "insecureIgnoreHostKey")]
    if manifest.group == "argoproj.io":
        return []
    if _is_inside(manifest.text("spec", "endpoint") or manifest.text("spec", "url") or manifest.text("spec", "image")):
        return []
    return [manifest.field("spec", key) for key in ("insecure", "insecureSkipTLSVerify")]


def _is_inside(address: str) -> bool:
    """Whether the host is one of the cluster's own."""
    host = address.rpartition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
    return bool(host) and ("." not in host or host.endswith((".svc", ".cluster.local")))

"""What to make of objects that Git does not declare."""

from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.drift.strangers import Origin, claim_names, release_names, stranger
from gategit.manifests.manifest import Manifest, Source


def live(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", **metadata}}


def manifest(api_version: str, kind: str, name: str, **spec: Any) -> Manifest:
    data = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}
    return Manifest(api_version, kind, None, name, data, Source("a.yaml", 0))


TEMPLATES = [{"metadata": {"name": "data"}}, {"metadata": {}}, "odd"]
DATABASE = manifest("apps/v1", "StatefulSet", "db", volumeClaimTemplates=TEMPLATES)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("ConfigMap", live("a", ownerReferences=[{"name": "b"}])),
        ("ConfigMap", live("kube-root-ca.crt")),
        ("ServiceAccount", live("default")),
        ("Service", live("kubernetes")),
        ("Secret", live("default-token-abcde", annotations={"kubernetes.io/service-account.name": "default"})),
        ("Secret", live("tls", annotations={"cert-manager.io/certificate-name": "web"})),
        ("PersistentVolumeClaim", live("data-db-0")),
    ],
)
def test_what_the_system_makes(kind: str, content: dict[str, Any]) -> None:
    """Nobody expects it in Git."""
    assert stranger(kind, content, list(claim_names(DATABASE))).origin is Origin.SYSTEM


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("Secret", live("default")),
        ("ServiceAccount", live("web")),
        ("ConfigMap", live("a", annotations={"cert-manager.io/certificate-name": "web"})),
        ("PersistentVolumeClaim", live("data-other-0")),
        ("PersistentVolumeClaim", live("data-db-x")),
        ("ConfigMap", live("sh.helm.release.v1.web.v1")),
        ("ConfigMap", live("a", labels=None, annotations="odd")),
        ("ConfigMap", {}),
    ],
)
def test_what_nobody_accounts_for(kind: str, content: dict[str, Any]) -> None:
    """A name or an annotation that only looks like the system's."""
    assert stranger(kind, content, list(claim_names(DATABASE))).origin is Origin.UNKNOWN


@pytest.mark.parametrize(
    "marks",
    [
        {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}},
        {"labels": {"argocd.argoproj.io/instance": "apps"}},
        {"annotations": {"argocd.argoproj.io/tracking-id": "apps:apps/Deployment:shop/web"}},
        {"labels": {"helm.toolkit.fluxcd.io/name": "web"}, "annotations": {"meta.helm.sh/release-name": "web"}},
    ],
)
def test_what_an_agent_built(marks: dict[str, Any]) -> None:
    """The agent takes it away itself; its release, where it has one, is the agent's too."""
    found = stranger("Service", live("web", **marks))
    assert found.origin is Origin.AGENT
    assert found.release == ("web" if "annotations" in marks and "labels" in marks else "")


def test_what_belongs_to_a_helm_release() -> None:
    """The Secret that Helm keeps, and whatever the release made."""
    kept = stranger("Secret", live("sh.helm.release.v1.web.shop.v12"))
    assert (kept.origin, kept.release) == (Origin.HELM, "web.shop")
    made = stranger("Service", live("web", annotations={"meta.helm.sh/release-name": "web"}))
    assert (made.origin, made.release) == (Origin.HELM, "web")


def test_who_wrote_it() -> None:
    """Each manager once; who writes the status does not count."""
    fields = [
        {"manager": "kubectl-create", "operation": "Update", "fieldsV1": {"f:data": {}}},
        {"manager": "controller", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
        {"manager": "kubectl-create", "operation": "Apply", "fieldsV1": {"f:data": {}}},
    ]
    assert stranger("ConfigMap", live("a", managedFields=fields)).managers == ("kubectl-create",)


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({}, ["web"]),
        ({"targetNamespace": "shop"}, ["shop-web"]),
        ({"targetNamespace": "shop", "releaseName": "other"}, ["other"]),
    ],
)
def test_names_of_a_declared_release(spec: dict[str, str], names: list[str]) -> None:
    """As Flux makes them."""
    assert list(release_names(manifest("helm.toolkit.fluxcd.io/v2", "HelmRelease", "web", **spec))) == names
    assert list(release_names(manifest("example.com/v1", "HelmRelease", "web", **spec))) == []

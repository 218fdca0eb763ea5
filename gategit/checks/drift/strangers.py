"""What to make of a live object that Git does not declare, by its metadata alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from gategit.checks.dry_run.owned import entries
from gategit.manifests.manifest import Manifest

UNLISTED: Final = frozenset(
    {
        *("Binding", "Endpoints", "Event", "Pod", "apps/ControllerRevision", "apps/ReplicaSet"),
        *("coordination.k8s.io/Lease", "coordination.k8s.io/LeaseCandidate", "discovery.k8s.io/EndpointSlice"),
        *("events.k8s.io/Event", "metrics.k8s.io/PodMetrics", "storage.k8s.io/CSIStorageCapacity"),
        *("authorization.k8s.io/LocalSubjectAccessReview"),
    }
)
"""Kinds whose objects the system makes: nobody expects them in Git."""

SYSTEM_NAMESPACES: Final = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""Namespaces that are full of what the cluster's installer makes."""

_MADE_BY_SYSTEM: Final = frozenset(
    {
        ("ServiceAccount", "default"),
        ("ConfigMap", "kube-root-ca.crt"),
        ("ConfigMap", "openshift-service-ca.crt"),
        ("Service", "kubernetes"),
    }
)
_RELEASE_SECRET: Final = re.compile(r"sh\.helm\.release\.v1\.(.+)\.v\d+\Z")
_OF_CONTROLLERS: Final = (
    "kubernetes.io/service-account.name",  # a token that a controller made, or asked for by name
    "cert-manager.io/certificate-name",
)
_OF_AGENTS: Final = (
    "argocd.argoproj.io/instance",
    "argocd.argoproj.io/tracking-id",
    "helm.toolkit.fluxcd.io/name",
    "kustomize.toolkit.fluxcd.io/name",
)
_OF_HELM: Final = "meta.helm.sh/release-name"
_HELM_RELEASE: Final = ("helm.toolkit.fluxcd.io", "HelmRelease")


class Origin(StrEnum):
    """Where an object comes from that Git does not declare.

    ``SYSTEM``: the cluster makes it, or a controller on behalf of another object. ``AGENT``: an agent applied it, from
    something that has to be built first, and takes it away itself when that no longer has it. ``HELM``: a release.
    ``UNKNOWN``: somebody else.
    """

    SYSTEM = "system"
    AGENT = "agent"
    HELM = "helm"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Stranger:
    """An object that Git does not declare. ``release`` names its Helm release, ``managers`` who wrote it."""

    origin: Origin
    release: str = ""
    managers: tuple[str, ...] = ()


def stranger(group_kind: str, content: Mapping[str, Any], claims: Iterable[re.Pattern[str]] = ()) -> Stranger:
    """Say where an object comes from.

    Args:
        group_kind: its kind with the group.
        content: the object, of which only the metadata is looked at.
        claims: names that the claims of declared StatefulSets have.
    """
    metadata = content.get("metadata")
    data = metadata if isinstance(metadata, dict) else {}
    name = str(data.get("name") or "")
    labels, annotations = _texts(data, "labels"), _texts(data, "annotations")
    secret = group_kind == "Secret"
    claim = group_kind == "PersistentVolumeClaim" and any(pattern.match(name) for pattern in claims)
    issued = secret and any(mark in annotations for mark in _OF_CONTROLLERS)
    if data.get("ownerReferences") or (group_kind, name) in _MADE_BY_SYSTEM or claim or issued:
        return Stranger(Origin.SYSTEM)
    stored = _RELEASE_SECRET.match(name) if secret else None
    release = stored[1] if stored else annotations.get(_OF_HELM)
    if any(mark in marks for marks in (labels, annotations) for mark in _OF_AGENTS):
        return Stranger(Origin.AGENT, release or "")
    if release:
        return Stranger(Origin.HELM, release)
    return Stranger(Origin.UNKNOWN, managers=writers(content))


def _texts(data: Mapping[str, Any], key: str) -> dict[str, str]:
    found = data.get(key)
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def writers(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Who wrote an object, apart from its status."""
    return tuple(sorted({entry.manager for entry in entries(content) if entry.subresource != "status"}))


def claim_names(manifest: Manifest) -> Iterable[re.Pattern[str]]:
    """The names of the claims that a StatefulSet makes: its templates', its own, and a number."""
    spec = manifest.data.get("spec")
    templates = spec.get("volumeClaimTemplates") if isinstance(spec, dict) else None
    for template in templates if isinstance(templates, list) else ():
        metadata = template.get("metadata") if isinstance(template, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if isinstance(name, str):
            yield re.compile(rf"{re.escape(name)}-{re.escape(manifest.name)}-\d+\Z")


def release_names(manifest: Manifest) -> Iterable[str]:
    """The names that the release of a Flux HelmRelease can have; none for another object."""
    spec = manifest.data.get("spec")
    if (manifest.group, manifest.kind) != _HELM_RELEASE or not isinstance(spec, dict):
        return
    named, namespace = spec.get("releaseName"), spec.get("targetNamespace")
    if isinstance(named, str):
        yield named
    elif isinstance(namespace, str):
        yield f"{namespace}-{manifest.name}"
    else:
        yield manifest.name

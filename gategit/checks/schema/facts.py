"""Facts about Kubernetes' APIs: which version serves which kind, what was deprecated and removed, and what replaces it.

``served.json`` is made from the schemas of all versions (``python -m gategit.checks.schema.facts`` writes it; a test
compares). What was removed before the first version with schemas, and since when something counts as deprecated, is
in no schema: those facts are written down here, from https://kubernetes.io/docs/reference/using-api/deprecation-guide/
and from the API servers' own warnings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from gategit.checks.schema import versions

GUIDE: Final = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/"
_TABLE: Final = Path(__file__).with_name("served.json")


@dataclass(frozen=True, slots=True)
class Retirement:
    """That a kind was deprecated and, perhaps, removed.

    Attributes:
        deprecated: the first version that warns about it; None where that is not known.
        removed: the first version that no longer serves it; None where it is still served.
        replacement: the API version to write instead; "" where nothing replaces it.
        instead: what to use instead, where that is not the same kind of another API version.
    """

    deprecated: str | None
    removed: str | None
    replacement: str
    instead: str = ""


def _retirements() -> dict[tuple[str, str], Retirement]:
    rows: tuple[tuple[str, str, str | None, str | None, str], ...] = (
        ("extensions/v1beta1", "DaemonSet Deployment ReplicaSet", "1.9", "1.16", "apps/v1"),
        ("extensions/v1beta1", "NetworkPolicy", "1.9", "1.16", "networking.k8s.io/v1"),
        ("extensions/v1beta1", "Ingress", "1.14", "1.22", "networking.k8s.io/v1"),
        ("apps/v1beta1", "Deployment ReplicaSet StatefulSet", "1.9", "1.16", "apps/v1"),
        ("apps/v1beta2", "DaemonSet Deployment ReplicaSet StatefulSet", "1.9", "1.16", "apps/v1"),
        (
            "admissionregistration.k8s.io/v1beta1",
            "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
            "1.16",
            "1.22",
            "admissionregistration.k8s.io/v1",
        ),
        ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "1.16", "1.22", "apiextensions.k8s.io/v1"),
        ("apiregistration.k8s.io/v1beta1", "APIService", "1.16", "1.22", "apiregistration.k8s.io/v1"),
        ("authentication.k8s.io/v1beta1", "TokenReview", "1.16", "1.22", "authentication.k8s.io/v1"),
        (
            "authorization.k8s.io/v1beta1",
            "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
            "1.16",
            "1.22",
            "authorization.k8s.io/v1",
        ),
        ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", "1.19", "1.22", "certificates.k8s.io/v1"),
        ("coordination.k8s.io/v1beta1", "Lease", "1.16", "1.22", "coordination.k8s.io/v1"),
        ("networking.k8s.io/v1beta1", "Ingress IngressClass", "1.19", "1.22", "networking.k8s.io/v1"),
        (
            "rbac.authorization.k8s.io/v1alpha1",
            "ClusterRole ClusterRoleBinding Role RoleBinding",
            "1.17",
            "1.22",
            "rbac.authorization.k8s.io/v1",
        ),
        (
            "rbac.authorization.k8s.io/v1beta1",
            "ClusterRole ClusterRoleBinding Role RoleBinding",
            "1.17",
            "1.22",
            "rbac.authorization.k8s.io/v1",
        ),
        ("scheduling.k8s.io/v1alpha1", "PriorityClass", "1.14", "1.17", "scheduling.k8s.io/v1"),
        ("scheduling.k8s.io/v1beta1", "PriorityClass", "1.14", "1.22", "scheduling.k8s.io/v1"),
        ("settings.k8s.io/v1alpha1", "PodPreset", None, "1.20", ""),
        ("storage.k8s.io/v1beta1", "CSIDriver", "1.19", "1.22", "storage.k8s.io/v1"),
        ("storage.k8s.io/v1beta1", "CSINode", "1.17", "1.22", "storage.k8s.io/v1"),
        ("storage.k8s.io/v1beta1", "StorageClass VolumeAttachment", "1.16", "1.22", "storage.k8s.io/v1"),
        ("audit.k8s.io/v1alpha1", "Event Policy", "1.21", "1.24", "audit.k8s.io/v1"),
        ("audit.k8s.io/v1beta1", "Event Policy", "1.21", "1.24", "audit.k8s.io/v1"),
        ("storage.k8s.io/v1alpha1", "CSIStorageCapacity", "1.21", "1.24", "storage.k8s.io/v1"),
        ("batch/v2alpha1", "CronJob", None, "1.21", "batch/v1"),
        ("batch/v1beta1", "CronJob", "1.21", "1.25", "batch/v1"),
        ("autoscaling/v2beta1", "HorizontalPodAutoscaler", "1.22", "1.25", "autoscaling/v2"),
        ("discovery.k8s.io/v1beta1", "EndpointSlice", "1.21", "1.25", "discovery.k8s.io/v1"),
        ("events.k8s.io/v1beta1", "Event", "1.19", "1.25", "events.k8s.io/v1"),
        ("node.k8s.io/v1alpha1", "RuntimeClass", "1.20", "1.25", "node.k8s.io/v1"),
        ("node.k8s.io/v1beta1", "RuntimeClass", "1.22", "1.25", "node.k8s.io/v1"),
        ("policy/v1beta1", "PodDisruptionBudget", "1.21", "1.25", "policy/v1"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "1.23", "1.26", "autoscaling/v2"),
        (
            "flowcontrol.apiserver.k8s.io/v1alpha1",
            "FlowSchema PriorityLevelConfiguration",
            "1.20",
            "1.24",
            "flowcontrol.apiserver.k8s.io/v1",
        ),
        (
            "flowcontrol.apiserver.k8s.io/v1beta1",
            "FlowSchema PriorityLevelConfiguration",
            "1.23",
            "1.26",
            "flowcontrol.apiserver.k8s.io/v1",
        ),
        (
            "flowcontrol.apiserver.k8s.io/v1beta2",
            "FlowSchema PriorityLevelConfiguration",
            "1.26",
            "1.29",
            "flowcontrol.apiserver.k8s.io/v1",
        ),
        (
            "flowcontrol.apiserver.k8s.io/v1beta3",
            "FlowSchema PriorityLevelConfiguration",
            "1.29",
            "1.32",
            "flowcontrol.apiserver.k8s.io/v1",
        ),
        ("storage.k8s.io/v1beta1", "CSIStorageCapacity", "1.24", "1.27", "storage.k8s.io/v1"),
        (
            "admissionregistration.k8s.io/v1alpha1",
            "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
            "1.28",
            "1.32",
            "admissionregistration.k8s.io/v1",
        ),
        (
            "admissionregistration.k8s.io/v1beta1",
            "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
            "1.31",
            "1.34",
            "admissionregistration.k8s.io/v1",
        ),
        ("storage.k8s.io/v1alpha1", "VolumeAttributesClass", "1.31", "1.35", "storage.k8s.io/v1"),
        ("storage.k8s.io/v1beta1", "VolumeAttributesClass", "1.34", "1.37", "storage.k8s.io/v1"),
    )
    found = {
        (api_version, kind): Retirement(deprecated, removed, replacement)
        for api_version, kinds, deprecated, removed, replacement in rows
        for kind in kinds.split()
    }
    psp = "Pod Security Admission: labels pod-security.kubernetes.io/enforce on namespaces"
    found["extensions/v1beta1", "PodSecurityPolicy"] = Retirement("1.10", "1.16", "", psp)
    found["policy/v1beta1", "PodSecurityPolicy"] = Retirement("1.21", "1.25", "", psp)
    found["v1", "ComponentStatus"] = Retirement("1.19", None, "", "the health endpoints of the components")
    found["v1", "Endpoints"] = Retirement("1.33", None, "", "EndpointSlice of discovery.k8s.io/v1")
    return found


RETIREMENTS: Final[Mapping[tuple[str, str], Retirement]] = MappingProxyType(_retirements())
"""What the schemas alone cannot say, by API version and kind."""


_POLICY: Final = {"enum": ["Always", "IfNotPresent", "Never", "", None]}
_PROTOCOL: Final = {"enum": ["TCP", "UDP", "SCTP", "", None]}
_PORT: Final = {"minimum": 1, "maximum": 65535}
_COUNT: Final = {"minimum": 0}
_SERVICE_TYPES: Final = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "", None]

FIELD_RULES: Final[Mapping[str, Mapping[str, dict[str, Any]]]] = MappingProxyType(
    {
        "core.v1.Container": {"imagePullPolicy": _POLICY},
        "core.v1.EphemeralContainer": {"imagePullPolicy": _POLICY},
        "core.v1.ContainerPort": {"containerPort": _PORT, "protocol": _PROTOCOL},
        "core.v1.ServicePort": {"port": _PORT, "protocol": _PROTOCOL},
        "core.v1.ServiceSpec": {"type": {"enum": _SERVICE_TYPES}},
        "core.v1.PodSpec": {
            "restartPolicy": {"enum": ["Always", "OnFailure", "Never", "", None]},
            "dnsPolicy": {"enum": ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None", "", None]},
        },
        "apps.v1.DeploymentSpec": {"replicas": _COUNT},
        "apps.v1.ReplicaSetSpec": {"replicas": _COUNT},
        "apps.v1.StatefulSetSpec": {
            "replicas": _COUNT,
            "podManagementPolicy": {"enum": ["OrderedReady", "Parallel", "", None]},
        },
        "apps.v1.DeploymentStrategy": {"type": {"enum": ["Recreate", "RollingUpdate", "", None]}},
        "batch.v1.CronJobSpec": {"concurrencyPolicy": {"enum": ["Allow", "Forbid", "Replace", "", None]}},
        "networking.v1.HTTPIngressPath": {"pathType": {"enum": ["Exact", "Prefix", "ImplementationSpecific"]}},
    }
)
"""What the server refuses although the published definitions allow it: by definition and field."""


REQUIRED_FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"core.v1.Container": ("image",)})
"""What the server demands although the published definitions do not, by definition."""


@cache
def _served() -> dict[str, dict[str, list[int]]]:
    table: dict[str, dict[str, list[int]]] = json.loads(_TABLE.read_bytes())
    return table


@cache
def _beyond(version: str) -> frozenset[tuple[str, str]] | None:
    """The kinds of a version that the table does not cover; None where it does."""
    if versions.minor(version) <= _served()["v1"]["Pod"][1]:
        return None
    from gategit.checks.schema.kubernetes import kinds  # noqa: PLC0415  only a newer kubernetes-validate needs it

    return kinds(version)


def serves(version: str, api_version: str, kind: str) -> bool:
    """Whether a Kubernetes version has the kind."""
    beyond = _beyond(version)
    if beyond is not None:
        return (api_version, kind) in beyond
    span = _served().get(api_version, {}).get(kind)
    return span is not None and span[0] <= versions.minor(version) <= span[1]


def kinds(version: str) -> list[tuple[str, str]]:
    """Every API version and kind that a Kubernetes version has, sorted."""
    beyond = _beyond(version)
    if beyond is not None:
        return sorted(beyond)
    number = versions.minor(version)
    return sorted(
        (api_version, kind)
        for api_version, spans in _served().items()
        for kind, (first, last) in spans.items()
        if first <= number <= last
    )


def retirement(api_version: str, kind: str) -> Retirement | None:
    """What is known of a kind's end; None for a kind that never ended or never was.

    Lists end with the kind that they list.
    """
    for name in (kind, kind.removesuffix("List")):
        known = RETIREMENTS.get((api_version, name))
        if known is not None:
            return known
    span = _served().get(api_version, {}).get(kind)
    if span is None or span[1] == _served()["v1"]["Pod"][1]:
        return None
    return Retirement(None, f"1.{span[1] + 1}", "")


def own_group(group: str) -> bool:
    """Whether an API group is one of Kubernetes' own, which no CustomResourceDefinition can add kinds to."""
    return any(group_of(api_version) == group for api_version in _served())


def successor(version: str, api_version: str, kind: str) -> str | None:
    """The more stable API version of the same group that a Kubernetes version serves for an alpha or beta kind."""
    grade = _stability(api_version)[0]
    better = [one for one in served_versions(version, group_of(api_version), kind) if _stability(one)[0] < grade]
    return better[0] if better else None


def first_served(api_version: str, kind: str) -> str | None:
    """The first version that serves a kind, where that is later than the first one with schemas."""
    span = _served().get(api_version, {}).get(kind)
    return None if span is None or span[0] == _served()["v1"]["Pod"][0] else f"1.{span[0]}"


def served_versions(version: str, group: str, kind: str) -> list[str]:
    """The API versions of a group in which a Kubernetes version has the kind, the most stable first."""
    own = [api_version for api_version, name in kinds(version) if name == kind and group_of(api_version) == group]
    return sorted(own, key=_stability)


def group_of(api_version: str) -> str:
    """The group of an API version, "" for the core group."""
    return api_version.rpartition("/")[0]


def _stability(api_version: str) -> tuple[int, str]:
    name = api_version.rpartition("/")[2]
    return (2 if "alpha" in name else 1 if "beta" in name else 0), name


def table() -> dict[str, dict[str, list[int]]]:
    """Work the table out from the schemas of all versions.

    Raises:
        ValueError: a kind went away and came back, which the table cannot say.
    """
    from gategit.checks.schema.kubernetes import kinds as kinds_of  # noqa: PLC0415  read by the generator only

    found: dict[str, dict[str, list[int]]] = {}
    for version in versions.available():
        number = versions.minor(version)
        for api_version, kind in sorted(kinds_of(version)):
            if kind == "Status":  # an answer of the server, not an object
                continue
            span = found.setdefault(api_version, {}).setdefault(kind, [number, number - 1])
            if span[1] != number - 1:
                raise ValueError(f"{api_version} {kind} is not served without a break")
            span[1] = number
    return {api_version: dict(sorted(spans.items())) for api_version, spans in sorted(found.items())}


def table_text() -> str:
    """The table as its file holds it: one line for each API version."""
    lines = [f"{json.dumps(name)}: {json.dumps(spans)}" for name, spans in table().items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    _TABLE.write_text(table_text(), encoding="utf-8")

"""What an object needs of others, and what it brings: by name, as far as the API server does not look itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gategit.checks.policy.api import WORKLOADS, Field, Workload, is_filled_in_later, needed_names
from gategit.checks.policy.api.objects import Manifest as View
from gategit.model import FieldPath

Kind = tuple[str, str]
"""A group, "" for the core one, and a kind."""

CONFIG_MAP: Final = ("", "ConfigMap")
SECRET: Final = ("", "Secret")
SERVICE_ACCOUNT: Final = ("", "ServiceAccount")
CLAIM: Final = ("", "PersistentVolumeClaim")
STORAGE_CLASS: Final = ("storage.k8s.io", "StorageClass")
ATTRIBUTES_CLASS: Final = ("storage.k8s.io", "VolumeAttributesClass")
PRIORITY_CLASS: Final = ("scheduling.k8s.io", "PriorityClass")
RUNTIME_CLASS: Final = ("node.k8s.io", "RuntimeClass")
INGRESS_CLASS: Final = ("networking.k8s.io", "IngressClass")

CLASSES: Final = (STORAGE_CLASS, ATTRIBUTES_CLASS, PRIORITY_CLASS, RUNTIME_CLASS, INGRESS_CLASS)
"""Cluster-wide kinds that others name: the server has some of its own."""

EVERYWHERE: Final = "*"
"""Stands for each namespace."""

_MOST_REPLICAS = 1000
_ALWAYS_THERE: Final = frozenset({(SERVICE_ACCOUNT, "default"), (CONFIG_MAP, "kube-root-ca.crt")})
# Where objects of other systems say the name of the Secret that their controller makes; () is their own name.
_SECRET_MAKERS: Final[Mapping[str, tuple[FieldPath, ...]]] = {
    "bitnami.com/SealedSecret": (("spec", "template", "metadata", "name"), ()),
    "cert-manager.io/Certificate": (("spec", "secretName"),),
    "external-secrets.io/ExternalSecret": (("spec", "target", "name"), ()),
    "kafka.strimzi.io/KafkaUser": ((),),
    "objectbucket.io/ObjectBucketClaim": ((),),
    "onepassword.com/OnePasswordItem": ((),),
    "secrets.hashicorp.com/VaultDynamicSecret": (("spec", "destination", "name"),),
    "secrets.hashicorp.com/VaultPKISecret": (("spec", "destination", "name"),),
    "secrets.hashicorp.com/VaultStaticSecret": (("spec", "destination", "name"),),
}
_ISSUERS: Final = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer")


class Need(NamedTuple):
    """What a field of an object needs: an object of a kind, in a namespace where the kind has them."""

    kind: Kind
    name: str
    path: FieldPath


class Brought(NamedTuple):
    """What comes into the cluster with an object: itself, or what a controller makes of it."""

    kind: Kind
    namespace: str
    name: str


def needs(data: dict[str, Any]) -> Iterator[Need]:
    """What an object names and cannot do without.

    Names that a variable fills in later are left out, and so are references that are optional.
    """
    for need in _needs(data):
        if need.name and not is_filled_in_later(need.name) and (need.kind, need.name) not in _ALWAYS_THERE:
            yield need


def _needs(data: dict[str, Any]) -> Iterator[Need]:
    view = View(data)
    if view.group_kind in WORKLOADS:
        yield from _of_pods(Workload(data))
    if view.group_kind == "apps/StatefulSet":
        for template in view.items("spec", "volumeClaimTemplates"):
            yield from _of_claim(template.field("spec"))
    elif view.group_kind == "PersistentVolumeClaim":
        yield from _of_claim(view.field("spec"))
    elif view.group_kind == "networking.k8s.io/Ingress":
        yield _need(INGRESS_CLASS, view.field("spec", "ingressClassName"))


def _need(kind: Kind, field: Field) -> Need:
    return Need(kind, field.text(), field.path)


def _of_claim(spec: Field) -> Iterator[Need]:
    yield _need(STORAGE_CLASS, spec.field("storageClassName"))
    yield _need(ATTRIBUTES_CLASS, spec.field("volumeAttributesClassName"))


def _of_pods(workload: Workload) -> Iterator[Need]:
    pod = workload.pod
    yield _need(SERVICE_ACCOUNT, pod.field("serviceAccountName" if pod.has("serviceAccountName") else "serviceAccount"))
    yield _need(PRIORITY_CLASS, pod.field("priorityClassName"))
    yield _need(RUNTIME_CLASS, pod.field("runtimeClassName"))
    for field in needed_names(workload, "ConfigMap"):
        yield _need(CONFIG_MAP, field)
    for field in needed_names(workload, "Secret"):
        yield _need(SECRET, field)
    for volume in pod.items("volumes"):
        yield _need(CLAIM, volume.field("persistentVolumeClaim", "claimName"))
        yield from _of_claim(volume.field("ephemeral", "volumeClaimTemplate", "spec"))


def brings(data: dict[str, Any], namespace: str) -> Iterator[Brought]:
    """What comes with an object.

    Args:
        data: the object.
        namespace: where it is.
    """
    view = View(data)
    name = view.text("metadata", "name")
    yield Brought((view.group, view.kind), namespace, name)
    yield from _claims_brought(view, namespace)
    if view.group_kind == "PersistentVolume":
        # A claim and a volume find each other by the class that both name, whether there is one or not.
        yield Brought(STORAGE_CLASS, "", view.text("spec", "storageClassName"))
    elif view.group_kind == "trust.cert-manager.io/Bundle":
        yield Brought(CONFIG_MAP, EVERYWHERE, name)
        yield Brought(SECRET, EVERYWHERE, name)
    elif view.group_kind == "objectbucket.io/ObjectBucketClaim":
        yield Brought(CONFIG_MAP, namespace, name)
    for made in _secrets_brought(view, name):
        yield Brought(SECRET, namespace, made)
    connection = view.field("spec", "writeConnectionSecretToRef")
    yield Brought(SECRET, connection.text("namespace") or namespace, connection.text("name"))


def _claims_brought(view: View, namespace: str) -> Iterator[Brought]:
    if view.group_kind == "apps/StatefulSet":
        replicas = view.integer("spec", "replicas")
        for template in view.items("spec", "volumeClaimTemplates"):
            stem = f"{template.text('metadata', 'name')}-{view.text('metadata', 'name')}"
            for number in range(min(1 if replicas is None else replicas, _MOST_REPLICAS)):
                yield Brought(CLAIM, namespace, f"{stem}-{number}")
    elif view.group_kind == "cdi.kubevirt.io/DataVolume":
        yield Brought(CLAIM, namespace, view.text("metadata", "name"))


def _secrets_brought(view: View, name: str) -> Iterator[str]:
    places = _SECRET_MAKERS.get(view.group_kind, ())
    made = next((found for place in places if (found := view.text(*place) if place else name)), "")
    if made:
        yield made
    if view.group_kind == "secrets-store.csi.x-k8s.io/SecretProviderClass":
        yield from (one.text("secretName") for one in view.items("spec", "secretObjects"))
    elif view.group_kind == "isindir.github.com/SopsSecret":
        yield from (one.text("name") for one in view.items("spec", "secretTemplates"))
    elif view.group_kind == "postgresql.cnpg.io/Cluster":
        yield from (f"{name}-{role}" for role in ("app", "ca", "replication", "server", "superuser"))
    elif view.group_kind == "networking.k8s.io/Ingress":
        annotations = view.strings("metadata", "annotations")
        if any(issuer in annotations for issuer in _ISSUERS):
            yield from (one.text("secretName") for one in view.items("spec", "tls"))

"""Making a snapshot: what an offline run needs to know of a cluster, read from its API server.

Nothing that differs from one moment to the next is kept, and no Secret is ever asked for, not even for its name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from gategit.cluster.discovery import Discovery, Resource, discover
from gategit.cluster.failures import RefusedError, refused
from gategit.cluster.openapi import kinds_of, merged, without_prose
from gategit.cluster.snapshot import FORMAT, VERSION, Missing, encode
from gategit.cluster.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gategit.cluster.client import Client

Object = dict[str, Any]

CRD_GROUP: Final = "apiextensions.k8s.io"
CRD_KIND: Final = "CustomResourceDefinition"

_ADMISSION: Final = "admissionregistration.k8s.io"
_HOOKS: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")

EXPORTED: Final = (
    ("", "LimitRange"),
    ("", "Namespace"),
    ("", "ResourceQuota"),
    ("", "ServiceAccount"),
    (_ADMISSION, "MutatingAdmissionPolicy"),
    (_ADMISSION, "MutatingAdmissionPolicyBinding"),
    (_ADMISSION, "MutatingWebhookConfiguration"),
    (_ADMISSION, "ValidatingAdmissionPolicy"),
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"),
    (_ADMISSION, "ValidatingWebhookConfiguration"),
    (CRD_GROUP, CRD_KIND),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("networking.k8s.io", "IngressClass"),
    ("node.k8s.io", "RuntimeClass"),
    ("resource.k8s.io", "DeviceClass"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "StorageClass"),
    ("storage.k8s.io", "VolumeAttributesClass"),
)
"""The kinds that every snapshot holds, where the server serves them."""

_NOT_LIVE: Final = frozenset(
    {
        # Never.
        ("", "Secret"),
        # What the cluster writes about itself: no manifest declares it, and it differs from one minute to the next.
        ("", "ComponentStatus"),
        ("", "Endpoints"),
        ("", "Event"),
        ("", "Node"),
        ("apiregistration.k8s.io", "APIService"),
        ("apps", "ControllerRevision"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("coordination.k8s.io", "Lease"),
        ("coordination.k8s.io", "LeaseCandidate"),
        ("discovery.k8s.io", "EndpointSlice"),
        ("events.k8s.io", "Event"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("networking.k8s.io", "IPAddress"),
        ("networking.k8s.io", "ServiceCIDR"),
        ("resource.k8s.io", "ResourceSlice"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "CSIStorageCapacity"),
        ("storage.k8s.io", "VolumeAttachment"),
    }
)
_MEASURED: Final = "metrics.k8s.io"
"""The end of groups whose objects are measurements: nobody declares them, and their kinds come and go."""

_KEPT_ANNOTATIONS: Final = frozenset(
    {
        # Those that the API server's own admission and validation read; any other may hold anything.
        "api-approved.kubernetes.io",
        "ingressclass.kubernetes.io/is-default-class",
        "scheduler.alpha.kubernetes.io/defaultTolerations",
        "scheduler.alpha.kubernetes.io/node-selector",
        "scheduler.alpha.kubernetes.io/tolerationsWhitelist",
        "storageclass.beta.kubernetes.io/is-default-class",
        "storageclass.kubernetes.io/is-default-class",
    }
)
_BOOKKEEPING: Final = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generation",
        "managedFields",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
_ONE_NAMESPACE: Final = "the namespace "
_OF_A_RUN: Final = frozenset(
    {"batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"}
)
"""The labels that a server gives a Job and its Pods, so that no other Job has them."""

_BOOTSTRAPPED: Final = "kubernetes.io/bootstrapping"
_FORBIDDEN: Final = 403


async def export(
    client: Client,
    *,
    live_objects: bool = False,
    namespaces: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> bytes:
    """Export a cluster: the bytes of a snapshot, not compressed.

    What the account may not read is left out and named in the snapshot (``Snapshot.missing``).

    Args:
        client: of the cluster.
        live_objects: whether objects that manifests may declare are exported as they are, Secrets never.
        namespaces: export nothing of other namespaces; () is all of them.
        say: is told where the work stands.

    Raises:
        ClusterError: the server cannot be reached, or does not say what it serves.
    """
    discovery = _declarable(await discover(client))
    if not discovery.version:
        raise refused(client.access, "GET /version", await client.send("GET", "/version"))
    work = _Export(client, discovery, tuple(sorted(set(namespaces))), say)
    objects = await work.fixed()
    if live_objects:
        objects += await work.live()
    objects = work.in_namespaces(objects)
    defined = {(one["spec"]["group"], one["spec"]["names"]["kind"]) for one in objects if one["kind"] == CRD_KIND}
    kinds, schemas, variants = await work.schemas(defined)
    work.missing += [Missing(f"the API {one}", "the server behind it does not answer") for one in discovery.stale]
    resources = sorted(discovery.resources, key=lambda one: (one.group, one.kind))
    return encode(
        {
            "format": FORMAT,
            "version": VERSION,
            "kubernetes": discovery.version,
            "namespaces": list(work.namespaces) or None,
            "live_objects": live_objects,
            "missing": [{"what": one.what, "reason": one.reason} for one in sorted(set(work.missing), key=repr)],
            "resources": [_resource(one) for one in resources],
            "stale": sorted(discovery.stale),
            "kinds": kinds,
            "schemas": schemas,
            "variants": variants,
            "objects": sorted(objects, key=_place),
        }
    )


def _declarable(discovery: Discovery) -> Discovery:
    """What a server serves, without the kinds that no manifest declares."""
    return Discovery(
        tuple(one for one in discovery.resources if not one.group.endswith(_MEASURED)),
        discovery.version,
        tuple(one for one in discovery.stale if not one.partition("/")[0].endswith(_MEASURED)),
    )


def _resource(one: Resource) -> dict[str, Any]:
    return {
        "group": one.group,
        "version": one.version,
        "kind": one.kind,
        "plural": one.plural,
        "namespaced": one.namespaced,
        "verbs": sorted(one.verbs),
    }


def _place(one: Object) -> tuple[str, str, str, str]:
    metadata = one["metadata"]
    return one["apiVersion"], one["kind"], metadata.get("namespace", ""), metadata["name"]


class _Export:
    """One export under way; what cannot be read is added to ``missing``."""

    def __init__(
        self, client: Client, discovery: Discovery, namespaces: tuple[str, ...], say: Callable[[str], None]
    ) -> None:
        self.client = client
        self.discovery = discovery
        self.namespaces = namespaces
        self.say = say
        self.missing: list[Missing] = []

    async def fixed(self) -> list[Object]:
        """The objects that every snapshot holds."""
        found = await self._lists(one for one in map(self._preferred, EXPORTED) if one is not None)
        return [_essence(one) for one in found if _lasting(one)]

    async def live(self) -> list[Object]:
        """The objects that manifests may declare, as they are."""
        wanted = [
            resource
            for resource in self.discovery.resources
            if "list" in resource.verbs
            and (resource.group, resource.kind) not in EXPORTED
            and (resource.group, resource.kind) not in _NOT_LIVE
            and resource == self._preferred((resource.group, resource.kind))
        ]
        found = await self._lists(wanted)
        return [_live(one) for one in found if _lasting(one) and _declared(one)]

    def in_namespaces(self, objects: list[Object]) -> list[Object]:
        """The objects whose namespace is there to stay, where that is known."""
        if any(one.what == "namespaces" or one.what.startswith(_ONE_NAMESPACE) for one in self.missing):
            return objects
        names = {one["metadata"]["name"] for one in objects if (one["apiVersion"], one["kind"]) == ("v1", "Namespace")}
        return [one for one in objects if one["metadata"].get("namespace") in (None, *names)]

    async def schemas(
        self, defined: set[tuple[str, str]]
    ) -> tuple[dict[str, dict[str, str]], dict[str, Object], dict[str, dict[str, Object]]]:
        """The component of each kind, the components, and those that a group and version has otherwise.

        Args:
            defined: kinds whose definition is among the objects, which says more than what is published of it.
        """
        wanted: dict[tuple[str, str], list[str]] = {}
        for one in self.discovery.resources:
            if (one.group, one.kind) not in defined:
                wanted.setdefault((one.group, one.version), []).append(one.kind)
        published = await self.client.send("GET", "/openapi/v3")
        if not published.ok:
            raise refused(self.client.access, "GET /openapi/v3", published)
        paths = published.data.get("paths") if isinstance(published.data, dict) else None
        places = paths if isinstance(paths, dict) else {}
        self.say(f"reading the schemas of {len(wanted)} API versions")
        documents = await together(self._document(group, version, places) for group, version in wanted)
        kinds: dict[str, dict[str, str]] = {}
        parts: dict[str, dict[str, Object]] = {}
        for ((group, version), names), document in zip(wanted.items(), documents, strict=True):
            api_version = f"{group}/{version}" if group else version
            found, components = kinds_of(document, group, version, names)
            if found:
                kinds[api_version], parts[api_version] = found, components
        return kinds, *merged(parts)

    async def _document(self, group: str, version: str, places: dict[str, Any]) -> Any:
        path = f"apis/{group}/{version}" if group else f"api/{version}"
        if path not in places:
            return None  # a server behind this one that publishes no schemas: its kinds are served without
        answer = await self.client.send("GET", f"/openapi/v3/{path}")
        if answer.ok:
            return answer.data
        self._missed(f"the schemas of {group or 'the core group'}/{version}", answer.status)
        return None

    def _preferred(self, kind: tuple[str, str]) -> Resource | None:
        """The resource of a group and kind in the version that the server prefers."""
        group, name = kind
        versions = self.discovery.versions(group, name)
        return self.discovery.find(f"{group}/{versions[0]}" if group else versions[0], name) if versions else None

    async def _lists(self, resources: Iterable[Resource]) -> list[Object]:
        asked = list(resources)
        self.say(f"reading the objects of {len(asked)} kinds")
        found = await together(self._list(one) for one in asked)
        return [one for listed in found for one in listed]

    async def _list(self, resource: Resource) -> list[Object]:
        if not self.namespaces:
            return await self._one_list(resource, None)
        if resource.namespaced:
            lists = await together(self._one_list(resource, namespace) for namespace in self.namespaces)
            return [one for listed in lists for one in listed]
        if (resource.group, resource.kind) == ("", "Namespace"):
            answers = await together(self._namespace(resource, name) for name in self.namespaces)
            return [one for one in answers if one is not None]
        return await self._one_list(resource, None)

    async def _one_list(self, resource: Resource, namespace: str | None) -> list[Object]:
        try:
            return await self.client.list(resource.path(namespace))
        except RefusedError as error:
            inside = f" of the namespace {namespace}" if namespace is not None else ""
            self._missed(f"{_called(resource)}{inside}", error.answer.status)
            return []

    async def _namespace(self, resource: Resource, name: str) -> Object | None:
        answer = await self.client.send("GET", resource.path(None, name))
        if answer.ok and isinstance(answer.data, dict):
            return {"apiVersion": "v1", "kind": "Namespace", **answer.data}
        if answer.status != 404:
            self._missed(f"{_ONE_NAMESPACE}{name}", answer.status)
        return None

    def _missed(self, what: str, status: int) -> None:
        reason = "this account may not read them" if status == _FORBIDDEN else f"the server says {status}"
        self.missing.append(Missing(what, reason))


def _called(resource: Resource) -> str:
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


# --- what of an object is kept ---------------------------------------------------------------------------------------


def _lasting(one: Object) -> bool:
    """Whether an object is there to stay: what is being deleted takes nothing new in."""
    return not one.get("metadata", {}).get("deletionTimestamp")


def _declared(one: Object) -> bool:
    """Whether a manifest may have declared a live object: not what a controller or the server itself makes."""
    metadata = one.get("metadata", {})
    if any(owner.get("controller") for owner in metadata.get("ownerReferences", ())):
        return False
    if _BOOTSTRAPPED in metadata.get("labels", {}):
        return False
    return not (one["kind"] == "ConfigMap" and metadata.get("name") == "kube-root-ca.crt")


def _bare(one: Object, annotations: dict[str, str]) -> Object:
    """An object without what the server keeps about it."""
    metadata = {key: value for key, value in one.get("metadata", {}).items() if key not in _BOOKKEEPING}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    kept = {key: value for key, value in one.items() if key not in ("metadata", "status")}
    return {**kept, "metadata": metadata}


def _essence(one: Object) -> Object:
    """What a snapshot keeps of an object that every snapshot holds."""
    annotations = one.get("metadata", {}).get("annotations", {})
    found = _bare(one, {key: value for key, value in annotations.items() if key in _KEPT_ANNOTATIONS})
    kind = one["kind"]
    if kind == "ServiceAccount":
        # Its name is what an offline run asks for; the rest names Secrets.
        names = {key: found["metadata"][key] for key in ("name", "namespace")}
        return {"apiVersion": found["apiVersion"], "kind": kind, "metadata": names}
    if kind == "Namespace":
        del found["spec"]
    elif kind == "ResourceQuota" and "status" in one:
        found["status"] = one["status"]
    elif kind in _HOOKS:
        found["webhooks"] = [
            {key: value for key, value in hook.items() if key != "clientConfig"} for hook in one.get("webhooks", ())
        ]
    elif kind == CRD_KIND:
        found["spec"] = _definition(one["spec"])
    elif kind.endswith("Class") and isinstance(one.get("parameters"), dict):
        found["parameters"] = {k: v for k, v in one["parameters"].items() if "secret" not in k.lower()}
    return found


def _definition(spec: Object) -> Object:
    """A CustomResourceDefinition's spec: without prose, and without the certificate of its conversion webhook."""
    found = dict(spec)
    found["versions"] = [
        {**version, "schema": {"openAPIV3Schema": without_prose(version["schema"].get("openAPIV3Schema"))}}
        if isinstance(version.get("schema"), dict)
        else version
        for version in spec.get("versions", ())
    ]
    conversion = spec.get("conversion", {})
    if isinstance(conversion.get("webhook"), dict):
        client = {k: v for k, v in conversion["webhook"].get("clientConfig", {}).items() if k != "caBundle"}
        found["conversion"] = {**conversion, "webhook": {**conversion["webhook"], "clientConfig": client}}
    return found


def _live(one: Object) -> Object:
    """A live object as it is, without the server's bookkeeping and without copies of manifests in annotations.

    What a server allocates or makes up means nothing to another one, such as a sandbox: that is left out, too.
    """
    annotations = one.get("metadata", {}).get("annotations", {})
    found = _bare(one, {key: value for key, value in annotations.items() if not _copy_of_manifest(value)})
    kind = (one["apiVersion"].rpartition("/")[0], one["kind"])
    if kind == ("", "Service"):
        found["spec"] = {key: value for key, value in one["spec"].items() if not _allocated(key, value)}
    elif kind == ("batch", "Job") and one["spec"].get("manualSelector") is not True:
        found["metadata"] = _without_run(found["metadata"])
        template = one["spec"]["template"]
        found["spec"] = {key: value for key, value in one["spec"].items() if key != "selector"}
        found["spec"]["template"] = {**template, "metadata": _without_run(template.get("metadata", {}))}
    elif kind == ("", "PersistentVolume") and "claimRef" in one["spec"]:
        claim = {key: value for key, value in one["spec"]["claimRef"].items() if key not in _BOOKKEEPING}
        found["spec"] = {**one["spec"], "claimRef": claim}
    return found


def _allocated(field: str, value: Any) -> bool:
    """Whether a field of a Service holds what the server took from its own ranges."""
    return field == "healthCheckNodePort" or (field in ("clusterIP", "clusterIPs") and value not in ("None", ["None"]))


def _without_run(metadata: Object) -> Object:
    labels = {key: value for key, value in metadata.get("labels", {}).items() if key not in _OF_A_RUN}
    rest = {key: value for key, value in metadata.items() if key != "labels"}
    return {**rest, "labels": labels} if labels else rest


def _copy_of_manifest(value: str) -> bool:
    """Whether an annotation holds a whole object, as appliers keep it; a Secret's values may stand in it."""
    text = value.lstrip()
    if not text.startswith(("{", "H4sI")):
        return False
    if text.startswith("H4sI"):  # the same, compressed with gzip and in base64
        return True
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and ("apiVersion" in data or "kind" in data)

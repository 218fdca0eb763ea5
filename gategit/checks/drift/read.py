"""Reading what drift needs from a cluster: declared objects in full, of all others the metadata alone.

Only GET and LIST are sent. A Secret's values are read only where Git declares that Secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gategit.checks.drift.strangers import UNLISTED
from gategit.cluster.client import Client
from gategit.cluster.discovery import Discovery, Resource
from gategit.cluster.failures import RefusedError
from gategit.cluster.together import together
from gategit.manifests.manifest import ObjectKey, group_kind
from gategit.model import Unchecked

METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

_SECRET: Final = ("", "Secret")
_FEW_NAMESPACES: Final = 8
"""Up to so many namespaces are listed one by one; of more, the whole cluster is listed where that is allowed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One declared object to read."""

    resource: Resource
    namespace: str | None
    name: str

    @property
    def key(self) -> ObjectKey:
        """The object's key, with the namespace that it has in the cluster."""
        return ObjectKey(self.resource.group, self.resource.kind, self.namespace or "", self.name)


@dataclass(slots=True)
class Live:
    """What was read.

    Attributes:
        objects: declared kinds' objects by API version and key, in full.
        others: every other object of the namespaces, with its metadata at least, and its kind with the group.
        refused: what may not be read, and the objects that are therefore not known.
        unchecked: the same as sentences.
    """

    objects: dict[tuple[str, ObjectKey], Mapping[str, Any]] = field(default_factory=dict)
    others: dict[ObjectKey, Mapping[str, Any]] = field(default_factory=dict)
    refused: set[Wanted] = field(default_factory=set)
    unchecked: list[Unchecked] = field(default_factory=list)


async def read_live(client: Client, discovery: Discovery, wanted: Sequence[Wanted], namespaces: Sequence[str]) -> Live:
    """Read every declared object, and what else there is in some namespaces.

    Args:
        client: of the cluster.
        discovery: what it serves.
        wanted: the declared objects.
        namespaces: where all objects are listed; elsewhere declared objects alone are read.

    Raises:
        ClusterError: the cluster does not answer.
    """
    return await _Reader(client, discovery, wanted, namespaces).read()


class _Reader:
    """One reading of a cluster."""

    def __init__(
        self, client: Client, discovery: Discovery, wanted: Sequence[Wanted], namespaces: Sequence[str]
    ) -> None:
        self._client = client
        self._discovery = discovery
        self._wanted = wanted
        self._namespaces = namespaces
        self._live = Live()

    async def read(self) -> Live:
        """All of it at once."""
        listed = set(self._namespaces)
        whole = {
            one.resource
            for one in self._wanted
            if one.namespace in listed
            and _key(one.resource) != _SECRET
            and "list" in one.resource.verbs
            and group_kind(one.resource.api_version, one.resource.kind) not in UNLISTED
        }
        single = [one for one in self._wanted if one.resource not in whole or one.namespace not in listed]
        await together(
            [
                *(self._get(one) for one in single),
                *(self._list(resource, metadata_only=False) for resource in whole),
                *(self._list(resource, metadata_only=True) for resource in self._rest(whole)),
            ]
        )
        return self._live

    def _rest(self, whole: Iterable[Resource]) -> list[Resource]:
        """The kinds of which metadata are listed: each in one version."""
        known = {_key(resource) for resource in whole}
        found: dict[tuple[str, str], Resource] = {}
        for resource in self._discovery.resources if self._namespaces else ():
            kind = group_kind(resource.api_version, resource.kind)
            if resource.namespaced and "list" in resource.verbs and kind not in UNLISTED:
                found.setdefault(_key(resource), resource)
        return [resource for key, resource in found.items() if key not in known]

    async def _get(self, wanted: Wanted) -> None:
        path = wanted.resource.path(wanted.namespace, wanted.name)
        answer = await self._client.send("GET", path)
        if answer.ok and isinstance(answer.data, dict):
            self._live.objects[wanted.resource.api_version, wanted.key] = answer.data
        elif answer.status != 404:
            self._live.refused.add(wanted)
            where = f"{wanted.namespace}/" if wanted.namespace else ""
            self._miss(f"{wanted.resource.kind} {where}{wanted.name}", "read", answer.status, answer.message)

    async def _list(self, resource: Resource, *, metadata_only: bool) -> None:
        if len(self._namespaces) > _FEW_NAMESPACES:
            try:
                items = await self._items(resource, None, metadata_only=metadata_only)
            except RefusedError as error:
                if error.answer.status != 403:
                    self._refuse(resource, None, error)
                    return
            else:
                self._keep(resource, items, metadata_only=metadata_only)
                return
        await together(self._list_namespace(resource, name, metadata_only=metadata_only) for name in self._namespaces)

    async def _list_namespace(self, resource: Resource, namespace: str, *, metadata_only: bool) -> None:
        try:
            items = await self._items(resource, namespace, metadata_only=metadata_only)
        except RefusedError as error:
            self._refuse(resource, namespace, error)
        else:
            self._keep(resource, items, metadata_only=metadata_only)

    async def _items(self, resource: Resource, namespace: str | None, *, metadata_only: bool) -> list[dict[str, Any]]:
        path = resource.path(namespace)
        return await (self._client.list(path, accept=METADATA) if metadata_only else self._client.list(path))

    def _keep(self, resource: Resource, items: Iterable[dict[str, Any]], *, metadata_only: bool) -> None:
        listed = set(self._namespaces)
        for item in items:
            metadata = item.get("metadata")
            data = metadata if isinstance(metadata, dict) else {}
            namespace, name = str(data.get("namespace") or ""), str(data.get("name") or "")
            if namespace not in listed:
                continue
            key = ObjectKey(resource.group, resource.kind, namespace, name)
            self._live.others.setdefault(key, {"metadata": data})
            if not metadata_only:
                self._live.objects[resource.api_version, key] = item

    def _refuse(self, resource: Resource, namespace: str | None, error: RefusedError) -> None:
        where = f" in the namespace {namespace}" if namespace is not None else ""
        self._miss(f"{resource.plural}{where}", "listed", error.answer.status, error.answer.message)
        self._live.refused.update(
            one for one in self._wanted if one.resource == resource and namespace in (None, one.namespace)
        )

    def _miss(self, what: str, done: str, status: int, message: str) -> None:
        reason = f"the account may not have it {done}" if status == 403 else f"it could not be {done}: {message}"
        self._live.unchecked.append(Unchecked(what, reason))


def _key(resource: Resource) -> tuple[str, str]:
    return resource.group, resource.kind

"""What an API server serves: its groups, versions and kinds, and under which paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from gategit.cluster.answer import Answer
from gategit.cluster.failures import NoApiServerError, place, refused
from gategit.cluster.together import together

if TYPE_CHECKING:
    from gategit.cluster.client import Client

# The plain type comes last: servers before 1.26 know no other, and answer with the short form.
_ACCEPT: Final = ",".join(
    [
        *(f"application/json;g=apidiscovery.k8s.io;v={v};as=APIGroupDiscoveryList" for v in ("v2", "v2beta1")),
        "application/json",
    ]
)


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind as a server serves it.

    Attributes:
        group: "" for the core group.
        version: such as ``v1``.
        kind: such as ``Deployment``.
        plural: as it stands in paths, such as ``deployments``.
        namespaced: whether its objects live in namespaces.
        verbs: what the server can do with it, such as ``patch``.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str] = frozenset()

    @property
    def api_version(self) -> str:
        """As manifests write it: ``apps/v1``, and ``v1`` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """The path of one object, without a name of the collection; a cluster-wide kind leaves the namespace out.

        Names come from manifests: whatever they hold, the path leads to an object of this kind or to none.
        """
        root = f"/apis/{_quoted(self.group)}" if self.group else "/api"
        inside = f"/namespaces/{_quoted(namespace)}" if self.namespaced and namespace else ""
        last = f"/{_quoted(name)}" if name is not None else ""
        return f"{root}/{_quoted(self.version)}{inside}/{_quoted(self.plural)}{last}"


@dataclass(frozen=True, slots=True)
class Discovery:
    """All that a server serves.

    Attributes:
        resources: without subresources; a group's versions in the server's order of preference.
        version: of the server, such as ``v1.36.3``; "" where it does not say.
        stale: group versions that a server behind this one should serve and does not at the moment.
    """

    resources: tuple[Resource, ...]
    version: str
    stale: tuple[str, ...] = ()
    _by_kind: Mapping[tuple[str, str], Resource] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_kind: dict[tuple[str, str], Resource] = {}
        for resource in self.resources:
            by_kind.setdefault((resource.api_version, resource.kind), resource)
        object.__setattr__(self, "_by_kind", by_kind)

    def find(self, api_version: str, kind: str) -> Resource | None:
        """The resource of a manifest's API version and kind, None where the server does not serve it."""
        return self._by_kind.get((api_version, kind))

    def versions(self, group: str, kind: str) -> tuple[str, ...]:
        """The versions in which the server serves a kind, the preferred one first."""
        return tuple(r.version for r in self.resources if r.group == group and r.kind == kind)


async def discover(client: Client) -> Discovery:
    """Ask a server what it serves: three requests, and one more for each group version of servers before 1.26.

    Raises:
        ClusterError: no answer came, or what answered is no API server.
    """
    core, named, version = await together(
        client.send("GET", path, accept=accept)
        for path, accept in (("/api", _ACCEPT), ("/apis", _ACCEPT), ("/version", "application/json"))
    )
    resources: list[Resource] = []
    stale: list[str] = []
    for path, answer in (("/api", core), ("/apis", named)):
        data = _checked(client, path, answer)
        if data["kind"] == "APIGroupDiscoveryList":
            found, gone = _aggregated(data)
        else:
            found, gone = await _one_by_one(client, data)
        resources.extend(found)
        stale.extend(gone)
    said = version.data if version.ok and isinstance(version.data, dict) else {}
    return Discovery(tuple(resources), _text(said, "gitVersion"), tuple(stale))


def _checked(client: Client, path: str, answer: Answer) -> dict[str, Any]:
    if not answer.ok:
        raise refused(client.access, f"GET {path}", answer)
    data = answer.data
    kinds = {"APIGroupDiscoveryList", "APIVersions" if path == "/api" else "APIGroupList"}
    if not isinstance(data, dict) or data.get("kind") not in kinds:
        raise NoApiServerError(
            f"what answers at {place(client.access)} is no Kubernetes API server",
            "look at the server in the kubeconfig: its path may be wrong, or a login page stands in front of it",
        )
    return data


def _aggregated(data: Mapping[str, Any]) -> tuple[list[Resource], list[str]]:
    """Read an APIGroupDiscoveryList: the resources, and the group versions whose server is gone."""
    resources: list[Resource] = []
    stale: list[str] = []
    for group in _mappings(data, "items"):
        metadata = group.get("metadata")
        name = _text(metadata, "name") if isinstance(metadata, dict) else ""
        for served in _mappings(group, "versions"):
            version = _text(served, "version")
            if served.get("freshness") == "Stale":
                stale.append(f"{name}/{version}" if name else version)
            for item in _mappings(served, "resources"):
                answered = item.get("responseKind")
                kind = _text(answered, "kind") if isinstance(answered, dict) else ""
                if kind:
                    resources.append(
                        Resource(
                            name,
                            version,
                            kind,
                            _text(item, "resource"),
                            namespaced=item.get("scope") == "Namespaced",
                            verbs=_verbs(item),
                        )
                    )
    return resources, stale


async def _one_by_one(client: Client, data: Mapping[str, Any]) -> tuple[list[Resource], list[str]]:
    """Ask for each group version by itself, as servers before 1.26 need it."""
    versions: list[tuple[str, str]] = []
    if data["kind"] == "APIVersions":
        listed = data.get("versions")
        versions = [("", str(version)) for version in listed] if isinstance(listed, list) else []
    for group in _mappings(data, "groups"):
        served = [_text(version, "version") for version in _mappings(group, "versions")]
        preferred = group.get("preferredVersion")
        first = _text(preferred, "version") if isinstance(preferred, dict) else ""
        versions.extend((_text(group, "name"), version) for version in sorted(served, key=lambda v: v != first))
    answers = await together(
        client.send("GET", f"/apis/{_quoted(group)}/{_quoted(v)}" if group else f"/api/{_quoted(v)}")
        for group, v in versions
    )
    resources: list[Resource] = []
    stale: list[str] = []
    for (group_name, version), answer in zip(versions, answers, strict=True):
        if not answer.ok or not isinstance(answer.data, dict):
            stale.append(f"{group_name}/{version}" if group_name else version)
            continue
        resources.extend(
            Resource(
                group_name,
                version,
                _text(item, "kind"),
                _text(item, "name"),
                namespaced=item.get("namespaced") is True,
                verbs=_verbs(item),
            )
            for item in _mappings(answer.data, "resources")
            if "/" not in _text(item, "name")
        )
    return resources, stale


def _mappings(data: Mapping[str, Any], key: str) -> Iterator[dict[str, Any]]:
    values = data.get(key)
    return (value for value in (values if isinstance(values, list) else ()) if isinstance(value, dict))


def _verbs(item: Mapping[str, Any]) -> frozenset[str]:
    verbs = item.get("verbs")
    return frozenset(verb for verb in (verbs if isinstance(verbs, list) else ()) if isinstance(verb, str))


def _text(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _quoted(segment: str) -> str:
    """One part of a path.

    The server takes quoting away before it looks for slashes: a name with one would lead to a part of another object,
    to a Service's proxy even. Quoted twice it is a name that no object can have, and so is what stands for no name.
    """
    return quote(segment.replace("/", "%2F") or "%", safe="", errors="replace")

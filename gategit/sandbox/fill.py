"""Fill a sandbox with the objects that are there before a change: for real, in an order in which they fit.

No controllers run in a sandbox. What they would do at once and what admission counts on is done here: every namespace
has its service account ``default``, every quota its status. Limits and policies come last, and are in force at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from gategit.cluster.discovery import Discovery, Resource, discover
from gategit.cluster.together import together
from gategit.errors import UndecidedError
from gategit.sandbox.objects import (
    CLASSES,
    DEFINITION,
    FIXED,
    GROUND,
    LIMITS,
    MUTATING,
    NAMESPACE,
    POD_SECURITY,
    QUOTA,
    REST,
    RIGHTS,
    SERVICE_ACCOUNT,
    VALIDATING,
    Object,
    counted,
    group_kind,
    identity,
    mapping,
    name_of,
    namespace_of,
    prepare,
    text,
    turn,
)

if TYPE_CHECKING:
    from gategit.cluster.client import Client

_MANAGER: Final = "gategit"
_APPLY: Final = "application/apply-patch+yaml"
_MERGE: Final = "application/merge-patch+json"
_WITHIN = 30.0
_FOR_EACH = 2.0
_LOOK_AGAIN = 0.05
# What the server's own parts need to hear of an object that was just made; nothing shows when they have.
_SETTLES = 0.2
_NAMES_SHOWN = 5
_OWN_RANGE: Final = ip_network("10.96.0.0/12")
# Where clusters have the addresses of their Services. Which of these is the cluster's own is not known here.
_SERVICE_RANGES: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "34.118.224.0/20")
# As quotas call what they count, where that is not count/PLURAL.GROUP.
_COUNTED: Final = frozenset(
    {"configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services"}
)


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that the sandbox did not take.

    Attributes:
        object: as it was given.
        message: the server's.
        unserved: the server does not know the kind.
    """

    object: Object
    message: str
    unserved: bool = False

    @property
    def what(self) -> str:
        """The object as messages name it: ``Deployment shop/web``."""
        _, kind, namespace, name = identity(self.object)
        return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of filling a sandbox.

    Attributes:
        refused: what it did not take, in the order that it was given in.
        notes: what was left out, altered or added; sentences without a full stop.
        namespaces: that objects needed, nobody declared, and were made all the same.
        made: how many of the objects it took.
    """

    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    made: int = 0


async def fill(
    client: Client, objects: Sequence[Mapping[str, Any]], say: Callable[[str], None], *, strict: bool = False
) -> Filled:
    """Make objects in a sandbox, for real.

    Args:
        client: of the sandbox, with all rights.
        objects: plain data, exported objects too. Of the same object twice, the later one counts.
        say: is told where it stands.
        strict: refuse fields that a kind does not have, as agents do; else they are left out.

    Returns:
        What the sandbox refused, and what is different from the cluster.

    Raises:
        ClusterError: the sandbox does not answer.
        UndecidedError: its admission policies do not come into force.
    """
    return await _Filling(client, say, strict=strict).fill(objects)


class _Filling:
    """The filling of one sandbox."""

    def __init__(self, client: Client, say: Callable[[str], None], *, strict: bool) -> None:
        self._client = client
        self._say = say
        self._validation = "Strict" if strict else "Ignore"
        self._discovery = Discovery((), "")
        self._refused: dict[tuple[str, str, str, str], Refused] = {}
        self._made = 0
        self._total = 0

    async def fill(self, objects: Sequence[Mapping[str, Any]]) -> Filled:
        prepared = prepare(objects)
        self._total = len(prepared.objects)
        turns: dict[int, list[Object]] = {number: [] for number in range(VALIDATING + 1)}
        for one in prepared.objects:
            turns[turn(one)].append(one)
        self._discovery = await discover(self._client)
        undeclared = await self._make_ground(turns[GROUND], prepared.objects)
        await self._make_default_accounts(turns[CLASSES])
        for number in (CLASSES, RIGHTS):
            await self._apply(turns[number])
        async with self._wider_service_ranges(turns[FIXED]):
            await self._apply(turns[FIXED])
        await self._apply(turns[REST])
        await self._apply(again := [one.object for one in self._refused.values() if not one.unserved])
        self._made -= len(again)
        await self._tighten(turns[GROUND])
        await self._apply(turns[LIMITS])
        quotas = [one for one in turns[LIMITS] if group_kind(one) == QUOTA and identity(one) not in self._refused]
        await together(
            self._set_usage(quota, prepared.statuses.get(identity(quota)), prepared.objects) for quota in quotas
        )
        if turns[LIMITS] or any(_without_pod_security(one) is not one for one in turns[GROUND]):
            await asyncio.sleep(_SETTLES)
        for number in (MUTATING, VALIDATING):
            await self._apply(turns[number])
            await self._wait_for_policies(turns[number])
        refused = tuple(self._refused[key] for one in prepared.objects if (key := identity(one)) in self._refused)
        notes = list(prepared.notes)
        if undeclared:
            shown = ", ".join(undeclared[:_NAMES_SHOWN]) + (", …" if len(undeclared) > _NAMES_SHOWN else "")
            notes.append(f"{counted(len(undeclared), 'Namespace')} made that nothing declares: {shown}")
        return Filled(refused, tuple(notes), tuple(undeclared), len(prepared.objects) - len(refused))

    async def _make_ground(self, ground: Sequence[Object], objects: Iterable[Object]) -> list[str]:
        """Make namespaces and definitions, wait for the kinds; the namespaces that nobody declares are returned."""
        definitions = [one for one in ground if group_kind(one) == DEFINITION]
        # What runs in a namespace already is not refused by what is demanded of newcomers: that comes later.
        await self._apply([_without_pod_security(one) for one in ground])
        for one in ground:
            if (refused := self._refused.get(identity(one))) is not None:
                self._refused[identity(one)] = Refused(one, refused.message, refused.unserved)
        accepted = [one for one in definitions if identity(one) not in self._refused]
        if accepted:
            await self._wait_for_kinds(accepted)
        there = {name_of(one) for one in await self._client.list("/api/v1/namespaces")}
        needed = {namespace_of(one) or "default" for one in objects if self._is_namespaced(one)}
        missing = sorted(needed - there)
        made = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in missing]
        self._total += len(made)
        await self._apply(made)
        # A namespace whose name the server does not take is the fault of the objects in it, which say so themselves.
        failed = {key for name in missing if (key := ("", "Namespace", "", name)) in self._refused}
        for key in failed:
            del self._refused[key]
        return [name for name in missing if ("", "Namespace", "", name) not in failed]

    @asynccontextmanager
    async def _wider_service_ranges(self, services: Iterable[Object]) -> AsyncIterator[None]:
        """Let Services have the addresses that they name, though they are not of the sandbox's own range.

        Only for a while: with several ranges, a server judges a dry run by any one of them. Servers before 1.33 have
        one range and no more.
        """
        resource = next((one for one in self._discovery.resources if one.kind == "ServiceCIDR"), None)
        if resource is None or all(_is_in_own_range(one) for one in services):
            yield
            return
        ranges = {f"gategit-{number}": cidr for number, cidr in enumerate(_SERVICE_RANGES)}
        head = {"apiVersion": resource.api_version, "kind": resource.kind}
        # A server that refuses them refuses the Services as well, and says why.
        await together(
            self._client.send(
                "POST",
                resource.path(None),
                body={**head, "metadata": {"name": name}, "spec": {"cidrs": [cidr]}},
                retry=False,
            )
            for name, cidr in ranges.items()
        )
        yield
        await together(self._client.send("DELETE", resource.path(None, name)) for name in ranges)

    def _is_namespaced(self, one: Object) -> bool:
        resource = self._discovery.find(text(one.get("apiVersion")), text(one.get("kind")))
        return resource.namespaced if resource is not None else bool(namespace_of(one))

    async def _wait_for_kinds(self, definitions: Sequence[Object]) -> None:
        """Wait until the server serves what definitions define."""
        wanted = {kind for one in definitions for kind in _served(one)}
        ends = asyncio.get_running_loop().time() + _WITHIN + _FOR_EACH * len(definitions)
        while True:
            self._discovery = await discover(self._client)
            missing = [kind for kind in wanted if self._discovery.find(*kind) is None]
            if not missing or asyncio.get_running_loop().time() > ends:
                break
            self._say(f"waiting for {len(missing):,} kinds")
            await asyncio.sleep(_LOOK_AGAIN)
        # A name that another definition has taken already is never served: its objects say so.
        paths = {resource.path(None) for kind in wanted if (resource := self._discovery.find(*kind)) is not None}
        await together(self._wait_until_answered(path, ends) for path in paths)

    async def _wait_until_answered(self, path: str, ends: float) -> None:
        """A kind that was listed just now may not be answered for another moment."""
        while not (await self._client.send("GET", path, query={"limit": "1"})).ok:
            if asyncio.get_running_loop().time() > ends:
                return
            await asyncio.sleep(_LOOK_AGAIN)

    async def _make_default_accounts(self, early: Sequence[Object]) -> None:
        """Give every namespace the service account that a controller would make; without it no Pod is admitted."""
        declared = {
            namespace_of(one) for one in early if group_kind(one) == SERVICE_ACCOUNT and name_of(one) == "default"
        }
        names = {name_of(one) for one in await self._client.list("/api/v1/namespaces")} - declared
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        await together(
            self._client.send("POST", f"/api/v1/namespaces/{name}/serviceaccounts", body=account, retry=False)
            for name in sorted(names)
        )

    async def _apply(self, objects: Sequence[Object]) -> None:
        await together(self._make(one) for one in objects)

    async def _make(self, one: Object) -> None:
        message, unserved = await self._send(one)
        self._made += 1
        self._say(f"filling the sandbox: {self._made:,} of {self._total:,} objects")
        if message:
            self._refused[identity(one)] = Refused(one, message, unserved)
        else:
            self._refused.pop(identity(one), None)

    async def _send(self, one: Object) -> tuple[str, bool]:
        """Make one object; what the server says against it, and whether that is that it does not know the kind."""
        resource = self._discovery.find(text(one.get("apiVersion")), text(one.get("kind")))
        if resource is None:
            return f"the sandbox serves no {one.get('kind')} of {one.get('apiVersion')}", True
        if "patch" not in resource.verbs:
            return f"a {resource.kind} is a question to the server, and cannot be kept", False
        body = _placed(one, resource)
        namespace = namespace_of(body)
        answer = await self._client.send(
            "PATCH",
            resource.path(namespace, name_of(one)),
            query={"fieldManager": _MANAGER, "force": "true"},
            body=body,
            content_type=_APPLY,
        )
        if answer.status == 500:
            # Server-side apply knows only what is declared. The cluster may have taken it in a more lenient way.
            lenient = await self._client.send(
                "POST",
                resource.path(namespace),
                query={"fieldManager": _MANAGER, "fieldValidation": self._validation},
                body=body,
                retry=False,
            )
            answer = answer if lenient.status == 409 else lenient
        return ("", False) if answer.ok else (answer.message or f"it answered with {answer.status}", False)

    async def _tighten(self, ground: Sequence[Object]) -> None:
        """Demand of newcomers what the namespaces demand, now that what was there before is there."""
        held_back = [
            one for one in ground if _without_pod_security(one) is not one and identity(one) not in self._refused
        ]
        self._total += len(held_back)
        await self._apply(held_back)

    async def _set_usage(self, quota: Object, status: Mapping[str, Any] | None, objects: Iterable[Object]) -> None:
        """Fill in the status of a quota: as exported, else what of the objects can be counted."""
        namespace = namespace_of(quota) or "default"
        hard = dict(mapping(mapping(quota.get("spec")).get("hard")))
        known = dict(mapping((status or {}).get("used")))
        counts = self._counts(namespace, objects) if set(hard) - set(known) else {}
        used = {name: known.get(name, counts.get(name, "0")) for name in hard}
        resource = Resource("", "v1", "ResourceQuota", "resourcequotas", namespaced=True)
        answer = await self._client.send(
            "PATCH",
            f"{resource.path(namespace, name_of(quota))}/status",
            query={"fieldManager": _MANAGER},
            body={"status": {"hard": hard, "used": used}},
            content_type=_MERGE,
        )
        if not answer.ok:
            self._refused[identity(quota)] = Refused(quota, answer.message)

    def _counts(self, namespace: str, objects: Iterable[Object]) -> dict[str, str]:
        """How many objects of each kind there are in a namespace, as quotas call it."""
        counts: dict[str, int] = {}
        for one in objects:
            resource = self._discovery.find(text(one.get("apiVersion")), text(one.get("kind")))
            if resource is None or not resource.namespaced or identity(one) in self._refused:
                continue
            if (namespace_of(one) or "default") != namespace:
                continue
            plural = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
            for name in [f"count/{plural}", *([plural] if plural in _COUNTED else [])]:
                counts[name] = counts.get(name, 0) + 1
        return {name: str(count) for name, count in counts.items()}

    async def _wait_for_policies(self, policies: Sequence[Object]) -> None:
        """Wait until the server judges by the admission policies: it reads them now and then, and says nothing of it.

        A policy of our own, made after all others, shows it: once it is heard, they are.
        """
        taken = [one for one in policies if identity(one) not in self._refused]
        kinds = {text(one.get("kind")): text(one.get("apiVersion")) for one in taken}
        for kind, api_version in kinds.items():
            if kind.endswith("Binding"):
                continue
            self._say("waiting for the admission policies")
            # Deleted policies stay in force for a while too: each wait has its own name.
            name = f"gategit-canary-{token_hex(8)}"
            canaries = _canary(api_version, kind, name)
            for one in canaries:
                message, _ = await self._send(one)
                if message:
                    raise UndecidedError(f"the sandbox takes no {one['kind']} to wait for: {message}")
            await self._wait_for_canary(name)
            for one in reversed(canaries):
                if (resource := self._discovery.find(api_version, one["kind"])) is not None:
                    await self._client.send("DELETE", resource.path(None, name))

    async def _wait_for_canary(self, name: str) -> None:
        ends = asyncio.get_running_loop().time() + _WITHIN
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        while asyncio.get_running_loop().time() < ends:
            answer = await self._client.send("POST", "/api/v1/namespaces", query={"dryRun": "All"}, body=body)
            # Also where another policy refuses the request.
            if any(name in warning for warning in answer.warnings):
                return
            if name in mapping(mapping(mapping(answer.data).get("metadata")).get("labels")):
                return
            await asyncio.sleep(_LOOK_AGAIN)
        raise UndecidedError("the admission policies of the sandbox do not come into force")


def _without_pod_security(one: Object) -> Object:
    """A namespace without what it demands of Pods; the same object where it demands nothing."""
    labels = mapping(mapping(one.get("metadata")).get("labels"))
    if group_kind(one) != NAMESPACE or not any(label.startswith(POD_SECURITY) for label in labels):
        return one
    copy = deepcopy(one)
    copy["metadata"]["labels"] = {k: v for k, v in labels.items() if not k.startswith(POD_SECURITY)}
    return copy


def _is_in_own_range(service: Object) -> bool:
    """Whether a Service's address, where it names one, is of the range that the sandbox has for them."""
    try:
        return ip_address(text(mapping(service.get("spec")).get("clusterIP"))) in _OWN_RANGE
    except ValueError:  # none, or not one
        return True


def _served(definition: Object) -> set[tuple[str, str]]:
    """The API versions and kinds that a definition which the server took serves."""
    spec = mapping(definition.get("spec"))
    versions = spec.get("versions")
    kind = text(mapping(spec.get("names")).get("kind"))
    return {
        (f"{spec.get('group')}/{mapping(version).get('name')}", kind)
        for version in (versions if isinstance(versions, list) else ())
        if mapping(version).get("served") is True
    }


def _placed(one: Object, resource: Resource) -> Object:
    """An object with the namespace that the server wants in it: none for a cluster-wide kind."""
    metadata = {key: value for key, value in one["metadata"].items() if key != "namespace"}
    if resource.namespaced:
        metadata["namespace"] = namespace_of(one) or "default"
    return {**one, "metadata": metadata}


def _canary(api_version: str, kind: str, name: str) -> tuple[Object, Object]:
    """A policy, with its binding, that warns of one Namespace that nobody wants, or labels it."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["namespaces"], "operations": ["CREATE"]}
    spec: Object = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [{**rule, "resourceNames": [name]}]},
    }
    binding: Object = {"policyName": name}
    if kind.startswith("Validating"):
        spec["validations"] = [{"expression": "false", "message": "in force"}]
        binding["validationActions"] = ["Warn"]
    else:
        expression = f'Object{{metadata: Object.metadata{{labels: {{"{name}": "in-force"}}}}}}'
        spec["mutations"] = [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}]
        spec["reinvocationPolicy"] = "Never"
    metadata = {"name": name}
    return (
        {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec},
        {"apiVersion": api_version, "kind": f"{kind}Binding", "metadata": metadata, "spec": binding},
    )

"""What an export of a cluster says about a change, without any server.

It knows what the cluster serves, which namespaces, classes, accounts and quotas it has, and which fields cannot
change. What only a server can know (admission policies, webhooks, PodSecurity, what is needed of quotas) is said in
``Snapshot.notes`` and never taken for accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gategit.change import ObjectChange
from gategit.checks.dry_run.counted import Counts
from gategit.checks.dry_run.differences import differences
from gategit.checks.dry_run.fixed_fields import fixed_field_problems, given
from gategit.checks.dry_run.later import without_variables
from gategit.checks.dry_run.paths import pod_spec
from gategit.checks.dry_run.plan import UNANSWERED, Request, group_kind, no_namespace, plan
from gategit.checks.dry_run.rules import ADMISSION_DENIED, API_WARNING
from gategit.checks.dry_run.told import as_told
from gategit.checks.dry_run.values import CLASS_GROUPS, Expected, Outcome, Problem
from gategit.model import DryRunResult, FieldPath

if TYPE_CHECKING:
    from gategit.cluster.snapshot import Snapshot

Object = Mapping[str, Any]

_CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")
_WITHOUT = {
    "GatewayClass": "no controller serves it",
    "IngressClass": "no controller serves it",
    "PriorityClass": "the API server takes none of its Pods",
    "RuntimeClass": "the API server takes none of its Pods",
    "StorageClass": "nothing provisions its volume, unless a PersistentVolume names the same class",
}
_NAMES_A_CLASS: Mapping[tuple[str, str], tuple[str, FieldPath]] = {
    ("", "PersistentVolumeClaim"): ("StorageClass", ("spec", "storageClassName")),
    ("networking.k8s.io", "Ingress"): ("IngressClass", ("spec", "ingressClassName")),
    ("gateway.networking.k8s.io", "Gateway"): ("GatewayClass", ("spec", "gatewayClassName")),
}
_NAMES_IN_PODS = (("PriorityClass", "priorityClassName"), ("RuntimeClass", "runtimeClassName"))


def ask_snapshot(snapshot: Snapshot, changes: Sequence[ObjectChange], expected: Expected) -> list[Outcome]:
    """Judge object changes by an export of their cluster.

    Args:
        snapshot: the export.
        changes: the object changes.
        expected: what they may count on.

    Returns:
        What can be said of each change, in their order.
    """
    offline = _Offline(snapshot, changes, expected)
    return [as_told(without_variables(_guarded(offline, number, change))) for number, change in enumerate(changes)]


def _guarded(offline: _Offline, number: int, change: ObjectChange) -> Outcome:
    """Judge one object; a crash is what comes of it, and does not hide what comes of the others."""
    try:
        return offline.ask(number, change)
    except Exception as error:  # noqa: BLE001  see above
        message = f"gategit could not judge this object by the export ({type(error).__name__}: {error})"
        return Outcome(change, DryRunResult.UNKNOWN, (Problem(UNANSWERED, message),), message)


class _Offline:
    """One export, asked about one change."""

    def __init__(self, snapshot: Snapshot, changes: Sequence[ObjectChange], expected: Expected) -> None:
        self._snapshot = snapshot
        self._expected = expected
        self._counts = Counts(snapshot)
        self._there = {_key(one): one for one in snapshot.objects}
        self._unread = {one.what for one in snapshot.missing}
        self._brought = {
            (*group_kind(one.new), one.new.namespace or "", one.new.name) for one in changes if one.new is not None
        }

    def ask(self, number: int, change: ObjectChange) -> Outcome:
        """What can be said of one object change."""
        planned = plan(number, change, self._snapshot.discovery, self._expected)
        if isinstance(planned, Outcome):
            return planned
        live = self._live(planned)
        if change.new is None:
            return self._removed(planned, live)
        if planned.namespace is not None and not self._covers(planned.namespace):
            reason = f"the export holds nothing of the namespace {planned.namespace}"
        elif planned.namespace is not None and not self._has_namespace(planned.namespace):
            if planned.namespace not in self._expected.namespaces:
                return no_namespace(planned)
            reason = f"the namespace {planned.namespace} comes with the repository, and is not there yet"
        else:
            reason = ""
        return self._judged(planned, change.new.data, live, reason)

    def _judged(self, request: Request, new: dict[str, Any], live: dict[str, Any] | None, reason: str) -> Outcome:
        """What comes of an object that is applied."""
        change = request.change
        before = change.old.data if change.old is not None else live
        after = new if change.old is not None or live is None else _overlaid(live, new)
        problems = [] if before is None else fixed_field_problems(before, after, self._definition(request))
        if before is None and request.namespace is not None:
            problems += self._counts.add(request.resource, request.namespace, new)
        problems += self._lacking(request, new)
        if any(problem.rule != API_WARNING.id for problem in problems):
            return Outcome(change, DryRunResult.REJECTED, tuple(problems), live=before)
        warnings = tuple(problems)
        if request.namespace is not None and not self._covers(request.namespace):
            return Outcome(change, DryRunResult.DEFERRED, warnings, reason, live=before)
        if before is None:
            return Outcome(change, DryRunResult.CREATED, warnings, reason, after=after)
        same = not differences(before, after)
        result = DryRunResult.UNCHANGED if same else DryRunResult.CONFIGURED
        return Outcome(change, result, warnings, reason, live=before, after=after)

    def _removed(self, request: Request, live: dict[str, Any] | None) -> Outcome:
        gone = self._snapshot.live_objects and live is None and self._is_exported(request)
        reason = "it is not in the cluster already" if gone else ""
        return Outcome(request.change, DryRunResult.REMOVED, reason=reason, live=live or request.data)

    # --- what the export has -----------------------------------------------------------------------------------------

    def _live(self, request: Request) -> dict[str, Any] | None:
        """The live object, where live objects were exported."""
        if request.name is None or not self._snapshot.live_objects:
            return None
        kind = group_kind(request.change.manifest)
        return self._there.get((*kind, request.namespace or "", request.name))

    def _is_exported(self, request: Request) -> bool:
        """Whether an object would be in the export if it were in the cluster."""
        if request.change.manifest.kind == "Secret" or _called(request) in self._unread:
            return False
        return request.namespace is None or self._covers(request.namespace)

    def _covers(self, namespace: str) -> bool:
        """Whether the export says anything of a namespace."""
        if "namespaces" in self._unread or f"the namespace {namespace}" in self._unread:
            return False
        return self._snapshot.namespaces is None or namespace in self._snapshot.namespaces

    def _has_namespace(self, name: str) -> bool:
        return ("", "Namespace", "", name) in self._there

    def _definition(self, request: Request) -> Object | None:
        """The definition of a custom kind, as the cluster has it."""
        resource = request.resource
        return self._there.get((*_CRD, "", f"{resource.plural}.{resource.group}"))

    # --- what is named and is not there ------------------------------------------------------------------------------

    def _lacking(self, request: Request, new: Object) -> Iterator[Problem]:
        kind = group_kind(request.change.manifest)
        is_pod = kind == ("", "Pod")
        named = _NAMES_A_CLASS.get(kind)
        if named is not None:
            yield from self._class(named[0], new, named[1])
        pods = pod_spec(new)
        if pods is not None:
            for what, field in _NAMES_IN_PODS:
                yield from self._class(what, new, (*pods, field), rejects=is_pod)
        if kind == ("apps", "StatefulSet"):
            claims = given(new, ("spec", "volumeClaimTemplates"))
            for index in range(len(claims) if isinstance(claims, list) else 0):
                path = ("spec", "volumeClaimTemplates", index, "spec", "storageClassName")
                yield from self._class("StorageClass", new, path)
        if is_pod and request.namespace is not None:
            yield from self._account(request.namespace, new)

    def _class(self, kind: str, new: Object, path: FieldPath, *, rejects: bool = False) -> Iterator[Problem]:
        """Say that a class is named that neither the cluster nor the repository has."""
        name, group = given(new, path), CLASS_GROUPS[kind]
        if not isinstance(name, str) or not name:
            return
        versions = self._snapshot.discovery.versions(group, kind)
        key = (group, kind, "", name)
        if not versions or key in self._there or key in self._brought or (kind, name) in self._expected.classes:
            return
        if any(one.endswith(f".{group}") and one.startswith(kind.lower()) for one in self._unread):
            return
        message = f"the cluster has no {kind} {name}: {_WITHOUT[kind]}"
        hint = f"name one that it has, or declare the {kind} in the repository"
        yield Problem(ADMISSION_DENIED.id if rejects else API_WARNING.id, message, path, hint)

    def _account(self, namespace: str, new: Object) -> Iterator[Problem]:
        """Say that a Pod's service account is not there: the server takes no such Pod."""
        path = ("spec", "serviceAccountName")
        name = given(new, path)
        if not isinstance(name, str) or name in ("", "default") or not self._covers(namespace):
            return
        if any(one.startswith("serviceaccounts") for one in self._unread):
            return
        key = ("", "ServiceAccount", namespace, name)
        if key in self._there or key in self._brought or (namespace, name) in self._expected.service_accounts:
            return
        message = f"error looking up service account {namespace}/{name}: serviceaccount {name} not found"
        hint = "declare the ServiceAccount in the repository, or correct the name"
        yield Problem(ADMISSION_DENIED.id, message, path, hint)


def _key(one: Object) -> tuple[str, str, str, str]:
    metadata = one["metadata"]
    group = str(one["apiVersion"]).rpartition("/")[0]
    return group, str(one["kind"]), str(metadata.get("namespace") or ""), str(metadata["name"])


def _called(request: Request) -> str:
    resource = request.resource
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def _overlaid(live: Any, new: Any) -> Any:
    """The live object with what a manifest says: what that leaves out stays, items of lists go by their keys."""
    if isinstance(live, dict) and isinstance(new, dict):
        return {**live, **{key: _overlaid(live.get(key), value) for key, value in new.items()}}
    if isinstance(live, list) and isinstance(new, list):
        known = {_identity(one): one for one in live}
        return [_overlaid(known.get(_identity(one)), one) if isinstance(one, dict) else one for one in new]
    return new


_TELLING = ("name", "containerPort", "port", "mountPath", "devicePath", "ip", "topologyKey", "key", "host", "path")


def _identity(item: Any) -> tuple[str, str] | None:
    """What tells an item of a list from the others, as far as one field does."""
    fields = item if isinstance(item, dict) else {}
    return next(((name, str(fields[name])) for name in _TELLING if isinstance(fields.get(name), str | int)), None)

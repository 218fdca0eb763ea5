"""How risky a change to an object is, with each reason in words: what a reviewer should see first.

Most reasons come from the built-in policies on changes and on what gives rights: they know which fields cannot change,
what holds data, which role became wider. They are asked here with their own defaults, whatever the config switches on:
this is no verdict. One table says which kind of risk each of them speaks of. What no policy says stands below it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Self

from gategit.change import ObjectChange
from gategit.checks.policy.api.changes import Change
from gategit.checks.policy.api.objects import Manifest
from gategit.checks.policy.load import PolicySet, PolicySource, Reach, builtin_sources
from gategit.checks.policy.run import Runner, start
from gategit.checks.policy.subjects import Outcome, RequestFacts, Scene, Subject
from gategit.errors import UndecidedError
from gategit.model import Risk, RiskKind, format_path

RISKS: Final[Mapping[str, RiskKind]] = {
    # What a change does to an object that is there.
    "namespace-removed": RiskKind.DATA_LOSS,
    "volume-claim-removed": RiskKind.DATA_LOSS,
    "crd-removed": RiskKind.DATA_LOSS,
    "application-removed": RiskKind.DATA_LOSS,
    "volume-reclaim-delete": RiskKind.DATA_LOSS,
    "crd-version-removed": RiskKind.REMOVAL,
    "ingress-host-removed": RiskKind.REMOVAL,
    "service-port-removed": RiskKind.REMOVAL,
    "immutable-field-changed": RiskKind.IMMUTABLE,
    "crd-narrowed": RiskKind.IMMUTABLE,
    "role-widened": RiskKind.ACCESS,
    "binding-widened": RiskKind.ACCESS,
    "storage-shrink": RiskKind.STORAGE,
    "admission-weakened": RiskKind.ADMISSION,
    "pod-security-lowered": RiskKind.ADMISSION,
    "security-context-weakened": RiskKind.PRIVILEGE,
    "service-exposed": RiskKind.EXPOSURE,
    "network-policy-removed": RiskKind.EXPOSURE,
    "network-policy-widened": RiskKind.EXPOSURE,
    "ingress-tls-removed": RiskKind.EXPOSURE,
    "replicas-drop": RiskKind.CAPACITY,
    "autoscaler-lowered": RiskKind.CAPACITY,
    "resources-lowered": RiskKind.CAPACITY,
    "quota-relaxed": RiskKind.CAPACITY,
    "probe-removed": RiskKind.CAPACITY,
    "application-moved": RiskKind.DEPLOYMENT,
    "prune-turned-on": RiskKind.DEPLOYMENT,
    "sync-turned-off": RiskKind.DEPLOYMENT,
    "chart-downgrade": RiskKind.DEPLOYMENT,
    "chart-major-upgrade": RiskKind.DEPLOYMENT,
    "image-downgrade": RiskKind.IMAGE,
    "image-major-upgrade": RiskKind.IMAGE,
    "image-unpinned": RiskKind.IMAGE,
    # What an object that is new brings with it.
    "anonymous-binding": RiskKind.ACCESS,
    "broad-group-binding": RiskKind.ACCESS,
    "cluster-admin-binding": RiskKind.ACCESS,
    "masters-binding": RiskKind.ACCESS,
    "rbac-escalation": RiskKind.ACCESS,
    "rbac-full-access": RiskKind.ACCESS,
    "rbac-wildcard": RiskKind.ACCESS,
    "secrets-access": RiskKind.ACCESS,
    "host-namespaces": RiskKind.PRIVILEGE,
    "host-path-volume": RiskKind.PRIVILEGE,
    "privileged-container": RiskKind.PRIVILEGE,
    "node-port-service": RiskKind.EXPOSURE,
    "external-ips": RiskKind.EXPOSURE,
}
"""The policies that speak of risks, and of which kind each does."""

_RBAC: Final = "rbac.authorization.k8s.io"
_GONE: Final = "it is applied no longer, and an agent that prunes deletes it"
_REMOVED: Final[Mapping[str, tuple[RiskKind, str]]] = {
    "ConfigMap": (RiskKind.REMOVAL, "what still uses it does not start any more"),
    "Secret": (RiskKind.REMOVAL, "what still uses it does not start any more"),
}
_ADDED: Final[Mapping[str, tuple[RiskKind, str]]] = {
    f"{_RBAC}/RoleBinding": (RiskKind.ACCESS, "it gives its subjects rights in a namespace"),
    f"{_RBAC}/ClusterRoleBinding": (RiskKind.ACCESS, "it gives its subjects rights in the whole cluster"),
    "networking.k8s.io/Ingress": (RiskKind.EXPOSURE, "it is reached from outside of the cluster"),
}
_ADMISSION: Final = "admissionregistration.k8s.io"
_MOST: Final = 20
"""Reasons that one object may have; more of them tell a reader nothing more."""


class Assessor:
    """Says how risky changes are. Its worker comes up while the changes are read; use it in a ``with`` block."""

    def __init__(self) -> None:
        self._runner: Runner | None = None
        self._failure = ""
        try:
            self._runner = start(_sources())
        except UndecidedError as error:
            self._failure = error.message

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._runner is not None:
            self._runner.close()

    def risks(self, changes: Sequence[ObjectChange], files: Collection[str] = ()) -> list[tuple[Risk, ...]]:
        """The risks of each change, the gravest first. What could not be judged has a risk that says so.

        Args:
            changes: all that the change does to objects.
            files: the paths that it adds, modifies or removes: what moves together is told from what goes.
        """
        found = [list(_own_risks(change)) for change in changes]
        if changes:
            try:
                self._ask(changes, tuple(sorted(files)), found)
            except UndecidedError as error:
                self._failure = self._failure or error.message
            if self._failure:
                unknown = Risk(RiskKind.UNKNOWN, f"its risk could not be judged: {self._failure}")
                for risks in found:
                    risks.append(unknown)
        return [_in_order(risks) for risks in found]

    def _ask(self, changes: Sequence[ObjectChange], files: tuple[str, ...], found: list[list[Risk]]) -> None:
        if self._runner is None:
            return
        known = self._runner.policies()
        everything = PolicySet(known, {policy.id: policy.level for policy in known})
        both = [Subject(one.old, one.new, added=one.old is None) for one in changes]
        others = tuple(change.new for change in changes if change.new is not None)
        scene = Scene(request=RequestFacts(changed_files=files), inventory=others)
        _note(self._runner.run(everything.reaching(Reach.CHANGE), both, scene), range(len(changes)), found)
        # What stands in an object that was there before is no effect of the change.
        new = [index for index, change in enumerate(changes) if change.old is None]
        brought = [Subject(None, changes[index].new) for index in new]
        _note(self._runner.run(everything.reaching(Reach.OBJECT), brought), new, found)


def _sources() -> tuple[PolicySource, ...]:
    return tuple(source for source in builtin_sources() if source.id in RISKS)


def _note(outcome: Outcome, indices: Sequence[int], found: list[list[Risk]]) -> None:
    """Put what the policies said to the changes that it is about."""
    for hit in outcome.hits:
        found[indices[hit.subject]].append(Risk(RISKS[hit.policy], hit.message, format_path(hit.path)))
    for crash in outcome.crashes:
        unknown = Risk(RiskKind.UNKNOWN, f"its risk could not be judged: {crash.policy}: {crash.message}")
        # Of several, only the first is known.
        concerned = indices if crash.subject is None or crash.count > 1 else [indices[crash.subject]]
        for index in concerned:
            found[index].append(unknown)


def _in_order(risks: Sequence[Risk]) -> tuple[Risk, ...]:
    ordered = sorted(dict.fromkeys(risks), key=lambda risk: (risk.kind.rank, risk.path, risk.reason))
    if any(risk.kind is RiskKind.DATA_LOSS for risk in ordered):
        ordered = [risk for risk in ordered if risk.kind is not RiskKind.REMOVAL or risk.reason != _GONE]
    return tuple(ordered[:_MOST])


def _own_risks(change: ObjectChange) -> Iterator[Risk]:
    """What no policy says of a change."""
    old = None if change.old is None else Manifest(change.old.data, "old")
    new = None if change.new is None else Manifest(change.new.data)
    if new is None:
        if old is not None:
            yield from _removed(old)
        return
    if new.group == _ADMISSION:
        yield Risk(RiskKind.ADMISSION, "what the cluster admits is decided by it")
    yield from _added(new) if old is None else _modified(old, new)


def _added(new: Manifest) -> Iterator[Risk]:
    if new.group_kind in _ADDED:
        yield Risk(*_ADDED[new.group_kind])
    elif new.group_kind == "Service" and new.text("spec", "type") == "LoadBalancer":
        yield Risk(RiskKind.EXPOSURE, "it is reached from outside of the cluster", "spec.type")


def _modified(old: Manifest, new: Manifest) -> Iterator[Risk]:
    if new.group_kind == "networking.k8s.io/Ingress":
        known = {rule.text("host") for rule in old.items("spec", "rules")}
        for rule in new.items("spec", "rules"):
            if rule.text("host") not in known:
                reason = f"it newly answers for {rule.text('host') or 'every host'}"
                yield Risk(RiskKind.EXPOSURE, reason, format_path((*rule.path, "host")))
    for before, after in Change(old, new).containers:
        if before.text("image") != after.text("image"):
            origins = [one.image and (one.image.registry, one.image.repository) for one in (before, after)]
            what = "another image" if origins[0] == origins[1] else f"an image from elsewhere, {after.text('image')}"
            yield Risk(RiskKind.IMAGE, f"{after} gets {what}", format_path((*after.path, "image")))


def _removed(old: Manifest) -> Iterator[Risk]:
    if old.is_kept:
        yield Risk(RiskKind.KEPT, "it tells its agent to leave it in the cluster")
    elif not old.is_hook:
        yield Risk(RiskKind.REMOVAL, _GONE)
        if old.group_kind in _REMOVED:
            yield Risk(*_REMOVED[old.group_kind])

"""Quotas on the number of objects, as an export of a cluster says that they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from gategit.checks.dry_run.amounts import quantity
from gategit.checks.dry_run.fixed_fields import given
from gategit.checks.dry_run.rules import QUOTA_EXCEEDED
from gategit.checks.dry_run.values import Problem

if TYPE_CHECKING:
    from gategit.cluster.discovery import Resource
    from gategit.cluster.snapshot import Snapshot

_PLAIN = frozenset(
    {
        *("configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets"),
        "services",
    }
)
"""What may be counted by its plain name; everything else is counted as ``count/NAME.GROUP``."""

_SCOPES = ("scopes", "scopeSelector")


@dataclass(frozen=True, slots=True)
class _Quota:
    """One quota of a namespace: what it allows and what was used at the export, by what is counted."""

    name: str
    hard: Mapping[str, Fraction]
    used: Mapping[str, Fraction]


@dataclass(slots=True)
class Counts:
    """How many objects a change adds to each namespace, against its quotas.

    The objects of a change are counted one after the other: a server's dry run, which forgets each object again, would
    take any number of them.

    Args:
        snapshot: the export.
    """

    snapshot: Snapshot
    _quotas: dict[str, list[_Quota]] | None = field(default=None, init=False)
    _added: dict[tuple[str, str], int] = field(default_factory=dict, init=False)

    def add(self, resource: Resource, namespace: str, data: Mapping[str, Any]) -> list[Problem]:
        """Count one more object; what its namespace's quotas say against it.

        Args:
            resource: its kind.
            namespace: where it is to live.
            data: its manifest.
        """
        problems: list[Problem] = []
        counted = list(_counted(resource, data))
        for name, amount in counted:
            already = self._added.get((namespace, name), 0)
            for quota in self._of(namespace):
                hard, used = quota.hard.get(name), quota.used.get(name, Fraction(0))
                if hard is None or used + already + amount <= hard:
                    continue
                more = f" and {name}={already} by this change" if already else ""
                said = f"requested: {name}={amount}, used: {name}={used}{more}, limited: {name}={hard}"
                problems.append(Problem(QUOTA_EXCEEDED.id, f"exceeded quota: {quota.name}, {said}"))
        if not problems:
            for name, amount in counted:
                self._added[namespace, name] = self._added.get((namespace, name), 0) + amount
        return problems

    def _of(self, namespace: str) -> list[_Quota]:
        if self._quotas is None:
            self._quotas = {}
            for one in self.snapshot.of("", "ResourceQuota"):
                # A scope leaves some objects out, which is decided by more than their number.
                if any(given(one, ("spec", name)) for name in _SCOPES):
                    continue
                quota = _Quota(
                    str(one["metadata"]["name"]),
                    _amounts(given(one, ("status", "hard"))),
                    _amounts(given(one, ("status", "used"))),
                )
                self._quotas.setdefault(str(one["metadata"].get("namespace", "")), []).append(quota)
        return self._quotas.get(namespace, [])


def _amounts(value: Any) -> dict[str, Fraction]:
    """Amounts by name. A quota that no controller has filled in yet has none, and is not in force."""
    pairs = ((str(name), quantity(one)) for name, one in value.items()) if isinstance(value, dict) else ()
    return {name: amount for name, amount in pairs if amount is not None}


def _counted(resource: Resource, data: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """As what an object is counted, and how often."""
    yield f"count/{resource.plural}.{resource.group}" if resource.group else f"count/{resource.plural}", 1
    if not resource.group and resource.plural in _PLAIN:
        yield resource.plural, 1
    if (resource.group, resource.kind) == ("", "Service"):
        kind = given(data, ("spec", "type"))
        ports = given(data, ("spec", "ports"))
        number = len(ports) if isinstance(ports, list) else 0
        if kind == "LoadBalancer":
            yield "services.loadbalancers", 1
        if kind in ("LoadBalancer", "NodePort") and number:
            without = kind == "LoadBalancer" and given(data, ("spec", "allocateLoadBalancerNodePorts")) is False
            yield "services.nodeports", 0 if without else number

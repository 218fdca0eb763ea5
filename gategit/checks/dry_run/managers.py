"""Under whose name to ask: the field manager that applies the live object.

A dry run under another name than the agent's cannot take out what the agent owns, so that a removed field would show
no difference. The names stand in the source of the tools: Argo CD (``ArgoCDSSAManager``), Flux (its package ``ssa``),
kubectl (``FieldManagerClientSideApply``), Helm (its package ``kube``: Helm 3 updates under its program's name, Helm 4
applies), the providers of Pulumi and Terraform, Fleet, Config Sync, kapp, Tanka and Timoni.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from gategit.checks.dry_run.differences import LAST_APPLIED
from gategit.checks.dry_run.owned import APPLY, Entry, entries, size

OURS: Final = "gategit"
"""Our own name: for new objects, and for live ones that nobody known applies."""

# What one tool calls itself. kubectl edit, kubectl scale and the like are people, not a tool that applies manifests:
# they are known by the beginning of the name alone.
_TOOLS: Final = (
    frozenset({"argocd-controller", "argocd-application-controller"}),
    frozenset({"kustomize-controller", "flux"}),
    frozenset({"helm-controller", "helm", "Helm"}),
    frozenset({"kubectl", "kubectl-client-side-apply", "kubectl-create", "kubectl-replace"}),
    frozenset({"pulumi-kubernetes"}),
    frozenset({"Terraform", "HashiCorp"}),
    frozenset({"fleetagent", "fleet"}),
    frozenset({"configsync"}),
    frozenset({"kapp", "kapp-controller"}),
    frozenset({"tanka"}),
    frozenset({"timoni"}),
)
_PREFIXES: Final = {"pulumi-kubernetes-": "pulumi-kubernetes", "terraform-provider-": "Terraform"}
_HELM: Final = frozenset({"helm", "Helm", "helm-controller"})

# Whoever applies takes over what kubectl apply wrote before: Flux and Argo CD clean these names up by themselves, and
# kubectl does when it changes over to server-side apply.
_TAKEN_OVER: Final = frozenset({"kubectl-client-side-apply", "before-first-apply"})


class Way(Enum):
    """How the live object's manager takes out a field that its manifest no longer has.

    ``APPLY``: the server does, since the manager has applied it server-side. ``THREE_WAY``: the tool works it out from
    what it applied last, which an annotation says or, of Helm, its own records; whoever owns the field now. ``UPDATE``:
    nobody knows how, so that what others have applied stays.
    """

    APPLY = "apply"
    THREE_WAY = "three-way"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Owner:
    """Under whose name a live object is asked for.

    Attributes:
        name: the field manager.
        way: how it takes out fields.
        before: what it applied last, where the live object says so; else it is what the base declares.
    """

    name: str
    way: Way
    before: Mapping[str, Any] | None = None


def owner(live: Mapping[str, Any], configured: str | None, listed: list[Entry] | None = None) -> Owner:
    """Find under whose name to ask for a live object.

    Args:
        live: the object.
        configured: the name that the configuration says, which goes before all others.
        listed: the object's entries of managedFields, where they were read already.
    """
    own = [entry for entry in (entries(live) if listed is None else listed) if not entry.subresource]
    applied = [entry for entry in own if entry.operation == APPLY]
    name = configured or _name(own, applied)
    if any(entry.manager == name for entry in applied):
        return Owner(name, Way.APPLY)
    if name in _HELM:
        return Owner(name, Way.THREE_WAY)
    before = last_applied(live)
    return Owner(name, Way.UPDATE if before is None else Way.THREE_WAY, before)


def last_applied(live: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a client-side apply noted in the live object as what it applied; None where there is no such note."""
    metadata = live.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    note = annotations.get(LAST_APPLIED) if isinstance(annotations, dict) else None
    if not isinstance(note, str):
        return None
    try:
        found = json.loads(note)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("kind") == live.get("kind") else None


def of_one_tool(one: str, other: str) -> bool:
    """Whether two names are of the same tool."""
    return one == other or (_tool(one) is not None and _tool(one) == _tool(other))


def taken_over(manager: str, entry: Entry) -> bool:
    """Whether a manager that applies an object counts an entry's fields as its own.

    Those of the same tool under another name or operation, and those that somebody's client-side apply left behind.
    """
    if entry.subresource:
        return False
    return of_one_tool(manager, entry.manager) or (entry.operation != APPLY and entry.manager in _TAKEN_OVER)


def _name(own: list[Entry], applied: list[Entry]) -> str:
    """The manager whose entry counts: known tools that apply, then whoever applies or is known and owns the most."""
    for candidates in (
        [entry for entry in applied if _tool(entry.manager) is not None],
        [*applied, *(entry for entry in own if entry.operation != APPLY and _tool(entry.manager) is not None)],
    ):
        if len(candidates) == 1:
            return candidates[0].manager
        if candidates:
            return min(candidates, key=lambda entry: (-size(entry.fields), entry.manager)).manager
    return OURS


def _tool(manager: str) -> int | None:
    """Which tool a name is of, None for one that is not known."""
    for prefix, name in _PREFIXES.items():
        if manager.startswith(prefix):
            manager = name
    return next((number for number, names in enumerate(_TOOLS) if manager in names), None)

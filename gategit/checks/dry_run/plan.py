"""Where to send an object change: its resource, its namespace, its name; or why it cannot be sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gategit.change import ObjectChange
from gategit.checks.dry_run.values import Expected, Outcome, Problem
from gategit.cluster.discovery import Discovery, Resource
from gategit.manifests.manifest import Manifest
from gategit.model import DryRunResult

REJECTED = "dry-run-rejected"
UNANSWERED = "dry-run-unanswered"

# What may stand in a path and be nothing but a name. Anything else goes into the body alone, where the server says
# what is wrong with it.
_PLAIN = re.compile(r"(?!\.{1,2}\Z)[\w.:@~+-]{1,253}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """How an object change is asked for.

    Attributes:
        number: its place among the changes.
        change: the change.
        resource: what the server serves for its kind.
        namespace: where it lives, None for what lives in none.
        name: None where the server makes the name, or where the manifest's cannot be one.
    """

    number: int
    change: ObjectChange
    resource: Resource
    namespace: str | None
    name: str | None

    @property
    def data(self) -> dict[str, Any]:
        """The manifest: the new one, or the old one of a removed object."""
        return self.change.manifest.data

    @property
    def path(self) -> str:
        """The object's own path; the collection's where it has no name."""
        return self.resource.path(self.namespace, self.name)


def group_kind(manifest: Manifest) -> tuple[str, str]:
    """What a manifest's kind is told from others by, whatever its version."""
    return manifest.group, manifest.kind


def plan(number: int, change: ObjectChange, discovery: Discovery, expected: Expected) -> Request | Outcome:
    """Find where to send an object change.

    Returns:
        The request, or what comes of the change where there is nothing to ask.
    """
    manifest = change.manifest
    resource = discovery.find(manifest.api_version, manifest.kind)
    if resource is None and change.new is None:
        served = discovery.versions(manifest.group, manifest.kind)
        resource = discovery.find(_api_version(manifest.group, served[0]), manifest.kind) if served else None
    if resource is None:
        return without_kind(change, discovery, expected)
    namespace = (manifest.namespace or expected.namespace) if resource.namespaced else None
    if namespace is not None and not _PLAIN.match(namespace):
        return Outcome(
            change,
            DryRunResult.REJECTED,
            (Problem(REJECTED, f"{_shown(namespace)} cannot be the name of a namespace", ("metadata", "namespace")),),
        )
    metadata = manifest.data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    plain = isinstance(name, str) and _PLAIN.match(name) is not None
    if change.new is None and not plain:
        reason = "its manifest names no object, so there is none to remove"
        return Outcome(change, DryRunResult.UNCHANGED, reason=reason)
    return Request(number, change, resource, namespace, name if isinstance(name, str) and plain else None)


def no_namespace(request: Request) -> Outcome:
    """What comes of an object whose namespace is neither there nor declared."""
    own = request.namespace or ""
    path = ("metadata", "namespace") if request.change.manifest.namespace is not None else ()
    hint = f"declare the Namespace {own} in the repository, or let its agent create it"
    problem = Problem(REJECTED, f"the namespace {own} does not exist", path, hint)
    return Outcome(request.change, DryRunResult.REJECTED, (problem,))


def without_kind(change: ObjectChange, discovery: Discovery, expected: Expected) -> Outcome:
    """What comes of a change whose kind the server does not serve."""
    manifest = change.manifest
    named = f"{manifest.kind} of {manifest.api_version}"
    if manifest.api_version in discovery.stale:
        message = f"the server behind {manifest.api_version} does not answer at the moment"
        return Outcome(change, DryRunResult.UNKNOWN, (Problem(UNANSWERED, message, ("apiVersion",)),), message)
    if change.new is None:
        return Outcome(change, DryRunResult.REMOVED, reason=f"the cluster has no {named}, so nothing is left of it")
    declared = expected.kinds.get(group_kind(manifest))
    if declared is not None and manifest.version in declared.versions:
        reason = f"the repository defines the kind {named}, and the cluster does not have it yet"
        return Outcome(change, DryRunResult.DEFERRED, reason=reason)
    if not expected.complete and declared is None and _is_custom(manifest.group, discovery, expected):
        reason = f"the sandbox has no {named}: its definition is neither in the repository nor in a snapshot"
        return Outcome(change, DryRunResult.DEFERRED, reason=reason)
    served = [_api_version(manifest.group, version) for version in discovery.versions(*group_kind(manifest))]
    if declared is not None:
        served += sorted({_api_version(manifest.group, version) for version in declared.versions} - {*served})
    elsewhere = sorted({r.api_version for r in discovery.resources if r.kind == manifest.kind})
    if served:
        message = f"the server serves {manifest.kind} in {_listed(served)}, not in {manifest.api_version}"
        hint = f"write apiVersion: {served[0]}, and look at what differs between the versions"
    elif elsewhere:
        message = f"the server serves no {named}; it has the kind in {_listed(elsewhere)}"
        hint = "correct the apiVersion, or add the CustomResourceDefinition to the repository"
    else:
        message = f"the server serves no {named}"
        hint = "add its CustomResourceDefinition to the repository, or install it in the cluster first"
    return Outcome(change, DryRunResult.REJECTED, (Problem(REJECTED, message, ("apiVersion",), hint),))


def _is_custom(group: str, discovery: Discovery, expected: Expected) -> bool:
    """Whether a group is none of Kubernetes' own or the repository's, of which the server serves something."""
    served = {(one.group, one.kind) for one in discovery.resources if one.group == group}
    return "." in group and served <= expected.supplied_kinds


def _api_version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:80]}…")

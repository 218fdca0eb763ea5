"""What each kustomization would hold when it is built, by name alone: enough to see two objects collide.

Kustomize adds the objects of ``resources`` one after the other and stops where one has the group, kind, namespace
and name of another; then it applies components, patches, and last namespace, prefix and suffix
(``api/internal/target/kusttarget.go``). Bases come with their own changes already made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gategit.checks.references.kustomize import Kustomization, Link, LinkState, PatchEntry
from gategit.checks.references.paths import has_variable
from gategit.checks.references.shapes import Use
from gategit.checks.references.view import View
from gategit.manifests.inventory import ObjectFact
from gategit.manifests.manifest import Role

_MAX_MEMBERS = 20_000
"""How many objects of one kustomization are followed."""

_MAX_DEPTH = 100
"""How many bases may stand upon each other."""

_CLUSTER_SCOPED = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("policy", "PodSecurityPolicy"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
    }
)

_NEVER_RENAMED = frozenset(
    {("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition"), ("apiregistration.k8s.io", "APIService")}
)
"""Kinds that Kustomize's name prefix and suffix leave alone (``api/internal/builtins/PrefixTransformer.go``)."""

_RENAMING = ("$patch", "/metadata", "/kind", "/apiVersion")
"""What a patch says somewhere if it removes its object or gives it another name."""

Name = tuple[str, str]
"""A namespace ("" for the default one) and a name."""


@dataclass(frozen=True, slots=True)
class Member:
    """An object of a build: what was declared, what it is called by now, and what it was called before."""

    fact: ObjectFact
    name: Name
    earlier: tuple[Name, ...]
    via: tuple[str, ...]

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What no other object of the build may have."""
        return (self.fact.key.group, self.fact.key.kind, *self.name)


@dataclass(frozen=True, slots=True)
class Collision:
    """Two members of one build with the same identity. ``link`` brought the second one, None: the namespace did."""

    folder: str
    link: Link | None
    first: Member
    second: Member


@dataclass(frozen=True, slots=True)
class Build:
    """What a kustomization holds before its own namespace, prefix and suffix, and after them.

    ``complete`` is False where it may hold more than what is listed, ``circular`` is True where it leads to a circle of
    bases, so that it can never be made.
    """

    accumulated: tuple[Member, ...]
    members: tuple[Member, ...]
    generated: frozenset[tuple[str, str]]
    collisions: tuple[Collision, ...]
    complete: bool
    circular: bool = False


_NOTHING = Build((), (), frozenset(), (), complete=False)
_CIRCLE = replace(_NOTHING, circular=True)


class Builds:
    """The builds of a tree, each made once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._made: dict[str, Build] = {}
        self._changes_names: dict[str, bool] = {}

    def build(self, folder: str, depth: int = 0) -> Build:
        """The build of a folder's kustomization; an incomplete one where there is none or it leads back to itself."""
        made = self._made.get(folder)
        if made is not None:
            return made
        one = self._view.graph.kustomizations.get(folder)
        if one is None or depth > _MAX_DEPTH:
            return _NOTHING
        self._made[folder] = _CIRCLE  # for who comes back here on a cycle
        made = self._make(one, depth)
        self._made[folder] = made
        return made

    def _make(self, one: Kustomization, depth: int) -> Build:
        members: dict[tuple[str, str, str, str], Member] = {}
        collisions: list[Collision] = []
        generated = set(one.parsed.generated)
        complete = one.parsed.readable and not one.parsed.charts and not one.parsed.unsure
        circular = False
        named: set[str] = set()
        for link in one.linked(Use.RESOURCE, Use.COMPONENT):
            if link.path in named:
                continue  # named twice is a finding of its own
            named.add(link.path)
            if link.state is LinkState.FILE:
                added: tuple[Member, ...] = tuple(self._declared(link.path))
                complete = complete and self._is_plain(link.path)
            elif link.state is LinkState.FOLDER:
                inner = self.build(link.path, depth + 1)
                added, complete = inner.members, complete and inner.complete
                generated |= inner.generated
                circular = circular or inner.circular
            else:
                complete = False
                continue
            for member in added:
                first = members.setdefault(member.identity, member)
                if first is not member:
                    collisions.append(Collision(one.folder, link, first, member))
            if len(members) > _MAX_MEMBERS:
                complete = False
                break
        accumulated = tuple(members.values())
        after: dict[tuple[str, str, str, str], Member] = {}
        for member in accumulated:
            changed = _transform(member, one)
            first = after.setdefault(changed.identity, changed)
            if first is not changed:
                collisions.append(Collision(one.folder, None, first, changed))
        return Build(accumulated, tuple(after.values()), frozenset(generated), tuple(collisions), complete, circular)

    def _declared(self, path: str) -> Iterator[Member]:
        for fact in self._view.facts_of.get(path, ()):
            name = fact.key.name
            if name and not name.endswith("*") and not has_variable(name) and not has_variable(fact.key.namespace):
                namespace = "" if fact.key.namespace == "default" else fact.key.namespace
                yield Member(fact, (namespace, name), (), ())

    def _is_plain(self, path: str) -> bool:
        """Whether everything in a resource file is known by name."""
        if self._view.graph.roles.get(path) is not Role.MANIFEST:
            return False
        facts = self._view.facts_of.get(path)
        if facts is not None:
            return all(fact.key.name and not has_variable(fact.key.name + fact.key.namespace) for fact in facts)
        file = self._view.file(path)
        return file is not None and not file.decoded.problems and not file.manifests

    def certain(self, collision: Collision) -> bool:
        """Whether nothing on the way can have renamed or removed one of the two."""
        ways = {*collision.first.via, *collision.second.via}
        if collision.link is None or collision.link.reference.use is Use.COMPONENT:
            # By then the patches of this folder and its components have been applied.
            ways.add(collision.folder)
        return not any(self._may_rename(folder) for folder in ways)

    def keeps_names(self, folder: str) -> bool:
        """Whether a build's objects certainly come from its resources with the names that ``Member`` knows."""
        waiting, seen = [folder], {folder}
        while waiting:
            one = self._view.graph.kustomizations.get(waiting.pop())
            if one is None or self._may_rename(one.folder):
                return False
            for link in one.linked(Use.RESOURCE, Use.COMPONENT):
                if link.state is LinkState.FOLDER and link.path not in seen:
                    seen.add(link.path)
                    waiting.append(link.path)
        return True

    def _may_rename(self, folder: str) -> bool:
        known = self._changes_names.get(folder)
        if known is None:
            one = self._view.graph.kustomizations.get(folder)
            known = (
                one is None or one.parsed.unsure or any(self._patch_renames(one, patch) for patch in one.parsed.patches)
            )
            known = known or any(
                link.state is not LinkState.FOLDER or self._may_rename(link.path)
                for link in (one.linked(Use.COMPONENT) if one else ())
                if link.path != folder
            )
            self._changes_names[folder] = known
        return known

    def _patch_renames(self, one: Kustomization, patch: PatchEntry) -> bool:
        if patch.renames:
            return True
        text = patch.inline
        if not text:
            for link in one.linked(Use.PATCH, Use.PATCH_OR_INLINE):
                if link.reference.path[:2] == patch.path and link.state is LinkState.FILE:
                    file = self._view.file(link.path)
                    text = file.content.decode("utf-8", "replace") if file else ""
                    break
            else:
                return True
        return not text or any(mark in text for mark in _RENAMING)


def _transform(member: Member, one: Kustomization) -> Member:
    """What a member is called after a kustomization's own namespace, prefix and suffix."""
    parsed, kind = one.parsed, (member.fact.key.group, member.fact.key.kind)
    namespace, name = member.name
    if parsed.namespace and kind not in _CLUSTER_SCOPED:
        namespace = "" if parsed.namespace == "default" else parsed.namespace
    if kind not in _NEVER_RENAMED:
        name = f"{parsed.prefix}{name}{parsed.suffix}"
    earlier = member.earlier if (namespace, name) == member.name else (*member.earlier, member.name)
    return replace(member, name=(namespace, name), earlier=earlier, via=(*member.via, one.folder))

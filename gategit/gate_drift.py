"""Drift: what a cluster has otherwise than a commit declares it, target by target."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gategit.change import ABSENT
from gategit.checks.drift.builds import AS_DECLARED
from gategit.checks.drift.fields import drifted_fields
from gategit.checks.drift.strangers import SYSTEM_NAMESPACES, Origin, claim_names, release_names, stranger
from gategit.checks.drift.values import Drift, FieldDrift, ObjectChange, ObjectDrift, TargetDrift
from gategit.checks.dry_run.shown import Masker, name_of
from gategit.cluster.together import run
from gategit.declared_tree import DeclaredTree
from gategit.disk import show_path
from gategit.errors import UndecidedError, UsageError
from gategit.manifests.manifest import Manifest, ObjectKey, group_kind
from gategit.model import ObjectRef, Unchecked, format_path
from gategit.repository import open_trees
from gategit.request import Mode

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from gategit.checks.drift.read import Live, Wanted
    from gategit.checks.drift.values import FieldFound
    from gategit.cluster.access import Access
    from gategit.cluster.discovery import Discovery
    from gategit.config import Target
    from gategit.model import FieldPath
    from gategit.repository import Trees
    from gategit.request import Request

_NOT_BUILT: Final = "a kustomization changes it when it is built: only the built object could be compared"
_NOT_DEPLOYED: Final = "nothing here deploys it, so nobody knows with which values it is rendered"
_HOOKS: Final = ("argocd.argoproj.io/hook", "helm.sh/hook")
_MARKS: Final = frozenset(
    {
        *("argocd.argoproj.io/instance", "argocd.argoproj.io/tracking-id"),
        *("helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace"),
        *("kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"),
    }
)
_REPLICAS: Final = ("spec", "replicas")


def read_drift(request: Request, manager: str | None, say: Callable[[str], None]) -> Drift:
    """Compare clusters with the commit that they should be at.

    Args:
        request: the paths, the target, how to reach clusters; ``base`` names the commit, None is HEAD.
        manager: the field manager that applies the manifests; None: the target's, else what live objects say.
        say: told in a few words what is being done.

    Raises:
        UsageError: the request cannot be met.
        ConfigError: the config cannot be used.
        UndecidedError: the repository or the only cluster cannot be looked at.
    """
    with DeclaredTree(request, say, _open_commit(request)) as declared:
        targets = _targets(declared, request)
        found: list[TargetDrift] = []
        for target in targets:
            say(f"comparing {target.name if target is not None else 'the cluster'}")
            try:
                found.append(_look(request, declared, target, manager, say))
            except UndecidedError as error:
                if len(targets) == 1:
                    raise
                name = target.name if target is not None else ""
                found.append(TargetDrift(name, "", unchecked=(Unchecked(f"target {name}", error.message),)))
        return Drift(declared.commit or "", tuple(found))


def _open_commit(request: Request) -> Trees:
    """One commit, as both sides of a change that is none."""
    commit = request.base or "HEAD"
    try:
        return open_trees(replace(request, mode=Mode.CHANGE, base=commit, head=commit))
    except UsageError as error:
        # There is no --head here: what is wrong with it is wrong with --base.
        raise UsageError(error.message.replace("--head", "--base", 1), error.hint) from None


def _targets(declared: DeclaredTree, request: Request) -> tuple[Target | None, ...]:
    """The targets to look at.

    Raises:
        UsageError: there is none of that name, or it is not clear which cluster is whose.
    """
    targets = declared.targets()
    unclear = [one.name for one in targets if one is not None and one.context is None]
    if len(targets) > 1 and (request.context is not None or unclear):
        why = "--context names one cluster" if request.context is not None else f"{unclear[0]} names no context"
        raise UsageError(
            f"the config has several targets, and {why}", "name one with --target, or give each a context in the config"
        )
    return targets


def _look(
    request: Request, declared: DeclaredTree, target: Target | None, manager: str | None, say: Callable[[str], None]
) -> TargetDrift:
    from gategit.cluster.kubeconfig import read_access  # noqa: PLC0415  costs what only a cluster needs

    access = read_access(
        kubeconfig=request.kubeconfig,
        context=request.context or (target.context if target is not None else None),
        environment=request.environment,
        repository=declared.root,
    )
    namespace = (target.namespace if target is not None else None) or access.namespace or "default"
    field_manager = manager or (target.field_manager if target is not None else None)
    looking = _Looking(declared, target, namespace, field_manager)
    return run(looking.run(access, say))


def _asked(declared: DeclaredTree, target: Target | None) -> Iterator[tuple[Manifest, str | None]]:
    """The manifests to compare, each with the namespace that its build sets.

    Those that only a build could tell come with the namespace ``*``.
    """
    for manifest, builds in declared.own(target):
        build = next(iter(builds)) if len(builds) == 1 else None
        yield manifest, "*" if build is None or build.changed else build.namespace


def _known(declared: DeclaredTree, target: Target | None) -> Iterator[tuple[Manifest, str | None]]:
    """Every manifest that may be deployed to a target, with each namespace that it may have there."""
    for manifest, builds in declared.reaching(target):
        yield from ((manifest, build.namespace) for build in builds | {AS_DECLARED})


def _made(declared: DeclaredTree, target: Target | None) -> _Made:
    """What builds may bring into a cluster under names that no file has."""
    found = _Made()
    for manifest, builds in declared.reaching(target):
        if any(build.changed for build in builds):
            found.add(manifest.group_kind, manifest.name)
    for kind, name in declared.generated():
        found.add(kind, name)
    return found


def _unread(declared: DeclaredTree, target: Target | None) -> Iterator[Unchecked]:
    yield from declared.unread(target)
    for path in declared.templates(target):
        if target is None or target.matches(path):
            yield Unchecked(show_path(path), "it is a template, which becomes YAML only when it is rendered")
    for name in declared.alone(target):
        yield Unchecked(f"the {show_path(name)}", _NOT_DEPLOYED)


class _Made:
    """Objects whose names a build may change: with a prefix, a suffix, or a hash of the content."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def add(self, kind: str, name: str) -> None:
        """Note the name that an object of a kind has before the build."""
        if name:
            self._names.setdefault(kind, []).append(name)

    def __contains__(self, live: tuple[str, str]) -> bool:
        kind, name = live
        padded = f"-{name}-"
        return any(f"-{known}-" in padded for known in self._names.get(kind, ()))


class _Looking:
    """One look at one cluster."""

    def __init__(self, declared: DeclaredTree, target: Target | None, namespace: str, manager: str | None) -> None:
        self._declared = declared
        self._target = target
        self._namespace = namespace
        self._manager = manager
        self._masker = Masker(secrets.token_bytes(32))
        self._unchecked: list[Unchecked] = list(_unread(declared, target))
        self._notes: list[str] = []
        self._objects: list[ObjectDrift] = []
        self._compared = 0

    async def run(self, access: Access, say: Callable[[str], None]) -> TargetDrift:
        """Read the cluster and compare."""
        from gategit.checks.drift.read import read_live  # noqa: PLC0415  aiohttp costs what only a cluster needs
        from gategit.cluster.client import Client  # noqa: PLC0415  the same
        from gategit.cluster.discovery import discover  # noqa: PLC0415  the same

        async with Client(access) as client:
            discovery = await discover(client)
            wanted = self._resolve(discovery)
            namespaces = self._managed(wanted, discovery)
            say(f"reading {access.name}")
            live = await read_live(client, discovery, [one for one, _ in wanted], namespaces)
        self._unchecked += live.unchecked
        self._compare(wanted, live)
        self._strangers(discovery, live)
        if not wanted and not self._objects and not self._unchecked:
            self._unchecked.append(Unchecked("the cluster", "Git declares no object for it"))
        name = self._target.name if self._target is not None else None
        return TargetDrift(
            name,
            access.name,
            discovery.version,
            self._compared,
            tuple(self._objects),
            tuple(self._notes),
            tuple(dict.fromkeys(self._unchecked)),
        )

    def _resolve(self, discovery: Discovery) -> list[tuple[Wanted, Manifest]]:
        """The objects to read, in the order of their files."""
        from gategit.checks.drift.read import Wanted  # noqa: PLC0415  the same

        found: list[tuple[Wanted, Manifest]] = []
        for manifest, namespace in _asked(self._declared, self._target):
            resource = discovery.find(manifest.api_version, manifest.kind)
            if namespace == "*":
                self._miss(manifest, _NOT_BUILT)
            elif not manifest.name or manifest.name.endswith("*"):
                self._miss(manifest, "its name is made in the cluster")
            elif resource is None:
                self._not_served(manifest, discovery)
            elif "get" not in resource.verbs:
                self._miss(manifest, "the cluster keeps no objects of its kind")
            else:
                inside = namespace or manifest.namespace or self._namespace
                found.append((Wanted(resource, inside if resource.namespaced else None, manifest.name), manifest))
        return found

    def _not_served(self, manifest: Manifest, discovery: Discovery) -> None:
        versions = discovery.versions(manifest.group, manifest.kind)
        if versions:
            self._miss(manifest, f"the cluster serves its kind as {', '.join(versions)}, not as {manifest.version}")
        elif any(one.rpartition("/")[0] == manifest.group for one in discovery.stale):
            self._miss(manifest, "the server behind its API group does not answer")
        else:
            self._missing(manifest, manifest.namespace, "the cluster does not serve its kind")

    def _miss(self, manifest: Manifest, reason: str) -> None:
        self._unchecked.append(Unchecked(f"{manifest.ref} ({show_path(manifest.source.file)})", reason))

    def _missing(self, manifest: Manifest, namespace: str | None, reason: str = "") -> None:
        self._compared += 1
        location = self._declared.field(manifest, ())
        ref = replace(manifest.ref, namespace=namespace or None)
        self._objects.append(ObjectDrift(ObjectChange.MISSING, ref, location, reason=reason))

    def _managed(self, wanted: Sequence[tuple[Wanted, Manifest]], discovery: Discovery) -> list[str]:
        """The namespaces that Git is in charge of: they hold declared objects, and are not the system's own."""
        holding = {one.namespace for one, _ in wanted if one.namespace is not None}
        own = {one.name for one, _ in wanted if (one.resource.group, one.resource.kind) == ("", "Namespace")}
        system = sorted((holding & SYSTEM_NAMESPACES) - own)
        if system:
            self._notes.append(f"of the namespace {', '.join(system)} only what Git declares was looked at")
        if discovery.stale:
            self._unchecked += [Unchecked(one, "the server behind it does not answer") for one in discovery.stale]
        return sorted(holding - set(system))

    def _compare(self, wanted: Sequence[tuple[Wanted, Manifest]], live: Live) -> None:
        """Compare each declared object; of one that is declared several times the nearest declaration counts."""
        scaled = frozenset(_scaled(manifest for manifest, _ in self._declared.reaching(self._target)))
        groups: dict[tuple[str, ObjectKey], list[Manifest]] = {}
        for one, manifest in wanted:
            if one not in live.refused:
                groups.setdefault((one.resource.api_version, one.key), []).append(manifest)
        for place, manifests in groups.items():
            if _is_left_alone(manifests[0]):
                self._notes.append(f"{manifests[0].ref} is one that Flux is told to leave alone")
                continue
            content = live.objects.get(place)
            if content is None:
                if not _comes_and_goes(manifests[0]):
                    self._missing(manifests[0], place[1].namespace)
                continue
            self._compared += 1
            # An autoscaler that names no namespace stands in that of what it scales.
            is_scaled = not scaled.isdisjoint((place[1], place[1]._replace(namespace="")))
            ignored: frozenset[FieldPath] = frozenset({_REPLICAS} if is_scaled else ())
            several = [(manifest, self._fields(manifest, content, ignored)) for manifest in manifests]
            manifest, fields = min(several, key=lambda pair: len(pair[1]))
            if fields:
                shown = tuple(self._shown(manifest, content, found) for found in fields)
                location = self._declared.field(manifest, ())
                ref = replace(manifest.ref, namespace=place[1].namespace or None)
                self._objects.append(ObjectDrift(ObjectChange.CHANGED, ref, location, shown))

    def _fields(
        self, manifest: Manifest, content: Mapping[str, Any], ignored: frozenset[FieldPath]
    ) -> list[FieldFound]:
        declared = _without_marks(manifest)
        if isinstance(declared.get("sops"), dict):
            self._notes.append(f"{manifest.ref} is encrypted with SOPS: of it only the metadata were compared")
            declared = {key: declared[key] for key in ("apiVersion", "kind", "metadata") if key in declared}
            return [
                found
                for found in drifted_fields(declared, content, self._manager, ignored=ignored)
                if found.path[0] == "metadata"
            ]
        return drifted_fields(declared, content, self._manager, ignored=ignored)

    def _shown(self, manifest: Manifest, content: Mapping[str, Any], found: FieldFound) -> FieldDrift:
        sides = (manifest.data, content) if found.live is ABSENT else (content, manifest.data)
        name = name_of(found.path, *sides)
        git, live = (
            None if value is ABSENT else self._masker.shown(manifest.kind, found.path, value, name)
            for value in (found.git, found.live)
        )
        location = self._declared.field(manifest, found.declared)
        return FieldDrift(found.change, format_path(found.path), git, live, location, found.managers)

    def _strangers(self, discovery: Discovery, live: Live) -> None:
        """What the managed namespaces hold and Git does not declare."""
        manifests = list(_known(self._declared, self._target))
        known = set(_keys(manifests, self._namespace))
        made = _made(self._declared, self._target)
        claims: list[re.Pattern[str]] = [name for manifest, _ in manifests for name in claim_names(manifest)]
        releases = {name for manifest, _ in manifests for name in release_names(manifest)}
        versions: dict[tuple[str, str], str] = {}
        for resource in discovery.resources:
            versions.setdefault((resource.group, resource.kind), resource.api_version)
        foreign: dict[tuple[str, str], ObjectKey] = {}
        built = 0
        seen: set[str] = set()
        for key, content in sorted(live.others.items(), key=lambda item: _reading_order(item[0])):
            uid = str(content["metadata"].get("uid") or key)
            api_version = versions.get((key.group, key.kind), key.group)
            kind = group_kind(api_version, key.kind)
            if key in known or uid in seen or (kind, key.name) in made:
                continue
            seen.add(uid)  # some kinds are served by two groups
            one = stranger(kind, content, claims)
            if one.origin is Origin.AGENT:
                built += 1
                releases.add(one.release)
            elif one.origin is Origin.HELM:
                foreign.setdefault((key.namespace, one.release), key)
            elif one.origin is Origin.UNKNOWN:
                ref = ObjectRef(api_version, key.kind, key.namespace, key.name)
                self._objects.append(ObjectDrift(ObjectChange.UNDECLARED, ref, managers=one.managers))
        for namespace, release in foreign:
            if release not in releases:
                ref = ObjectRef("helm.sh/v3", "Release", namespace, release)
                reason = "a Helm release with all its objects, and no HelmRelease in Git"
                self._objects.append(ObjectDrift(ObjectChange.UNDECLARED, ref, reason=reason))
        if built:
            objects = "1 object carries" if built == 1 else f"{built:,} objects carry"
            self._notes.append(f"{objects} the mark of an agent that built them: Git does not hold them as such")


def _keys(manifests: Iterable[tuple[Manifest, str | None]], namespace: str) -> Iterator[ObjectKey]:
    """The keys that declared objects may have in the cluster."""
    for manifest, built in manifests:
        key = manifest.key
        yield key._replace(namespace=built or key.namespace or namespace)
        yield key._replace(namespace=key.namespace or namespace)


def _reading_order(key: ObjectKey) -> tuple[str, str, str, str]:
    return key.namespace, key.kind, key.name, key.group


def _scaled(manifests: Iterable[Manifest]) -> Iterator[ObjectKey]:
    """What declared autoscalers scale: they are in charge of its replicas."""
    for manifest in manifests:
        spec = manifest.data.get("spec")
        reference = spec.get("scaleTargetRef") if isinstance(spec, dict) else None
        if manifest.kind not in {"HorizontalPodAutoscaler", "ScaledObject"} or not isinstance(reference, dict):
            continue
        # A ScaledObject that does not say scales a Deployment.
        group = str(reference.get("apiVersion") or "apps/v1").rpartition("/")[0]
        kind, name = str(reference.get("kind") or "Deployment"), str(reference.get("name") or "")
        yield ObjectKey(group, kind, manifest.namespace or "", name)


def _is_left_alone(manifest: Manifest) -> bool:
    """Whether an annotation tells Flux not to apply an object, or not again."""
    annotations = _annotations(manifest)
    once = str(annotations.get("kustomize.toolkit.fluxcd.io/ssa") or "").lower() in {"ignore", "ifnotpresent"}
    return once or str(annotations.get("kustomize.toolkit.fluxcd.io/reconcile") or "").lower() == "disabled"


def _without_marks(manifest: Manifest) -> dict[str, Any]:
    """A rendered object without what its agent adds to know it again, which is never drift."""
    metadata = manifest.data.get("metadata")
    if manifest.source.unit is None or not isinstance(metadata, dict):
        return manifest.data
    kept: dict[str, Any] = {}
    for key, value in metadata.items():
        if key in {"labels", "annotations"} and isinstance(value, dict):
            own = {name: text for name, text in value.items() if name not in _MARKS}
            if own or not value:
                kept[key] = own
        else:
            kept[key] = value
    return {**manifest.data, "metadata": kept}


def _annotations(manifest: Manifest) -> Mapping[str, Any]:
    metadata = manifest.data.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def _comes_and_goes(manifest: Manifest) -> bool:
    """Whether it is right that an object is not there any more: a hook, or a Job that is swept away when it is done."""
    if any(hook in _annotations(manifest) for hook in _HOOKS):
        return True
    spec = manifest.data.get("spec")
    swept = isinstance(spec, dict) and spec.get("ttlSecondsAfterFinished") is not None
    return manifest.kind == "Job" and swept

"""The rehearsal: a target's whole tree is applied to an empty sandbox, to see whether Git holds all of the cluster."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from gategit.checks.rehearsal.needs import CLASSES, EVERYWHERE, Brought, Kind, brings, needs
from gategit.checks.rehearsal.values import Missing, Needer, RefusedObject, Rehearsal, TargetRehearsal
from gategit.cluster.together import run
from gategit.declared_tree import DeclaredTree, Placed
from gategit.disk import show_path
from gategit.dry_running import namespaces_made
from gategit.errors import UndecidedError
from gategit.manifests.secrecy import is_encrypted
from gategit.model import Unchecked, format_path

if TYPE_CHECKING:
    from gategit.cluster.access import Access
    from gategit.cluster.client import Client
    from gategit.cluster.discovery import Discovery
    from gategit.config import Target
    from gategit.manifests.manifest import Manifest
    from gategit.model import FieldPath
    from gategit.request import Request
    from gategit.sandbox.fill import Filled, Refused

_VARIABLES: Final = "the server refuses it, and it holds variables that are filled in later"
_CHARTS: Final = frozenset(
    {"argoproj.io/Application", "argoproj.io/ApplicationSet", "helm.toolkit.fluxcd.io/HelmRelease"}
)
_KINDS: Final = "CustomResourceDefinition"


def rehearse(request: Request, say: Callable[[str], None]) -> Rehearsal:
    """Apply each target's tree to an empty sandbox of its own.

    Args:
        request: the folder, the paths, the target, and how the programs are found.
        say: told in a few words what is being done.

    Raises:
        UsageError: the request cannot be met.
        ConfigError: the config cannot be used.
        UndecidedError: there is no sandbox to be had.
    """
    from gategit.sandbox.assets import find_assets  # noqa: PLC0415  only a sandbox needs programs
    from gategit.sandbox.server import start  # noqa: PLC0415  the same

    with DeclaredTree(request, say) as tree:
        found: list[TargetRehearsal] = []
        for target in tree.targets():
            assets = find_assets(tree.version(target), request.assets, request.environment, tree.root)
            with start(assets, say=say) as sandbox:
                found.append(run(_Rehearsing(tree, target).run(sandbox.access, assets.notes, say)))
        return Rehearsal(tuple(found))


class _Rehearsing:
    """The rehearsal of one target."""

    def __init__(self, tree: DeclaredTree, target: Target | None) -> None:
        self._tree = tree
        self._target = target
        self._objects = tree.objects(target)
        self._supplied = tree.supplied(target, self._objects)
        self._unchecked = list(tree.unread(target))
        if not self._objects and not self._unchecked:
            raise UndecidedError(
                f"{f'the target {target.name}' if target is not None else 'what was named'} declares no object",
                "name a folder that holds manifests",
            )

    async def run(self, access: Access, notes: Iterable[str], say: Callable[[str], None]) -> TargetRehearsal:
        """Fill the sandbox and look what is not there."""
        from gategit.cluster.client import Client  # noqa: PLC0415  aiohttp costs what only a sandbox needs
        from gategit.cluster.discovery import discover  # noqa: PLC0415  the same
        from gategit.sandbox.fill import fill  # noqa: PLC0415  the same

        sealed = [one for one in self._objects if is_encrypted(one.data)]
        async with Client(access) as client:
            applied = [one for one in self._objects if not is_encrypted(one.data)]
            definitions = self._supplied.definitions.values()
            filled = await fill(client, [*definitions, *(one.data for one in applied)], say, strict=True)
            discovery = await discover(client)
            self._supplied, filled = self._supplied.in_sandbox(filled, discovery)
            own = await _own_classes(client, discovery)
        refused = self._refused(filled.refused, discovery)
        missing = [
            *self._missing_namespaces(filled),
            *self._missing_kinds(filled.refused, discovery),
            *self._missing_names(own),
        ]
        return TargetRehearsal(
            self._target.name if self._target is not None else None,
            discovery.version,
            filled.made,
            tuple(missing),
            tuple(refused),
            (*notes, *self._supplied.said, *self._notes(filled, len(sealed))),
            tuple(dict.fromkeys(self._unchecked)),
        )

    def _missing_namespaces(self, filled: Filled) -> Iterator[Missing]:
        made = {name for one in self._objects for name in namespaces_made(one.manifest)}
        made |= self._tree.namespaces_made(self._target)
        for name in filled.namespaces:
            needers = [one for one in self._objects if one.namespace == name]
            if name not in made and needers:
                yield Missing("Namespace", None, name, self._needers((one, ()) for one in needers))

    def _missing_kinds(self, refused: Sequence[Refused], discovery: Discovery) -> Iterator[Missing]:
        unserved: dict[tuple[str, str], list[Placed]] = {}
        needers = [one for one in self._objects if self._is_supplied(one.manifest) and not is_encrypted(one.data)]
        needers += [
            placed
            for one, placed in self._of(refused)
            if one.unserved and not self._is_supplied(placed.manifest) and not self._other(placed.manifest, discovery)
        ]
        for placed in needers:
            key = (placed.manifest.kind, placed.manifest.api_version)
            unserved.setdefault(key, []).append(placed)
        for (kind, api_version), needers in sorted(unserved.items()):
            yield Missing(_KINDS, None, f"{kind} of {api_version}", self._needers((one, ()) for one in needers))

    def _is_supplied(self, manifest: Manifest) -> bool:
        """Whether the sandbox has an object's kind from elsewhere: Git alone would not bring it."""
        return (manifest.group, manifest.kind) in self._supplied.definitions

    def _other(self, manifest: Manifest, discovery: Discovery) -> str:
        """What is to be said of a kind that is served otherwise, or not any more; "" where Git has no definition."""
        if self._is_supplied(manifest):
            return ""
        what = f"{manifest.kind} of {manifest.api_version}"
        versions = discovery.versions(manifest.group, manifest.kind)
        if versions:
            prefix = f"{manifest.group}/" if manifest.group else ""
            return f"the API server serves no {what}, but {', '.join(f'{prefix}{version}' for version in versions)}"
        # Kubernetes' own groups have no dot or its own domain, and are served by the server without a definition.
        served = {(one.group, one.kind) for one in discovery.resources if one.group == manifest.group}
        is_own_domain = manifest.group.endswith(".k8s.io") and not served <= self._supplied.definitions.keys()
        return f"the API server serves no {what}" if "." not in manifest.group or is_own_domain else ""

    def _missing_names(self, own: set[tuple[Kind, str]]) -> Iterator[Missing]:
        """What objects name and nothing brings: the server itself looks at hardly any of it."""
        brought = {found for one in self._objects for found in brings(one.data, one.namespace)}
        generated = self._tree.generated()
        wanted: dict[Brought, list[tuple[Placed, FieldPath]]] = {}
        for one in self._objects:
            for need in needs(one.data):
                place = "" if need.kind in CLASSES else one.namespace
                if (need.kind[1], need.name) in generated or (need.kind, need.name) in own:
                    continue
                if {Brought(need.kind, where, need.name) for where in (place, EVERYWHERE)} & brought:
                    continue
                wanted.setdefault(Brought(need.kind, place, need.name), []).append((one, need.path))
        for (kind, namespace, name), needers in sorted(wanted.items(), key=lambda item: item[0]):
            yield Missing(kind[1], namespace or None, name, self._needers(needers))

    def _needers(self, found: Iterable[tuple[Placed, FieldPath]]) -> tuple[Needer, ...]:
        needers = [Needer(one.ref, format_path(path), self._tree.locate(one.manifest, path)) for one, path in found]
        return tuple(sorted(needers, key=_reading_order))

    def _of(self, refused: Sequence[Refused]) -> Iterator[tuple[Refused, Placed]]:
        """What was refused, with the manifest that it comes from."""
        from gategit.sandbox.objects import identity  # noqa: PLC0415  only a sandbox needs it

        placed = {identity(one.data): one for one in self._objects}
        for one in refused:
            if (found := placed.get(identity(one.object))) is not None:
                yield one, found

    def _refused(self, refused: Sequence[Refused], discovery: Discovery) -> list[RefusedObject]:
        from gategit.checks.dry_run.releases import Releases  # noqa: PLC0415  only a sandbox needs it

        releases = Releases(self._supplied.carried)
        found: list[RefusedObject] = []
        for one, placed in self._of(refused):
            manifest = placed.manifest
            message, is_doubtful = self._other(manifest, discovery), False
            if not one.unserved:
                message, is_doubtful = releases.judged(manifest.data, one.message)
            if not message:
                continue
            if is_doubtful or _has_variables(manifest.data):
                reason = f"it depends on the release that the cluster runs: {message}" if is_doubtful else _VARIABLES
                self._unchecked.append(Unchecked(f"{manifest.ref} ({show_path(manifest.source.file)})", reason))
                continue
            found.append(RefusedObject(placed.ref, self._tree.locate(manifest), message))
        return found

    def _notes(self, filled: Filled, sealed: int) -> Iterator[str]:
        yield from (note for note in filled.notes if "nothing declares" not in note)
        altered = sum(1 for one in self._objects if self._tree.is_altered(one.manifest))
        if altered:
            what = _many(altered, "object")
            yield f"{what} built by kustomizations that change more than a namespace: taken as declared"
        if sealed:
            yield f"{_many(sealed, 'object')} encrypted with SOPS: not applied, only the agent can read them"
        charts = sum(1 for one in self._objects if one.manifest.group_kind in _CHARTS)
        if charts and not self._tree.config.render.enabled:
            what = "application or release of a chart" if charts == 1 else "applications and releases of charts"
            yield f"{charts:,} {what} not rendered: {_unknown(charts)}"
        alone = len(self._tree.alone(self._target))
        if alone:
            yield f"{_many(alone, 'chart')} that nothing here deploys: {_unknown(alone)}"
        templates = len(self._tree.templates(self._target))
        if templates:
            yield f"{_many(templates, 'template')} not rendered: {_unknown(templates)}"


def _reading_order(needer: Needer) -> tuple[str, int]:
    region = needer.location.region
    return needer.location.file, region.line if region is not None else 0


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _unknown(count: int) -> str:
    return f"what {'it brings' if count == 1 else 'they bring'} is not known here"


def _has_variables(data: dict[str, Any]) -> bool:
    """Whether an object holds what Flux fills in after the build: ``${name}``."""
    return "${" in json.dumps(data)


async def _own_classes(client: Client, discovery: Discovery) -> set[tuple[Kind, str]]:
    """The classes that the server has, its own among them."""
    found: set[tuple[Kind, str]] = set()
    for group, kind in CLASSES:
        resource = next((one for one in discovery.resources if (one.group, one.kind) == (group, kind)), None)
        if resource is not None:
            found |= {((group, kind), item["metadata"]["name"]) for item in await client.list(resource.path(None))}
    return found

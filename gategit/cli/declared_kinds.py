"""Which custom resources the manifests of a folder declare or define, or are rendered to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gategit.cache import Cache
from gategit.checks.schema.crd import GROUP, KIND
from gategit.cluster.rbac import BUILT_IN, checked_group, is_plural
from gategit.disk import show_path
from gategit.errors import UsageError
from gategit.manifests.decode import Limits
from gategit.rendered_tree import render_tree
from gategit.report.escaping import visible
from gategit.repository import open_trees
from gategit.request import Mode, Request
from gategit.side import Side
from gategit.trusted import load_trusted

_UNSERVED = frozenset({"kustomize.config.k8s.io"})
"""Groups of files for programs, which no API server serves."""


@dataclass(frozen=True, slots=True)
class DeclaredKinds:
    """Custom resources by group.

    Attributes:
        resources: of each group the plural names, where a definition says them, else ``*``.
        refused: what manifests say that cannot be a custom resource, and what cannot be rendered, each one sentence.
    """

    resources: Mapping[str, frozenset[str]]
    refused: tuple[str, ...]


def declared_kinds(folder: Path, environment: Mapping[str, str]) -> DeclaredKinds:
    """Read the manifests below a folder, and what agents make of them.

    Raises:
        ConfigError: the config cannot be used.
        UndecidedError: the folder cannot be read.
    """
    request = Request(directory=folder, mode=Mode.ALL, environment=environment)
    trees = open_trees(request)
    try:
        config = load_trusted(request, trees).config
        limits = Limits(file_bytes=config.limits.file_size)
        side = Side(trees.head, config.path_filter(), trees.selects, limits, Cache(None), request.jobs, parsed={})
        facts = side.survey()
        rendered = render_tree(side, facts, trees, config, _say_nothing, jobs=request.jobs, alone=True)
        groups = {fact[0].rpartition("/")[0] for raw in facts.values() for fact in raw}
        definitions = [path for path, raw in facts.items() if any(_defines(fact[0], fact[1]) for fact in raw)]
        defined = [
            (path, manifest.data)
            for path in definitions
            for manifest in side.file(path).manifests
            if _defines(manifest.api_version, manifest.kind)
        ]
        for manifest in side.rendition.manifests():
            groups.add(manifest.group)
            if _defines(manifest.api_version, manifest.kind) and manifest.source.file not in definitions:
                defined.append((manifest.source.file, manifest.data))
        unknown = dict.fromkeys(rendered.unfollowed(inside=side.in_scope, target=None, alone=True))
    finally:
        trees.close()
    found = _collect(groups, defined)
    return replace(found, refused=(*found.refused, *(visible(f"{one.what}: {one.reason}") for one in unknown)))


def _say_nothing(_: str) -> None:
    """Say nothing: it does not take long."""


def _defines(api_version: str, kind: str) -> bool:
    return kind == KIND and api_version.startswith(f"{GROUP}/")


def _collect(groups: set[str], definitions: list[tuple[str, dict[str, object]]]) -> DeclaredKinds:
    resources: dict[str, set[str]] = {}
    refused: list[str] = []
    for path, data in definitions:
        spec = data.get("spec")
        names = spec.get("names") if isinstance(spec, dict) else None
        group = spec.get("group") if isinstance(spec, dict) else None
        plural = names.get("plural") if isinstance(names, dict) else None
        if not isinstance(group, str) or not isinstance(plural, str) or not is_plural(plural):
            refused.append(
                f"{show_path(path)}: a CustomResourceDefinition says no group and plural name that it could define"
            )
            continue
        try:
            resources.setdefault(checked_group(group), set()).add(plural)
        except UsageError as error:
            refused.append(f"{show_path(path)}: a CustomResourceDefinition is left out: {error.message}")
    for group in sorted(groups - BUILT_IN - _UNSERVED - resources.keys()):
        try:
            resources[checked_group(group)] = {"*"}
        except UsageError as error:
            refused.append(f"the API group of a manifest is left out: {error.message}")
    return DeclaredKinds({group: frozenset(plurals) for group, plurals in resources.items()}, tuple(refused))

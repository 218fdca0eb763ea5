"""Flux's sources: which of them are this repository as it is here, and which are nowhere.

The rules by which a GitRepository is taken for this repository are those of ``checks.references.flux``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from gategit.checks.references.paths import has_variable
from gategit.checks.references.rules import DANGLING_REFERENCE
from gategit.checks.references.sources import dig, normal_url, root_path, text_at
from gategit.model import FieldPath, Level, Location, RelatedLocation, format_path
from gategit.nearest import nearest
from gategit.render.values import AgentObject, RenderProblem
from gategit.render.world import World, ref_of

KUSTOMIZE = "kustomize.toolkit.fluxcd.io"
HELM = "helm.toolkit.fluxcd.io"
SOURCE = "source.toolkit.fluxcd.io"
BOOTSTRAP = "flux-system"

_PINS = ("tag", "semver", "commit", "name")
_REMOVED = "which this change removes"


class Sources:
    """The sources that a world declares, each looked at once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[tuple[str, Location | None], str] = {}

    def why_elsewhere(self, reference: Any, one: AgentObject) -> str:
        """Why what a reference names is not this repository as it is here, as the end of a sentence; "" where it is.

        Args:
            reference: ``sourceRef``: kind, name and perhaps namespace.
            one: the object that has it.
        """
        kind, name = text_at(reference, "kind"), text_at(reference, "name")
        if kind != "GitRepository":
            return f"its source is the {kind or 'unnamed source'} {name}".rstrip()
        if has_variable(name):
            return "its source is filled in later"
        source = self.declared(reference, one) or self._world.find(SOURCE, kind, "", name, one)
        key = (name, None if source is None else source.location)
        if key not in self._known:
            self._known[key] = self._work_out(name, source)
        return self._known[key]

    def declared(self, reference: Any, one: AgentObject) -> AgentObject | None:
        """The source that a reference names, None where it is not declared here."""
        namespace = text_at(reference, "namespace") or one.namespace
        return self._world.find(SOURCE, text_at(reference, "kind"), namespace, text_at(reference, "name"), one)

    def _work_out(self, name: str, source: AgentObject | None) -> str:
        world = self._world
        pinned = "" if source is None else self._pinned(source)
        if pinned:
            return pinned
        asked = self._asked.get(name, ())
        url = None if source is None else normal_url(text_at(source.data, "spec", "url"))
        if url in world.urls or (source is not None and _applies_itself(source, asked)):
            return ""
        borne_out = world.witness.bears_out(root_path(path) for path in asked)
        if url and world.urls:
            alike = url.rpartition("/")[2] in {one.rpartition("/")[2] for one in world.urls}
            return "" if alike and borne_out else _elsewhere(name)
        if borne_out or (name == BOOTSTRAP and borne_out is None):
            return ""
        return _elsewhere(name)

    def _pinned(self, one: AgentObject) -> str:
        spec, name = one.data.get("spec"), text_at(one.data, "metadata", "name")
        if dig(spec, "include"):
            return f"its source, the GitRepository {name}, includes other repositories"
        if any(text_at(spec, "ref", pin) for pin in _PINS):
            return f"its source, the GitRepository {name}, is pinned to another version"
        branch = text_at(spec, "ref", "branch")
        if branch and self._branches and branch not in self._branches:
            return f"its source, the GitRepository {name}, is at the branch {branch}"
        return ""

    @cached_property
    def _branches(self) -> frozenset[str]:
        """The branches that this tree may be: as said, or those that Flux itself is applied from."""
        said = {name.removeprefix("refs/heads/") for name in self._world.branches}
        return frozenset(said) or frozenset(
            branch
            for one in self._world.named(SOURCE, "GitRepository", "", BOOTSTRAP)
            if (branch := text_at(one.data, "spec", "ref", "branch"))
        )

    @cached_property
    def _asked(self) -> dict[str, list[str]]:
        """The paths that are asked of each GitRepository anywhere."""
        asked: dict[str, list[str]] = {}
        for name, path in _paths(self._world):
            if path and not has_variable(path):
                asked.setdefault(name, []).append(path)
        return asked


def _paths(world: World) -> Iterator[tuple[str, str]]:
    for one in world.of_kind(KUSTOMIZE, "Kustomization"):
        spec = one.data.get("spec")
        if text_at(spec, "sourceRef", "kind") == "GitRepository":
            yield text_at(spec, "sourceRef", "name"), text_at(spec, "path")
    charts = [dig(one.data, "spec", "chart", "spec") for one in world.of_kind(HELM, "HelmRelease")]
    charts.extend(one.data.get("spec") for one in world.of_kind(SOURCE, "HelmChart"))
    for chart in charts:
        if text_at(chart, "sourceRef", "kind") == "GitRepository":
            yield text_at(chart, "sourceRef", "name"), text_at(chart, "chart")


def _applies_itself(one: AgentObject, asked: list[str] | tuple[()]) -> bool:
    if text_at(one.data, "metadata", "name") == BOOTSTRAP:
        return True
    folders = [folder for path in asked if (folder := root_path(path))]
    return any(one.file.startswith(f"{folder}/") for folder in folders)


def _elsewhere(name: str) -> str:
    return f"its source, the GitRepository {name}, is not known to be this repository"


def missing(world: World, one: AgentObject, wanted: tuple[str, str, str, str], path: FieldPath) -> RenderProblem | None:
    """The finding for an object that another one names and that the repository does not declare.

    It may be declared elsewhere: by another repository, by hand. It certainly is not where the repository declares it
    in another namespace; it hardly is where the repository declares others of its kind.

    Args:
        world: what is declared.
        one: the object that names it.
        wanted: group, kind, namespace ("" where nobody says) and name.
        path: the field that names it.
    """
    group, kind, namespace, name = wanted
    if not name or has_variable(name) or has_variable(namespace):
        return None
    same = world.named(group, kind, "", name)
    elsewhere = [other for other in same if world.shares_cluster(other, one)]
    others = {text_at(other.data, "metadata", "name") for other in world.of_kind(group, kind) if other is not one}
    others -= {""}
    help_ = f"Correct the name, or declare the {kind}."
    before = world.past(group, kind, namespace, name, one)
    if before is not None:
        end, help_, level = _REMOVED, f"Restore the {kind}, or remove what names it.", Level.ERROR
    elif elsewhere:
        places = " and ".join(sorted({other.namespace for other in elsewhere}))
        end = f"which is declared in the namespace {places} and not in {namespace}"
        help_ = "Name the namespace, or declare it in the same one."
        level = Level.ERROR
    elif same and name != BOOTSTRAP:
        end, level = f"which this repository declares {_for_targets(same)} and not for {one.target}", Level.WARNING
    elif others and name != BOOTSTRAP:
        near = nearest(name, others)
        end = "which this repository does not declare" + (f"; did you mean {near}?" if near else "")
        level = Level.WARNING
    else:
        return None
    ref = ref_of(one.data, one.namespace)
    return RenderProblem(
        DANGLING_REFERENCE.id,
        f"{ref}: {format_path(path)} names the {kind} {name}, {end}",
        world.locate(one, path),
        help=help_,
        level=level,
        object=ref,
        path=path,
        fatal=False,
        related=_was_at(before, kind, world),
    )


def missing_map(world: World, one: AgentObject, wanted: tuple[str, str], path: FieldPath) -> RenderProblem | None:
    """The finding for a ConfigMap or Secret that an object cannot do without, and that nothing here brings.

    Secrets are often made by others, from a vault or by hand, and namespaces may be changed on the way; so that only
    a ConfigMap's name that no other has is worth a word, and what the change itself takes away: of a ConfigMap that is
    an error, for nobody else is known to bring it.

    Args:
        world: what is declared.
        one: the object that names it.
        wanted: kind and name.
        path: the field that names it.
    """
    kind, name = wanted
    same = world.named("", kind, "", name) if name else ()
    if not name or has_variable(name) or any(world.shares_cluster(other, one) for other in same):
        return None
    generated = {made for each in world.graph.kustomizations.values() for _, made in each.parsed.generated}
    if any(name.startswith(made) or name.endswith(made) for made in generated if made):
        return None
    before = world.past("", kind, one.namespace, name, one)
    level = Level.WARNING
    if before is not None:
        end = _REMOVED
        level = Level.ERROR if kind == "ConfigMap" else Level.WARNING
    elif kind != "ConfigMap":
        return None
    elif same:
        end = f"which this repository brings {_for_targets(same)} and not for {one.target}"
    else:
        names = {text_at(other.data, "metadata", "name") for other in world.of_kind("", kind)}
        near = nearest(name, names - {""})
        end = "which nothing in this repository brings" + (f"; did you mean {near}?" if near else "")
    ref = ref_of(one.data, one.namespace)
    return RenderProblem(
        DANGLING_REFERENCE.id,
        f"{ref}: {format_path(path)} names the {kind} {name}, {end}",
        world.locate(one, path),
        help=f"Correct the name, declare the {kind}, or say `optional: true` where it may be missing.",
        level=level,
        object=ref,
        path=path,
        fatal=False,
        related=_was_at(before, kind, world),
    )


def _for_targets(several: Iterable[AgentObject]) -> str:
    return f"for {' and '.join(sorted({one.target for one in several if one.target}))}"


def _was_at(before: AgentObject | None, kind: str, world: World) -> tuple[RelatedLocation, ...]:
    if before is None:
        return ()
    place = before.location
    if place.file in world.tree.entries():
        place = Location(place.file, None, place.region)
    return (RelatedLocation(place, f"the {kind}, in the base"),)

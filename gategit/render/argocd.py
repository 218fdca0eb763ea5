"""What Argo CD's objects have built: each source of each Application, and of each that an ApplicationSet makes.

An Application whose manifests are Applications again (app of apps) is nothing special: what it renders comes back here
as objects with a parent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from gategit.checks.references.paths import has_variable
from gategit.checks.references.sources import dig, normal_url, text_at
from gategit.model import FieldPath, Level, Location
from gategit.render.applicationset import applications_of
from gategit.render.argocd_application import (
    GROUP,
    IN_CLUSTER,
    Application,
    entries,
    fields,
    texts,
    unit_name,
)
from gategit.render.argocd_projects import check_application
from gategit.render.argocd_rules import APPLICATION_INVALID
from gategit.render.argocd_sources import Source, build_of
from gategit.render.values import AgentObject, Build, Discovery, HelmBuild, Owner, RenderProblem, Unit
from gategit.render.world import World


def argocd_units(objects: Sequence[AgentObject], world: World) -> Discovery:
    """What Argo CD builds for its objects.

    Args:
        objects: declared and rendered ones; those of other agents are passed over.
        world: what they are read against.
    """
    units: list[tuple[Unit, Application]] = []
    problems: list[RenderProblem] = []
    unchecked: list[tuple[str, str]] = []
    applications: list[Application] = []
    for one in objects:
        if not text_at(one.data, "apiVersion").startswith(f"{GROUP}/"):
            continue
        kind = text_at(one.data, "kind")
        if kind == "Application":
            applications.append(Application(one.data, one))
        elif kind == "ApplicationSet":
            made = applications_of(one, world)
            applications.extend(made.applications)
            problems.extend(made.problems)
            unchecked.extend(made.unchecked)
    elsewhere = _elsewhere([*applications, *_others(world)], world)
    for application in applications:
        found = _of_application(application, world, elsewhere)
        units.extend((unit, application) for unit in found.units)
        problems.extend(found.problems)
        unchecked.extend(found.unchecked)
    return Discovery(tuple(_told_apart(units)), tuple(problems), tuple(dict.fromkeys(unchecked)))


def _told_apart(units: Sequence[tuple[Unit, Application]]) -> Iterator[Unit]:
    """The units; those of one name, such as an Application in two overlays, by what brings them."""
    counts = Counter(unit.name for unit, _ in units)
    for unit, application in units:
        parent = application.one.parent
        if counts[unit.name] > 1:
            yield replace(unit, name=f"{unit.name}, of {parent.name if parent else application.one.file}")
        else:
            yield unit


def _others(world: World) -> Iterator[Application]:
    """Every Application of the world, whose paths may bear out that a source is this repository."""
    for one in world.of_kind(GROUP, "Application"):
        yield Application(one.data, one)
    for one in world.of_kind(GROUP, "ApplicationSet"):
        yield Application(fields(one.data, "spec", "template"), one, ("spec", "template"))


def sources_of(data: Mapping[str, Any]) -> list[tuple[FieldPath, Mapping[str, Any]]]:
    """The sources of an Application, each with its field (``GetSources``)."""
    several = entries(data, "spec", "sources")
    if several:
        return [(("spec", "sources", index), one) for index, one in enumerate(several) if isinstance(one, dict)]
    single = dig(data, "spec", "source")
    return [(("spec", "source"), single)] if isinstance(single, dict) else []


def _elsewhere(applications: Sequence[Application], world: World) -> dict[tuple[str, str], str]:
    """Why each source is not this repository, by URL and revision; "" where it is."""
    asked: dict[str | None, set[str]] = {}
    found: set[tuple[str, str]] = set()
    for application in applications:
        for _, source in sources_of(application.data):
            url = text_at(source, "repoURL")
            found.add((url, text_at(source, "targetRevision")))
            path = text_at(source, "path")
            if path and not text_at(source, "chart") and not has_variable(path):
                asked.setdefault(normal_url(url), set()).add(path)
    return {
        (url, revision): world.why_elsewhere(url, revision, asked.get(normal_url(url), ())) for url, revision in found
    }


def _of_application(application: Application, world: World, elsewhere: Mapping[tuple[str, str], str]) -> Discovery:
    data = application.data
    if has_variable(application.name):
        return Discovery(unchecked=((f"{application.one.file}: {application.title}", "its name is filled in later"),))
    if dig(data, "spec", "sourceHydrator"):
        what = f"{application.one.file}: {application.title}"
        return Discovery(unchecked=((what, "its source hydrator writes what is applied to another branch"),))
    problems = list(_check(application, world))
    unchecked: list[tuple[str, str]] = []
    units: list[Unit] = []
    sources = sources_of(data)
    named = {text_at(one, "ref"): one for _, one in sources if text_at(one, "ref")}
    for path, one in sources:
        if text_at(one, "ref") and len(sources) > 1 and not text_at(one, "path") and not text_at(one, "chart"):
            continue
        source = Source(application, path, one, named, elsewhere)
        build = build_of(source, world)
        problems.extend((*source.problems, *source.warnings))
        unchecked.extend(source.unchecked)
        if build is not None:
            units.append(_unit(application, source, build, world))
    projects = check_application(application, [one for _, one in sources], world)
    return Discovery(tuple(units), (*problems, *projects.problems), (*unchecked, *projects.unchecked))


def _unit(application: Application, source: Source, build: Build, world: World) -> Unit:
    data = application.data
    destination = fields(data, "spec", "destination")
    target = application.target_in(world)
    # A chart from elsewhere has no file of its own: what is wrong with it is mended where it is named.
    is_remote = isinstance(build, HelmBuild) and build.chart.folder is None
    return Unit(
        unit_name(application, source.path, target),
        build,
        Owner(
            application.ref,
            application.locate(world, (*source.path, "repoURL") if is_remote else ()),
            application.one.brought_by,
            partial(_added_at, source, world),
            partial(application.locate, world, ("spec", "destination")),
        ),
        target,
        application.destination_namespace,
        cluster=text_at(destination, "name") or text_at(destination, "server"),
        uncertain=tuple(source.uncertain),
        project=application.project,
        sync_options=tuple(text for _, text in texts(data, "spec", "syncPolicy", "syncOptions")),
        outlives=application.outlived,
    )


_AS_WRITTEN: Final = frozenset({"patches", "replicas", "namespace", "namePrefix", "nameSuffix", "commonAnnotations"})
"""The options of Kustomize that become fields of a kustomization, entry by entry."""


def _added_at(source: Source, world: World, path: FieldPath) -> Location:
    """Where an Application has a field of the kustomization that it lays over a folder's."""
    name = "commonLabels" if path[:1] == ("labels",) else path[0] if path else ""
    rest = path[1:] if name in _AS_WRITTEN else ()
    return source.locate(world, ("kustomize", *([name] if name else []), *rest))


def _check(application: Application, world: World) -> Iterator[RenderProblem]:
    """What Argo CD refuses of an Application as such (``ValidateDestination``, ``ValidateRepo``)."""
    spec = fields(application.data, "spec")
    destination = fields(spec, "destination")
    name, server = text_at(destination, "name"), text_at(destination, "server")
    if name and server:
        yield application.problem(
            world,
            APPLICATION_INVALID.id,
            f'its destination names the cluster "{name}" and the server {server}, and Argo CD takes one of them',
            ("spec", "destination", "server"),
            "Remove the name or the server.",
        )
    elif not name and not server:
        yield application.problem(
            world,
            APPLICATION_INVALID.id,
            "its destination names no cluster",
            ("spec", "destination"),
            f"Write `server: {IN_CLUSTER}` for the cluster that Argo CD runs in, or the `name` of another one.",
        )
    if not sources_of(application.data):
        yield application.problem(
            world,
            APPLICATION_INVALID.id,
            "it has no source",
            ("spec",),
            "Say with `source` or `sources` what is built.",
        )
    options = [text for _, text in texts(spec, "syncPolicy", "syncOptions")]
    if dig(spec, "syncPolicy", "managedNamespaceMetadata") and "CreateNamespace=true" not in options:
        message = "its managedNamespaceMetadata has no effect without the sync option CreateNamespace=true"
        place: FieldPath = ("spec", "syncPolicy", "managedNamespaceMetadata")
        yield RenderProblem(
            APPLICATION_INVALID.id,
            f"{application.title}: {message}",
            application.locate(world, place, on="key"),
            "Add CreateNamespace=true to syncOptions, or remove managedNamespaceMetadata.",
            level=Level.WARNING,
            object=application.ref,
            path=place,
            fatal=False,
            unit=application.unit_in(world),
        )

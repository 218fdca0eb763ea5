"""What an AppProject lets its Applications do, as Argo CD judges it (``app_project_types.go``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gategit.checks.references.paths import has_variable
from gategit.checks.references.rules import DANGLING_REFERENCE
from gategit.checks.references.sources import dig, text_at
from gategit.globs import GlobError
from gategit.model import Level, Location, RelatedLocation
from gategit.render.argocd_application import GROUP, IN_CLUSTER, IN_CLUSTER_NAME, Application, entries, fields
from gategit.render.argocd_globs import go_match, gobwas
from gategit.render.argocd_rules import PROJECT_FORBIDS
from gategit.render.declared_at import declared_at
from gategit.render.values import AgentObject, Discovery, Owner, Rendered, RenderedObject, RenderProblem, Unit
from gategit.render.world import World, ref_of

if TYPE_CHECKING:
    from gategit.render.scopes import IsNamespaced

_DEFAULT: Final = "default"
_KIND: Final = ("kind",)


def check_application(application: Application, sources: Sequence[Mapping[str, Any]], world: World) -> Discovery:
    """Judge where an Application comes from and where it goes by its project; its objects are judged later."""
    name = application.project
    what = f"{application.one.file}: {application.title}: project {name}"
    if has_variable(name):
        return Discovery(unchecked=((what, "it is filled in later"),))
    projects = _projects(name, application.one.target, world)
    if not projects:
        return _missing(application, what, world)
    problems: list[RenderProblem] = []
    here = application.namespace
    if here and not has_variable(here) and not any(_allows_application(one, here) for one in projects):
        problem = application.problem(
            world,
            PROJECT_FORBIDS.id,
            f"its project {name} does not allow Applications in the namespace {here}",
            ("metadata", "namespace"),
            f"Declare it beside the project ({_declared(projects)}), or add the namespace to sourceNamespaces.",
            fatal=False,
        )
        # Another Argo CD, with a project of that name that is declared nowhere, may run there.
        problems.append(replace(problem, level=Level.WARNING))
    for index, source in enumerate(sources):
        url = text_at(source, "repoURL")
        if url and not has_variable(url) and not any(_allows_source(one, url) for one in projects):
            several = bool(entries(application.data, "spec", "sources"))
            place = ("spec", "sources", index, "repoURL") if several else ("spec", "source", "repoURL")
            message = f"its project {name} does not allow the source {url}"
            problems.append(
                application.problem(
                    world,
                    PROJECT_FORBIDS.id,
                    message,
                    place,
                    f"Use a source of the project's sourceRepos ({_declared(projects)}), or add this one to them.",
                )
            )
    cluster = cluster_of(fields(application.data, "spec", "destination"), world)
    namespace = application.destination_namespace
    if not has_variable(namespace) and not any(
        _allows_destination(one, cluster, namespace) is not False for one in projects
    ):
        message = f"its project {name} does not allow the destination {_shown(cluster, namespace)}"
        problems.append(
            application.problem(
                world,
                PROJECT_FORBIDS.id,
                message,
                ("spec", "destination", "namespace" if namespace else "server"),
                f"Deploy to one of the project's destinations ({_declared(projects)}), or add this one to them.",
            )
        )
    return Discovery(problems=tuple(problems))


def _declared(projects: Sequence[AgentObject]) -> str:
    return f"declared in {projects[0].file}" if projects[0].file else "rendered"


def _shown(cluster: tuple[str, str], namespace: str) -> str:
    return f"{namespace or 'without a namespace'} on {cluster[0] or cluster[1] or 'an unnamed cluster'}"


def _projects(name: str, target: str | None, world: World) -> list[AgentObject]:
    """The projects of a name: those of the target, if any are; of rendered and declared ones the rendered."""
    found = list(world.named(GROUP, "AppProject", "", name))
    found = [one for one in found if target is not None and one.target == target] or found
    return [one for one in found if one.parent is not None] or found


def _missing(application: Application, what: str, world: World) -> Discovery:
    if application.project == _DEFAULT:
        return Discovery()
    name = application.project
    gone = [one for one in world.before if _is_project(one, name)]
    if not gone and not world.of_kind(GROUP, "AppProject"):
        return Discovery(unchecked=((what, "no AppProject is declared in this repository"),))
    end = "this change removes the AppProject of that name" if gone else "this repository declares no such AppProject"
    problem = application.problem(
        world,
        DANGLING_REFERENCE.id,
        f'its project is "{name}", and {end}',
        ("spec", "project"),
        "Correct the name, or declare the AppProject beside the others.",
        fatal=False,
    )
    if gone:
        place = replace(gone[0].location, region=None, was=gone[0].location.region)
        related = (RelatedLocation(place, f"the AppProject {name}, in the base"),)
        return Discovery(problems=(replace(problem, related=related),))
    return Discovery(problems=(replace(problem, level=Level.WARNING),))


def _is_project(one: AgentObject, name: str) -> bool:
    is_kind = text_at(one.data, "kind") == "AppProject" and text_at(one.data, "apiVersion").startswith(f"{GROUP}/")
    return is_kind and text_at(one.data, "metadata", "name") == name


def cluster_of(destination: Mapping[str, Any], world: World) -> tuple[str, str]:
    """A destination's name and server; "" for what nobody knows."""
    name, server = text_at(destination, "name"), text_at(destination, "server")
    for cluster in world.settings.clusters:
        known = text_at(cluster, "name"), text_at(cluster, "server")
        if (name and known[0] == name) or (server and known[1] == server):
            return known
    if name == IN_CLUSTER_NAME or server == IN_CLUSTER:
        return IN_CLUSTER_NAME, IN_CLUSTER
    return name, server


def _allows_application(project: AgentObject, namespace: str) -> bool:
    """``IsAppNamespacePermitted``: the project's own namespace is allowed, others where they are named."""
    own = text_at(project.data, "metadata", "namespace") or project.namespace
    if not own or own == namespace:
        return True
    patterns = [one for one in entries(project.data, "spec", "sourceNamespaces") if isinstance(one, str)]
    # What stands between slashes is a regular expression, which nobody here evaluates.
    return any((one.startswith("/") and one.endswith("/")) or _matches(one, namespace) for one in patterns)


def _allows_source(project: AgentObject, url: str) -> bool:
    """``IsSourcePermitted``."""
    allowed = False
    wanted = _normal(url)
    for pattern in entries(project.data, "spec", "sourceRepos"):
        if not isinstance(pattern, str):
            continue
        denies = pattern.startswith("!")
        matched = _matches(_normal(pattern.removeprefix("!")), wanted, "/")
        if denies and matched:
            return False
        # A source that a "!" does not forbid is one that it allows.
        allowed = allowed or matched or denies
    return allowed


def _normal(url: str) -> str:
    """``NormalizeGitURL``."""
    text = url.strip().lower()
    if "://" not in text and "@" in text.partition(":")[0]:
        text = text.replace(":", "/", 1)
    return text.removesuffix(".git").removeprefix("ssh://")


def _matches(pattern: str, text: str, separator: str = "") -> bool:
    if pattern == "*":
        return True
    try:
        return gobwas(pattern, separator)(text)
    except GlobError:
        return False


def _allows_destination(project: AgentObject, cluster: tuple[str, str], namespace: str) -> bool | None:
    """``isDestinationMatched``; None where that depends on a name or server that nobody here knows."""
    allowed: bool | None = False
    for item in entries(project.data, "spec", "destinations"):
        by_name = _one_of("name", item, cluster[0])
        by_server = _one_of("server", item, cluster[1])
        in_namespace = bool(_one_of("namespace", item, namespace, known=True))
        if (by_name or by_server) and in_namespace:
            allowed = True
        elif _excluded(item, by_name=by_name, by_server=by_server, in_namespace=in_namespace):
            return False
        elif in_namespace and allowed is False and None in (by_name, by_server):
            allowed = None
    return allowed


def _excluded(item: Any, *, by_name: bool | None, by_server: bool | None, in_namespace: bool) -> bool:
    """Whether the item forbids a destination: what it says behind a "!" is so."""
    if not in_namespace:
        return bool(by_server) and text_at(item, "namespace").startswith("!")
    named = by_name is False and text_at(item, "name").startswith("!")
    return named or (by_server is False and text_at(item, "server").startswith("!"))


def _one_of(key: str, item: Any, value: str, *, known: bool = False) -> bool | None:
    """Whether an item's pattern matches; None where there is one, and the value is not known."""
    pattern = text_at(item, key)
    if not value and not known:
        return None if pattern else False
    if pattern.startswith("!"):
        return not _matches(pattern[1:], value)
    return _matches(pattern, value)


def check_project(
    unit: Unit, rendered: Rendered, world: World, is_namespaced: IsNamespaced
) -> tuple[RenderProblem, ...]:
    """Judge the objects of a unit by its project: their kinds, and the namespaces that they name themselves.

    Of the objects of a kind, or of those in a namespace, the first one is named.

    Args:
        unit: an Application's.
        rendered: what came of it.
        world: where the project is looked up.
        is_namespaced: which kinds live in namespaces; one of which nobody knows that is passed over.
    """
    projects = _projects(unit.project, unit.target, world) if unit.project else []
    if not projects or unit.owner is None:
        return ()
    return tuple(_forbidden(unit.owner, rendered, projects, world, is_namespaced))


def _forbidden(
    owner: Owner, rendered: Rendered, projects: Sequence[AgentObject], world: World, is_namespaced: IsNamespaced
) -> Iterator[RenderProblem]:
    unit = rendered.unit
    cluster = cluster_of({"name": unit.cluster} if "://" not in unit.cluster else {"server": unit.cluster}, world)
    said: set[tuple[str, str]] = set()
    for one in rendered.objects:
        api_version, kind = text_at(one.data, "apiVersion"), text_at(one.data, "kind")
        group = api_version.rpartition("/")[0]
        namespaced = is_namespaced(api_version, kind)
        if namespaced is None or not kind:
            continue
        name = text_at(one.data, "metadata", "name")
        namespace = text_at(one.data, "metadata", "namespace") if namespaced else ""
        end = ""
        key = (group, kind)
        if not any(_allows_kind(project, group, kind, name, namespaced=namespaced) for project in projects):
            end = f"does not allow the kind {f'{group}/' if group else ''}{kind}"
        elif namespace and namespace != unit.namespace:
            key = ("namespace", namespace)
            if not any(_allows_destination(project, cluster, namespace) is not False for project in projects):
                end = f"does not allow the namespace {namespace}"
        if end and key not in said:
            said.add(key)
            yield RenderProblem(
                PROJECT_FORBIDS.id,
                f"{owner.ref}: its project {unit.project} {end}, which {kind} {name} needs",
                declared_at(one, owner, world, _KIND) if key == (group, kind) else _placed_at(one, rendered, world),
                f"Remove the object, or extend the project ({_declared(projects)}).",
                object=ref_of(one.data, unit.namespace if namespaced else ""),
                path=_KIND if key == (group, kind) else ("metadata", "namespace"),
                fatal=False,
                unit=(unit.name, unit.target),
            )


def _placed_at(one: RenderedObject, rendered: Rendered, world: World) -> Location:
    """The line that puts an object into its namespace; the file alone where it is not sure which one does."""
    from gategit.render.provenance import Provenance  # noqa: PLC0415  what is allowed is not looked for

    located = Provenance(world.tree, world.graph, rendered, world.settings).locate(one, ("metadata", "namespace"))
    return located.location if located.sure else Location(located.location.file)


def _allows_kind(project: AgentObject, group: str, kind: str, name: str, *, namespaced: bool) -> bool:
    """``IsGroupKindNamePermitted``."""
    scope = "namespaceResource" if namespaced else "clusterResource"
    allowed, denied = (dig(project.data, "spec", f"{scope}{end}") for end in ("Whitelist", "Blacklist"))
    wanted = "" if namespaced else name
    permitted = (namespaced and allowed is None) or _in_list(allowed, group, kind, wanted)
    return permitted and not _in_list(denied, group, kind, wanted)


def _in_list(items: Any, group: str, kind: str, name: str) -> bool:
    for item in items if isinstance(items, list) else ():
        try:
            found = go_match(text_at(item, "kind"))(kind) and go_match(text_at(item, "group"))(group)
            wanted = text_at(item, "name")
            if found and (not wanted or not name or go_match(wanted)(name)):
                return True
        except GlobError:
            continue
    return False

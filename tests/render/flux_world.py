"""A repository that Flux applies, for tests: files in a real commit, and what they declare as Flux's objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gategit.checks.references.kustomize import KustomizeGraph, read_graph
from gategit.git_trees import CommitTree
from gategit.manifests.file import read_file
from gategit.manifests.manifest import Role
from gategit.model import Location
from gategit.render.flux import check_rendered, finish, flux_units
from gategit.render.kustomize import build_kustomize
from gategit.render.values import (
    AgentObject,
    Discovery,
    KustomizeBuild,
    Rendered,
    RenderProblem,
    RenderSettings,
    Unit,
)
from gategit.render.world import World

URL = "https://git.example.com/shop/fleet"
SETTINGS = RenderSettings()

SOURCE = f"""\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  url: {URL}
  ref:
    branch: main
"""


def kustomization(name: str, path: str, spec: str = "", namespace: str = "flux-system") -> str:
    """A Flux Kustomization; ``spec`` is more of its spec, indented by two."""
    where = f"  namespace: {namespace}\n" if namespace else ""
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\n"
        "kind: Kustomization\n"
        "metadata:\n"
        f"  name: {name}\n"
        f"{where}"
        "spec:\n"
        f"  path: {path}\n"
        "  sourceRef:\n"
        "    kind: GitRepository\n"
        "    name: flux-system\n"
        f"{spec}"
    )


def config_map(name: str, data: Mapping[str, str], namespace: str = "") -> str:
    """A ConfigMap."""
    where = f"  namespace: {namespace}\n" if namespace else ""
    lines = "".join(f"  {key}: {value}\n" for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{where}data:\n{lines}"


def shown(problem: RenderProblem) -> str:
    """A problem as ``file:line:column rule: message``, without line and column where only the file is known."""
    where = problem.location
    place = f":{where.region.line}:{where.region.column}" if where.region else ""
    return f"{where.file}{place} {problem.rule}: {problem.message}"


@dataclass(frozen=True)
class Fleet:
    """A repository as Flux sees it."""

    tree: CommitTree
    graph: KustomizeGraph
    declared: tuple[AgentObject, ...]

    def world(self, *more: AgentObject) -> World:
        """What objects are read against."""
        return World(self.tree, self.graph, [URL], SETTINGS, (*self.declared, *more))

    def discover(self, *more: AgentObject) -> Discovery:
        """The units that the declared objects, and some more, ask for."""
        return flux_units((*self.declared, *more), self.world(*more))

    def unit(self, name: str = "") -> Unit:
        """The unit of a name, or the only one."""
        units = [unit for unit in self.discover().units if name in ("", unit.name)]
        assert len(units) == 1, [unit.name for unit in units]
        return units[0]

    def problems(self, *more: AgentObject) -> list[str]:
        """What is wrong with the objects."""
        return [shown(problem) for problem in self.discover(*more).problems]

    def render(self, unit: Unit) -> Rendered:
        """What Flux applies of a unit that Kustomize builds."""
        assert isinstance(unit.build, KustomizeBuild)
        return finish(build_kustomize(unit, self.tree, self.graph, SETTINGS), self.tree, SETTINGS)

    def check(self, rendered: Rendered, *more: AgentObject) -> list[str]:
        """What only shows of a unit once it is rendered."""
        return [shown(problem) for problem in check_rendered(rendered.unit, rendered, self.world(*more))]


def children(rendered: Rendered) -> list[AgentObject]:
    """The objects of a unit as other objects find them."""
    found = []
    for one in rendered.objects:
        metadata = one.data["metadata"]
        namespace = metadata.get("namespace", rendered.unit.namespace)
        location = Location(one.trace.file)
        found.append(AgentObject(one.data, namespace, one.trace.file, 0, (), location, parent=rendered.unit))
    return found


def fleet(make_tree: Callable[[Mapping[str, str | bytes]], CommitTree], files: Mapping[str, str]) -> Fleet:
    """Commit files, and read what they declare."""
    tree = make_tree(files)
    graph = read_graph(tree)
    declared: list[AgentObject] = []
    for path in tree.entries():
        if not path.endswith(".yaml"):
            continue
        file = read_file(path, tree.read(path), graph.roles.get(path))
        if file.role is not Role.MANIFEST:
            continue
        for manifest in file.manifests:
            source = manifest.source
            declared.append(
                AgentObject(
                    manifest.data,
                    manifest.namespace or "",
                    path,
                    source.document,
                    source.pointer,
                    file.location(source, ("kind",)),
                )
            )
    return Fleet(tree, graph, tuple(declared))

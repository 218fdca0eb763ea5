"""A folder whose files are applied as they are, as Argo CD does with what is neither a chart nor a kustomization."""

from __future__ import annotations

from typing import Final

from gategit.manifests.file import read_file
from gategit.manifests.manifest import Role
from gategit.model import Location
from gategit.render.argocd_sources import directory_files, is_passed_over
from gategit.render.rules import NOT_FOLLOWED, RENDER_FAILED
from gategit.render.values import FilesBuild, Rendered, RenderedObject, RenderProblem, Trace, Unit
from gategit.render.world import World

_UNREADABLE: Final = frozenset({"yaml-syntax", "yaml-limit", "not-text", "merge-conflict-marker"})


def inputs_of_files(build: FilesBuild, world: World) -> frozenset[str]:
    """The files of the folder that are applied, or evaluated."""
    read, evaluated = directory_files(build, world)
    return frozenset((*read, *evaluated))


def build_files(unit: Unit, world: World) -> Rendered:
    """Read the objects of a folder's files. What a file holds that is no YAML fails the whole unit, as with the agent.

    Raises:
        TypeError: the unit is something else.
    """
    build = unit.build
    if not isinstance(build, FilesBuild):
        raise TypeError(f"{unit.name} is not built from plain files")
    paths, left = directory_files(build, world)
    objects: list[RenderedObject] = []
    problems: list[RenderProblem] = []
    for path in paths:
        content = world.tree.read(world.graph.index.find(path).path)
        file = read_file(path, content, Role.MANIFEST)
        # What the agent reads all the same, such as a key that stands there twice, is said of the file itself.
        unreadable = [problem for problem in file.decoded.problems if problem.rule in _UNREADABLE]
        if unreadable and not is_passed_over(path, content):
            first = unreadable[0]
            problems.append(
                RenderProblem(
                    RENDER_FAILED.id,
                    f"{unit.name} cannot be applied: {path} is not YAML: {first.message}",
                    Location(path, first.region),
                    help=first.help,
                )
            )
        objects += [RenderedObject(manifest.data, Trace(path, manifest.source.document)) for manifest in file.manifests]
    unchecked = tuple((f"{unit.name}: {path}", "Jsonnet is not rendered") for path in left)
    problems += [
        RenderProblem(
            NOT_FOLLOWED.id,
            f"{path} is Jsonnet, which Argo CD evaluates and gategit does not",
            Location(path),
            "Commit what it evaluates to as YAML: then it is judged.",
            fatal=False,
        )
        for path in left
    ]
    return Rendered(unit, tuple(objects), tuple(problems), frozenset((*paths, *left)), unchecked)

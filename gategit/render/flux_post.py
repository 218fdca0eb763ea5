"""Post-renderers: kustomizations that Kustomize lays over what a chart renders to, as the helm-controller has it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from gategit.checks.references.sources import dig
from gategit.errors import UndecidedError
from gategit.manifests.file import read_file
from gategit.manifests.manifest import Role
from gategit.model import Location
from gategit.render.kustomize_output import read
from gategit.render.programs import common_cause, find_program
from gategit.render.rules import NOT_RENDERED, RENDER_FAILED
from gategit.render.running import run_renderer
from gategit.render.values import Rendered, RenderedObject, RenderProblem, RenderSettings, Unit
from gategit.render.workspace import Workspace
from gategit.tree import EntryKind, Tree

_NUMBER: Final = "gategit.dev/number"
_HEAD: Final = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
_LONGEST: Final = 300


def lay_over(rendered: Rendered, tree: Tree, settings: RenderSettings) -> Rendered:
    """What is left of a unit's objects after its post-renderers. Never raises for what the objects hold.

    Args:
        rendered: what the chart renders to.
        tree: where it comes from.
        settings: the limits, and where the program is.
    """
    unit = rendered.unit
    if rendered.failed or not rendered.objects:
        return rendered
    objects = rendered.objects
    for index, text in enumerate(unit.post):
        try:
            objects, refused = _laid_over(objects, text, tree, settings)
        except UndecidedError as error:
            problem = RenderProblem(
                NOT_RENDERED.id,
                f"{unit.name}: its post-renderers are not run: {error.message}",
                _place(unit, tree, index),
                error.hint,
                subject=common_cause(error),
            )
            return replace(rendered, objects=(), problems=(*rendered.problems, problem), lasting=False)
        if refused:
            problem = RenderProblem(
                RENDER_FAILED.id,
                f"{unit.name}: spec.postRenderers[{index}] cannot be laid over what its chart renders to: {refused}",
                _place(unit, tree, index),
                help="Mend the patch; what it is for must be something that the chart renders to.",
                object=unit.owner.ref if unit.owner else None,
                path=("spec", "postRenderers", index),
            )
            return replace(rendered, objects=(), problems=(*rendered.problems, problem))
    return replace(rendered, objects=objects)


def _place(unit: Unit, tree: Tree, index: int) -> Location:
    """Where a post-renderer stands; the release where its file does not say it like that."""
    if unit.owner is None:
        return Location("")
    ref, path = unit.owner.ref, unit.owner.location.file
    entry = tree.entries().get(path)
    if entry is None or entry.kind is not EntryKind.FILE:
        return unit.owner.location
    file = read_file(path, tree.read(path), Role.MANIFEST)
    named = [one for one in file.manifests if (one.kind, one.name) == (ref.kind, ref.name)]
    declared = dig(named[0].data, "spec", "postRenderers", index) if len(named) == 1 else None
    return file.location(named[0].source, ("spec", "postRenderers", index)) if declared else unit.owner.location


def _laid_over(
    objects: Sequence[RenderedObject], text: str, tree: Tree, settings: RenderSettings
) -> tuple[tuple[RenderedObject, ...], str]:
    """The objects after one kustomization, or why Kustomize refuses it."""
    program = find_program("kustomize", settings)
    kustomization = {**_HEAD, "resources": ["objects.yaml"], **json.loads(text)}
    with Workspace(tree, settings) as workspace:
        workspace.write("objects.yaml", "".join(_numbered(objects)).encode("utf-8", "replace"))
        workspace.write("kustomization.yaml", json.dumps(kustomization).encode())
        answer = run_renderer(program, ["build", "."], cwd=workspace.folder, settings=settings)
        folder = str(workspace.folder)
    if answer.code:
        return (), _sentence(answer.error_text.replace(f"{folder}/", "").replace(folder, "."))
    decoded = read(answer.stdout, settings.output)
    if decoded.problems:
        return (), decoded.problems[0].message
    return tuple(_renumbered(objects, [document.data for document in decoded.documents])), ""


def _numbered(objects: Sequence[RenderedObject]) -> Iterator[str]:
    """Each object as a document that says which it is: patches may remove objects, and rename them."""
    for number, one in enumerate(objects):
        metadata = one.data.get("metadata")
        own = metadata if isinstance(metadata, dict) else {}
        annotations = own.get("annotations")
        marked = {**(annotations if isinstance(annotations, dict) else {}), _NUMBER: str(number)}
        yield f"---\n{json.dumps({**one.data, 'metadata': {**own, 'annotations': marked}})}\n"


def _renumbered(objects: Sequence[RenderedObject], found: Sequence[Any]) -> Iterator[RenderedObject]:
    for data in found:
        metadata = data.get("metadata") if isinstance(data, dict) else None
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        if not isinstance(metadata, dict) or not isinstance(annotations, dict):
            continue
        left = {name: value for name, value in annotations.items() if name != _NUMBER}
        bare = {name: value for name, value in metadata.items() if name != "annotations"}
        if left:
            bare["annotations"] = left
        number = str(annotations.get(_NUMBER, ""))
        known = number.isdecimal() and int(number) < len(objects)
        result = {**data, "metadata": bare}
        yield replace(objects[int(number)], data=result) if known else RenderedObject(result)


def _sentence(text: str) -> str:
    """The end of Kustomize's chain of reasons, on one line."""
    line = " ".join(text.split()).removeprefix("Error: ")
    return line[: _LONGEST - 3] + "..." if len(line) > _LONGEST else line

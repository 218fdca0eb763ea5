"""How often Kustomize is run for one build: twice only where asking where objects come from could change them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from gategit.checks.references.kustomize import read_graph
from gategit.manifests.decode import decode
from gategit.render.kustomize import build_kustomize
from gategit.render.running import run_renderer
from gategit.render.values import KustomizeBuild, RenderSettings, Unit
from tools.golang import built

if TYPE_CHECKING:
    from collections.abc import Callable

    from gategit.process import Result
    from gategit.render.programs import Program
    from tests.conftest import RepositoryBuilder
    from tests.render.conftest import MakeTree

pytestmark = pytest.mark.usefixtures("renderers")

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  template:
    metadata: {annotations: {own: "1"}}
    spec: {containers: [{name: main, image: web}]}
"""
PATCH = "patches:\n- target: {{kind: Deployment}}\n  patch: |-\n    - {{op: add, path: {}, value: {{x: y}}}}\n"
REPLACEMENT = (
    "replacements:\n- source: {{kind: Deployment, fieldPath: metadata.labels.tier}}\n"
    "  targets: [{{select: {{kind: Deployment}}, fieldPaths: [{}], options: {{create: true}}}}]\n"
)


@pytest.mark.parametrize(
    ("body", "runs"),
    [
        ("namePrefix: my-\n", 1),
        (PATCH.format("/spec/template/metadata/annotations"), 1),
        (PATCH.format("/metadata/annotations"), 2),
        (PATCH.format('"/metadata/annotations"'), 2),
        (REPLACEMENT.format("spec.template.metadata.annotations.tier"), 1),
        (REPLACEMENT.format("metadata.annotations.tier"), 2),
        ("commonAnnotations: {a: b}\nconfigurations: [config.yaml]\n", 1),
    ],
)
def test_a_second_run_is_for_the_objects_own_annotations(
    make_tree: MakeTree, git_repository: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch, body: str, runs: int
) -> None:
    """What asks for those of a template is built once; either way the objects are what Kustomize makes of them."""
    started: list[str] = []
    run: Callable[..., Result] = run_renderer

    def counted(program: Program, *arguments: object, **options: object) -> Result:
        started.append(program.name)
        return run(program, *arguments, **options)

    monkeypatch.setattr("gategit.render.kustomize.run_renderer", counted)
    tree = make_tree(
        {
            "web/kustomization.yaml": f"resources: [web.yaml]\n{body}",
            "web/web.yaml": DEPLOYMENT,
            "web/config.yaml": "commonAnnotations:\n- {path: spec/template/metadata/annotations, create: true}\n",
        }
    )
    unit = Unit("kustomization web", KustomizeBuild("web"))
    rendered = build_kustomize(unit, tree, read_graph(tree), RenderSettings())
    done = subprocess.run(
        [built("kustomize"), "build", "web"], cwd=git_repository.folder, capture_output=True, check=True
    )
    assert [one.data for one in rendered.objects] == [one.data for one in decode(done.stdout, "x.yaml").documents]
    assert len(started) == runs

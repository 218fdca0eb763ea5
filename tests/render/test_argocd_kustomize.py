"""What Argo CD adds to a kustomization, held to the ``kustomize edit`` that Argo CD runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gategit.manifests.decode import decode
from gategit.render.argocd import argocd_units
from gategit.render.kustomize import build_kustomize
from gategit.render.values import RenderSettings
from tests.render.conftest import MakeTree
from tests.render.test_argocd import application, read_world, source

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: 'web:1'}
        - {name: db, image: 'reg:5000/db@sha256:0123456789012345678901234567890123456789012345678901234567890123'}
"""
KUSTOMIZATION = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namePrefix: old-
namespace: old
resources: [deployment.yaml]
images:
  - {name: web, newName: registry.example.com/web, newTag: "2"}
replicas:
  - {name: web, count: 2}
commonAnnotations: {team: shop}
labels:
  - {pairs: {tier: front}}
"""
COMPONENT = """
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
commonAnnotations: {component: here}
"""
FILES = {
    "apps/web/kustomization.yaml": KUSTOMIZATION,
    "apps/web/deployment.yaml": DEPLOYMENT,
    "apps/part/kustomization.yaml": COMPONENT,
}


def built_by_argo_cd(folder: Path, edits: Sequence[Sequence[str]]) -> list[Any]:
    """The objects after the edits that Argo CD makes, built by the same program."""
    program = shutil.which("kustomize")
    assert program is not None
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for edit in edits:
        subprocess.run([program, "edit", *edit], cwd=folder / "apps/web", check=True, capture_output=True)
    done = subprocess.run([program, "build", "apps/web"], cwd=folder, check=True, capture_output=True)
    return [document.data for document in decode(done.stdout, "out.yaml").documents]


@pytest.mark.usefixtures("renderers")
@pytest.mark.parametrize(
    ("options", "edits"),
    [
        ({"namePrefix": "-eu-"}, [["set", "nameprefix", "--", "-eu-"]]),
        ({"nameSuffix": "-eu"}, [["set", "namesuffix", "--", "-eu"]]),
        ({"namespace": "shop-eu"}, [["set", "namespace", "--", "shop-eu"]]),
        ({"images": ["web:3"]}, [["set", "image", "web:3"]]),
        ({"images": ["web=new:3"]}, [["set", "image", "web=new:3"]]),
        ({"images": ["web=new"]}, [["set", "image", "web=new"]]),
        ({"images": ["web=*:3"]}, [["set", "image", "web=*:3"]]),
        ({"images": ["web@sha256:1234"]}, [["set", "image", "web@sha256:1234"]]),
        ({"images": ["reg:5000/db=db:1", "web:4"]}, [["set", "image", "reg:5000/db=db:1", "web:4"]]),
        ({"images": ["web:*"]}, [["set", "image", "web:*"]]),
        ({"replicas": [{"name": "web", "count": "5"}]}, [["set", "replicas", "web=5"]]),
        ({"commonLabels": {"env": "eu", "n": "1"}}, [["add", "label", "env:eu", "n:1"]]),
        (
            {"commonLabels": {"env": "eu"}, "labelWithoutSelector": True},
            [["add", "label", "--without-selector", "env:eu"]],
        ),
        (
            {"commonLabels": {"env": "eu"}, "labelWithoutSelector": True, "labelIncludeTemplates": True},
            [["add", "label", "--without-selector", "--include-templates", "env:eu"]],
        ),
        (
            {"commonLabels": {"tier": "back"}, "labelWithoutSelector": True, "forceCommonLabels": True},
            [["add", "label", "--force", "--without-selector", "tier:back"]],
        ),
        ({"commonAnnotations": {"a": "b"}}, [["add", "annotation", "a:b"]]),
        (
            {"commonAnnotations": {"team": "other"}, "forceCommonAnnotations": True},
            [["add", "annotation", "--force", "team:other"]],
        ),
        ({"components": ["../part"]}, [["add", "component", "../part"]]),
        ({"components": ["../gone", "../part"], "ignoreMissingComponents": True}, [["add", "component", "../part"]]),
        (
            {"patches": [{"target": {"kind": "Deployment"}, "patch": '[{"op": "remove", "path": "/spec/replicas"}]'}]},
            [["add", "patch", "--kind", "Deployment", "--patch", '[{"op": "remove", "path": "/spec/replicas"}]']],
        ),
        (
            {"namePrefix": "a-", "images": ["web:9"], "replicas": [{"name": "web", "count": 7}], "namespace": "n"},
            [
                ["set", "nameprefix", "--", "a-"],
                ["set", "image", "web:9"],
                ["set", "replicas", "web=7"],
                ["set", "namespace", "--", "n"],
            ],
        ),
    ],
)
def test_options_come_out_as_argo_cd_has_them(
    make_tree: MakeTree, tmp_path: Path, options: Mapping[str, Any], edits: Sequence[Sequence[str]]
) -> None:
    """The same objects, whatever the kustomization says itself."""
    text = application(source(f"kustomize: {json.dumps(dict(options))}\n"))
    world = read_world(make_tree, {"app.yaml": text, **{name: textwrap.dedent(one) for name, one in FILES.items()}})
    found = argocd_units(world.objects, world)
    assert found.problems == ()
    (unit,) = found.units
    rendered = build_kustomize(unit, world.tree, world.graph, RenderSettings())

    assert rendered.problems == ()
    assert [one.data for one in rendered.objects] == built_by_argo_cd(tmp_path, edits)

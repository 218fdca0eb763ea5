"""Values of Argo CD's Applications, held to the ``helm template`` that Argo CD runs."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gategit.manifests.decode import decode
from gategit.render.argocd import argocd_units
from gategit.render.helm import build_helm
from gategit.render.values import RenderSettings
from tests.render.conftest import MakeTree
from tests.render.test_argocd import CHART, application, read_world, source

TEMPLATE = """apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}", namespace: "{{ .Release.Namespace }}"}
data:
  values: {{ .Values | toJson | quote }}
  version: {{ .Capabilities.KubeVersion.Version }}
  knows: {{ .Capabilities.APIVersions.Has "example.com/v1" | quote }}
"""
FILES = {
    "chart/Chart.yaml": CHART,
    "chart/values.yaml": "a: chart\nb: {c: chart, d: chart}\nlist: [1]\n",
    "chart/templates/a.yaml": TEMPLATE,
    "chart/one.yaml": "a: one\nb: {c: one}\n",
    "chart/two.yaml": "a: two\nb: {d: null}\n",
    "chart/text.txt": '{a,b}, c\\d = "e"\n# f: [g]\n',
}


def templated_by_argo_cd(folder: Path, arguments: Sequence[str]) -> list[Any]:
    """The objects that the program makes with the arguments that Argo CD gives it."""
    program = shutil.which("helm")
    assert program is not None
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    command = [program, "template", ".", "--name-template", "web", "--namespace", "shop", "--include-crds", *arguments]
    done = subprocess.run(command, cwd=folder / "chart", check=True, capture_output=True)
    return [document.data for document in decode(done.stdout, "out.yaml").documents]


@pytest.mark.usefixtures("renderers")
@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({"valueFiles": ["one.yaml", "two.yaml"]}, ["--values", "one.yaml", "--values", "two.yaml"]),
        ({"valueFiles": ["two.yaml", "/chart/one.yaml"]}, ["--values", "two.yaml", "--values", "one.yaml"]),
        (
            {"valueFiles": ["one.yaml"], "values": "a: two\nb: {d: null}\n"},
            ["--values", "one.yaml", "--values", "two.yaml"],
        ),
        ({"valuesObject": {"a": "two", "b": {"d": None}}, "values": "a: x"}, ["--values", "two.yaml"]),
        (
            {
                "parameters": [
                    {"name": "a", "value": "x,y"},
                    {"name": "n", "value": "1"},
                    {"name": "b.c", "value": "true"},
                ]
            },
            ["--set", "a=x\\,y", "--set", "n=1", "--set", "b.c=true"],
        ),
        (
            {"parameters": [{"name": "a", "value": "1", "forceString": True}, {"name": "l", "value": "{x,y}"}]},
            ["--set-string", "a=1", "--set", "l={x,y}"],
        ),
        ({"parameters": [{"name": "a", "value": "b\\,c"}]}, ["--set", "a=b\\,c"]),
        (
            {"parameters": [{"name": "a", "value": "p"}], "valueFiles": ["one.yaml"], "values": "a: v"},
            ["--values", "one.yaml", "--set", "a=p"],
        ),
        ({"fileParameters": [{"name": "file", "path": "text.txt"}]}, ["--set-file", "file=text.txt"]),
        ({"fileParameters": [{"name": "file", "path": "/chart/one.yaml"}]}, ["--set-file", "file=one.yaml"]),
        ({"kubeVersion": "1.30.0"}, ["--kube-version", "1.30.0"]),
        ({"apiVersions": ["example.com/v1"]}, ["--api-versions", "example.com/v1"]),
    ],
)
def test_values_come_out_as_argo_cd_has_them(
    make_tree: MakeTree, tmp_path: Path, options: Mapping[str, Any], arguments: Sequence[str]
) -> None:
    """The same values, in the same order, read in the same way."""
    text = application(source(f"helm: {json.dumps(dict(options))}\n", path="chart"))
    world = read_world(make_tree, {"app.yaml": text, **FILES})
    found = argocd_units(world.objects, world)
    assert found.problems == ()
    (unit,) = found.units
    rendered = build_helm(unit, world.tree, RenderSettings())

    assert rendered.problems == ()
    assert [one.data for one in rendered.objects] == templated_by_argo_cd(tmp_path, arguments)

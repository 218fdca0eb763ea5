"""Provenance of charts: the values or the template line that sets a field, and that a change there changes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from gategit.checks.references.kustomize import read_graph
from gategit.model import Location, ObjectRef
from gategit.render.flux_post import lay_over
from gategit.render.helm import build_helm
from gategit.render.kustomize import build_kustomize
from gategit.render.provenance import Located, Provenance
from gategit.render.provenance_templates import EACH, Template
from gategit.render.values import (
    Chart,
    HelmBuild,
    KustomizeBuild,
    Owner,
    Parameter,
    RenderedObject,
    RenderSettings,
    Unit,
    ValuesLayer,
)
from gategit.tree import Tree
from tests.render.conftest import MakeTree

pytestmark = pytest.mark.usefixtures("renderers")

HELPERS = """\
{{- define "web.labels" -}}
app: {{ .Chart.Name }}
version: {{ printf "%s" .Chart.Version | quote }}
team: {{ .Values.team }}
{{- end }}
{{- define "web.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end }}
"""
TEMPLATE = """\
{{- /* a comment with
key: value */}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  annotations:
    {{- toYaml .Values.annotations | nindent 4 }}
  labels:
    {{- include "web.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  paused: false
  template:
    spec:
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: web
          image: {{ include "web.image" . | quote }}
          imagePullPolicy: {{ .Values.image.pullPolicy | default "Always" }}
          args:
            - --verbose
            - --level={{ .Values.level }}
          {{- if .Values.debug }}
          stdin: true
          {{- end }}
          env:
            - name: EMPTY
              value: {{ .Values.empty | quote }}
            {{- range $name, $value := .Values.env }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
          resources: {{- toYaml .Values.resources | nindent 12 }}
          command: ["run",
            "it"]
          lifecycle:
            preStop:
              exec:
                command:
                  - sh
                  - -c
                  - |
                    - echo {{ .Values.team }}
                    sleep 1
          workingDir: {{ .Values.folder }}  # where it runs
"""
VALUES = """\
team: shop
replicas: 2
level: info
debug: true
annotations:
  example.com/switch: "true"
folder: /srv
empty: ""
image:
  repository: example/web
  tag: "1.0"
  pullPolicy: IfNotPresent
env:
  MODE: plain
  OTHER: thing
nodeSelector:
  disk: ssd
resources:
  limits:
    memory: 1Gi
"""
CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "chart/values.yaml": VALUES,
    "chart/templates/_helpers.tpl": HELPERS,
    "chart/templates/web.yaml": TEMPLATE,
}
CONTAINER = ("spec", "template", "spec", "containers", 0)


class Release:
    """A release of the chart, to be asked where things stand."""

    def __init__(self, tree: Tree, build: HelmBuild) -> None:
        self.tree = tree
        self.rendered = build_helm(Unit("it", build), tree, RenderSettings())
        assert self.rendered.problems == ()
        self.provenance = Provenance(tree, read_graph(tree), self.rendered, RenderSettings())

    @property
    def one(self) -> RenderedObject:
        """The object."""
        (one,) = self.rendered.objects
        return one

    def line(self, *path: str | int) -> str:
        """The file and the text of the line that surely sets a field."""
        return self.text(self.provenance.locate(self.one, path))

    def text(self, found: Located) -> str:
        """The file and the text of a line."""
        assert found.sure
        assert found.location.region is not None
        lines = self.tree.read(found.location.file).decode().splitlines()
        return f"{found.location.file}: {lines[found.location.region.line - 1].strip()}"


@pytest.fixture
def release(make_tree: MakeTree) -> Release:
    """The chart with nothing but its own values."""
    return Release(make_tree(CHART), HelmBuild(Chart("chart"), "rel", "shop"))


def test_a_value_that_a_line_prints(release: Release) -> None:
    """A field leads to the value that its line prints, also through a default."""
    assert release.line("spec", "replicas") == "chart/values.yaml: replicas: 2"
    assert release.line(*CONTAINER, "workingDir") == "chart/values.yaml: folder: /srv"
    assert release.line(*CONTAINER, "imagePullPolicy") == "chart/values.yaml: pullPolicy: IfNotPresent"


def test_what_a_template_says_itself(release: Release) -> None:
    """A literal leads to its line of the template, in lists and on one line with others, too."""
    assert release.line("spec", "paused") == "chart/templates/web.yaml: paused: false"
    assert release.line(*CONTAINER, "name") == "chart/templates/web.yaml: - name: web"
    assert release.line(*CONTAINER, "args", 0) == "chart/templates/web.yaml: - --verbose"
    assert release.line(*CONTAINER, "stdin") == "chart/templates/web.yaml: stdin: true"
    assert release.line(*CONTAINER, "command", 0) == 'chart/templates/web.yaml: command: ["run",'
    assert release.line(*CONTAINER, "command", 1) == 'chart/templates/web.yaml: "it"]'
    text = release.provenance.locate(release.one, (*CONTAINER, "lifecycle", "preStop", "exec", "command", 2))
    assert text.location.region is not None
    lines = TEMPLATE.splitlines()[text.location.region.line - 1 : text.location.region.end_line]
    assert [line.strip() for line in lines] == ["- |", "- echo {{ .Values.team }}", "sleep 1"]
    assert release.line("kind") == "chart/templates/web.yaml: kind: Deployment"


def test_a_value_in_the_middle_of_a_text(release: Release) -> None:
    """A text that a value is only part of leads to that value."""
    assert release.line(*CONTAINER, "args", 1) == "chart/values.yaml: level: info"


def test_named_templates(release: Release) -> None:
    """What a named template prints leads to the value behind it, to Chart.yaml, or to its own line."""
    assert release.line("metadata", "labels", "team") == "chart/values.yaml: team: shop"
    assert release.line("metadata", "labels", "app") == "chart/Chart.yaml: name: web"
    own = 'chart/templates/_helpers.tpl: version: {{ printf "%s" .Chart.Version | quote }}'
    assert release.line("metadata", "labels", "version") == own
    assert release.line(*CONTAINER, "image") in {
        'chart/values.yaml: tag: "1.0"',
        "chart/values.yaml: repository: example/web",
    }


def test_loops_and_values_that_are_printed_whole(release: Release) -> None:
    """The values of a loop, those below toYaml, and those that are empty lead to their own lines."""
    assert release.line(*CONTAINER, "env", 0, "value") == 'chart/values.yaml: empty: ""'
    assert release.line(*CONTAINER, "env", 2, "value") == "chart/values.yaml: OTHER: thing"
    switch = ("metadata", "annotations", "example.com/switch")
    assert release.line(*switch) == 'chart/values.yaml: example.com/switch: "true"'
    assert release.line("spec", "template", "spec", "nodeSelector", "disk") == "chart/values.yaml: disk: ssd"
    assert release.line(*CONTAINER, "resources", "limits", "memory") == "chart/values.yaml: memory: 1Gi"


def test_what_no_value_sets_leads_to_the_template(release: Release) -> None:
    """A field made of the release's name leads to the line that prints it."""
    assert release.line("metadata", "name") == "chart/templates/web.yaml: name: {{ .Release.Name }}"


def test_a_missing_field_leads_to_what_is_around_it(release: Release) -> None:
    """Where nothing stands, the key above is named."""
    assert release.provenance.locate(release.one, ("spec", "template", "spec", "x")).location.file == (
        "chart/templates/web.yaml"
    )


def test_the_last_layer_that_sets_a_value_counts(make_tree: MakeTree) -> None:
    """Of files of values, values of an object and parameters, the strongest one is named."""
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\nspec:\n"
        "  values:\n    level: debug\n    image:\n      tag: '3.0'\n"
    )
    files = {**CHART, "prod.yaml": "replicas: 5\nlevel: warn\n", "release.yaml": release}
    place = Location("parameters.yaml")
    build = HelmBuild(
        Chart("chart"),
        "rel",
        "shop",
        values=(
            ValuesLayer(files["prod.yaml"], "prod.yaml"),
            ValuesLayer("level: debug\nimage: {tag: '3.0'}\n", "release.yaml", 0, ("spec", "values")),
        ),
        parameters=(Parameter("team", "other", place),),
    )
    built = Release(make_tree(files), build)
    assert built.line("spec", "replicas") == "prod.yaml: replicas: 5"
    assert built.line(*CONTAINER, "args", 1) == "release.yaml: level: debug"
    assert built.line(*CONTAINER, "image") == "release.yaml: tag: '3.0'"
    assert built.provenance.locate(built.one, ("metadata", "labels", "team")) == Located(place, sure=True)


def test_values_that_are_written_elsewhere_name_the_file_only(make_tree: MakeTree) -> None:
    """An object that was patched before the chart got its values does not say them: no line is named."""
    files = {**CHART, "release.yaml": "kind: HelmRelease\nspec:\n  values:\n    replicas: 3\n"}
    layer = ValuesLayer("replicas: 4\n", "release.yaml", 0, ("spec", "values"))
    built = Release(make_tree(files), HelmBuild(Chart("chart"), "rel", "shop", values=(layer,)))
    found = built.provenance.locate(built.one, ("spec", "replicas"))
    assert found == Located(Location("release.yaml"), sure=False)


def test_charts_in_charts(make_tree: MakeTree) -> None:
    """A field of a chart in charts/ leads to the values that the outer chart gives it, or to the inner one's own."""
    inner = {path.replace("chart/", "top/charts/web/", 1): content for path, content in CHART.items()}
    outer = {
        "top/Chart.yaml": "apiVersion: v2\nname: top\nversion: 1.0.0\n",
        "top/values.yaml": "web:\n  replicas: 7\n",
    }
    built = Release(make_tree({**inner, **outer}), HelmBuild(Chart("top"), "rel", "shop"))
    assert built.line("spec", "replicas") == "top/values.yaml: replicas: 7"
    assert built.line(*CONTAINER, "args", 1) == "top/charts/web/values.yaml: level: info"
    assert built.line("spec", "paused") == "top/charts/web/templates/web.yaml: paused: false"


def test_templates_that_read_what_others_print(make_tree: MakeTree) -> None:
    """A chart that decodes what its named templates print still leads to its values."""
    files: Mapping[str, str] = {
        "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
        "chart/values.yaml": "amount: 4711\ntitle: something\n",
        "chart/templates/_all.tpl": (
            '{{- define "all" -}}\ncount: {{ .Values.amount }}\nname: {{ .Values.title }}\n{{- end }}\n'
        ),
        "chart/templates/map.yaml": (
            '{{- $all := fromYaml (include "all" .) }}\n'
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: it\ndata:\n"
            "  {{- if $all.name }}\n  name: {{ $all.name | upper | lower }}\n  {{- end }}\n"
        ),
    }
    built = Release(make_tree(files), HelmBuild(Chart("chart"), "rel", "shop"))
    assert built.line("data", "name") == "chart/values.yaml: title: something"


def test_definitions_of_a_chart(make_tree: MakeTree) -> None:
    """An object of a chart's crds folder leads to its own file."""
    crd = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: a.example.com\n"
        "spec:\n  group: example.com\n"
    )
    files = {"chart/Chart.yaml": CHART["chart/Chart.yaml"], "chart/crds/a.yaml": crd}
    built = Release(make_tree(files), HelmBuild(Chart("chart"), "rel", "shop"))
    assert built.line("spec", "group") == "chart/crds/a.yaml: group: example.com"


def test_post_renderers_stand_in_the_release(make_tree: MakeTree) -> None:
    """What a post-renderer sets leads to the HelmRelease's own lines, the rest to where it was."""
    release = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web}
spec:
  postRenderers:
    - kustomize:
        patches:
          - target: {kind: Deployment}
            patch: |
              - op: replace
                path: /spec/replicas
                value: 9
"""
    patch = "- op: replace\n  path: /spec/replicas\n  value: 9\n"
    post = json.dumps({"patches": [{"target": {"kind": "Deployment"}, "patch": patch}]})
    tree = make_tree({**CHART, "release.yaml": release})
    owner = Owner(ObjectRef("helm.toolkit.fluxcd.io/v2", "HelmRelease", None, "web"), Location("release.yaml"))
    unit = Unit("it", HelmBuild(Chart("chart"), "rel", "shop"), owner, post=(post,))
    rendered = lay_over(build_helm(unit, tree, RenderSettings()), tree, RenderSettings())
    provenance = Provenance(tree, read_graph(tree), rendered)
    (one,) = rendered.objects
    found = provenance.locate(one, ("spec", "replicas"))
    assert (found.sure, found.location.file) == (True, "release.yaml")
    assert found.location.region is not None
    assert found.location.region.line == 12
    assert provenance.locate(one, ("spec", "paused")).location.file == "chart/templates/web.yaml"


def test_a_change_there_changes_the_field(make_tree: MakeTree) -> None:
    """Every line that is said to set a text of the object does: with another text there, another one comes out."""
    build = HelmBuild(Chart("chart"), "rel", "shop")
    built = Release(make_tree(CHART), build)
    asked = [
        ("metadata", "labels", "team"),
        (*CONTAINER, "name"),
        (*CONTAINER, "image"),
        (*CONTAINER, "imagePullPolicy"),
        (*CONTAINER, "args", 0),
        (*CONTAINER, "args", 1),
        (*CONTAINER, "env", 1, "value"),
        (*CONTAINER, "resources", "limits", "memory"),
    ]
    for path in asked:
        place = built.provenance.locate(built.one, path).location
        assert place.region is not None
        lines = built.tree.read(place.file).decode().splitlines(keepends=True)
        line = lines[place.region.line - 1].rstrip()
        quote = line[-1] if line[-1] in "\"'" else ""
        lines[place.region.line - 1] = f"{line.removesuffix(quote)}9{quote}\n"
        changed = make_tree({**CHART, place.file: "".join(lines)})
        (other,) = build_helm(Unit("it", build), changed, RenderSettings()).objects
        assert other.data != built.one.data, path


def test_several_objects_of_one_template(make_tree: MakeTree) -> None:
    """Each object leads to its own kind, and its fields to its own lines."""
    one = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  a: {{{{ .Values.{} }}}}\n"
    files = {
        **CHART,
        "chart/values.yaml": "some: b\nmore: b\n",
        "chart/templates/web.yaml": f"{one.format('first', 'some')}---\n{one.format('second', 'more')}",
    }
    built = Release(make_tree(files), HelmBuild(Chart("chart"), "rel", "shop"))
    first, second = built.rendered.objects
    places = [built.provenance.locate(each, path) for each in (first, second) for path in ((), ("data", "a"))]
    lines = [(each.location.file, each.location.region.line) for each in places if each.sure and each.location.region]
    assert lines == [
        ("chart/templates/web.yaml", 2),
        ("chart/values.yaml", 1),
        ("chart/templates/web.yaml", 9),
        ("chart/values.yaml", 2),
    ]


def test_charts_of_a_kustomization(make_tree: MakeTree) -> None:
    """What a chart of a kustomization renders to leads to its values, inline ones too, and to patches on top."""
    kustomization = """\
helmCharts:
  - name: web
    releaseName: rel
    valuesFile: more.yaml
    valuesInline:
      level: debug
patches:
  - target: {kind: Deployment}
    patch: |-
      - op: replace
        path: /spec/paused
        value: true
"""
    chart = {path.replace("chart/", "prod/charts/web/", 1): content for path, content in CHART.items()}
    files = {**chart, "prod/kustomization.yaml": kustomization, "prod/more.yaml": "replicas: 6\n"}
    tree = make_tree(files)
    graph = read_graph(tree)
    rendered = build_kustomize(Unit("it", KustomizeBuild("prod")), tree, graph, RenderSettings())
    assert rendered.problems == ()
    (one,) = rendered.objects
    provenance = Provenance(tree, graph, rendered)
    asked = [("spec", "replicas"), (*CONTAINER, "args", 1), (*CONTAINER, "name"), ("spec", "paused")]
    lines = []
    for path in asked:
        found = provenance.locate(one, path)
        assert found.sure, path
        assert found.location.region is not None
        text = tree.read(found.location.file).decode().splitlines()[found.location.region.line - 1]
        lines.append(f"{found.location.file}: {text.strip()}")
    assert lines == [
        "prod/more.yaml: replicas: 6",
        "prod/kustomization.yaml: level: debug",
        "prod/charts/web/templates/web.yaml: - name: web",
        "prod/kustomization.yaml: value: true",
    ]


def test_references_of_actions() -> None:
    """With, range and variables are followed to the values that they stand for."""
    template = Template(
        "{{- $top := .Values.a }}\n{{- with .Values.b }}\nx: {{ .c }}\n{{- range $i, $e := .d }}\ny: {{ $e.f }}\n"
        "z: {{ $.Values.g }}\n{{- end }}\n{{- end }}\nw: {{ $top.h | default .Values.i }}\n"
    )
    assert [template.on_line(line)[0].references for line in (3, 5, 6, 9)] == [
        (("Values", "b", "c"),),
        (("Values", "b", "d", EACH, "f"),),
        (("Values", "g"),),
        (("Values", "a", "h"), ("Values", "i")),
    ]


def test_references_of_variables_that_change() -> None:
    """A variable that is set again may be either; after else the dot is what it was outside."""
    template = Template(
        "{{- $a := .Values.a }}\n{{- if .Values.b }}\n{{- $a = .Values.b }}\n{{- end }}\nx: {{ $a.c }}\n"
        "{{- with .Values.d }}\ny: {{ .e }}\n{{- else }}\nz: {{ .Values.f }} {{ .g }}\n{{- end }}\n"
    )
    assert [one.references for number in (5, 7, 9) for one in template.on_line(number)] == [
        (("Values", "a", "c"), ("Values", "b", "c")),
        (("Values", "d", "e"),),
        (("Values", "f"),),
        (("g",),),
    ]


def test_no_program_no_line(make_tree: MakeTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the chart cannot be rendered again, only the file is named."""
    built = Release(make_tree(CHART), HelmBuild(Chart("chart"), "rel", "shop"))
    settings = replace(RenderSettings(), helm="/nowhere/helm")
    provenance = Provenance(built.tree, read_graph(built.tree), built.rendered, settings)
    monkeypatch.setenv("PATH", "/nowhere")
    found = provenance.locate(built.one, ("spec", "replicas"))
    assert found == Located(Location("chart/templates/web.yaml"), sure=False)

"""Provenance: which line a field of a rendered object comes from, and that a change there changes the field."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from gategit.checks.references.kustomize import read_graph
from gategit.checks.references.sources import dig
from gategit.model import FieldPath, Location, ObjectRef
from gategit.render.flux import finish
from gategit.render.kustomize import build_kustomize
from gategit.render.provenance import Located, Provenance
from gategit.render.values import (
    FilesBuild,
    KustomizeBuild,
    Owner,
    Rendered,
    RenderedObject,
    RenderSettings,
    Trace,
    Unit,
)
from gategit.tree import Tree
from tests.render.conftest import MakeTree

pytestmark = pytest.mark.usefixtures("renderers")

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: example/web:1
          env:
            - name: MODE
              value: plain
        - name: side
          image: example/side:1
"""
BASE = {"base/web.yaml": DEPLOYMENT, "base/kustomization.yaml": "resources: [web.yaml]\n"}
CONTAINERS: FieldPath = ("spec", "template", "spec", "containers")


class Build:
    """A build of a folder, to be asked where things stand."""

    def __init__(self, tree: Tree, build: KustomizeBuild, owner: Owner | None = None) -> None:
        self.tree = tree
        graph = read_graph(tree)
        self.rendered = build_kustomize(Unit("it", build, owner), tree, graph, RenderSettings())
        assert self.rendered.problems == ()
        self.provenance = Provenance(tree, graph, self.rendered)

    def object(self, kind: str) -> RenderedObject:
        """The one object of a kind."""
        (one,) = (each for each in self.rendered.objects if each.data["kind"] == kind)
        return one

    def locate(self, *path: str | int, kind: str = "Deployment") -> Located:
        """Where a field is set."""
        return self.provenance.locate(self.object(kind), path)

    def line(self, *path: str | int, kind: str = "Deployment") -> str:
        """The file and the text of the line that surely sets a field."""
        found = self.locate(*path, kind=kind)
        assert found.sure
        assert found.location.region is not None
        text = self.tree.read(found.location.file).decode().splitlines()
        return f"{found.location.file}: {text[found.location.region.line - 1].strip()}"


@pytest.fixture
def build(make_tree: MakeTree) -> Callable[[Mapping[str, str]], Build]:
    """Build the folder ``prod`` of some files, which stands on a base."""
    return lambda files: Build(make_tree({**BASE, **files}), KustomizeBuild("prod"))


Builder = Callable[[Mapping[str, str]], Build]


def kustomization(text: str) -> Mapping[str, str]:
    """An overlay that says something more."""
    return {"prod/kustomization.yaml": f"resources: [../base]\n{text}"}


def test_what_nobody_changes_stands_where_it_is_declared(build: Builder) -> None:
    """A field that no overlay touches leads to the base."""
    built = build(kustomization(""))
    assert built.line("spec", "replicas") == "base/web.yaml: replicas: 1"
    assert built.line(*CONTAINERS, 1, "image") == "base/web.yaml: image: example/side:1"


def test_a_strategic_patch_in_a_file(build: Builder) -> None:
    """What a patch sets leads to the patch, what it leaves alone to the base; lists are followed by name."""
    patch = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: new
          image: example/new:1
        - name: side
          image: example/side:2
"""
    built = build({**kustomization("patches: [{path: more.yaml}]\n"), "prod/more.yaml": patch})
    assert built.line("spec", "replicas") == "prod/more.yaml: replicas: 3"
    images = {one["image"]: index for index, one in enumerate(_containers(built))}
    assert built.line(*CONTAINERS, images["example/new:1"], "image") == "prod/more.yaml: image: example/new:1"
    assert built.line(*CONTAINERS, images["example/side:2"], "image") == "prod/more.yaml: image: example/side:2"
    assert built.line(*CONTAINERS, images["example/web:1"], "image") == "base/web.yaml: image: example/web:1"


def _containers(built: Build) -> list[dict[str, str]]:
    containers: list[dict[str, str]] = built.object("Deployment").data["spec"]["template"]["spec"]["containers"]
    return containers


def test_patches_in_the_kustomization_itself(build: Builder) -> None:
    """The line is that of the text inside of the kustomization, for both sorts of patches."""
    text = """\
patches:
  - target: {kind: Deployment, name: we.*}
    patch: |-
      # more of them
      - op: replace
        path: /spec/replicas
        value: 5
      - op: add
        path: /spec/template/spec/containers/0/env/-
        value: {name: LEVEL, value: debug}
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: web
      spec:
        paused: true
"""
    built = build(kustomization(text))
    assert built.line("spec", "replicas") == "prod/kustomization.yaml: value: 5"
    assert (
        built.line(*CONTAINERS, 0, "env", 1, "value") == "prod/kustomization.yaml: value: {name: LEVEL, value: debug}"
    )
    assert built.line("spec", "paused") == "prod/kustomization.yaml: paused: true"


def test_the_last_of_several_patches_counts(build: Builder) -> None:
    """Of two patches that set a field, the later one is named; one for another object is not."""
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {}}}\nspec: {{replicas: {}}}\n"
    files = {
        "prod/one.yaml": patch.format("web", 4),
        "prod/two.yaml": patch.format("web", 4),
        "prod/other.yaml": patch.format("other", 4),
        "prod/more.yaml": DEPLOYMENT.replace("name: web\nspec", "name: other\nspec"),
        "prod/kustomization.yaml": (
            "resources: [../base, more.yaml]\npatches: [{path: one.yaml}, {path: two.yaml}, {path: other.yaml}]\n"
        ),
    }
    built = build(files)
    web = next(one for one in built.rendered.objects if one.data["metadata"]["name"] == "web")
    assert built.provenance.locate(web, ("spec", "replicas")).location.file == "prod/two.yaml"


def test_patches_by_label_and_by_pattern(build: Builder) -> None:
    """Targets are chosen as Kustomize chooses them: by patterns of names and by labels, also those that are missing."""
    text = """\
patches:
  - target: {kind: Deployment, labelSelector: "kept notin (true, yes),!other"}
    patch: |
      - op: replace
        path: /spec/replicas
        value: 2
  - target: {name: "^(web|other)$"}
    patch: |
      - op: add
        path: /spec/paused
        value: true
  - target: {name: "[a-v].*"}
    patch: |
      - op: add
        path: /spec/paused
        value: false
"""
    built = build(kustomization(text))
    assert built.line("spec", "replicas") == "prod/kustomization.yaml: value: 2"
    assert built.line("spec", "paused") == "prod/kustomization.yaml: value: true"


def test_a_name_that_looks_like_another_one_with_a_hash(build: Builder) -> None:
    """Of two objects the one that bears the name is meant."""
    text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: {}\nspec: {{type: ClusterIP}}\n"
    files = {
        "prod/all.yaml": f"{text.format('web')}---\n{text.format('web-terraforms')}",
        "prod/kustomization.yaml": "resources: [all.yaml]\n",
    }
    built = build(files)
    lines = [built.provenance.locate(one, ("metadata", "name")).location.region for one in built.rendered.objects]
    assert [line.line for line in lines if line is not None] == [4, 10]


def test_what_a_patch_removes(build: Builder) -> None:
    """A field that is missing because of a patch leads to the line that removes it, another to where it should be."""
    text = """\
patches:
  - target: {kind: Deployment}
    patch: |
      - op: remove
        path: /spec/selector
"""
    built = build(kustomization(text))
    assert built.line("spec", "selector") == "prod/kustomization.yaml: - op: remove"
    assert built.line("spec", "strategy") == "base/web.yaml: spec:"


def test_images_and_replicas(build: Builder) -> None:
    """An image leads to the part of the entry that sets its version, a number of replicas to its count."""
    text = """\
images:
  - name: example/web
    newName: mirror/web
    newTag: "7"
  - name: example/other
    newTag: "8"
replicas:
  - name: web
    count: 9
"""
    built = build(kustomization(text))
    assert built.line(*CONTAINERS, 0, "image") == 'prod/kustomization.yaml: newTag: "7"'
    assert built.line(*CONTAINERS, 1, "image") == "base/web.yaml: image: example/side:1"
    assert built.line("spec", "replicas") == "prod/kustomization.yaml: count: 9"


def test_namespaces_labels_and_annotations(build: Builder) -> None:
    """What a kustomization puts on every object leads to its entry, in templates and selectors too."""
    text = """\
namespace: shop
labels:
  - pairs:
      team: a
    includeTemplates: true
commonAnnotations:
  owner: someone
"""
    built = build(kustomization(text))
    assert built.line("metadata", "namespace") == "prod/kustomization.yaml: namespace: shop"
    for where in (("metadata",), ("spec", "template", "metadata")):
        assert built.line(*where, "labels", "team") == "prod/kustomization.yaml: team: a"
        assert built.line(*where, "annotations", "owner") == "prod/kustomization.yaml: owner: someone"
    assert built.line("spec", "selector", "matchLabels", "app") == "base/web.yaml: selector: {matchLabels: {app: web}}"


def test_names_lead_to_where_they_are_given(build: Builder) -> None:
    """A name with a prefix leads to the name itself, and a reference to it to the reference."""
    files = {
        "prod/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n",
        "prod/pod.yaml": (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\nspec:\n  containers:\n  - name: a\n    image: b:1\n"
            "    envFrom:\n    - configMapRef:\n        name: settings\n"
        ),
        "prod/kustomization.yaml": "namePrefix: p-\nresources: [config.yaml, pod.yaml]\n",
    }
    built = build(files)
    assert built.line("metadata", "name", kind="Pod") == "prod/pod.yaml: metadata: {name: pod}"
    reference = ("spec", "containers", 0, "envFrom", 0, "configMapRef", "name")
    assert built.line(*reference, kind="Pod") == "prod/pod.yaml: name: settings"


def test_generated_objects(build: Builder) -> None:
    """Data of a generator leads to the literal, to the line of an environment file, or to the file as a whole."""
    text = """\
configMapGenerator:
  - name: settings
    literals:
      - MODE=fast
    envs: [values.env]
    files: [note.txt]
"""
    built = build({**kustomization(text), "prod/values.env": "# a\nLEVEL=debug\n", "prod/note.txt": "hello\n"})
    assert built.line("data", "MODE", kind="ConfigMap") == "prod/kustomization.yaml: - MODE=fast"
    assert built.line("data", "LEVEL", kind="ConfigMap") == "prod/values.env: LEVEL=debug"
    assert built.locate("data", "note.txt", kind="ConfigMap") == Located(Location("prod/note.txt"), sure=True)


def test_components_and_replacements(build: Builder) -> None:
    """A component's patch leads into the component, a replaced value to the field that it is copied from."""
    text = """\
components: [../part]
replacements:
  - source: {kind: ConfigMap, name: settings, fieldPath: data.mode}
    targets:
      - select: {kind: Deployment}
        fieldPaths: ["spec.template.spec.containers.[name=web].env.[name=MODE].value"]
"""
    files = {
        **kustomization(text),
        "part/kustomization.yaml": (
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [config.yaml]\n"
            "patches:\n- target: {kind: Deployment}\n  patch: |\n"
            "    - {op: replace, path: /spec/replicas, value: 6}\n"
        ),
        "part/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  mode: fast\n",
    }
    built = build(files)
    assert built.line("spec", "replicas") == (
        "part/kustomization.yaml: - {op: replace, path: /spec/replicas, value: 6}"
    )
    assert built.line(*CONTAINERS, 0, "env", 0, "value") == "part/config.yaml: mode: fast"


def test_what_nobody_is_sure_of_names_the_file_only(build: Builder) -> None:
    """A transformer that is configured elsewhere may set anything: no line is named."""
    text = """\
transformers:
  - |
    apiVersion: builtin
    kind: ReplicaCountTransformer
    metadata: {name: it}
    replica: {name: web, count: 8}
    fieldSpecs: [{path: spec/replicas, kind: Deployment}]
"""
    found = build(kustomization(text)).locate("spec", "replicas")
    assert found == Located(Location("prod/kustomization.yaml"), sure=False)


def test_what_the_agent_adds_stands_in_the_agents_object(make_tree: MakeTree) -> None:
    """Patches and images of a Flux Kustomization lead to that object's lines."""
    flux = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: web, namespace: flux-system}
spec:
  path: ./base
  targetNamespace: shop
  images:
    - name: example/web
      newTag: "3"
  patches:
    - target: {kind: Deployment}
      patch: |
        - op: replace
          path: /spec/replicas
          value: 4
"""
    overlay = (
        '{"namespace": "shop", "images": [{"name": "example/web", "newTag": "3"}], "patches": [{"target": {"kind": '
        '"Deployment"}, "patch": "- op: replace\\n  path: /spec/replicas\\n  value: 4\\n"}]}'
    )
    owner = Owner(
        ObjectRef("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", "web"), Location("web.yaml")
    )
    tree = make_tree({**BASE, "web.yaml": flux})
    built = Build(tree, KustomizeBuild("base", overlay), owner)
    assert built.line("spec", "replicas") == "web.yaml: value: 4"
    assert built.line(*CONTAINERS, 0, "image") == 'web.yaml: newTag: "3"'
    assert built.line("metadata", "namespace") == "web.yaml: targetNamespace: shop"
    assert built.line(*CONTAINERS, 1, "image") == "base/web.yaml: image: example/side:1"


def test_what_argo_cd_adds_stands_in_the_application(make_tree: MakeTree) -> None:
    """Images as Argo CD writes them, labels and patches lead to the Application's lines; not if two sources say it."""
    application = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  source:
    path: base
    kustomize:
      labelWithoutSelector: true
      commonLabels:
        team: a
      images:
        - example/web=mirror/web:5
      patches:
        - target: {kind: Deployment}
          patch: |-
            - op: replace
              path: /spec/replicas
              value: 4
"""
    overlay = {
        "labels": [{"pairs": {"team": "a"}}],
        "images": [{"name": "example/web", "newName": "mirror/web", "newTag": "5"}],
        "patches": [{"target": {"kind": "Deployment"}, "patch": "- op: replace\n  path: /spec/replicas\n  value: 4"}],
    }
    owner = Owner(ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "web"), Location("web.yaml"))
    build = KustomizeBuild("base", json.dumps(overlay))
    built = Build(make_tree({**BASE, "web.yaml": application}), build, owner)
    assert built.line(*CONTAINERS, 0, "image") == "web.yaml: - example/web=mirror/web:5"
    assert built.line("metadata", "labels", "team") == "web.yaml: team: a"
    assert built.line("spec", "replicas") == "web.yaml: value: 4"
    source = application.partition("  source:\n")[2].replace("\n    ", "\n      ").replace("    path", "    - path", 1)
    twice = f"{application.partition('  source:')[0]}  sources:\n{source}{source}"
    built = Build(make_tree({**BASE, "web.yaml": twice}), build, owner)
    assert not built.locate("spec", "replicas").sure


def test_labels_that_an_agent_puts_on_everything(make_tree: MakeTree) -> None:
    """Common labels of a Flux Kustomization lead to them, and its own labels to its name."""
    flux = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: web
spec:
  commonMetadata:
    labels:
      team: a
"""
    tree = make_tree({**BASE, "web.yaml": flux})
    owner = Owner(ObjectRef("kustomize.toolkit.fluxcd.io/v1", "Kustomization", None, "web"), Location("web.yaml"))
    pairs = (("kustomize.toolkit.fluxcd.io/name", "web"), ("team", "a"), ("other", "b"))
    unit = Unit("it", KustomizeBuild("base"), owner, labels=pairs)
    graph = read_graph(tree)
    rendered = finish(build_kustomize(unit, tree, graph, RenderSettings()), tree, RenderSettings())
    provenance = Provenance(tree, graph, rendered)
    found = {name: provenance.locate(rendered.objects[0], ("metadata", "labels", name)) for name, _ in pairs}
    lines = [(one.sure, one.location.region.line if one.location.region else 0) for one in found.values()]
    assert lines == [(True, 4), (True, 8), (False, 0)]


def test_what_is_substituted_leads_to_the_expression(make_tree: MakeTree) -> None:
    """A value that Flux fills in leads to the line with the variable, also where one stands in another."""
    text = DEPLOYMENT.replace("replicas: 1", "replicas: ${count:=${other:=2}}")
    tree = make_tree({**BASE, "base/web.yaml": text})
    graph = read_graph(tree)
    one = build_kustomize(Unit("it", KustomizeBuild("base")), tree, graph, RenderSettings()).objects[0]
    filled = RenderedObject({**one.data, "spec": {**one.data["spec"], "replicas": 2}}, one.trace)
    rendered = Rendered(Unit("it", KustomizeBuild("base"), substitute=()), (filled,))
    found = Provenance(tree, graph, rendered).locate(filled, ("spec", "replicas"))
    assert found.sure
    assert found.location.region is not None
    assert found.location.region.line == 6


def test_plain_files_lead_to_themselves(make_tree: MakeTree) -> None:
    """An object of a folder that is applied as it is stands in its file."""
    tree = make_tree({"apps/all.yaml": f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: a}}\n---\n{DEPLOYMENT}"})
    data = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1}}
    one = RenderedObject(data, Trace("apps/all.yaml", 1))
    provenance = Provenance(tree, read_graph(tree), Rendered(Unit("it", FilesBuild("apps")), (one,)))
    found = provenance.locate(one, ("spec", "replicas"))
    assert found.sure
    assert found.location.region is not None
    assert found.location.region.line == 10


def test_a_change_there_changes_the_field(make_tree: MakeTree) -> None:
    """Every place that is called sure is: with another text there, the field comes out otherwise."""
    overlay = """\
resources: [../base]
namespace: shop
labels:
  - pairs: {team: a}
    includeTemplates: true
images:
  - name: example/side
    newTag: "2"
patches:
  - path: env.yaml
  - target: {kind: Deployment}
    patch: |-
      - op: add
        path: /spec/template/spec/containers/0/env/-
        value: {name: ADDED, value: late}
configMapGenerator:
  - name: settings
    literals: [mode=fast]
    envs: [values.env]
"""
    env = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: web
          env:
            - {name: MODE, value: patched}
            - {name: OWN, value: "quoted"}
"""
    files = {
        **BASE,
        "prod/kustomization.yaml": overlay,
        "prod/env.yaml": env,
        "prod/values.env": "LEVEL=debug\n",
    }
    built = Build(make_tree(files), KustomizeBuild("prod"))
    places = {
        place.location: (index, path)
        for index, one in enumerate(built.rendered.objects)
        for path in _fields(one.data)
        if path[-1] not in {"apiVersion", "kind", "name", "app"} and (place := built.provenance.locate(one, path)).sure
    }
    assert len(places) == 10
    for where, (index, path) in places.items():
        changed = {**files, where.file: _changed(files[where.file], where)}
        other = Build(make_tree(changed), KustomizeBuild("prod"))
        assert dig(other.rendered.objects[index].data, *path) != dig(built.rendered.objects[index].data, *path), path


def _fields(data: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in inside:
        yield from _fields(value, (*path, step))
    if not isinstance(data, dict | list):
        yield path


def _changed(text: str, place: Location) -> str:
    """A text with one more digit at the end of a place."""
    assert place.region is not None
    lines = text.splitlines()
    line, end = lines[place.region.line - 1], place.region.end_column - 1
    end -= line[end - 1] in "\"'"
    lines[place.region.line - 1] = f"{line[:end]}9{line[end:]}"
    return "\n".join(lines) + "\n"

"""What a file is, what it declares, and where."""

from __future__ import annotations

import pytest

from gategit.manifests.file import read_file
from gategit.manifests.manifest import Role, Source
from gategit.model import Location, Region

POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"


@pytest.mark.parametrize(
    ("path", "text", "role"),
    [
        ("a.yaml", POD, Role.MANIFEST),
        ("a.json", '{"apiVersion": "v1", "kind": "Pod"}', Role.MANIFEST),
        ("a.yaml", "x: 1\n---\n" + POD, Role.MANIFEST),
        ("a.yaml", POD.replace("v1", "apps//v1"), Role.MANIFEST),
        ("a.yaml", "apiVersion: v1\nkind: List\nitems: []\n", Role.MANIFEST),
        ("a.yaml", POD + "x: [\n", Role.MANIFEST),
        ("apps/kustomization.yaml", "resources: []\n", Role.KUSTOMIZATION),
        ("apps/kustomization.yml", "resources: [\n", Role.KUSTOMIZATION),
        ("Kustomization", "resources: []\n", Role.KUSTOMIZATION),
        ("k.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n", Role.KUSTOMIZATION),
        ("a.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n", Role.MANIFEST),
        ("t.yaml", POD.replace("web", "{{ .Values.name }}"), Role.TEMPLATE),
        ("t.yaml", POD + "{{- if .Values.x }}\nspec: {}\n{{- end }}\n", Role.TEMPLATE),
        ("t.yaml", "{% if x %}\n" + POD + "{% endif %}\n", Role.TEMPLATE),
        ("a.yaml", POD + 'spec: "{{ x }}"\n', Role.MANIFEST),
        ("a.yaml", POD + 'spec: "{{ x }}"\nb: c: d\n', Role.MANIFEST),
        ("a.yaml", POD + "data: |\n  {{ x }}\nb: c: d\n", Role.MANIFEST),
        ("a.yaml", POD + "# {{ x }}\nb: c: d\n", Role.MANIFEST),
        ("values.yaml", "image: {tag: v1}\n", Role.DATA),
        (".github/workflows/ci.yaml", "on: push\njobs: {}\n", Role.DATA),
        ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n", Role.DATA),
        ("compose.yaml", "services: {}\n", Role.DATA),
        ("kind.yaml", "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n", Role.DATA),
        ("skaffold.yaml", "apiVersion: skaffold/v4beta1\nkind: Config\nmetadata: {name: x}\n", Role.DATA),
        ("catalog.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: x}\n", Role.DATA),
        ("config", "apiVersion: v1\nkind: Config\nclusters: []\n", Role.DATA),
        ("a.yaml", "- a\n- b\n", Role.DATA),
        ("a.yaml", "", Role.DATA),
    ],
)
def test_roles(path: str, text: str, role: Role) -> None:
    """Objects are told from Kustomize's file, templates, and data of other tools."""
    assert read_file(path, text.encode()).role is role


def test_files_of_charts() -> None:
    """In a chart's templates folder a file is a template even where it parses; elsewhere it is not."""
    charts = frozenset({"charts/web"})
    assert read_file("charts/web/templates/x/a.yaml", POD.encode(), chart_folders=charts).role is Role.TEMPLATE
    assert read_file("apps/templates/a.yaml", POD.encode(), chart_folders=charts).role is Role.MANIFEST
    assert read_file("templates/a.yaml", POD.encode(), chart_folders=frozenset({""})).role is Role.TEMPLATE


def test_a_role_that_is_known_wins() -> None:
    """A file that a kustomization names is what it says; only data may still turn out to be a template."""
    template = POD.replace("web", "{{ x }}").encode()
    assert read_file("a.yaml", template, Role.MANIFEST).role is Role.MANIFEST
    assert read_file("a.yaml", template, Role.DATA).role is Role.TEMPLATE
    patch = read_file("a.yaml", POD.encode(), Role.PATCH)
    assert [manifest.name for manifest in patch.manifests] == ["web"]
    assert read_file("a.yaml", POD.encode(), Role.DATA).manifests == ()


def test_lists_are_opened() -> None:
    """Items are objects of their own, with their place; those of a typed list inherit its type."""
    text = (
        "apiVersion: v1\nkind: List\nitems:\n"
        "- apiVersion: v1\n  kind: ConfigMapList\n  items:\n  - metadata: {name: a, namespace: ns}\n"
        "- apiVersion: apps/v1\n  kind: Deployment\n  metadata:\n    generateName: b-\n"
        "- 5\n"
    )
    file = read_file("a.yaml", text.encode())
    first, second = file.manifests
    assert (str(first.ref), first.api_version, first.source) == (
        "ConfigMap ns/a",
        "v1",
        Source("a.yaml", 0, ("items", 0, "items", 0)),
    )
    assert (str(second.ref), second.key.group) == ("Deployment b-*", "apps")
    assert file.location(first.source, ("metadata", "name")) == Location("a.yaml", Region(7, 22, 7, 23))
    assert file.location(second.source, ("spec",)) == Location("a.yaml", Region(8, 3, 8, 22))


def test_a_kind_that_merely_ends_in_list() -> None:
    """Without a list of items it is an object like any other."""
    text = "apiVersion: x.io/v1\nkind: AllowList\nmetadata:\n  name: a\nspec:\n  items: []\n"
    assert [str(manifest.ref) for manifest in read_file("a.yaml", text.encode()).manifests] == ["AllowList a"]

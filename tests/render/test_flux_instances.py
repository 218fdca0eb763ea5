"""What the Flux Operator has applied of a repository."""

# ruff: noqa: E501  messages under test stand on one line
from __future__ import annotations

from tests.render.conftest import MakeTree
from tests.render.flux_world import SOURCE, URL, Fleet, config_map, fleet, kustomization, shown

INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata:
  name: flux
  namespace: flux-system
spec:
  distribution: {version: 2.x, registry: ghcr.io/fluxcd}
  sync:
    kind: GitRepository
    url: %s
    ref: refs/heads/main
    path: clusters/prod
"""
FILES = {
    "clusters/prod/flux.yaml": INSTANCE % URL,
    "clusters/prod/settings.yaml": config_map("settings", {"k": "v"}, "flux-system"),
}


def found(make_tree: MakeTree, files: dict[str, str]) -> Fleet:
    return fleet(make_tree, files)


def test_an_instance_has_its_path_applied(make_tree: MakeTree) -> None:
    """As a Kustomization named after the namespace, where the instance stands."""
    one = found(make_tree, FILES)
    unit = one.unit("Flux Kustomization flux-system/flux-system")
    assert unit.owner is not None
    assert (unit.owner.location.file, unit.owner.location.region and unit.owner.location.region.line) == (
        "clusters/prod/flux.yaml",
        2,
    )
    rendered = one.render(unit)
    assert sorted((each.data["kind"], each.data["metadata"]["name"]) for each in rendered.objects) == [
        ("ConfigMap", "settings"),
        ("FluxInstance", "flux"),
    ]


def test_an_instance_of_another_repository_is_counted(make_tree: MakeTree) -> None:
    """So are artifacts, whose content nobody knows here."""
    elsewhere = INSTANCE % "https://git.example.com/shop/other" + "    name: other\n"
    other = found(make_tree, {"bootstrap/flux.yaml": elsewhere, "clusters/prod/a.yaml": config_map("a", {})}).discover()
    assert (other.units, other.problems) == ((), ())
    assert other.unchecked == (
        (
            "bootstrap/flux.yaml: Kustomization other: path clusters/prod",
            "its source, the GitRepository other, is not known to be this repository",
        ),
    )
    artifact = INSTANCE.replace("GitRepository", "OCIRepository") % "oci://registry.example.com/fleet"
    (pair,) = found(make_tree, {**FILES, "clusters/prod/flux.yaml": artifact}).discover().unchecked
    assert pair == (
        "clusters/prod/flux.yaml: Kustomization flux-system: path clusters/prod",
        "its source is the OCIRepository flux-system",
    )


def test_a_path_that_is_not_there_stands_on_its_line(make_tree: MakeTree) -> None:
    """The operator would make a Kustomization that never becomes ready."""
    wrong = (INSTANCE % URL).replace("clusters/prod", "clusters/prd")
    assert found(make_tree, {**FILES, "clusters/prod/flux.yaml": wrong}).problems() == [
        'clusters/prod/flux.yaml:12:11 dangling-reference: FluxInstance flux-system/flux: spec.sync.path is "clusters/prd", but there is no such folder in this repository'
    ]


def test_an_instance_in_the_values_of_its_chart(make_tree: MakeTree) -> None:
    """Many install it so."""
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\n"
        "kind: HelmRelease\n"
        "metadata: {name: flux-instance, namespace: flux-system}\n"
        "spec:\n"
        "  chartRef: {kind: OCIRepository, name: flux-instance}\n"
        "  values:\n"
        "    instance:\n"
        f"      sync: {{kind: GitRepository, url: '{URL}', path: clusters/prod, name: fleet}}\n"
        "---\n"
        "apiVersion: source.toolkit.fluxcd.io/v1\n"
        "kind: OCIRepository\n"
        "metadata: {name: flux-instance, namespace: flux-system}\n"
        "spec: {url: 'oci://ghcr.io/controlplaneio-fluxcd/charts/flux-instance', ref: {tag: 0.30.0}}\n"
    )
    one = found(make_tree, {**FILES, "clusters/prod/flux.yaml": release})
    assert "Flux Kustomization flux-system/fleet" in [unit.name for unit in one.discover().units]


def test_what_a_file_declares_under_the_name_is_taken_once(make_tree: MakeTree) -> None:
    """The operator takes over what bootstrap has left."""
    left = SOURCE + "---\n" + kustomization("flux-system", "./clusters/prod")
    one = found(make_tree, {**FILES, "clusters/prod/gotk-sync.yaml": left})
    assert [unit.name for unit in one.discover().units] == ["Flux Kustomization flux-system/flux-system"]


def test_a_resource_set_is_said_not_to_be_followed(make_tree: MakeTree) -> None:
    """Nobody here fills in its templates."""
    resource_set = (
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata: {name: apps, namespace: flux-system}\n"
        "spec: {inputs: [{tenant: a}], resources: []}\n"
    )
    assert found(make_tree, {"apps.yaml": resource_set}).discover().unchecked == (
        ("ResourceSet flux-system/apps", "what the Flux Operator makes of its templates is not worked out"),
    )


def test_what_a_source_ignores_is_not_applied(make_tree: MakeTree) -> None:
    """``spec.ignore`` comes after the lines of ``.sourceignore``."""
    files = {
        "flux.yaml": SOURCE
        + "  ignore: |\n    /apps/*.draft.yaml\n    !/apps/keep.draft.yaml\n---\n"
        + kustomization("apps", "./apps"),
        "apps/a.yaml": config_map("a", {"k": "v"}),
        "apps/b.draft.yaml": config_map("b", {"k": "v"}),
        "apps/keep.draft.yaml": config_map("keep", {"k": "v"}),
        "apps/c.yaml": config_map("c", {"k": "v"}),
        ".sourceignore": "/apps/c.yaml\n",
    }
    one = found(make_tree, files)
    rendered = one.render(one.unit("Flux Kustomization flux-system/apps"))
    assert [shown(problem) for problem in rendered.problems] == []
    assert [each.data["metadata"]["name"] for each in rendered.objects] == ["a", "keep"]

"""HelmReleases: which chart, under which name, with which values, and what is laid over the result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from gategit.render.flux_post import lay_over
from gategit.render.flux_releases import release_name
from gategit.render.values import Chart, HelmBuild, Rendered, RenderedObject, Trace, Unit, ValuesLayer
from tests.render.conftest import MakeTree
from tests.render.flux_world import SETTINGS, SOURCE, Fleet, children, config_map, fleet, kustomization, shown

CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": "replicas: 1\n",
    "charts/web/values-prod.yaml": "replicas: 3\n",
}

REPOSITORY = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata:
  name: charts
  namespace: flux-system
spec:
  url: https://charts.example.com/stable
"""

OCI = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata:
  name: web
  namespace: shop
spec:
  url: oci://registry.example.com/charts/web
  ref:
    tag: 1.2.3
"""

MakeFleet = Callable[[Mapping[str, str]], Fleet]


@pytest.fixture
def make(make_tree: MakeTree) -> MakeFleet:
    """Commit files beside Flux's own source and a chart, and read what they declare."""
    return lambda files: fleet(make_tree, {"flux-system/source.yaml": SOURCE, **CHART, **files})


def release(spec: str, version: str = "v2", name: str = "web") -> str:
    """A HelmRelease; ``spec`` is its spec, indented by two."""
    return (
        f"apiVersion: helm.toolkit.fluxcd.io/{version}\n"
        "kind: HelmRelease\n"
        "metadata:\n"
        f"  name: {name}\n"
        "  namespace: shop\n"
        "spec:\n"
        f"{spec}"
    )


def chart(chart: str = "./charts/web", kind: str = "GitRepository", name: str = "flux-system", more: str = "") -> str:
    """``spec.chart``."""
    return (
        "  chart:\n    spec:\n"
        f"      chart: {chart}\n"
        f"      sourceRef:\n        kind: {kind}\n        name: {name}\n        namespace: flux-system\n"
        f"{more}"
    )


def build(found: Fleet) -> HelmBuild:
    """What the only unit has rendered."""
    result = found.unit().build
    assert isinstance(result, HelmBuild)
    return result


@pytest.mark.parametrize("version", ["v2", "v2beta2", "v2beta1"])
def test_a_chart_of_this_repository_is_a_folder_of_the_tree(make: MakeFleet, version: str) -> None:
    """In every version that is served."""
    found = make({"apps/web.yaml": release(chart(), version)})
    assert build(found) == HelmBuild(Chart("charts/web"), "web", "shop")
    assert found.unit().name == "Flux HelmRelease shop/web"
    assert dict(found.unit().labels) == {
        "helm.toolkit.fluxcd.io/name": "web",
        "helm.toolkit.fluxcd.io/namespace": "shop",
    }


def test_a_chart_of_a_repository_elsewhere_is_named_with_its_version(make: MakeFleet) -> None:
    """By the URL that the HelmRepository has."""
    spec = chart("web", "HelmRepository", "charts", "      version: 1.2.3\n")
    found = make({"apps/web.yaml": release(spec), "flux-system/charts.yaml": REPOSITORY})
    assert build(found).chart == Chart(None, "https://charts.example.com/stable", "web", "1.2.3")


def test_a_chart_of_a_registry_is_named_by_reference(make: MakeFleet) -> None:
    """``chartRef`` names an OCIRepository, or a HelmChart that names the rest."""
    spec = "  chartRef:\n    kind: OCIRepository\n    name: web\n"
    found = make({"apps/web.yaml": release(spec), "apps/oci.yaml": OCI})
    assert build(found).chart == Chart(None, "oci://registry.example.com/charts", "web", "1.2.3")
    helm_chart = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata:\n  name: web\n  namespace: shop\n"
        "spec:\n  chart: ./charts/web\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n"
        "    namespace: flux-system\n"
    )
    found = make({"apps/web.yaml": release(spec.replace("OCIRepository", "HelmChart")), "apps/chart.yaml": helm_chart})
    assert build(found).chart == Chart("charts/web")


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (chart("web", "Bucket", "charts"), "its source, the Bucket charts, is not declared in this repository"),
        (
            chart("web", "HelmRepository", "gone"),
            "its source, the HelmRepository gone, is not declared in this repository",
        ),
        (chart("${chart}", "HelmRepository", "charts"), "its chart is filled in later"),
    ],
)
def test_a_chart_that_cannot_be_told_is_said(make: MakeFleet, spec: str, reason: str) -> None:
    """It is not looked at, and counted."""
    found = make({"apps/web.yaml": release(spec)})
    assert found.discover().unchecked == (("Flux HelmRelease shop/web", reason),)


def test_values_are_laid_over_each_other_in_order(make: MakeFleet) -> None:
    """What is named comes first, then the inline values; one that has a path of its own is set, and wins."""
    spec = chart() + (
        "  valuesFrom:\n"
        "    - {kind: ConfigMap, name: base}\n"
        "    - {kind: ConfigMap, name: base, valuesKey: tag, targetPath: image.tag}\n"
        "    - {kind: ConfigMap, name: base, valuesKey: quoted, targetPath: note}\n"
        "    - {kind: ConfigMap, name: base, valuesKey: tag, targetPath: replicas}\n"
        "    - {kind: ConfigMap, name: base, valuesKey: gone, optional: true}\n"
        "  values:\n"
        "    replicas: 2\n"
    )
    data = {"values.yaml": '"replicas: 5"', "tag": '"1.0"', "quoted": "\"'7'\""}
    found = make({"apps/web.yaml": release(spec), "apps/base.yaml": config_map("base", data, "shop")})
    unit = build(found)
    assert unit.values == (
        ValuesLayer("replicas: 5", "apps/base.yaml", 0, ("data", "values.yaml"), as_text=True),
        ValuesLayer('{"replicas": 2}', "apps/web.yaml", 0, ("spec", "values")),
    )
    assert [(one.name, one.value, one.text, one.location.file) for one in unit.parameters] == [
        ("image.tag", "1.0", False, "apps/base.yaml"),
        ("note", "7", True, "apps/base.yaml"),
    ]


def test_values_that_are_laid_over_one_that_is_set_make_the_unit_uncertain(make: MakeFleet) -> None:
    """Flux lays a later entry over it; Helm, which is asked here, lets what is set win."""
    spec = chart() + (
        "  valuesFrom:\n"
        "    - {kind: ConfigMap, name: base, valuesKey: tag, targetPath: image.tag}\n"
        "    - {kind: ConfigMap, name: base}\n"
    )
    data = {"values.yaml": '"replicas: 5"', "tag": '"1.0"'}
    found = make({"apps/web.yaml": release(spec), "apps/base.yaml": config_map("base", data, "shop")})
    assert found.unit().uncertain == (
        "later values may be laid over those that are set at a targetPath, which is not followed here",
    )


@pytest.mark.usefixtures("renderers")
def test_values_that_a_generator_made_are_those_of_its_file(make: MakeFleet) -> None:
    """A ConfigMap of a kustomization is found once it is rendered, and its values stand in the generator's file."""
    spec = chart() + "  valuesFrom:\n    - {kind: ConfigMap, name: web-values}\n"
    files = {
        "clusters/apps.yaml": kustomization("apps", "apps"),
        "apps/web.yaml": release(spec),
        "apps/values.yml": "replicas: 7\n",
        "apps/kustomization.yaml": (
            "namespace: shop\nresources: [web.yaml]\ngeneratorOptions: {disableNameSuffixHash: true}\n"
            "configMapGenerator:\n  - name: web-values\n    files: [values.yaml=values.yml]\n"
        ),
    }
    found = make(files)
    brought = children(found.render(found.unit("Flux Kustomization flux-system/apps")))
    units = {unit.name: unit for unit in found.discover(*brought).units}
    made = units["Flux HelmRelease shop/web"].build
    assert isinstance(made, HelmBuild)
    assert made.values == (ValuesLayer("replicas: 7\n", "apps/values.yml"),)


@pytest.mark.usefixtures("renderers")
def test_values_of_a_rendered_release_stand_where_its_file_declares_them(make: MakeFleet) -> None:
    """Also where the file holds several objects: a renderer says the file alone."""
    two = release(chart() + "  values:\n    replicas: 1\n", name="first")
    two += "---\n" + release(chart() + "  values:\n    replicas: 2\n")
    found = make({"clusters/apps.yaml": kustomization("apps", "apps"), "apps/two.yaml": two})
    brought = children(found.render(found.unit("Flux Kustomization flux-system/apps")))
    units = {unit.name: unit.build for unit in found.discover(*brought).units}
    made = units["Flux HelmRelease shop/web"]
    assert isinstance(made, HelmBuild)
    assert made.values == (ValuesLayer('{"replicas": 2}', "apps/two.yaml", 1, ("spec", "values")),)


def test_values_that_cannot_be_read_are_said_and_make_the_unit_uncertain(make: MakeFleet) -> None:
    """Encrypted values, and those of an object that is not here: a failure to render is then no finding."""
    spec = chart() + "  valuesFrom:\n    - {kind: Secret, name: hidden}\n    - {kind: ConfigMap, name: gone}\n"
    held = (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: hidden\n  namespace: shop\n"
        "stringData:\n  values.yaml: ENC[AES256_GCM,data:x,type:str]\nsops:\n  mac: x\n"
    )
    found = make({"apps/web.yaml": release(spec), "apps/hidden.yaml": held})
    assert found.discover().unchecked == ()  # each of its builds counts it
    assert found.unit().uncertain == (
        "the values of the Secret hidden are encrypted, or filled in later",
        "the values of the ConfigMap gone are not in this repository",
    )
    [line] = found.problems()
    assert line.startswith("apps/web.yaml:")
    assert line.endswith(
        "dangling-reference: HelmRelease shop/web: spec.valuesFrom[1].name names the ConfigMap gone, which nothing in "
        "this repository brings"
    )
    optional = make({"apps/web.yaml": release(spec.replace("name: gone", "name: gone, optional: true"))})
    assert optional.problems() == []


def test_a_key_that_is_not_there_is_found_on_its_line(make: MakeFleet) -> None:
    """The helm-controller would install nothing."""
    spec = chart() + "  valuesFrom:\n    - kind: ConfigMap\n      name: base\n      valuesKey: prod\n"
    found = make({"apps/web.yaml": release(spec), "apps/base.yaml": config_map("base", {"a": "b"}, "shop")})
    assert found.problems() == [
        (
            "apps/web.yaml:17:18 dangling-reference: HelmRelease shop/web: the ConfigMap base has no key prod, from "
            "which values are taken"
        )
    ]


def test_values_files_stand_in_place_of_the_charts_own(make: MakeFleet) -> None:
    """``valuesFiles`` are relative to the repository, and the chart's values.yaml counts only if it is one of them."""
    spec = chart(more="      valuesFiles: [charts/web/values.yaml, ./charts/web/values-prod.yaml]\n")
    assert build(make({"apps/web.yaml": release(spec)})).base_values == (
        ValuesLayer("replicas: 1\n", "charts/web/values.yaml"),
        ValuesLayer("replicas: 3\n", "charts/web/values-prod.yaml"),
    )


def test_how_it_is_installed_says_what_is_rendered(make: MakeFleet) -> None:
    """Definitions that are skipped, tests that are run, a schema that is not asked, another namespace."""
    spec = chart() + (
        "  targetNamespace: store\n"
        "  install: {crds: Skip, disableSchemaValidation: true}\n"
        "  test: {enable: true}\n"
        "  suspend: true\n"
    )
    found = make({"apps/web.yaml": release(spec)})
    assert build(found) == HelmBuild(
        Chart("charts/web"), "store-web", "store", skip_crds=True, skip_tests=False, skip_schema=True
    )
    assert (found.unit().namespace, found.unit().suspended) == ("store", True)


def test_the_name_of_a_release_is_cut_as_the_controller_cuts_it() -> None:
    """At 53 characters, with the start of a hash of the whole."""
    assert release_name("web") == "web"
    assert release_name("web", "store", "mine") == "mine"
    assert release_name("n" * 53) == "n" * 53
    cut = release_name("n" * 60, "store")
    assert (len(cut), cut[:41]) == (53, "store-" + "n" * 34 + "-")


@pytest.mark.parametrize("version", ["v2", "v2beta1"])
def test_post_renderers_are_kustomizations_of_patches_and_images(make: MakeFleet, version: str) -> None:
    """In their order; nothing in them names a file."""
    spec = chart() + (
        "  postRenderers:\n"
        "    - kustomize:\n"
        "        patches: [{patch: 'a: b', target: {kind: Deployment}}]\n"
        "        images: [{name: web, newTag: '2'}]\n"
        "        resources: [/etc/passwd]\n"
        "    - kustomize:\n"
        "        patchesStrategicMerge: [{kind: Deployment, metadata: {name: web}}, /etc/passwd]\n"
    )
    unit = make({"apps/web.yaml": release(spec, version)}).unit()
    assert [json.loads(text) for text in unit.post] == [
        {
            "patches": [{"patch": "a: b", "target": {"kind": "Deployment"}}],
            "images": [{"name": "web", "newTag": "2"}],
        },
        {"patchesStrategicMerge": ['{"kind": "Deployment", "metadata": {"name": "web"}}']},
    ]


def deployment(name: str) -> RenderedObject:
    """An object of a chart."""
    data = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "a", "image": "web:1"}]}}},
    }
    return RenderedObject(data, Trace(f"charts/web/templates/{name}.yaml"))


@pytest.mark.usefixtures("renderers")
def test_post_renderers_change_what_the_chart_renders_to(make: MakeFleet) -> None:
    """Objects keep their places; one that is removed is gone."""
    unit = Unit(
        "web",
        HelmBuild(Chart("charts/web"), "web", "shop"),
        post=(
            json.dumps(
                {"patches": [{"patch": "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: a}\n$patch: delete"}]}
            ),
            json.dumps({"images": [{"name": "web", "newTag": "9"}]}),
        ),
    )
    found = lay_over(Rendered(unit, (deployment("a"), deployment("b"))), make({}).tree, SETTINGS)
    assert not found.problems
    assert [one.trace.file for one in found.objects] == ["charts/web/templates/b.yaml"]
    assert found.objects[0].data["spec"]["template"]["spec"]["containers"] == [{"name": "a", "image": "web:9"}]
    assert found.objects[0].data["metadata"] == {"name": "b"}


@pytest.mark.usefixtures("renderers")
def test_a_post_renderer_that_fits_nothing_is_found(make: MakeFleet) -> None:
    """Nothing of the release is installed then."""
    spec = chart() + (
        "  postRenderers:\n"
        "    - kustomize:\n"
        "        patches:\n"
        "          - target: {kind: Deployment}\n"
        "            patch: |\n"
        "              - op: remove\n"
        "                path: /spec/gone\n"
    )
    found = make({"apps/web.yaml": release(spec)})
    result = lay_over(Rendered(found.unit(), (deployment("a"),)), found.tree, SETTINGS)
    assert [shown(problem) for problem in result.problems] == [
        (
            "apps/web.yaml:15:7 render-failed: Flux HelmRelease shop/web: spec.postRenderers[0] cannot be laid over "
            "what its chart renders to: error in remove for path: '/spec/gone': Unable to remove nonexistent key: "
            "gone: missing value"
        )
    ]
    assert result.failed

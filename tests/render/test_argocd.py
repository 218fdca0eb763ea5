"""What Argo CD builds for an Application: which tool, of which folder, with which options, and what it refuses."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import replace

import pytest

from gategit.checks.references.kustomize import read_graph
from gategit.manifests.file import read_file
from gategit.model import FieldPath, Level
from gategit.render.argocd import argocd_units
from gategit.render.argocd_sources import directory_files, parse_image
from gategit.render.values import (
    AgentObject,
    Chart,
    Discovery,
    FilesBuild,
    HelmBuild,
    KustomizeBuild,
    RenderSettings,
)
from gategit.render.world import World
from tests.render.conftest import MakeTree

URL = "https://git.example.com/shop/deploy.git"
KUSTOMIZATION = "resources: [web.yaml]\n"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n"
CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
KINDS = ("Application", "ApplicationSet", "AppProject", "ConfigMap")


def read_world(make_tree: MakeTree, files: Mapping[str, str | bytes], settings: RenderSettings | None = None) -> World:
    """The world of a commit, with every agent object that its files declare."""
    tree = make_tree(files)
    graph = read_graph(tree)
    objects = [
        AgentObject(
            manifest.data,
            manifest.namespace or "",
            path,
            manifest.source.document,
            manifest.source.pointer,
            file.location(manifest.source),
        )
        for path in tree.entries()
        if path.endswith(".yaml")
        for file in [read_file(path, tree.read(path), graph.roles.get(path))]
        for manifest in file.manifests
        if manifest.kind in KINDS
    ]
    return World(tree, graph, (URL,), settings or RenderSettings(), objects)


def application(spec: str, name: str = "web", destination: str = "") -> str:
    """An Application with a source, or more of its spec."""
    to = destination or "destination: {server: 'https://kubernetes.default.svc', namespace: shop}"
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n"
        + textwrap.indent(f"project: default\n{to}\n{textwrap.dedent(spec)}", "  ")
    )


def source(more: str = "", path: str = "apps/web") -> str:
    """A source of this repository."""
    return f"source:\n  repoURL: {URL}\n  path: {path}\n" + textwrap.indent(textwrap.dedent(more), "  ")


def discover(world: World) -> Discovery:
    """What Argo CD builds for all objects of the world."""
    return argocd_units(world.objects, world)


def lines(found: Discovery) -> list[tuple[str, str, int | None, str]]:
    """Each problem by rule, file, line and message."""
    return [
        (one.rule, one.location.file, one.location.region.line if one.location.region else None, one.message)
        for one in found.problems
    ]


@pytest.mark.parametrize(
    ("files", "build"),
    [
        ({"apps/web/web.yaml": CONFIG_MAP}, FilesBuild),
        ({"apps/web/Chart.yaml": CHART}, HelmBuild),
        ({"apps/web/kustomization.yaml": KUSTOMIZATION, "apps/web/web.yaml": CONFIG_MAP}, KustomizeBuild),
        ({"apps/web/kustomization.yaml": KUSTOMIZATION, "apps/web/Chart.yaml": CHART}, KustomizeBuild),
        ({"apps/web/deep/Chart.yaml": CHART, "apps/web/web.yaml": CONFIG_MAP}, FilesBuild),
    ],
)
def test_the_files_of_a_folder_say_which_tool_builds_it(
    make_tree: MakeTree, files: Mapping[str, str], build: type
) -> None:
    """A chart is rendered, a kustomization built, anything else applied as it is; a kustomization wins over a chart."""
    found = discover(read_world(make_tree, {"app.yaml": application(source()), **files}))

    assert [type(one.build) for one in found.units] == [build]
    assert found.problems == ()


def test_options_of_a_tool_name_it(make_tree: MakeTree) -> None:
    """A folder with a kustomization is read as it is where the source has options of a directory."""
    files = {"apps/web/kustomization.yaml": KUSTOMIZATION, "apps/web/web.yaml": CONFIG_MAP}
    world = read_world(make_tree, {"app.yaml": application(source("directory: {recurse: true}\n")), **files})

    assert [one.build for one in discover(world).units] == [FilesBuild("apps/web", recurse=True)]


def test_empty_options_name_no_tool(make_tree: MakeTree) -> None:
    """Argo CD drops ``helm: {}`` before it looks."""
    world = read_world(make_tree, {"app.yaml": application(source("helm: {}\n")), "apps/web/web.yaml": CONFIG_MAP})

    assert [one.build for one in discover(world).units] == [FilesBuild("apps/web")]


def test_options_of_two_tools_are_refused(make_tree: MakeTree) -> None:
    """Argo CD takes one tool for one source."""
    text = application(source("helm: {releaseName: web}\nkustomize: {namePrefix: x-}\n"))
    world = read_world(make_tree, {"app.yaml": text, "apps/web/web.yaml": CONFIG_MAP})

    assert lines(discover(world)) == [
        (
            "application-invalid",
            "app.yaml",
            11,
            "Application argocd/web: one source has options for helm and kustomize, and Argo CD takes one tool only",
        )
    ]


def test_a_unit_says_whose_it_is_and_where_it_goes(make_tree: MakeTree) -> None:
    """Owner, namespace, cluster, project and sync options are the Application's."""
    text = application(
        f"{source()}syncPolicy: {{syncOptions: [CreateNamespace=true]}}\n",
        destination="destination: {name: prod, namespace: shop}",
    )
    settings = RenderSettings(clusters=({"name": "prod", "server": "https://prod.example.com", "target": "prod"},))
    world = read_world(make_tree, {"app.yaml": text, "apps/web/web.yaml": CONFIG_MAP}, settings)
    (unit,) = discover(world).units

    assert unit.name == "Argo CD Application argocd/web"
    assert unit.owner is not None
    assert (unit.owner.ref.kind, unit.owner.ref.namespace, unit.owner.ref.name) == ("Application", "argocd", "web")
    assert (unit.target, unit.cluster, unit.namespace, unit.project) == ("prod", "prod", "shop", "default")
    assert unit.sync_options == ("CreateNamespace=true",)


def test_argo_cds_own_cluster_is_the_target_of_the_application(make_tree: MakeTree) -> None:
    """What goes to the cluster that Argo CD runs in goes where the Application itself goes."""
    world = read_world(make_tree, {"app.yaml": application(source()), "apps/web/web.yaml": CONFIG_MAP})
    found = argocd_units([replace(one, target="hub") for one in world.objects], world)

    assert [(one.name, one.target) for one in found.units] == [("Argo CD Application argocd/web", "hub")]


def test_another_cluster_is_another_target(make_tree: MakeTree) -> None:
    """The unit says from where it is sent: two hubs may send an Application of one name to one cluster."""
    clusters = ({"name": "prod", "server": "https://prod.example.com", "target": "eu"},)
    text = application(source(), destination="destination: {server: 'https://prod.example.com'}")
    world = read_world(
        make_tree, {"app.yaml": text, "apps/web/web.yaml": CONFIG_MAP}, RenderSettings(clusters=clusters)
    )
    found = argocd_units([replace(one, target=hub) for one in world.objects for hub in ("a", "b")], world)

    assert [(one.name, one.target) for one in found.units] == [
        ("Argo CD Application argocd/web of a", "eu"),
        ("Argo CD Application argocd/web of b", "eu"),
    ]


@pytest.mark.parametrize(
    ("destination", "line", "message"),
    [
        (
            "destination: {name: prod, server: 'https://prod.example.com'}",
            6,
            (
                'its destination names the cluster "prod" and the server https://prod.example.com, and Argo CD takes '
                "one of them"
            ),
        ),
        ("destination: {namespace: shop}", 6, "its destination names no cluster"),
    ],
)
def test_a_destination_is_one_cluster(make_tree: MakeTree, destination: str, line: int, message: str) -> None:
    """Neither a name beside a server nor none of both is a destination."""
    text = application(source(), destination=destination)
    world = read_world(make_tree, {"app.yaml": text, "apps/web/web.yaml": CONFIG_MAP})

    assert lines(discover(world)) == [
        ("application-invalid", "app.yaml", line, f"Application argocd/web: {message}"),
    ]


def test_what_is_elsewhere_is_counted(make_tree: MakeTree) -> None:
    """Another repository, another branch, an OCI artifact and a plugin are said to be not looked at."""
    there = "source: {repoURL: 'https://git.example.com/other/thing.git', path: a}\n"
    branch = f"source: {{repoURL: '{URL}', path: apps/web, targetRevision: v1.2}}\n"
    oci = "source: {repoURL: 'oci://registry.example.com/web', path: .}\n"
    plugin = source("plugin: {name: cdk}\n")
    files = {
        f"{name}.yaml": application(text, name)
        for name, text in {"a": there, "b": branch, "c": oci, "d": plugin}.items()
    }
    found = discover(read_world(make_tree, {**files, "apps/web/web.yaml": CONFIG_MAP}))

    assert found.units == ()
    assert [(one.rule, one.location.file) for one in found.problems] == [("not-followed", "d.yaml")]
    assert found.unchecked == (
        (
            "a.yaml: Application argocd/a: a",
            "its source https://git.example.com/other/thing.git is not known to be this repository",
        ),
        ("b.yaml: Application argocd/b: apps/web", "its source is pinned to the revision v1.2"),
        (
            "c.yaml: Application argocd/c: oci://registry.example.com/web",
            "it is an OCI artifact, and those are not fetched",
        ),
        ("d.yaml: Application argocd/d: the plugin cdk", "a plugin builds it, and plugins are not run"),
    )


def test_an_absolute_path_is_refused(make_tree: MakeTree) -> None:
    """Argo CD's paths start at the root of the repository, without a slash."""
    text = application(source(path="/apps/web"))
    found = discover(read_world(make_tree, {"app.yaml": text, "apps/web/web.yaml": CONFIG_MAP}))

    assert lines(found) == [
        (
            "application-invalid",
            "app.yaml",
            9,
            'Application argocd/web: spec.source.path is "/apps/web", an absolute path',
        )
    ]
    assert found.problems[0].help == "Write apps/web: the path is relative to the root of the repository."


def test_a_missing_folder_stops_an_application(make_tree: MakeTree) -> None:
    """The check of references says it of the file, too: the gate shows one of both."""
    found = discover(read_world(make_tree, {"app.yaml": application(source(path="gone"))}))

    assert lines(found) == [
        (
            "dangling-reference",
            "app.yaml",
            9,
            'Application argocd/web: spec.source.path is "gone", but there is no such folder in this repository',
        )
    ]
    assert (found.units, found.unchecked) == ((), ())


def test_kustomize_options_are_laid_over_the_kustomization(make_tree: MakeTree) -> None:
    """What Argo CD edits into the kustomization is the overlay."""
    text = application(
        source(
            """
            kustomize:
              namePrefix: eu-
              namespace: shop-eu
              images: ["web=registry.example.com/web:1.4", "db@sha256:0123"]
              replicas: [{name: web, count: "3"}]
              commonLabels: {app: $ARGOCD_APP_NAME}
              labelWithoutSelector: true
              labelIncludeTemplates: true
              commonAnnotations: {team: shop}
              components: [../part]
              patches: [{target: {kind: Deployment}, patch: "- {op: remove, path: /spec/replicas}"}]
            """
        )
    )
    files = {"apps/web/kustomization.yaml": KUSTOMIZATION, "apps/web/web.yaml": CONFIG_MAP}
    found = discover(read_world(make_tree, {"app.yaml": text, **files}))
    (unit,) = found.units
    assert isinstance(unit.build, KustomizeBuild)

    assert found.problems == ()
    assert json.loads(unit.build.overlay) == {
        "namePrefix": "eu-",
        "namespace": "shop-eu",
        "images": [
            {"name": "db", "digest": "sha256:0123"},
            {"name": "web", "newName": "registry.example.com/web", "newTag": "1.4"},
        ],
        "replicas": [{"name": "web", "count": 3}],
        "labels": [{"pairs": {"app": "web"}, "includeTemplates": True}],
        "commonAnnotations": {"team": "shop"},
        "components": ["../part"],
        "patches": [{"target": {"kind": "Deployment"}, "patch": "- {op: remove, path: /spec/replicas}"}],
    }


def test_a_label_that_is_there_is_not_set_again(make_tree: MakeTree) -> None:
    """``kustomize edit add label`` fails where the kustomization has the label, unless it is forced."""
    own = "resources: [web.yaml]\ncommonLabels: {app: shop}\n"
    files = {"apps/web/kustomization.yaml": own, "apps/web/web.yaml": CONFIG_MAP}
    plain = application(source("kustomize:\n  commonLabels:\n    app: web\n"))
    forced = application(source("kustomize: {commonLabels: {app: web}, forceCommonLabels: true}\n"), "forced")
    found = discover(read_world(make_tree, {"app.yaml": plain, "forced.yaml": forced, **files}))

    assert lines(found) == [
        (
            "application-invalid",
            "app.yaml",
            12,
            "Application argocd/web: spec.source.kustomize.commonLabels sets app, which the kustomization sets, too",
        )
    ]
    assert [one.name for one in found.units] == ["Argo CD Application argocd/forced"]


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("web:1.4", {"name": "web", "newTag": "1.4", "digest": ""}),
        ("web=new", {"name": "web", "newName": "new", "newTag": "", "digest": ""}),
        (
            "web=reg:5000/new:1@sha256:0",
            {"name": "web", "newName": "reg:5000/new", "newTag": "1", "digest": "sha256:0"},
        ),
        ("reg:5000/web@sha256:0", {"name": "reg:5000/web", "newTag": "", "digest": "sha256:0"}),
        ("reg:5000/web", None),
        ("web", None),
    ],
)
def test_images_are_read_as_kustomize_edit_reads_them(text: str, image: Mapping[str, str] | None) -> None:
    """A name alone says nothing new; a port is no tag."""
    assert parse_image(text) == image


def test_values_come_in_argo_cds_order(make_tree: MakeTree) -> None:
    """Value files, then inline values, then parameters; what is forced to be text comes last."""
    text = application(
        source(
            """
            helm:
              valueFiles: [values-eu.yaml, /common/values.yaml]
              values: |
                a: 1
              parameters:
                - {name: text, value: "007", forceString: true}
                - {name: list, value: "a,b"}
                - {name: app, value: $ARGOCD_APP_NAME}
              skipCrds: true
              kubeVersion: 1.31.0
            """
        )
    )
    files = {
        "apps/web/Chart.yaml": CHART,
        "apps/web/values-eu.yaml": "eu: true\n",
        "common/values.yaml": "common: true\n",
    }
    (unit,) = discover(read_world(make_tree, {"app.yaml": text, **files})).units
    build = unit.build
    assert isinstance(build, HelmBuild)

    assert build.chart == Chart("apps/web")
    assert (build.release, build.namespace, build.skip_crds, build.kubernetes_version) == (
        "web",
        "shop",
        True,
        "1.31.0",
    )
    assert [(one.text, one.file, one.path) for one in build.values] == [
        ("eu: true\n", "apps/web/values-eu.yaml", ()),
        ("common: true\n", "common/values.yaml", ()),
        ("a: 1\n", "app.yaml", ("spec", "source", "helm", "values")),
    ]
    assert [(one.name, one.value, one.text) for one in build.parameters] == [
        ("list", "a\\,b", False),
        ("app", "web", False),
        ("text", "007", True),
    ]


def test_an_object_of_values_wins_over_a_text_of_values(make_tree: MakeTree) -> None:
    """Of ``valuesObject`` and ``values`` Argo CD reads the first alone."""
    text = application(source("helm: {values: 'a: 1', valuesObject: {b: 2}}\n"))
    (unit,) = discover(read_world(make_tree, {"app.yaml": text, "apps/web/Chart.yaml": CHART})).units
    assert isinstance(unit.build, HelmBuild)

    assert [(one.text, one.path, one.as_text) for one in unit.build.values] == [
        ('{"b": 2}', ("spec", "source", "helm", "valuesObject"), False)
    ]


def test_a_pattern_stands_for_the_files_that_match(make_tree: MakeTree) -> None:
    """In the order of the names; a file that is named itself stands where it is named."""
    text = application(source("helm: {valueFiles: ['env/**/*.yaml', env/a.yaml]}\n"))
    files = {f"apps/web/{name}": "x: 1\n" for name in ("env/a.yaml", "env/b.yaml", "env/eu/c.yaml", "other.yaml")}
    (unit,) = discover(read_world(make_tree, {"app.yaml": text, "apps/web/Chart.yaml": CHART, **files})).units
    assert isinstance(unit.build, HelmBuild)

    assert [one.file for one in unit.build.values] == [
        "apps/web/env/b.yaml",
        "apps/web/env/eu/c.yaml",
        "apps/web/env/a.yaml",
    ]


def test_value_files_of_another_source(make_tree: MakeTree) -> None:
    """``$name/path`` is a path from the root of the source that has the name; a chart from elsewhere keeps its URL."""
    text = application(
        f"""
        sources:
          - repoURL: https://charts.example.com
            chart: web
            targetRevision: 1.2.3
            helm: {{valueFiles: [$values/apps/web/values.yaml, values-ha.yaml]}}
          - repoURL: {URL}
            ref: values
        """
    )
    found = discover(read_world(make_tree, {"app.yaml": text, "apps/web/values.yaml": "a: 1\n"}))
    (unit,) = found.units
    assert isinstance(unit.build, HelmBuild)

    assert found.problems == ()
    assert unit.name == "Argo CD Application argocd/web, source 1"
    assert unit.build.chart == Chart(None, "https://charts.example.com", "web", "1.2.3")
    assert [one.file for one in unit.build.values] == ["apps/web/values.yaml"]
    assert unit.uncertain == ("values-ha.yaml is not read: it is a file of the chart web",)


def test_a_value_file_that_is_missing(make_tree: MakeTree) -> None:
    """It stops the build, as with Helm, unless the Application says that it may be missing."""
    glob = application(source("helm:\n  valueFiles:\n    - 'env/*.yaml'\n"), "glob")
    optional = application(source("helm: {valueFiles: [gone.yaml], ignoreMissingValueFiles: true}\n"), "optional")
    named = application(source("helm:\n  valueFiles:\n    - gone.yaml\n"), "named")
    files = {"glob.yaml": glob, "optional.yaml": optional, "named.yaml": named, "apps/web/Chart.yaml": CHART}
    declared = discover(read_world(make_tree, files))

    assert [one.name for one in declared.units] == ["Argo CD Application argocd/optional"]
    assert declared.units[0].uncertain == ()
    assert lines(declared) == [
        (
            "dangling-reference",
            "glob.yaml",
            12,
            (
                "Application argocd/glob: spec.source.helm.valueFiles[0] names apps/web/env/*.yaml, which matches no "
                "file of this repository"
            ),
        ),
        (
            "dangling-reference",
            "named.yaml",
            12,
            (
                "Application argocd/named: spec.source.helm.valueFiles[0] names apps/web/gone.yaml, but there is no "
                "such file"
            ),
        ),
    ]


def test_a_file_in_the_folder_overrides_the_source(make_tree: MakeTree) -> None:
    """``.argocd-source.yaml``, which Argo CD's image updater writes, is laid over the source."""
    files = {
        "apps/web/kustomization.yaml": KUSTOMIZATION,
        "apps/web/web.yaml": CONFIG_MAP,
        "apps/web/.argocd-source-web.yaml": "kustomize: {images: ['web:1.5']}\n",
    }
    (unit,) = discover(read_world(make_tree, {"app.yaml": application(source()), **files})).units
    assert isinstance(unit.build, KustomizeBuild)

    assert json.loads(unit.build.overlay) == {"images": [{"name": "web", "newTag": "1.5"}]}


def test_a_folder_of_files(make_tree: MakeTree) -> None:
    """Patterns choose the files, by paths relative to the folder; programs that make manifests are told apart."""
    text = application(source("directory: {recurse: true, include: '{*.yaml,*.jsonnet}', exclude: 'old/*'}\n"))
    names = ("a.yaml", "b.json", "deep/c.yaml", "old/d.yaml", "e.jsonnet", "README.md")
    files = {f"apps/web/{name}": "{}\n" for name in names}
    files["apps/web/skipped.yaml"] = f"# +argocd:skip-file-rendering\n{CONFIG_MAP}"
    world = read_world(make_tree, {"app.yaml": text, **files})
    (unit,) = discover(world).units
    assert isinstance(unit.build, FilesBuild)

    assert directory_files(unit.build, world) == (
        ["apps/web/a.yaml", "apps/web/deep/c.yaml"],
        ["apps/web/e.jsonnet"],
    )


def test_metadata_of_a_namespace_that_nobody_makes(make_tree: MakeTree) -> None:
    """``managedNamespaceMetadata`` counts only with the option that makes the namespace."""
    text = application(f"{source()}syncPolicy:\n  managedNamespaceMetadata: {{labels: {{a: b}}}}\n")
    found = discover(read_world(make_tree, {"app.yaml": text, "apps/web/web.yaml": CONFIG_MAP}))

    assert lines(found) == [
        (
            "application-invalid",
            "app.yaml",
            11,
            (
                "Application argocd/web: its managedNamespaceMetadata has no effect without the sync option "
                "CreateNamespace=true"
            ),
        )
    ]
    assert [one.level for one in found.problems] == [Level.WARNING]
    assert len(found.units) == 1


@pytest.mark.parametrize(
    ("helm", "line", "message"),
    [
        ("releaseName: Web_1", 12, '"Web_1" is no name that Helm takes for a release'),
        (f"releaseName: {'a' * 54}", 12, f'"{"a" * 54}" is no name that Helm takes for a release'),
        ("kubeVersion: latest", 12, 'spec.source.helm.kubeVersion is "latest", which is no version of Kubernetes'),
    ],
)
def test_what_helm_refuses_to_be_told(make_tree: MakeTree, helm: str, line: int, message: str) -> None:
    """It stands on the option, not on the chart."""
    text = application(source(f"helm:\n  skipCrds: true\n  {helm}\n"))
    found = discover(read_world(make_tree, {"app.yaml": text, "apps/web/Chart.yaml": CHART}))
    assert lines(found) == [("application-invalid", "app.yaml", line, f"Application argocd/web: {message}")]
    assert found.units == ()


@pytest.mark.parametrize("version", ["1.34", "v1.34.0", "1.34.1-eks-abc123", "1.34.0+k3s1", "1"])
def test_versions_of_kubernetes_that_helm_takes(make_tree: MakeTree, version: str) -> None:
    """As clusters state theirs."""
    text = application(source(f"helm:\n  kubeVersion: '{version}'\n"))
    found = discover(read_world(make_tree, {"app.yaml": text, "apps/web/Chart.yaml": CHART}))
    assert found.problems == ()


@pytest.mark.parametrize(
    ("other", "help_"),
    [("ref: values", "Correct the name ($values is there)."), ("path: apps", "Give a source `ref: valuse`.")],
)
def test_value_files_of_a_source_that_there_is_not(make_tree: MakeTree, other: str, help_: str) -> None:
    """Argo CD refuses an Application with several sources that refers to one without that name."""
    text = application(
        f"""
        sources:
          - repoURL: {URL}
            path: apps/web
            helm: {{valueFiles: [$valuse/apps/web/values.yaml]}}
          - repoURL: {URL}
            {other}
        """
    )
    files = {"app.yaml": text, "apps/web/Chart.yaml": CHART, "apps/web/values.yaml": "a: 1\n"}
    found = discover(read_world(make_tree, files))
    message = "spec.sources[0].helm.valueFiles[0] is in the source $valuse, and no source has that ref"
    assert [(one.location.region and one.location.region.line, one.message, one.help) for one in found.problems] == [
        (11, f"Application argocd/web: {message}", help_)
    ]


def test_a_folder_that_is_no_chart(make_tree: MakeTree) -> None:
    """Helm has nothing to build there."""
    text = application(source("helm: {releaseName: web}\n"))
    declared = discover(read_world(make_tree, {"app.yaml": text, "apps/web/web.yaml": CONFIG_MAP}))
    assert declared.units == ()
    assert [one[:3] for one in lines(declared)] == [("dangling-reference", "app.yaml", 9)]


def test_an_entry_that_an_application_adds_is_found_in_it(make_tree: MakeTree) -> None:
    """What Kustomize says of it stands on the option's line."""
    options = "kustomize:\n  namePrefix: a-\n  commonLabels: {a: b}\n  patches:\n    - {patch: a}\n    - {patch: b}\n"
    text = application(source(options))
    files = {"app.yaml": text, "apps/web/kustomization.yaml": KUSTOMIZATION, "apps/web/web.yaml": CONFIG_MAP}
    (unit,) = discover(read_world(make_tree, files)).units
    assert unit.owner is not None
    assert unit.owner.where is not None
    asked: list[FieldPath] = [("patches", 1, "patch"), ("namePrefix",), ("labels", 0, "pairs"), ("images", 0), ()]
    places = [unit.owner.where(path) for path in asked]
    assert [one.region and one.region.line for one in places] == [15, 11, 12, 10, 11]

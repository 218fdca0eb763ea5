"""What is said of Argo CD's objects in whole runs of the gate: once for each line, and on the line to mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.request import Request

if TYPE_CHECKING:
    from pathlib import Path

    from gategit.model import Report
    from tests.conftest import RepositoryBuilder

pytestmark = pytest.mark.usefixtures("renderers")

URL = "https://git.example.com/shop/deploy.git"
CONFIG = f"""\
version: 1
policies: {{packs: [recommended, gitops]}}
repositories: [{URL}]
targets:
  hub: {{paths: ['apps/**'], server: 'https://kubernetes.default.svc'}}
  prod: {{paths: ['clusters/prod/**'], server: 'https://prod.example.com', labels: {{stage: prod}}}}
  staging: {{paths: ['clusters/staging/**'], server: 'https://staging.example.com', labels: {{stage: staging}}}}
"""
PROJECT = f"""\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: shop
  namespace: argocd
spec:
  sourceRepos: [{URL}]
  destinations:
    - {{name: prod, namespace: shop-*}}
    - {{name: staging, namespace: shop-*}}
"""
SET = f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: web
  namespace: argocd
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
    - clusters:
        selector: {{matchExpressions: [{{key: stage, operator: Exists}}]}}
  template:
    metadata:
      name: 'web-{{{{ .name }}}}'
    spec:
      project: shop
      source:
        repoURL: {URL}
        path: 'web/{{{{ .name }}}}'
      destination:
        name: '{{{{ .name }}}}'
        namespace: shop-web
"""
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n"
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: reader\nrules: []\n"
BASE = {
    ".gategit.yaml": CONFIG,
    "apps/web.yaml": SET,
    "apps/project.yaml": PROJECT,
    "base/map.yaml": MAP,
    "base/kustomization.yaml": "resources: [map.yaml]\n",
    "web/prod/kustomization.yaml": "resources: [../../base]\n",
    "web/staging/kustomization.yaml": "resources: [../../base]\n",
}


def application(name: str, path: str, *, project: str = "default", namespace: str = "shop-web") -> str:
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {name}
  namespace: argocd
spec:
  project: {project}
  source:
    repoURL: {URL}
    path: {path}
  destination:
    server: https://kubernetes.default.svc
    namespace: {namespace}
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(repository: RepositoryBuilder, base: dict[str, str], head: dict[str, str]) -> Report:
    repository.commit("base", base)
    repository.branch("pr")
    repository.commit("change", head)
    return gate.run(Request(directory=repository.folder, base="main", head="HEAD"))


def errors(report: Report) -> list[str]:
    return [
        f"{one.rule} {one.location.file}:{one.location.region.line if one.location.region else '-'} {one.message}"
        for one in report.findings
        if one.level.name == "ERROR"
    ]


def test_paths_that_one_template_makes_are_one_finding(git_repository: RepositoryBuilder) -> None:
    """The line is one, however many applications it leads astray; the others are named."""
    report = check(git_repository, BASE, {"apps/web.yaml": SET.replace("'web/{{", "'wbe/{{")})

    assert errors(report) == [
        (
            "dangling-reference apps/web.yaml:19 Application argocd/web-prod: spec.source.path is "
            '"wbe/prod", but there is no such folder in this repository (generated with name = prod, '
            "nameNormalized = prod, server = https://prod.example.com) (and the like in Argo CD Application "
            "argocd/web-staging of hub)"
        )
    ]


def test_a_path_that_was_wrong_for_one_cluster_is_new_for_the_other(git_repository: RepositoryBuilder) -> None:
    """What is old for one application says nothing of the other."""
    base = {path: text for path, text in BASE.items() if not path.startswith("web/staging/")}
    git_repository.commit("base", base)
    git_repository.branch("pr")
    git_repository.remove("web/prod/kustomization.yaml")
    git_repository.commit("change")
    report = gate.run(Request(directory=git_repository.folder, base="main", head="HEAD"))

    found = [(one.state.name, one.message.split(":")[0]) for one in report.findings if one.rule == "dangling-reference"]
    assert sorted(found) == [
        ("EXISTING", "Application argocd/web-staging"),
        ("NEW", "Application argocd/web-prod"),
    ]


def test_what_a_project_forbids_is_said_once_for_all_its_clusters(git_repository: RepositoryBuilder) -> None:
    """A kind that no cluster may get stands on the line that brings it."""
    head = {"base/role.yaml": ROLE, "base/kustomization.yaml": "resources: [map.yaml, role.yaml]\n"}
    report = check(git_repository, BASE, head)

    assert errors(report) == [
        (
            "project-forbids base/role.yaml:2 Application argocd/web-prod: its project shop does not allow the kind "
            "rbac.authorization.k8s.io/ClusterRole, which ClusterRole reader needs "
            "(and the like in Argo CD Application argocd/web-staging of hub)"
        )
    ]


def test_a_destination_outside_of_the_project_is_one_error(git_repository: RepositoryBuilder) -> None:
    """The policy and the renderer mean the same."""
    head = {"apps/more.yaml": application("more", "web/prod", project="shop", namespace="kube-system")}
    report = check(git_repository, BASE, head)

    assert errors(report) == [
        (
            "project-forbids apps/more.yaml:13 Application argocd/more: its project shop does not allow the "
            "destination kube-system on hub"
        )
    ]


def test_the_policy_speaks_where_nothing_is_rendered(git_repository: RepositoryBuilder) -> None:
    """Without rendering nobody else knows of the project."""
    config = CONFIG.replace("policies:", "render: {enabled: false}\npolicies:")
    head = {"apps/more.yaml": application("more", "web/prod", project="shop", namespace="kube-system")}
    report = check(git_repository, {**BASE, ".gategit.yaml": config}, head)

    assert [line.partition(" ")[0] for line in errors(report)] == ["application-outside-project"]


@pytest.mark.parametrize("level", ["note", "error"])
def test_a_project_that_the_change_takes_away(git_repository: RepositoryBuilder, level: str) -> None:
    """Nothing of its applications is synced any more: an error with both ends, once for each line.

    A team that raises the policy's level loses nothing.
    """
    config = CONFIG.replace("gitops]", f"gitops], levels: {{application-unknown-project: {level}}}")
    other = PROJECT.replace("name: shop\n", "name: other\n")
    report = check(git_repository, {**BASE, ".gategit.yaml": config}, {"apps/project.yaml": other})

    assert errors(report) == [
        (
            'dangling-reference apps/web.yaml:16 Application argocd/web-prod: its project is "shop", and this change '
            "removes the AppProject of that name (generated with name = prod, nameNormalized = prod, server = "
            "https://prod.example.com) (and the like in Argo CD Application argocd/web-staging of hub)"
        )
    ]
    (finding,) = (one for one in report.findings if one.rule == "dangling-reference")
    assert [(one.location.file, one.location.was and one.location.was.line) for one in finding.related] == [
        ("apps/project.yaml", 2)
    ]
    assert "application-unknown-project" not in {one.rule for one in report.findings}


@pytest.mark.parametrize(
    ("level", "found"),
    [
        ("note", [("dangling-reference", "WARNING")]),
        ("error", [("application-unknown-project", "ERROR"), ("dangling-reference", "WARNING")]),
    ],
)
def test_a_project_that_never_was_is_a_warning(
    git_repository: RepositoryBuilder, level: str, found: list[tuple[str, str]]
) -> None:
    """Somebody else may declare it; it is said once, unless the team takes the policy for graver."""
    config = CONFIG.replace("gitops]", f"gitops], levels: {{application-unknown-project: {level}}}")
    head = {"apps/more.yaml": application("more", "web/prod", project="shopp")}
    report = check(git_repository, {**BASE, ".gategit.yaml": config}, head)

    rules = {"application-unknown-project", "dangling-reference"}
    assert [(one.rule, one.level.name) for one in report.findings if one.rule in rules] == found


@pytest.mark.parametrize("root", [{}, {"root.yaml": application("root", "apps", namespace="argocd")}])
def test_a_misspelt_path_is_said_once_with_the_right_one(
    git_repository: RepositoryBuilder, root: dict[str, str]
) -> None:
    """The check of references offers another path, also where an Application brings the one that names it."""
    base = {**BASE, **root, "apps/more.yaml": application("more", "web/prod")}
    report = check(git_repository, base, {"apps/more.yaml": application("more", "web/pord")})

    assert errors(report) == [
        (
            'dangling-reference apps/more.yaml:10 Application more: spec.source.path is "web/pord", but there is no '
            "such folder in this repository; did you mean ./web/prod?"
        )
    ]


def test_an_object_that_two_applications_bring_to_each_cluster_is_one_finding(
    git_repository: RepositoryBuilder,
) -> None:
    """The line that somebody has to mend is the same for all clusters."""
    project = PROJECT + "  clusterResourceWhitelist: [{group: '*', kind: '*'}]\n"
    base = {**BASE, "apps/project.yaml": project, "base/role.yaml": ROLE}
    base["base/kustomization.yaml"] = "resources: [map.yaml, role.yaml]\n"
    more = SET.replace("name: web\n", "name: more\n").replace("'web-{{", "'more-{{")
    more = more.replace("'web/{{ .name }}'", "more").replace("shop-web", "shop-more")
    report = check(git_repository, base, {"apps/more.yaml": more, "more/role.yaml": ROLE})

    assert errors(report) == [
        (
            "duplicate-owner more/role.yaml:4 ClusterRole reader is brought by Argo CD Application argocd/more-prod of "
            "hub and by Argo CD Application argocd/web-prod of hub (and the like in Argo CD Application "
            "argocd/more-staging of hub)"
        )
    ]
    (finding,) = (one for one in report.findings if one.rule == "duplicate-owner")
    assert [(one.location.file, one.message) for one in finding.related] == [
        ("apps/more.yaml", "Application argocd/more-prod brings it"),
        ("apps/web.yaml", "Application argocd/web-prod brings it"),
    ]


def kustomization(name: str, dependency: str) -> str:
    return (
        f"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n"
        "  namespace: flux-system\nspec:\n  interval: 10m\n  prune: true\n  wait: true\n  timeout: 5m\n"
        f"  path: ./{name}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n  dependsOn:\n"
        f"    - namespace: flux-system\n      name: {dependency}\n"
    )


def test_a_circle_of_two_is_one_error_with_both_ends(git_repository: RepositoryBuilder) -> None:
    """Each of two clusters has the two Kustomizations; in one of them they come to wait for each other."""
    base = {".gategit.yaml": CONFIG}
    for stage in ("prod", "staging"):
        base |= {
            f"clusters/{stage}/one.yaml": kustomization("one", "three"),
            f"clusters/{stage}/two.yaml": kustomization("two", "one"),
            f"clusters/{stage}/three.yaml": kustomization("three", "three").partition("  dependsOn")[0],
        }
    base |= {f"{name}/map.yaml": MAP.replace("settings", name) for name in ("one", "two", "three")}
    report = check(git_repository, base, {"clusters/prod/one.yaml": kustomization("one", "two")})

    assert errors(report) == [
        (
            "dependency-cycle clusters/prod/one.yaml:15 Kustomization flux-system/one waits for Kustomization "
            "flux-system/two, which waits for Kustomization flux-system/one: none of it is ever applied"
        )
    ]
    (finding,) = (one for one in report.findings if "cycle" in one.rule)
    assert [(one.location.file, one.location.region and one.location.region.line) for one in finding.related] == [
        ("clusters/prod/two.yaml", 15)
    ]


OPTIONS = """\
        kustomize:
          images: ['registry.example.com/web:latest']
          patches:
            - target: {kind: Deployment}
              patch: |
                - op: replace
                  path: /spec/replicas
                  value: many
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.2.3
"""
DEPLOYED = {
    **BASE,
    "base/deployment.yaml": DEPLOYMENT,
    "base/kustomization.yaml": "resources: [map.yaml, deployment.yaml]\n",
}


@pytest.mark.parametrize(
    ("images", "value"),
    [
        ("'registry.example.com/web:latest'", "many"),
        ("'registry.example.com/web=registry.example.com/{{ .metadata.labels.stage }}:latest'", '"{{ .name }}"'),
    ],
)
def test_options_in_a_template_are_found_in_it(git_repository: RepositoryBuilder, images: str, value: str) -> None:
    """What an ApplicationSet lays over a kustomization stands on its lines, filled in or not."""
    options = OPTIONS.replace("'registry.example.com/web:latest'", images).replace("value: many", f"value: {value}")
    head = {"apps/web.yaml": SET.replace("      destination:", f"{options}      destination:")}
    report = check(git_repository, DEPLOYED, head)

    found = {
        (one.rule, one.location.file, one.location.region and one.location.region.line)
        for one in report.findings
        if one.rule in {"wrong-type", "image-latest-tag"}
    }
    assert found == {("wrong-type", "apps/web.yaml", 27), ("image-latest-tag", "apps/web.yaml", 21)}


def at(report: Report, rule: str) -> list[str]:
    return [
        f"{one.level.name} {one.location.file}:{one.location.region.line if one.location.region else '-'} {one.message}"
        for one in report.findings
        if one.rule == rule
    ]


def test_a_selector_that_comes_to_match_no_cluster(git_repository: RepositoryBuilder) -> None:
    """The ApplicationSet makes nothing any more: its own line says so, beside what is removed."""
    head = {"apps/web.yaml": SET.replace("operator: Exists", "operator: In, values: [production]")}
    report = check(git_repository, BASE, head)

    assert at(report, "applicationset-failed") == [
        (
            "WARNING apps/web.yaml:11 ApplicationSet argocd/web: spec.generators[0].clusters.selector matches no "
            "cluster that a target describes, so it makes no Application"
        )
    ]


def test_a_selector_within_a_matrix_that_matches_no_cluster(git_repository: RepositoryBuilder) -> None:
    """The generator that finds nothing is named, and not the one beside it."""
    lists = "    - matrix:\n        generators:\n          - list: {elements: [{color: blue}]}\n          - clusters:\n"
    text = SET.replace("    - clusters:\n", lists).replace("        selector:", "              selector:")
    report = check(git_repository, BASE, {"apps/web.yaml": text.replace("key: stage", "key: stag")})

    assert at(report, "applicationset-failed") == [
        (
            "WARNING apps/web.yaml:14 ApplicationSet argocd/web: spec.generators[0].matrix.generators[1].clusters."
            "selector matches no cluster that a target describes, so it makes no Application"
        )
    ]


def test_a_list_without_elements_is_meant(git_repository: RepositoryBuilder) -> None:
    """Nothing is wrong with a list that is empty for now."""
    selector = "    - clusters:\n        selector: {matchExpressions: [{key: stage, operator: Exists}]}\n"
    report = check(git_repository, BASE, {"apps/web.yaml": SET.replace(selector, "    - list: {elements: []}\n")})

    assert at(report, "applicationset-failed") == []


def test_a_chart_that_may_not_be_fetched_is_named_where_it_is_asked_for(git_repository: RepositoryBuilder) -> None:
    """Its repository's line is the one to look at, and the destination's for an unknown cluster."""
    chart = application("cache", "x").replace("path: x", "chart: cache\n    targetRevision: 1.2.3")
    chart = chart.replace(URL, "https://charts.example.com").replace(
        "server: https://kubernetes.default.svc", "name: x"
    )
    report = check(git_repository, BASE, {"apps/cache.yaml": chart})

    assert at(report, "not-followed") == [
        (
            "WARNING apps/cache.yaml:9 the chart cache is not rendered: the config does not allow fetching from "
            "https://charts.example.com"
        )
    ]
    assert at(report, "destination-unknown") == [
        "WARNING apps/cache.yaml:13 Application argocd/cache: its destination x is no cluster that a target describes"
    ]


def test_a_hook_without_a_name_of_its_own(git_repository: RepositoryBuilder) -> None:
    """What the server names is called by the start of its name, on its line."""
    wave = "argocd.argoproj.io/sync-wave"
    namespace = f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop-web\n  annotations: {{{wave}: '1'}}\n"
    job = (
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: migrate-\n  namespace: shop-web\n"
        "  annotations:\n    argocd.argoproj.io/hook: PreSync\n"
        "spec:\n  template:\n    spec:\n      restartPolicy: Never\n"
        "      containers: [{name: migrate, image: 'registry.example.com/migrate:1.2.3'}]\n"
    )
    base = {**BASE, "apps/jobs.yaml": application("jobs", "jobs"), "jobs/map.yaml": MAP}
    report = check(git_repository, base, {"jobs/namespace.yaml": namespace, "jobs/job.yaml": job})

    assert at(report, "sync-order") == [
        (
            "ERROR jobs/job.yaml:6 Job shop-web/migrate-* is synced in wave 0 of PreSync, before its namespace "
            "shop-web in wave 1"
        )
    ]


def test_a_kind_without_a_schema_is_counted_once_for_all_clusters(git_repository: RepositoryBuilder) -> None:
    """One object that goes to two clusters is one; and the kind that the repository defines beside it is offered."""
    definition = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: plans.shop.example\n"
        "spec:\n  group: shop.example\n  scope: Namespaced\n  names: {kind: Plan, plural: plans}\n"
        "  versions:\n    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}\n"
    )
    base = {**BASE, "crd.yaml": definition}
    plan = "apiVersion: shop.example/v1\nkind: Plans\nmetadata:\n  name: nightly\n"
    head = {"base/plan.yaml": plan, "base/kustomization.yaml": "resources: [map.yaml, plan.yaml]\n"}
    report = check(git_repository, base, head)

    assert at(report, "schema-missing") == [
        "WARNING base/plan.yaml:2 there is no schema for shop.example/v1 Plans; did you mean Plan?"
    ]
    (finding,) = (one for one in report.findings if one.rule == "schema-missing")
    assert sorted(target or "" for _, target in finding.units) == ["prod", "staging"]


def test_a_chart_that_lost_its_chart_yaml_is_one_error(git_repository: RepositoryBuilder) -> None:
    """The line that names it is blamed, and what the release has brought is not taken for removed."""
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\n"
        "spec:\n  interval: 10m\n  chart:\n    spec:\n      chart: ./charts/web\n"
        "      sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}\n"
    )
    base = {
        ".gategit.yaml": CONFIG.replace("recommended, gitops", "recommended"),
        "clusters/prod/web.yaml": release,
        "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
        "charts/web/templates/claim.yaml": (
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n"
            "  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n"
        ),
    }
    git_repository.commit("base", base)
    git_repository.branch("pr")
    git_repository.remove("charts/web/Chart.yaml")
    git_repository.commit("change")
    report = gate.run(Request(directory=git_repository.folder, base="main", head="HEAD"))

    assert errors(report) == [
        (
            'dangling-reference clusters/prod/web.yaml:8 HelmRelease web: spec.chart.spec.chart is "./charts/web", but '
            "there is no Chart.yaml in that folder; this change deletes it"
        )
    ]


def test_values_outside_of_the_repository_are_one_error(git_repository: RepositoryBuilder) -> None:
    """The check of references and the renderer mean the same path."""
    base = {**BASE, "charts/cache/Chart.yaml": "apiVersion: v2\nname: cache\nversion: 1.0.0\n"}
    chart = application("cache", "charts/cache")
    head = chart.replace("charts/cache\n", "charts/cache\n    helm: {valueFiles: [../../../secret.yaml]}\n")
    report = check(git_repository, {**base, "apps/cache.yaml": chart}, {"apps/cache.yaml": head})

    assert errors(report) == [
        (
            "dangling-reference apps/cache.yaml:11 Application cache: spec.source.helm.valueFiles[0] is "
            '"../../../secret.yaml", a path outside of the repository'
        )
    ]


def test_a_selector_that_several_sets_share_is_one_finding(git_repository: RepositoryBuilder) -> None:
    """A patch that lays it over all ApplicationSets is the line to mend; they are named."""
    patch = "- op: replace\n  path: /spec/generators/0/clusters/selector\n  value: {matchLabels: {stage: STAGE}}\n"
    kustomization = (
        "resources: [web.yaml, more.yaml, project.yaml]\n"
        "patches: [{path: selector.yaml, target: {kind: ApplicationSet}}]\n"
    )
    base = {
        **BASE,
        "root.yaml": application("root", "apps", namespace="argocd"),
        "apps/kustomization.yaml": kustomization,
        "apps/more.yaml": SET.replace("name: web\n", "name: more\n").replace("'web-{{", "'more-{{"),
        "apps/selector.yaml": patch.replace("STAGE", "prod"),
    }
    report = check(git_repository, base, {"apps/selector.yaml": patch.replace("STAGE", "production")})

    (found,) = at(report, "applicationset-failed")
    assert found.startswith("WARNING apps/selector.yaml:")
    assert found.endswith("so it makes no Application (and the like in ApplicationSet argocd/web)")


def told(report: Report, rule: str) -> list[str]:
    return [
        f"{one.level.name} {one.location.file}:{one.location.region.line if one.location.region else '-'} {one.message}"
        for one in report.findings
        if one.rule == rule
    ]


def test_values_from_a_url_are_a_warning_and_counted_once(git_repository: RepositoryBuilder) -> None:
    """The rest of the chart is judged without them."""
    base = {**BASE, "charts/cache/Chart.yaml": "apiVersion: v2\nname: cache\nversion: 1.0.0\n"}
    chart = application("cache", "charts/cache")
    url = "https://values.example.com/cache.yaml"
    head = chart.replace("charts/cache\n", f"charts/cache\n    helm: {{valueFiles: ['{url}']}}\n")
    report = check(git_repository, {**base, "apps/cache.yaml": chart}, {"apps/cache.yaml": head})

    assert told(report, "not-followed") == [
        (
            f'WARNING apps/cache.yaml:11 spec.source.helm.valueFiles[0] is "{url}", a file that Argo CD fetches from '
            "elsewhere at each build"
        )
    ]
    assert [(one.what, one.reason) for one in report.unchecked if url in one.what + one.reason] == [
        ("Argo CD Application argocd/cache", f"{url} is not read: it is remote")
    ]


def test_a_plugin_is_a_warning_once_for_all_its_applications(git_repository: RepositoryBuilder) -> None:
    """It is not run, so nobody knows what it makes."""
    text = SET.replace("      destination:", "        plugin: {name: vault}\n      destination:")
    report = check(git_repository, BASE, {"apps/web.yaml": text})

    assert told(report, "not-followed") == [
        (
            "WARNING apps/web.yaml:20 spec.source.plugin has the plugin vault build what is applied, and plugins are "
            "not run (in 2 builds: Argo CD Application argocd/web-prod of hub for prod, Argo CD Application "
            "argocd/web-staging of hub for staging)"
        )
    ]


def test_jsonnet_is_a_warning_on_its_file(git_repository: RepositoryBuilder) -> None:
    """Whenever it changes, too: Argo CD evaluates it anew."""
    base = {**BASE, "apps/plain.yaml": application("plain", "plain"), "plain/map.yaml": MAP}
    base |= {"plain/more.jsonnet": "{}\n"}
    report = check(git_repository, base, {"plain/more.jsonnet": "{kind: 'ConfigMap'}\n"})

    [finding] = [one for one in report.findings if one.rule == "not-followed"]
    assert (finding.message, finding.location.file) == (
        "plain/more.jsonnet is Jsonnet, which Argo CD evaluates and gategit does not",
        "plain/more.jsonnet",
    )


def test_a_source_that_is_elsewhere_is_counted_once(git_repository: RepositoryBuilder) -> None:
    """By the check of references and the renderer alike, with what is read in it."""
    text = application("other", "charts/other").replace("  source:\n", "  source:\n    targetRevision: v1\n")
    text = text.replace("charts/other\n", "charts/other\n    helm: {valueFiles: [one.yaml, two.yaml]}\n")
    report = check(git_repository, BASE, {"apps/other.yaml": text})

    assert [(one.what, one.reason) for one in report.unchecked if "other" in one.what] == [
        ("apps/other.yaml: Application argocd/other: charts/other", "its source is pinned to the revision v1")
    ]


def test_what_a_file_beside_a_kustomization_lays_over_an_application_stands_in_that_file(
    git_repository: RepositoryBuilder,
) -> None:
    """Image updaters write such files; the Application says nothing of it."""
    image = "registry.example.com/web"
    deployment = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n"
        f"  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: '{image}:1'}}]}}}}"
    )
    base = {**BASE, "base/web.yaml": deployment, "base/kustomization.yaml": "resources: [map.yaml, web.yaml]\n"}
    override = f"kustomize:\n  images:\n    - {image}:latest\n  namespace: kube-system\n"
    report = check(git_repository, base, {"web/prod/.argocd-source-web-prod.yaml": override})

    assert [line.split(" ")[:2] for line in told(report, "image-latest-tag")] == [
        ["WARNING", "web/prod/.argocd-source-web-prod.yaml:3"]
    ]
    assert [line.split(" ")[:2] for line in errors(report) if line.startswith("project-forbids")] == [
        ["project-forbids", "web/prod/.argocd-source-web-prod.yaml:4"]
    ]


def test_what_a_file_beside_a_chart_lays_over_an_application_stands_in_that_file(
    git_repository: RepositoryBuilder,
) -> None:
    """Single values and whole ones; the stronger file wins."""
    chart = {
        "charts/cache/Chart.yaml": "apiVersion: v2\nname: cache\nversion: 1.0.0\n",
        "charts/cache/values.yaml": "size: 1\nkeep: 1\n",
        "charts/cache/values.schema.json": '{"properties": {"size": {"type": "number"}, "keep": {"type": "number"}}}',
        "apps/cache.yaml": application("cache", "charts/cache"),
    }
    head = {
        "charts/cache/.argocd-source.yaml": (
            "helm:\n  valuesObject: {keep: much}\n  parameters:\n    - {name: size, value: little}\n"
        ),
        "charts/cache/.argocd-source-cache.yaml": "helm:\n  parameters:\n    - name: size\n      value: big\n",
    }
    report = check(git_repository, {**BASE, **chart}, head)

    assert [line.split(" ")[:2] for line in errors(report)] == [
        ["values-invalid", "charts/cache/.argocd-source-cache.yaml:4"],
        ["values-invalid", "charts/cache/.argocd-source.yaml:2"],
    ]


def test_what_is_wrong_in_a_file_that_is_laid_over_an_application_stands_there(
    git_repository: RepositoryBuilder,
) -> None:
    """An image that says nothing new."""
    head = {"web/prod/.argocd-source.yaml": "kustomize:\n  images:\n    - registry.example.com/web\n"}
    [line] = errors(check(git_repository, BASE, head))

    assert line.startswith("application-invalid web/prod/.argocd-source.yaml:3 ")


ENVIRONMENTS = {**BASE, ".gategit.yaml": CONFIG.replace("clusters/", "web/")}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (SET.replace("'web/{{ .name }}'", "web/staging"), 19),
        (
            (
                f"{SET}  templatePatch: |\n    {{{{ if eq .name `prod` }}}}\n"
                "    spec: {source: {path: web/staging}}\n    {{ end }}\n"
            ),
            23,
        ),
    ],
)
def test_a_cluster_that_gets_the_folder_of_another_is_a_warning(
    git_repository: RepositoryBuilder, text: str, line: int
) -> None:
    """Whether the template says so or what is laid over it; targets say whose a folder is."""
    assert told(check(git_repository, ENVIRONMENTS, {"apps/web.yaml": text}), "other-environment") == [
        (
            f'WARNING apps/web.yaml:{line} spec.source.path names "web/staging", which belongs to the target staging '
            "and not to prod"
        )
    ]


def test_an_application_that_sends_the_folder_of_one_cluster_to_another_is_a_warning(
    git_repository: RepositoryBuilder,
) -> None:
    """The hub that has none of its own included."""
    head = {"apps/more.yaml": application("more", "web/prod")}
    assert told(check(git_repository, ENVIRONMENTS, head), "other-environment") == [
        ('WARNING apps/more.yaml:10 spec.source.path names "web/prod", which belongs to the target prod and not to hub')
    ]


def test_each_cluster_gets_its_own_folder_or_nobody_s(git_repository: RepositoryBuilder) -> None:
    """A folder that belongs to no target is for all."""
    head = {"apps/web.yaml": f"{SET}---\n{SET.replace('name: web', 'name: all').replace('web/{{ .name }}', 'base')}"}
    assert told(check(git_repository, ENVIRONMENTS, head), "other-environment") == []


def test_what_a_project_forbids_is_said_once_where_no_line_is_known(git_repository: RepositoryBuilder) -> None:
    """A template that takes the object from a file of the chart."""
    chart = {
        "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
        "charts/web/templates/role.yaml": '{{ .Files.Get "role.txt" }}\n',
        "apps/web.yaml": SET.replace("'web/{{ .name }}'", "charts/web"),
    }
    report = check(git_repository, {**BASE, **chart}, {"charts/web/role.txt": ROLE})

    assert errors(report) == [
        (
            "project-forbids charts/web/templates/role.yaml:- Application argocd/web-prod: its project shop does not "
            "allow the kind rbac.authorization.k8s.io/ClusterRole, which ClusterRole reader needs "
            "(and the like in Argo CD Application argocd/web-staging of hub)"
        )
    ]

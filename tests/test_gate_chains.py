"""Units that other units bring: what an overlay or a chart says of them stands on the line that says it."""

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
CONFIG = f"version: 1\nrender: {{enabled: true}}\npolicies: {{packs: []}}\nrepositories: ['{URL}']\n"
CHART = {
    ".gategit.yaml": CONFIG,
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": "size: small\n",
    "charts/web/templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\ndata:\n  size: {{ .Values.size }}\n"
    ),
}


def application(name: str, path: str, helm: str = "") -> str:
    options = "".join(f"      {line}\n" for line in helm.splitlines())
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {name}
  namespace: argocd
spec:
  project: default
  source:
    repoURL: {URL}
    path: {path}
{"    helm:" if options else "    targetRevision: HEAD"}
{options}  destination:
    server: https://kubernetes.default.svc
    namespace: web
"""


def patch(text: str) -> str:
    return f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  namespace: argocd\n{text}"


def overlay(helm: str, changes: str) -> dict[str, str]:
    """An application of applications whose overlay patches the one that its base declares."""
    return {
        **CHART,
        "root.yaml": application("root", "apps/prod"),
        "apps/base/web.yaml": application("web", "charts/web", helm),
        "apps/base/kustomization.yaml": "resources: [web.yaml]\n",
        "apps/prod/kustomization.yaml": "resources: [../base]\npatches: [{path: patch.yaml}]\n",
        "apps/prod/patch.yaml": patch(changes),
    }


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(repository: RepositoryBuilder, base: dict[str, str], head: dict[str, str]) -> Report:
    repository.commit("base", base)
    repository.branch("pr")
    repository.commit("change", head)
    return gate.run(Request(directory=repository.folder, base="main", head="HEAD"))


def said(report: Report) -> list[str]:
    found = []
    for one in report.findings:
        region = one.location.region
        found.append(f"{one.rule} {one.location.file}{f':{region.line}:{region.column}' if region else ''}")
    return found


@pytest.mark.parametrize(
    ("helm", "before", "after", "place"),
    [
        pytest.param(
            "valuesObject:\n  size: large\n  other: 1",
            "spec:\n  source:\n    helm:\n      valuesObject:\n        size: huge\n",
            "spec:\n  source:\n    helm:\n      valuesObject:\n        size: 7\n",
            "wrong-type apps/prod/patch.yaml:10:15",
            id="values as an object",
        ),
        pytest.param(
            "values: |\n  size: large",
            "spec:\n  source:\n    helm:\n      values: |\n        other: 1\n        size: huge\n",
            "spec:\n  source:\n    helm:\n      values: |\n        other: 1\n        size: 7\n",
            "wrong-type apps/prod/patch.yaml:11:15",
            id="values as a text",
        ),
        pytest.param(
            "releaseName: web",
            "spec:\n  source:\n    helm:\n      parameters:\n        - {name: size, value: huge}\n",
            'spec:\n  source:\n    helm:\n      parameters:\n        - {name: size, value: "7"}\n',
            "wrong-type apps/prod/patch.yaml:10:31",
            id="a parameter",
        ),
        pytest.param(
            "releaseName: web",
            "spec:\n  source:\n    helm:\n      releaseName: other\n",
            "spec:\n  source:\n    path: charts/other\n",
            "dangling-reference apps/prod/patch.yaml:8:11",
            id="a path",
        ),
    ],
)
def test_what_an_overlay_says_of_an_application(
    git_repository: RepositoryBuilder, helm: str, before: str, after: str, place: str
) -> None:
    """The finding stands on the overlay's line, though the base declares the Application."""
    head = {"apps/prod/patch.yaml": patch(after)}
    assert said(check(git_repository, overlay(helm, before), head)) == [place]


def test_what_a_base_says_of_an_application_stands_in_the_base(git_repository: RepositoryBuilder) -> None:
    """The overlay changes other fields only."""
    base = overlay("valuesObject:\n  size: large", "spec:\n  source:\n    helm:\n      releaseName: other\n")
    head = {"apps/base/web.yaml": application("web", "charts/web", "valuesObject:\n  size: 7")}
    assert said(check(git_repository, base, head)) == ["wrong-type apps/base/web.yaml:13:15"]


MADE = application("{{ .Values.name }}", "charts/{{ .Values.chart }}", "valuesObject:\n  size: {{ .Values.size }}")
ROOT = {
    **CHART,
    "root.yaml": application("root", "charts/root"),
    "charts/root/Chart.yaml": "apiVersion: v2\nname: root\nversion: 1.0.0\n",
    "charts/root/values.yaml": "name: web\nchart: web\nsize: large\n",
    "charts/root/templates/web.yaml": MADE,
}


@pytest.mark.parametrize(
    ("head", "place"),
    [
        ({"charts/root/values.yaml": "name: web\nchart: web\nsize: 7\n"}, "wrong-type charts/root/values.yaml:3:7"),
        (
            {"charts/root/templates/web.yaml": MADE.replace("size: {{ .Values.size }}", "size: 7")},
            "wrong-type charts/root/templates/web.yaml:13:15",
        ),
        (
            {"charts/root/values.yaml": "name: web\nchart: other\nsize: large\n"},
            "dangling-reference charts/root/values.yaml:2:8",
        ),
    ],
)
def test_what_a_chart_says_of_the_applications_that_it_makes(
    git_repository: RepositoryBuilder, head: dict[str, str], place: str
) -> None:
    """Two charts deep, the finding stands on the value or the template's line that sets it."""
    assert said(check(git_repository, ROOT, head)) == [place]


SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: values, namespace: shop}\ndata:\n  values.yaml: |\n"
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: web
  namespace: shop
spec:
"""
FLEET = {
    **CHART,
    "clusters/source.yaml": (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        "metadata: {name: fleet, namespace: flux-system}\n"
        f'spec: {{url: "{URL}", interval: 1m, ref: {{branch: main}}}}\n'
    ),
    "clusters/apps.yaml": (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        "metadata: {name: apps, namespace: flux-system}\n"
        "spec: {interval: 5m, path: ./apps/prod, prune: true, sourceRef: {kind: GitRepository, name: fleet}}\n"
    ),
    "apps/base/web.yaml": (
        f"{RELEASE}  interval: 5m\n"
        "  chart:\n    spec:\n      chart: ./charts/web\n"
        "      sourceRef: {kind: GitRepository, name: fleet, namespace: flux-system}\n"
        "  valuesFrom: [{kind: ConfigMap, name: values}]\n  values: {other: 1}\n"
    ),
    "apps/base/values.yaml": f"{SETTINGS}    size: large\n",
    "apps/base/kustomization.yaml": "resources: [web.yaml, values.yaml]\n",
    "apps/prod/kustomization.yaml": "resources: [../base]\npatches: [{path: release.yaml}, {path: values.yaml}]\n",
    "apps/prod/release.yaml": f"{RELEASE}  values: {{more: 1}}\n",
    "apps/prod/values.yaml": f"{SETTINGS}    other: 1\n    size: huge\n",
}


@pytest.mark.parametrize(
    ("head", "place"),
    [
        ({"apps/prod/release.yaml": f"{RELEASE}  values:\n    size: 7\n"}, "wrong-type apps/prod/release.yaml:8:11"),
        ({"apps/prod/values.yaml": f"{SETTINGS}    other: 1\n    size: 7\n"}, "wrong-type apps/prod/values.yaml:7:11"),
        (
            {"apps/prod/release.yaml": f"{RELEASE}  chart:\n    spec:\n      chart: ./charts/other\n"},
            "dangling-reference apps/prod/release.yaml:9:14",
        ),
    ],
)
def test_what_an_overlay_says_of_a_release(git_repository: RepositoryBuilder, head: dict[str, str], place: str) -> None:
    """Its values, those that it takes from a patched ConfigMap, and its chart."""
    assert said(check(git_repository, FLEET, head)) == [place]

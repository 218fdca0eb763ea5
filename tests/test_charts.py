"""Charts in a whole run: those that agents deploy, those that nobody here deploys, and what ``helm lint`` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.request import Mode, Request

if TYPE_CHECKING:
    from pathlib import Path

    from gategit.model import Report
    from tests.conftest import RepositoryBuilder

pytestmark = pytest.mark.usefixtures("renderers")

CONFIG = (
    "version: 1\nrender: {enabled: true}\npolicies: {packs: []}\n"
    "repositories: [https://git.example.com/shop/deploy.git]\n"
)
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-map\ndata:\n  size: {{ .Values.size }}\n"
CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": 'size: "3"\n',
    "charts/web/templates/map.yaml": MAP.replace("{{ .Values.size }}", "{{ .Values.size | quote }}"),
}
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://git.example.com/shop/deploy.git
    path: charts/web
    helm:
      parameters:
        - name: db.host
          value: db.example.com
  destination:
    server: https://kubernetes.default.svc
    namespace: web
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(repository: RepositoryBuilder, base: dict[str, str], head: dict[str, str]) -> Report:
    repository.commit("base", {".gategit.yaml": CONFIG, **base})
    repository.branch("pr")
    repository.commit("change", head)
    return gate.run(Request(directory=repository.folder, base="main", head="HEAD"))


def said(report: Report) -> list[str]:
    """The new findings, each with its level, place and message."""
    return [
        f"{one.level} {one.rule} {one.location.file}:{one.location.region.line if one.location.region else '-'} "
        f"{one.message}"
        for one in report.findings
        if str(one.state) == "new"
    ]


def left(report: Report) -> list[tuple[str, str]]:
    """What was not checked, without templates, which are counted whatever becomes of them."""
    return [(one.what, one.reason) for one in report.unchecked if not one.reason.startswith("a template")]


def test_a_chart_that_nobody_deploys_is_judged_with_its_own_values(git_repository: RepositoryBuilder) -> None:
    """As whoever tries it out would see it; a finding stands on the template's line."""
    bad = {"charts/web/templates/map.yaml": MAP}
    assert said(check(git_repository, CHART, bad)) == [
        "error wrong-type charts/web/values.yaml:1 expected a string for size in data, got the number 3",
    ]


def test_values_to_try_a_chart_with_stand_in_its_folder_ci(git_repository: RepositoryBuilder) -> None:
    """Each of them is a unit of its own, in place of the chart's own values alone."""
    trials = {
        "charts/web/templates/map.yaml": MAP.replace(".Values.size", '(required "set size" .Values.sizes.a) | quote'),
        "charts/web/ci/one-values.yaml": "sizes: {a: 1}\n",
        "charts/web/ci/two-values.yaml": "sizes: {b: 1}\n",
        "charts/web/ci/notes.yaml": "sizes: {}\n",
    }
    report = check(git_repository, CHART, trials)
    assert said(report) == [
        "error render-failed charts/web/templates/map.yaml:6 the chart refuses its values: set size",
    ]
    assert left(report) == []


def test_a_chart_that_asks_for_values_is_left_to_whoever_gives_them(git_repository: RepositoryBuilder) -> None:
    """What it requires is no mistake of the chart; that it was not rendered is said and counted."""
    asks = {"charts/web/templates/map.yaml": MAP.replace(".Values.size", 'required "set the host" .Values.host')}
    report = check(git_repository, CHART, asks)
    assert said(report) == [
        (
            "note not-followed charts/web/templates/map.yaml:6 the chart in charts/web is not rendered: "
            "it asks for more than its own values: set the host"
        ),
    ]
    assert left(report) == [("chart charts/web", "it asks for more than its own values: set the host")]


def test_values_that_a_schema_requires_are_left_to_whoever_gives_them(git_repository: RepositoryBuilder) -> None:
    """Unlike values that are there and do not fit."""
    schema = '{"required": ["host"], "properties": {"size": {"type": "string"}}}'
    report = check(git_repository, CHART, {"charts/web/values.schema.json": schema})
    reason = "it asks for more than its own values: the value host does not fit the chart's schema: it must be set"
    assert left(report) == [("chart charts/web", reason)]
    git_repository.commit("worse", {"charts/web/values.yaml": "size: 3\n"})
    report = gate.run(Request(directory=git_repository.folder, base="main", head="HEAD"))
    assert "values-invalid" in {one.rule for one in report.findings}


def test_libraries_starters_and_parts_of_charts_are_no_units(git_repository: RepositoryBuilder) -> None:
    """Nobody deploys them as they are, so that nothing is wrong with them on their own."""
    broken = "{{ .Values.nothing.here }}\n"
    files = {
        ".gategit.yaml": CONFIG + "exclude: [left-out/**]\n",
        "library/Chart.yaml": "apiVersion: v2\nname: library\nversion: 1.0.0\ntype: library\n",
        "library/templates/a.yaml": broken,
        "starter/Chart.yaml": 'apiVersion: v2\nname: "<CHARTNAME>"\nversion: 1.0.0\n',
        "starter/templates/a.yaml": broken,
        "left-out/Chart.yaml": "apiVersion: v2\nname: left\nversion: 1.0.0\n",
        "left-out/templates/a.yaml": broken,
        "db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        "db/templates/a.yaml": MAP.replace(".Values.size", ".Values.nothing.here"),
        "web/Chart.yaml": (
            "apiVersion: v2\nname: web\nversion: 1.0.0\n"
            "dependencies:\n  - {name: db, version: 1.0.0, repository: 'file://../db'}\n"
            "  - {name: in, version: 1.0.0}\n"
        ),
        "web/values.yaml": "db: {nothing: {here: a}}\nin: {nothing: {here: a}}\n",
        "web/charts/in/Chart.yaml": "apiVersion: v2\nname: in\nversion: 1.0.0\n",
        "web/charts/in/templates/a.yaml": MAP.replace(".Values.size", ".Values.nothing.here").replace("-map", "-in"),
    }
    for path, content in files.items():
        git_repository.write(path, content)
    report = gate.run(Request(directory=git_repository.folder, mode=Mode.ALL))
    assert said(report) == []


def test_a_chart_that_an_agent_deploys_is_judged_with_that_agents_values(git_repository: RepositoryBuilder) -> None:
    """Neither rendering nor linting tries it with its own values, which are not enough."""
    head = {
        "apps/web.yaml": APPLICATION,
        "charts/web/templates/map.yaml": MAP.replace(".Values.size", ".Values.db.host"),
    }
    report = check(git_repository, CHART, head)
    assert said(report) == []
    assert left(report) == []


def test_what_helm_lint_alone_says_stands_on_the_field_of_the_chart(git_repository: RepositoryBuilder) -> None:
    """Errors are errors and warnings are warnings; what is only recommended is not said."""
    head = {
        "charts/web/Chart.yaml": (
            "apiVersion: v3\nname: web\nversion: 1.0.0\nappVersion: 1.2\nmaintainers:\n  - email: web@example.com\n"
        ),
        "charts/web/crds/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
    }
    assert said(check(git_repository, CHART, head)) == [
        (
            "error chart-invalid charts/web/Chart.yaml:1 Chart.yaml: apiVersion 'v3' is not valid. The value must be "
            'either "v1" or "v2"'
        ),
        (
            "error chart-invalid charts/web/Chart.yaml:4 Chart.yaml: appVersion should be of type string but it's of "
            "type float64"
        ),
        "error chart-invalid charts/web/Chart.yaml:6 Chart.yaml: each maintainer requires a name",
        (
            "warning chart-invalid charts/web/crds/a.yaml:2 the folder crds holds ConfigMap of v1, which is no "
            "definition of a kind"
        ),
    ]


def test_what_rendering_and_judging_say_is_not_said_again_by_linting(git_repository: RepositoryBuilder) -> None:
    """A template that fails, and a name that no cluster takes, are one finding each."""
    nil = {"charts/web/templates/map.yaml": MAP.replace(".Values.size", ".Values.db.host")}
    assert said(check(git_repository, CHART, nil)) == [
        (
            "error render-failed charts/web/templates/map.yaml:6 .Values.db.host cannot be read: what stands before "
            ".host is not set"
        ),
    ]
    named = {"charts/web/templates/map.yaml": CHART["charts/web/templates/map.yaml"].replace("-map", "_map")}
    git_repository.commit("named", named)
    report = gate.run(Request(directory=git_repository.folder, base="main", head="HEAD"))
    assert [(one.rule, one.location.file) for one in report.findings] == [
        ("invalid-value", "charts/web/templates/map.yaml")
    ]


def test_a_chart_is_linted_once_whatever_deploys_it(git_repository: RepositoryBuilder) -> None:
    """What is wrong with it is said once, not for each of its releases; of the base it is existing."""
    wrong = {"charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: 1.2\n"}
    other = {"apps/other.yaml": APPLICATION.replace("name: web", "name: other")}
    report = check(git_repository, {**CHART, "apps/web.yaml": APPLICATION, **wrong}, {**other, "charts/web/a.txt": "a"})
    assert said(report) == []
    assert [(one.rule, str(one.state), one.message) for one in report.findings] == [
        (
            "chart-invalid",
            "existing",
            "Chart.yaml: appVersion should be of type string but it's of type float64",
        )
    ]


def test_the_definitions_of_a_chart_are_judged_once(git_repository: RepositoryBuilder) -> None:
    """As they are rendered, and not as manifests of their own as well."""
    head = {"charts/web/crds/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  - a\n"}
    assert [line for line in said(check(git_repository, CHART, head)) if line.startswith("error")] == [
        "error wrong-type charts/web/crds/a.yaml:6 expected a mapping for data, got a list",
    ]


def test_a_field_that_a_template_leaves_out_stands_on_the_field_around_it(git_repository: RepositoryBuilder) -> None:
    """There is no better line; the first field of the object where all of it lacks something."""
    template = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\nspec:\n  replicas: {{ .Values.size }}\n"
    head = {"charts/web/templates/a.yaml": template, "charts/web/values.yaml": "size: 3\n"}
    assert said(check(git_repository, {**CHART, "charts/web/templates/map.yaml": ""}, head)) == [
        "error missing-field charts/web/templates/a.yaml:5 missing field selector in spec",
        "error missing-field charts/web/templates/a.yaml:5 missing field template in spec",
    ]


def test_a_chart_that_never_ends_holds_up_nothing_else(git_repository: RepositoryBuilder) -> None:
    """It is rendered once within the limits and not linted; the other chart is judged."""
    other = {path.replace("charts/web/", "charts/other/"): text for path, text in CHART.items()}
    head = {
        "charts/web/templates/map.yaml": "{{ range until 2000000000 }}{{ end }}\n",
        "charts/other/templates/map.yaml": MAP,
    }
    report = check(git_repository, {**CHART, **other}, head)
    assert [(one.rule, one.location.file) for one in report.findings] == [
        ("wrong-type", "charts/other/values.yaml"),
        ("not-rendered", "charts/web/Chart.yaml"),
    ]
    assert report.verdict.value == "blocked"


def test_a_file_in_a_linked_folder_is_part_of_the_chart(git_repository: RepositoryBuilder) -> None:
    """A change of it reaches the chart, and what was rendered before is not taken for what it is now."""
    base = {path.replace("charts/web/templates/", "shared/"): text for path, text in CHART.items()}
    git_repository.symlink("charts/web/templates", "../../shared")
    assert said(check(git_repository, base, {"shared/map.yaml": MAP})) == [
        "error wrong-type charts/web/values.yaml:1 expected a string for size in data, got the number 3",
    ]
    git_repository.commit("mended", {"shared/map.yaml": base["shared/map.yaml"] + "  more: a\n"})
    report = gate.run(Request(directory=git_repository.folder, base="main", head="HEAD"))
    assert said(report) == []

"""``helm lint``: what is wrong with a chart whoever deploys it."""

from __future__ import annotations

import pytest

from gategit.model import Level
from gategit.render.helm_lint import lint_chart
from gategit.render.values import RenderSettings, ValuesLayer
from tests.render.charts import CONFIG, chart_of, said
from tests.render.conftest import MakeTree

SETTINGS = RenderSettings(kubernetes_version="1.34")
pytestmark = pytest.mark.usefixtures("renderers")

CASES = {
    "a chart that is well": (chart_of(), []),
    "a version that is a number": (
        {"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 7.2\nappVersion: 1.0\n"},
        [
            (
                "web/Chart.yaml:3:10-13 chart-invalid: Chart.yaml: version should be of type string but it's of type "
                "float64"
            ),
            (
                "web/Chart.yaml:4:13-16 chart-invalid: Chart.yaml: appVersion should be of type string but it's of "
                "type float64"
            ),
        ],
    ),
    "a template that fails": (
        chart_of(a="a: {{ .Values.db.host }}\n"),
        [
            (
                "web/templates/a.yaml:1:7-22 render-failed: .Values.db.host cannot be read: what stands before .host "
                "is not set"
            )
        ],
    ),
    "output that is no YAML": (
        chart_of(a="a: b\n {{ .Values.size }}: c\n"),
        [
            (
                'web/templates/a.yaml:2:2-23 render-failed: the template does not render to YAML: "small" is indented '
                'deeper than "a" in line 1, which already has a value; line 2 of the output is `small: c`'
            )
        ],
    ),
    "values that are no mapping": (
        chart_of() | {"web/values.yaml": "- a\n"},
        ["web/values.yaml:1:1-4 values-invalid: Helm cannot load values.yaml: it is not a mapping of names and values"],
    ),
    "values that do not fit": (
        chart_of() | {"web/values.schema.json": '{"properties": {"size": {"type": "number"}}}'},
        [
            (
                "web/values.yaml:1:7-12 values-invalid: the value size does not fit the chart's schema: got string, "
                "want number"
            )
        ],
    ),
    "a name that no cluster takes": (
        chart_of(a=CONFIG.replace("-config", "_config")),
        ["web/templates/a.yaml chart-invalid: helm lint: object name does not conform to Kubernetes naming"],
    ),
    "a definition that is none": (
        chart_of() | {"web/crds/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"},
        [
            (
                "web/crds/a.yaml:2:7-16 chart-invalid: the folder crds holds ConfigMap of v1, which is no definition "
                "of a kind"
            )
        ],
    ),
    "definitions that are a file": (
        chart_of() | {"web/crds": "a\n"},
        ["web/crds chart-invalid: crds is a file; Helm looks for definitions in a folder of that name"],
    ),
    "a library": (
        {"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ntype: library\n", "web/templates/_a.tpl": ""},
        [],
    ),
    "a chart that is not put together": (
        chart_of(more="dependencies:\n- {name: db, version: 1.x, repository: 'https://charts.example.com'}\n")
        | {"web/templates/a.yaml": 'a: {{ include "db.name" . }}\n'},
        [],
    ),
    "a chart that is not put together, and not well": (
        {
            "web/Chart.yaml": "apiVersion: v2\nversion: 1.0.0\n"
            "dependencies:\n- {name: db, version: 1.x, repository: 'https://charts.example.com'}\n"
        },
        ["web/Chart.yaml:1:1-15 chart-invalid: Chart.yaml: name is required"],
    ),
    "no chart": ({"web/values.yaml": "a: b\n"}, []),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_charts(make_tree: MakeTree, files: dict[str, str], expected: list[str]) -> None:
    """Each mistake is said once, with its line where Helm or the file tells it."""
    found = lint_chart("web", (), make_tree(files), SETTINGS)
    assert [said(one).partition(" requirements: ")[0] for one in found] == expected


def test_values_are_those_that_are_given(make_tree: MakeTree) -> None:
    """A chart that cannot do without values is judged with them."""
    tree = make_tree(chart_of(a=CONFIG.replace(".Values.size", ".Values.db.host")))
    assert len(lint_chart("web", (), tree, SETTINGS)) == 1
    assert lint_chart("web", (ValuesLayer("db: {host: a}\n"),), tree, SETTINGS) == ()


def test_values_that_are_required_may_be_missing(make_tree: MakeTree) -> None:
    """Who deploys the chart gives them."""
    tree = make_tree(chart_of(a=CONFIG.replace(".Values.size", '(required "set it" .Values.host)')))
    assert lint_chart("web", (), tree, SETTINGS) == ()


def test_a_warning_of_helm_is_one(make_tree: MakeTree) -> None:
    """What Helm warns of does not stop anybody."""
    found = lint_chart("web", (), make_tree(chart_of(a=CONFIG.replace("-config", "_config"))), SETTINGS)
    assert [(one.level, one.fatal) for one in found] == [(Level.WARNING, False)]


def test_a_limit_leaves_it_undecided(make_tree: MakeTree) -> None:
    """As with rendering."""
    found = lint_chart("web", (), make_tree(chart_of()), RenderSettings(files=1))
    assert [one.rule for one in found] == ["not-rendered"]

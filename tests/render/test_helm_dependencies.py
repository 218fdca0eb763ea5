"""Charts with charts in them: their versions, and what a schema says of their values."""

from __future__ import annotations

import pytest

from gategit.render.helm import build_helm
from gategit.render.values import RenderSettings
from tests.render.charts import archive, chart_of, unit_of
from tests.render.conftest import MakeTree

pytestmark = pytest.mark.usefixtures("renderers")

SETTINGS = RenderSettings(kubernetes_version="1.34")
REPOSITORY = "https://charts.example.com"


def asking(version: str, *, alias: str = "") -> dict[str, str]:
    """A chart that depends on the chart db."""
    more = f"dependencies:\n  - name: db\n    version: {version}\n    repository: {REPOSITORY}\n"
    return chart_of(more=more + (f"    alias: {alias}\n" if alias else ""))


def lock(version: str) -> dict[str, str]:
    """The lock file that settles its version."""
    return {"web/Chart.lock": f"dependencies:\n- {{name: db, repository: '{REPOSITORY}', version: {version}}}\n"}


DB = chart_of(name="db", folder="web/charts/db")


@pytest.mark.parametrize(
    ("files", "asks"),
    [
        (asking("2.0.0"), "Chart.yaml asks for 2.0.0"),
        (asking("2.0.0") | lock("2.0.0"), "Chart.lock asks for 2.0.0"),
        (asking("~1.0") | lock("1.0.7"), "Chart.lock asks for 1.0.7"),
        (asking("v1.0.1") | lock("1.0.0"), "Chart.yaml asks for v1.0.1"),
    ],
)
def test_a_chart_of_another_version_than_is_asked_for_is_a_warning(
    make_tree: MakeTree, files: dict[str, str], asks: str
) -> None:
    """Helm renders it all the same; ``helm dependency build`` would put another one there."""
    rendered = build_helm(unit_of(), make_tree(files | DB), SETTINGS)
    [problem] = rendered.problems
    assert (problem.message, problem.location.region and problem.location.region.line) == (
        f"the dependency db is 1.0.0 in web/charts/db, and {asks}",
        6,
    )
    assert problem.location.file == "web/Chart.yaml"
    assert rendered.objects


@pytest.mark.parametrize("files", [asking("1.0.0"), asking("v1.0.0"), asking("^1.0.0"), asking("~1.0") | lock("1.0.0")])
def test_a_chart_of_the_version_that_is_asked_for_is_well(make_tree: MakeTree, files: dict[str, str]) -> None:
    """Ranges are Helm's to judge."""
    assert build_helm(unit_of(), make_tree(files | DB), SETTINGS).problems == ()


def test_the_version_of_an_archive_is_that_of_its_name(make_tree: MakeTree) -> None:
    """So Helm calls what it fetches."""
    files = asking("2.0.0") | {"web/charts/db-1.0.0.tgz": archive(chart_of(name="db", folder="db"))}
    assert [one.message for one in build_helm(unit_of(), make_tree(files), SETTINGS).problems] == [
        "the dependency db is 1.0.0 in web/charts/db-1.0.0.tgz, and Chart.yaml asks for 2.0.0"
    ]
    files = asking("1.0.0") | {"web/charts/db-1.0.0.tgz": archive(chart_of(name="db", folder="db"))}
    assert build_helm(unit_of(), make_tree(files), SETTINGS).problems == ()


@pytest.mark.parametrize(("alias", "line"), [("", 5), ("store", 8)])
def test_values_that_a_dependency_adds_are_the_dependency_s(make_tree: MakeTree, alias: str, line: int) -> None:
    """No values file sets them: Helm puts those of the dependency under its name."""
    schema = '{"properties": {"size": {}, "global": {}}, "additionalProperties": false}'
    files = asking("1.0.0", alias=alias) | DB | {"web/values.schema.json": schema}
    [problem] = build_helm(unit_of(), make_tree(files), SETTINGS).problems
    wrong = "the schema knows no such value, which holds those of the dependency"
    assert problem.message == f"the value {alias or 'db'} does not fit the chart's schema: {wrong}"
    assert (problem.location.file, problem.location.region and problem.location.region.line) == ("web/Chart.yaml", line)


def test_values_that_somebody_sets_for_a_dependency_are_theirs(make_tree: MakeTree) -> None:
    """There is a line to mend."""
    schema = '{"properties": {"size": {}, "global": {}}, "additionalProperties": false}'
    files = asking("1.0.0") | DB | {"web/values.schema.json": schema, "web/values.yaml": "size: a\ndb:\n  size: b\n"}
    [problem] = build_helm(unit_of(), make_tree(files), SETTINGS).problems
    assert (problem.location.file, problem.location.region and problem.location.region.line) == ("web/values.yaml", 2)

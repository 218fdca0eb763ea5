"""The rules of charts: what a chart and its values must be before Helm can put them together."""

from __future__ import annotations

# ruff: noqa: S106  an example that passes is not a password
from gategit.model import Level, Rule, Stage

CHART_INVALID = Rule(
    id="chart-invalid",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="A chart must be one that Helm loads: its Chart.yaml, its dependencies and its versions must fit.",
    rationale=(
        "Helm reads a chart whole before it renders a line of it. A field of Chart.yaml that is missing or written "
        "otherwise than Helm takes it, a dependency that is not in `charts/`, or a Kubernetes version that the chart "
        "refuses ends the release: the agent keeps what it had, and every later change waits behind it."
    ),
    help=(
        "Mend the line that the finding stands on. For a dependency that is missing, run `helm dependency build` and "
        "commit what it puts into `charts/`, or let the config allow its repository under `render.remotes`."
    ),
    example_fail=(
        "# web/Chart.yaml\n"
        "apiVersion: v2\n"
        "name: web\n"
        "version: latest # <-\n"
        "description: no version that can be compared\n"
    ),
    example_pass=(
        "# web/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.4.0\ndescription: the version is a semantic one\n"
    ),
    references=("https://helm.sh/docs/topics/charts/",),
)

VALUES_INVALID = Rule(
    id="values-invalid",
    level=Level.ERROR,
    stage=Stage.REFERENCES,
    summary="Values must be readable, and what the chart's values.schema.json asks for.",
    rationale=(
        "A chart says in `values.schema.json` which values it understands. Helm compares the merged values with it "
        "before rendering and stops at the first release that does not fit: a misspelt key or a text where a number "
        "is wanted means that *nothing* of the release is applied."
    ),
    help="Correct the value on the line of the finding; the chart's `values.schema.json` says what it may be.",
    example_fail=(
        "# values of a chart whose schema says that replicas is an integer\nreplicas: three # <-\nimage: web:1.4.0\n"
    ),
    example_pass=("# values of a chart whose schema says that replicas is an integer\nreplicas: 3\nimage: web:1.4.0\n"),
    references=("https://helm.sh/docs/topics/charts/#schema-files",),
)

RULES: tuple[Rule, ...] = (
    CHART_INVALID,
    VALUES_INVALID,
)

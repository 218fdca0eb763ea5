"""What Helm refuses: one sentence, on the file and line that has to be mended."""

from __future__ import annotations

import pytest

from gategit.model import Level, Location, Region
from gategit.render.helm import build_helm
from gategit.render.helm_charts import ChartFolder
from gategit.render.helm_errors import Site, problems_of, warnings_of
from gategit.render.helm_places import Places
from gategit.render.helm_text import sentence
from gategit.render.helm_values import Values
from gategit.render.values import Parameter, RenderSettings, ValuesLayer
from tests.render.charts import archive, chart_of, said, unit_of
from tests.render.conftest import MakeTree

SETTINGS = RenderSettings(kubernetes_version="1.34")
pytestmark = pytest.mark.usefixtures("renderers")

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"

TEMPLATES = {
    "a value that is not set": (
        HEAD + "  a: {{ .Values.db.host.name }}\n",
        (
            "web/templates/a.yaml:5:9-29 render-failed: .Values.db.host.name cannot be read: what stands before "
            ".host is "
            "not set"
        ),
    ),
    "a value that is not set, behind letters of more than one byte": (
        HEAD + "  ä: ü{{ .Values.db.host.name }}\n",
        (
            "web/templates/a.yaml:5:10-30 render-failed: .Values.db.host.name cannot be read: what stands before "
            ".host is "
            "not set"
        ),
    ),
    "a template that nobody defines": (
        HEAD + '  a: {{ include "web.name" . }}\n',
        (
            'web/templates/a.yaml:5:9-29 render-failed: the template "web.name" is included, and no file of the chart '
            "defines it"
        ),
    ),
    "a function that is not there": (
        HEAD + "  a: {{ toToml2 . }}\n",
        'web/templates/a.yaml:5:3-21 render-failed: the template cannot be parsed: function "toToml2" not defined',
    ),
    "an action that is not closed": (
        HEAD + "  a: {{ .Values.size\n",
        "web/templates/a.yaml:5:3-21 render-failed: the template cannot be parsed: unclosed action",
    ),
    "a block that does not end": (
        HEAD + "{{- if .Values.size }}\n  a: b\n",
        "web/templates/a.yaml:5:1-23 render-failed: the block that begins here has no end",
    ),
    "quotes of a word processor": (
        HEAD + "  a: {{ default \u201csmall\u201d .Values.size }}\n",
        (
            "web/templates/a.yaml:5:3-40 render-failed: the template cannot be parsed: no action may hold the "
            "character "
            "U+201C '\u201c'"
        ),
    ),
    "a value that the chart requires": (
        HEAD + '  a: {{ required "set db.host" .Values.host }}\n',
        "web/templates/a.yaml:5:9-47 render-failed: the chart refuses its values: set db.host",
    ),
    "a chart that fails": (
        HEAD + '{{ fail "first line\\nsecond \\u001b[31mline" }}\n',
        "web/templates/a.yaml:5:4-47 render-failed: the chart refuses its values: first line second \\x1b[31mline",
    ),
    "a wrong argument": (
        HEAD + "  a: {{ index .Values.size 3 4 }}\n",
        ("web/templates/a.yaml:5:9-31 render-failed: index .Values.size 3 4 fails: can't index item of type uint8"),
    ),
    "a recursion": (
        '{{- define "web.loop" }}{{ include "web.loop" . }}{{ end }}\n{{ include "web.loop" . }}\n',
        'web/templates/a.yaml:1:28-48 render-failed: the template "web.loop" includes itself without end',
    ),
    "a text given to tpl": (
        HEAD + '  a: {{ tpl "{{ .Values.db.host }}" . }}\n',
        (
            "web/templates/a.yaml:5:9-38 render-failed: .Values.db.host cannot be read: what stands before .host is "
            "not set"
        ),
    ),
    "output that is no YAML": (
        HEAD + "  a: b\n {{ .Values.size }}: c\n",
        (
            "web/templates/a.yaml:6:2-23 render-failed: the template does not render to YAML: this line is "
            "indented by 1 space, "
            "the keys of the mapping that begins in line 1 by 0; line 6 of the output is `small: c`"
        ),
    ),
    "a Secret that is no YAML, of which nothing is shown": (
        "apiVersion: v1\nkind: Secret\nstringData:\n  a: hunter2: {{ .Values.size }}\n",
        (
            "web/templates/a.yaml:4:3-33 render-failed: the template does not render to YAML: line 4 of the output "
            "cannot be read"
        ),
    ),
    "output that is a text": (
        "just {{ .Values.size }}\n",
        (
            "web/templates/a.yaml render-failed: the template does not render to YAML: it is a string, not a "
            "Kubernetes object"
        ),
    ),
    "output without a kind": (
        "metadata:\n  name: {{ .Values.size }}\n",
        (
            "web/templates/a.yaml:1:1-10 render-failed: the template renders to something that is no Kubernetes "
            "object: "
            "`metadata:`"
        ),
    ),
    "a key twice in the output": (
        HEAD + "  a: {{ .Values.size }}\n  a: c\n",
        (
            'web/templates/a.yaml:6:3-7 duplicate-key: in what the template renders to, the key "a" is already '
            "set in line 5, "
            "column 3; only one of the two counts"
        ),
    ),
}


@pytest.mark.parametrize(("template", "expected"), TEMPLATES.values(), ids=TEMPLATES)
def test_templates(make_tree: MakeTree, template: str, expected: str) -> None:
    """Each mistake in a template stands on its line, and on its column where Helm says it."""
    rendered = build_helm(unit_of(), make_tree(chart_of(a=template)), SETTINGS)
    assert [said(one) for one in rendered.problems] == [expected]


def test_a_mistake_in_a_file_of_helpers(make_tree: MakeTree) -> None:
    """The innermost file is blamed, not the one that includes it."""
    helpers = '{{- define "web.host" -}}\nhost: {{ .Values.db.host }}\n{{- end }}\n'
    files = chart_of(a=HEAD + '  {{- include "web.host" . | nindent 2 }}\n') | {"web/templates/_helpers.tpl": helpers}
    assert [said(one) for one in build_helm(unit_of(), make_tree(files), SETTINGS).problems] == [
        (
            "web/templates/_helpers.tpl:2:10-25 render-failed: .Values.db.host cannot be read: what stands before "
            ".host is not set"
        )
    ]


def test_errors_as_helm_4_writes_them(make_tree: MakeTree) -> None:
    """Each frame stands on lines of its own there; the place and the sentence are the same."""
    files = chart_of(a='{{ include "web.host" . }}\n')
    files["web/templates/_h.tpl"] = '{{ define "web.host" }}\n{{ .Values.db.host }}{{ end }}\n'
    places = Places(make_tree(files))
    chart = ChartFolder("web", places)
    site = Site(chart, places, Values((), (), chart), (), "/nowhere", Location(chart.file))
    error = (
        'web/templates/a.yaml:1:3\n  executing "web/templates/a.yaml" at <include "web.host" .>:\n'
        '    error calling include:\nweb/templates/_h.tpl:2:10\n  executing "web.host" at <.Values.db.host>:\n'
        "    nil pointer evaluating interface {}.host"
    )
    assert [said(one) for one in problems_of(error, site)] == [
        "web/templates/_h.tpl:2:4-19 render-failed: .Values.db.host cannot be read: what stands before .host is not set"
    ]
    warned = 'level=INFO msg="warning: skipped value for web.db.size: Not a table."\n'
    assert warnings_of(warned, site) == ("skipped value for web.db.size: Not a table",)


def test_a_mistake_in_an_archive(make_tree: MakeTree) -> None:
    """The archive is blamed: no line of it can be shown."""
    packed = archive(chart_of(name="db", folder="db", a=HEAD + "  a: {{ .Values.db.host.name }}\n"))
    tree = make_tree({**chart_of(), "web/charts/db-1.0.0.tgz": packed})
    assert [said(one) for one in build_helm(unit_of(), tree, SETTINGS).problems] == [
        (
            "web/charts/db-1.0.0.tgz render-failed: .Values.db.host.name cannot be read: what stands before .host is "
            "not set"
        )
    ]


def test_objects_that_can_be_rendered_are_rendered(make_tree: MakeTree) -> None:
    """Something that is no object takes nothing else with it."""
    files = chart_of() | {"web/templates/z.yaml": "metadata: {name: z}\n"}
    rendered = build_helm(unit_of(), make_tree(files), SETTINGS)
    assert [one.data["metadata"]["name"] for one in rendered.objects] == ["rel-config"]
    assert not rendered.failed


CHARTS = {
    "no version": (
        {"web/Chart.yaml": "apiVersion: v2\nname: web\n"},
        "web/Chart.yaml:1:1-15 chart-invalid: Chart.yaml: version is required",
    ),
    "no semantic version": (
        {"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: latest\n"},
        'web/Chart.yaml:3:10-16 chart-invalid: Chart.yaml: version "latest" is invalid',
    ),
    "another type": (
        {"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ntype: lib\n"},
        "web/Chart.yaml:4:7-10 chart-invalid: Chart.yaml: type must be application or library",
    ),
    "a library": (
        {"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ntype: library\n"},
        (
            "web/Chart.yaml:4:7-14 chart-invalid: a library chart holds templates for other charts and nothing "
            "that can be "
            "applied"
        ),
    ),
    "another Kubernetes": (
        {"web/Chart.yaml": 'apiVersion: v2\nname: web\nversion: 1.0.0\nkubeVersion: ">=1.40.0"\n'},
        (
            "web/Chart.yaml:4:14-24 chart-invalid: the chart does not go with Kubernetes v1.34.0: its kubeVersion is "
            ">=1.40.0"
        ),
    ),
    "one dependency twice": (
        {
            "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- {name: db, version: 1.0.0}\n"
            "- {name: db, version: 1.0.0}\n",
            "web/charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        },
        'web/Chart.yaml:6:3-29 chart-invalid: Chart.yaml: more than one dependency with name or alias "db"',
    ),
    "a chart in charts that cannot be loaded": (
        {"web/charts/db/Chart.yaml": "apiVersion: v2\nname: db\n"},
        "web/charts/db/Chart.yaml:1:1-15 chart-invalid: Chart.yaml: version is required",
    ),
    "an archive that is none": (
        {"web/charts/db-1.0.0.tgz": "not an archive\n"},
        "web/charts/db-1.0.0.tgz chart-invalid: the archive is no chart that Helm loads: gzip: invalid header",
    ),
    "values that are no mapping": (
        {"web/values.yaml": "- a\n"},
        "web/values.yaml:1:1-4 values-invalid: Helm cannot load values.yaml: it is not a mapping of names and values",
    ),
    "no Chart.yaml": (
        {"web/Chart.yaml": "", "web/Chart.yml": "name: web\n"},
        "web/Chart.yaml chart-invalid: there is no chart in web: it has no Chart.yaml",
    ),
}


@pytest.mark.parametrize(("files", "expected"), CHARTS.values(), ids=CHARTS)
def test_charts(make_tree: MakeTree, files: dict[str, str], expected: str) -> None:
    """What keeps Helm from loading a chart stands on the field of the file that it is about."""
    together = {path: text for path, text in (chart_of() | files).items() if text}
    assert [said(one) for one in build_helm(unit_of(), make_tree(together), SETTINGS).problems] == [expected]


@pytest.mark.parametrize("file", ["Chart.yaml", "values.yaml"])
def test_what_the_first_check_says_too_is_a_note(make_tree: MakeTree, file: str) -> None:
    """A file that is no YAML is one mistake, not two; still nothing is rendered."""
    rendered = build_helm(unit_of(), make_tree(chart_of() | {f"web/{file}": "a: b\n  c: d\n"}), SETTINGS)
    assert [(one.level, one.fatal, one.location.region) for one in rendered.problems] == [
        (Level.NOTE, True, Region(2, 3, 2, 7))
    ]


SCHEMA = """\
{"type": "object", "required": ["size"], "properties": {
  "size": {"type": "string"},
  "db": {"type": "object", "additionalProperties": false, "required": ["host"],
         "properties": {"host": {"type": "string"}, "ports": {"type": "array", "items": {"type": "integer"}}}}}}
"""


class TestSchema:
    def _said(self, make_tree: MakeTree, *layers: ValuesLayer, files: dict[str, str], more: str = SCHEMA) -> list[str]:
        tree = make_tree(chart_of() | {"web/values.schema.json": more} | files)
        return [said(one) for one in build_helm(unit_of(values=layers), tree, SETTINGS).problems]

    def test_a_value_of_another_type(self, make_tree: MakeTree) -> None:
        """It stands on the last layer that sets the value."""
        first, second = "size: 3\n", "db:\n  host: a\n  ports: [1, two]\nsize: 4\n"
        layers = (ValuesLayer(first, "first.yaml"), ValuesLayer(second, "second.yaml"))
        assert self._said(make_tree, *layers, files={"first.yaml": first, "second.yaml": second}) == [
            (
                "second.yaml:3:14-17 values-invalid: the value db.ports[1] does not fit the chart's schema: got "
                "string, want "
                "integer"
            ),
            "second.yaml:4:7-8 values-invalid: the value size does not fit the chart's schema: got number, want string",
        ]

    def test_a_value_that_the_schema_does_not_know(self, make_tree: MakeTree) -> None:
        """It stands on its key."""
        text = "db:\n  host: a\n  prt: 1\n"
        assert self._said(make_tree, ValuesLayer(text, "v.yaml"), files={"v.yaml": text}) == [
            (
                "v.yaml:3:3-6 values-invalid: the value db.prt does not fit the chart's schema: the schema knows no "
                "such value"
            )
        ]

    def test_a_value_that_is_missing(self, make_tree: MakeTree) -> None:
        """It stands on the mapping that lacks it, else on the strongest file of values."""
        text = "size: null\ndb:\n  ports: []\n"
        assert self._said(make_tree, ValuesLayer(text, "v.yaml"), files={"v.yaml": text}) == [
            "v.yaml values-invalid: the value size does not fit the chart's schema: it must be set",
            "v.yaml:2:1-3 values-invalid: the value db.host does not fit the chart's schema: it must be set",
        ]

    def test_a_value_is_not_shown(self, make_tree: MakeTree) -> None:
        """It may be a password that the schema wants longer."""
        schema = '{"properties": {"size": {"type": "string", "pattern": "^.{12,}$"}, "db": {"type": "object"}}}'
        assert self._said(make_tree, files={"web/values.yaml": "size: hunter2\n"}, more=schema) == [
            (
                "web/values.yaml:1:7-14 values-invalid: the value size does not fit the chart's schema: it does not "
                "match pattern "
                "'^.{12,}$'"
            )
        ]

    def test_the_charts_own_values(self, make_tree: MakeTree) -> None:
        """What nobody overrides stands in the chart's values.yaml."""
        assert self._said(make_tree, files={"web/values.yaml": "size: 3\n"}) == [
            (
                "web/values.yaml:1:7-8 values-invalid: the value size does not fit the chart's schema: got number, "
                "want string"
            )
        ]

    def test_values_of_an_object(self, make_tree: MakeTree) -> None:
        """The field of the object is the place, whether the values are a mapping or a text."""
        release = "kind: A\nspec:\n  values:\n    size: 3\n  text: |\n    # values\n    size: 3\n"
        files = {"release.yaml": release}
        mapping = ValuesLayer("size: 3\n", "release.yaml", 0, ("spec", "values"))
        text = ValuesLayer("# values\nsize: 3\n", "release.yaml", 0, ("spec", "text"), as_text=True)
        end = "values-invalid: the value size does not fit the chart's schema: got number, want string"
        assert self._said(make_tree, mapping, files=files) == [f"release.yaml:4:11-12 {end}"]
        assert self._said(make_tree, text, files=files) == [f"release.yaml:7:11-12 {end}"]

    def test_a_parameter(self, make_tree: MakeTree) -> None:
        """A parameter wins, so it is blamed."""
        parameter = Parameter("size", "3", Location("app.yaml", Region(7, 3, 7, 9)))
        tree = make_tree(chart_of() | {"web/values.schema.json": SCHEMA})
        assert [said(one) for one in build_helm(unit_of(parameters=(parameter,)), tree, SETTINGS).problems] == [
            "app.yaml:7:3-9 values-invalid: the value size does not fit the chart's schema: got number, want string"
        ]

    def test_a_chart_in_the_chart(self, make_tree: MakeTree) -> None:
        """Its values stand below its name."""
        text = "db:\n  size: 3\n"
        files = {"v.yaml": text} | chart_of(name="db", folder="web/charts/db")
        files |= {"web/charts/db/values.schema.json": SCHEMA}
        assert self._said(make_tree, ValuesLayer(text, "v.yaml"), files=files, more="{}") == [
            "v.yaml:2:9-10 values-invalid: the value db.size does not fit the chart's schema: got number, want string"
        ]

    def test_a_schema_that_is_none(self, make_tree: MakeTree) -> None:
        """The schema is blamed."""
        begin = "values-invalid: the schema of the chart's values cannot be used:"
        assert self._said(make_tree, files={}, more='{"type": "objekt"}') == [
            (
                f"web/values.schema.json:1:10-18 {begin} value must be one of 'array', 'boolean', 'integer', 'null', "
                f"'number', "
                "'object', 'string'"
            )
        ]
        assert self._said(make_tree, files={}, more='{"type": ') == [f"web/values.schema.json {begin} unexpected EOF"]

    def test_a_schema_that_refers_elsewhere(self, make_tree: MakeTree) -> None:
        """Nothing is fetched: the values are not compared, which is said, and the chart is rendered."""
        schema = '{"$ref": "https://schemas.example.com/values.json"}'
        rendered = build_helm(unit_of(), make_tree(chart_of() | {"web/values.schema.json": schema}), SETTINGS)
        assert rendered.problems == ()
        assert len(rendered.objects) == 1
        assert rendered.unchecked == (
            ("release rel", "its values were not compared with the chart's schema, which refers to another host"),
        )

    def test_a_schema_cannot_read_files(self, make_tree: MakeTree) -> None:
        """A reference to a file of the machine shows nothing of it."""
        problems = self._said(make_tree, files={}, more='{"$ref": "file:///etc/passwd"}')
        assert len(problems) == 1
        assert "root:" not in problems[0]


class TestLayers:
    def test_a_layer_that_is_no_yaml(self, make_tree: MakeTree) -> None:
        """In a file the first check says it too; in a text nobody else does."""
        text = "a: [\n"
        files = chart_of() | {"v.yaml": text, "release.yaml": "spec:\n  values: |\n    a: b\n      c: d\n"}
        tree = make_tree(files)
        rendered = build_helm(unit_of(values=(ValuesLayer(text, "v.yaml"),)), tree, SETTINGS)
        assert [(said(one), one.level) for one in rendered.problems] == [
            (
                "v.yaml:1:5-6 values-invalid: the values cannot be read: the document ends where a value is expected",
                Level.NOTE,
            )
        ]
        layer = ValuesLayer("a: b\n  c: d\n", "release.yaml", 0, ("spec", "values"), as_text=True)
        rendered = build_helm(unit_of(values=(layer,)), tree, SETTINGS)
        assert [(said(one).partition(" ")[0], one.level) for one in rendered.problems] == [
            ("release.yaml:4:7-11", None)
        ]

    def test_a_key_twice_in_a_text(self, make_tree: MakeTree) -> None:
        """Helm takes the last one; the author may think otherwise."""
        files = chart_of() | {"release.yaml": "spec:\n  values: |\n    size: a\n    size: b\n"}
        layer = ValuesLayer("size: a\nsize: b\n", "release.yaml", 0, ("spec", "values"), as_text=True)
        rendered = build_helm(unit_of(values=(layer,)), make_tree(files), SETTINGS)
        assert [(said(one).partition(" ")[0], one.level, one.fatal) for one in rendered.problems] == [
            ("release.yaml:4:5-9", Level.WARNING, False)
        ]
        assert rendered.objects[0].data["data"] == {"size": "b"}

    def test_a_layer_that_is_no_mapping(self, make_tree: MakeTree) -> None:
        """Helm would say it in terms of Go."""
        tree = make_tree(chart_of() | {"v.yaml": "- a\n"})
        rendered = build_helm(unit_of(values=(ValuesLayer("- a\n", "v.yaml"),)), tree, SETTINGS)
        assert [said(one) for one in rendered.problems] == [
            "v.yaml:1:1-4 values-invalid: values are a mapping, and this is a list"
        ]

    def test_values_of_a_chart_that_are_no_mapping(self, make_tree: MakeTree) -> None:
        """What stands under a chart's name are its values."""
        files = chart_of() | chart_of(name="db", folder="web/charts/db") | {"v.yaml": "db: 3\n"}
        rendered = build_helm(unit_of(values=(ValuesLayer("db: 3\n", "v.yaml"),)), make_tree(files), SETTINGS)
        assert [said(one) for one in rendered.problems] == [
            "v.yaml:1:5-6 values-invalid: db holds the values of a chart, and is no mapping"
        ]

    def test_a_parameter_that_cannot_be_read(self, make_tree: MakeTree) -> None:
        """The parameter itself is blamed."""
        good = Parameter("size", "3", Location("app.yaml", Region(7, 3, 7, 9)))
        bad = Parameter("list[x]", "3", Location("app.yaml", Region(8, 3, 8, 9)))
        rendered = build_helm(unit_of(parameters=(good, bad)), make_tree(chart_of()), SETTINGS)
        assert len(rendered.problems) == 1
        assert said(rendered.problems[0]).startswith("app.yaml:8:3-9 values-invalid: the parameter cannot be read: ")


def test_a_link_that_leads_to_nothing(make_tree: MakeTree) -> None:
    """The link is blamed, by its path in the repository."""
    rendered = build_helm(unit_of(), make_tree(chart_of() | {"web/templates/gone.yaml": "->gone/too.yaml"}), SETTINGS)
    assert [said(one) for one in rendered.problems] == [
        (
            "web/templates/gone.yaml chart-invalid: the symbolic link leads to nothing, and Helm does not load the "
            "chart with it"
        )
    ]


def test_a_file_that_is_too_large(make_tree: MakeTree) -> None:
    """The file is blamed, though Helm says no more than its last name."""
    files = chart_of() | {"web/data/dump.bin": "x" * (6 << 20), "web/dump.bin": "x"}
    assert [said(one) for one in build_helm(unit_of(), make_tree(files), SETTINGS).problems] == [
        "web/data/dump.bin chart-invalid: the file is larger than the 5,242,880 bytes that Helm takes"
    ]


def test_no_path_of_the_machine_is_shown(make_tree: MakeTree) -> None:
    """Whatever Helm says of the folder that it works in, readers see paths of the repository."""
    files = chart_of() | {"web/a": "->b", "web/b": "->a"}
    rendered = build_helm(unit_of(), make_tree(files), SETTINGS)
    assert len(rendered.problems) == 1
    assert "gategit-render" not in rendered.problems[0].message + rendered.problems[0].location.file


@pytest.mark.parametrize(
    "words",
    [
        "parse error at (x:{0}): no",
        'template: x:{0}:{0}: executing \\"x\\" at <x>: no',
        "execution error at (x:{0}): no",
        "YAML parse error on x: yaml: line {0}",
        "values don't meet the specifications of the schema(s) in the following chart(s):\\nx:\\n- at '/a': no",
    ],
)
def test_words_of_helm_in_a_strangers_mouth(make_tree: MakeTree, words: str) -> None:
    """A chart that speaks as Helm does is blamed like any other."""
    text = words.format("9" * 5000)
    for template in (f'{{{{ fail "{text}" }}}}\n', f'{{{{ tpl "{text}{{{{ .a.b.c }}}}" . }}}}\n'):
        rendered = build_helm(unit_of(), make_tree(chart_of(a=template)), SETTINGS)
        assert [one.rule for one in rendered.problems] == ["render-failed"]


def test_sentences_are_short_and_harmless() -> None:
    """What a stranger wrote becomes one line of a limited length, with nothing that a terminal obeys."""
    assert sentence("one\n  two\x1b[31m.") == "one two\\x1b[31m"
    assert sentence("x" * 1000) == "x" * 400 + "..."

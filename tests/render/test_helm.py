"""Helm: what a release becomes, from which files, and what ends it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gategit.model import FieldPath, Level, Location, ObjectRef, Region
from gategit.process import run
from gategit.render.helm import build_helm, inputs_of_helm
from gategit.render.values import HelmBuild, KustomizeBuild, Owner, Parameter, RenderSettings, Unit, ValuesLayer
from tests.render.charts import CONFIG, archive, chart_of, names, said, unit_of
from tests.render.conftest import MakeTree
from tools.golang import built

SETTINGS = RenderSettings(kubernetes_version="1.34")

LIBRARY = """\
{{- define "common.labels" -}}
part-of: {{ .Values.team | default "none" }}
{{- end }}
"""


@pytest.mark.usefixtures("renderers")
class TestObjects:
    def test_each_object_has_the_template_that_it_is_from(self, make_tree: MakeTree) -> None:
        """Templates, templates of charts in charts/ and definitions in crds are told apart."""
        files = {
            **chart_of(),
            "web/templates/sub/more.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: more}\n",
            "web/templates/_helpers.tpl": LIBRARY,
            "web/templates/NOTES.txt": "Thank you\n",
            "web/crds/things.yaml": (
                "# two definitions\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
                "metadata: {name: a.example.com}\n---\n"
                "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: b.example.com}\n"
            ),
            **chart_of(name="db", folder="web/charts/db", db=CONFIG.replace("-config", "-db")),
        }
        rendered = build_helm(unit_of(), make_tree(files), SETTINGS)
        assert names(rendered) == [
            "CustomResourceDefinition a.example.com < web/crds/things.yaml",
            "CustomResourceDefinition b.example.com < web/crds/things.yaml",
            "Secret more < web/templates/sub/more.yaml",
            "ConfigMap rel-db < web/charts/db/templates/db.yaml",
            "ConfigMap rel-config < web/templates/config.yaml",
        ]
        assert [one.trace.document for one in rendered.objects] == [0, 1, None, None, None]

    def test_a_chart_may_have_another_name_than_its_folder(self, make_tree: MakeTree) -> None:
        """Helm speaks of templates by the chart's name; the trace is the file."""
        rendered = build_helm(unit_of("apps/shop"), make_tree(chart_of(folder="apps/shop")), SETTINGS)
        assert names(rendered) == ["ConfigMap rel-config < apps/shop/templates/config.yaml"]

    def test_a_chart_may_be_the_root_of_the_repository(self, make_tree: MakeTree) -> None:
        """The values that a release is given are no files of such a chart."""
        files = {path.removeprefix("web/"): text for path, text in chart_of().items()}
        files["templates/list.yaml"] = (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: list}\ndata:\n"
            '{{- range $path, $_ := .Files.Glob "**" }}\n  {{ $path | quote }}: ""\n{{- end }}\n'
        )
        files["docs/readme.txt"] = "read me\n"
        layer = ValuesLayer("size: large\n")
        rendered = build_helm(unit_of("", values=(layer,)), make_tree(files), SETTINGS)
        assert names(rendered) == [
            "ConfigMap rel-config < templates/config.yaml",
            "ConfigMap list < templates/list.yaml",
        ]
        assert rendered.objects[0].data["data"] == {"size": "large"}
        assert rendered.objects[1].data["data"] == {"docs/readme.txt": ""}

    def test_hooks_stay_and_tests_go(self, make_tree: MakeTree) -> None:
        """A hook is an object with an annotation; a test is nothing that an agent applies."""
        hook = (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {0}\n  annotations: {{helm.sh/hook: {0}}}\n"
            "spec: {{containers: [{{name: a, image: b}}]}}\n"
        )
        files = chart_of(hook=hook.format("pre-install"), test=hook.format("test"), old=hook.format("test-success"))
        assert names(build_helm(unit_of(), make_tree(files), SETTINGS)) == ["Pod pre-install < web/templates/hook.yaml"]

    def test_a_test_that_is_installed_too_stays(self, make_tree: MakeTree) -> None:
        """Helm leaves out what has a test among its events; agents run it for the other ones."""
        hook = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations: {helm.sh/hook: 'pre-upgrade, Test'}\n"
        rendered = build_helm(unit_of(), make_tree(chart_of(hook=hook)), SETTINGS)
        assert names(rendered) == ["Pod a < web/templates/hook.yaml"]

    @pytest.mark.parametrize(
        ("condition", "asked"),
        [
            ('lookup "v1" "Namespace" "" "kube-system"', "lookup"),
            ('$.Capabilities.APIVersions.Has "cilium.io/v2"', ".Capabilities.APIVersions"),
            ('semverCompare ">=1.35.0-0" .Capabilities.KubeVersion.Version', ".Capabilities.KubeVersion"),
            (".Release.IsUpgrade", ".Release.IsUpgrade and .Release.IsInstall"),
            ("gt (now | unixEpoch | int) 1900000000", "the time"),
            (".Capabilities", ".Capabilities"),
            ('hasKey . "Capabilities"', ".Capabilities"),
            ('tpl (printf "%s" "x") .', "a template that it makes itself"),
            ("tpl (toYaml .Values.size) .", None),
            ('eq "lookup" .Release.Name', None),
            ("/* lookup */", None),
        ],
    )
    def test_what_a_template_asks_of_the_cluster_is_counted(
        self, make_tree: MakeTree, condition: str, asked: str | None
    ) -> None:
        """What is rendered there may be something else, so nobody has looked at it."""
        action = f"{{{{{condition}}}}}" if condition.startswith("/*") else f"{{{{ if {condition} }}}}{{{{ end }}}}"
        settings = replace(SETTINGS, kubernetes_version="")
        rendered = build_helm(unit_of(), make_tree(chart_of(a=f"{action}\n{CONFIG}")), settings)
        reason = f"asks for {asked}, which only the cluster knows: what is rendered there may be something else"
        assert rendered.unchecked == ((("web/templates/a.yaml", reason),) if asked else ())

    def test_what_the_target_says_need_not_be_counted(self, make_tree: MakeTree) -> None:
        """The version of the cluster is in the config."""
        template = f"# {{{{ .Capabilities.KubeVersion.Version }}}}\n{CONFIG}"
        settings = replace(SETTINGS, kubernetes_version="1.34")
        assert build_helm(unit_of(), make_tree(chart_of(a=template)), settings).unchecked == ()

    def test_definitions_are_left_out_where_the_agent_leaves_them_out(self, make_tree: MakeTree) -> None:
        """skip_crds keeps the crds folder away."""
        files = chart_of() | {
            "web/crds/a.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        }
        unit = unit_of()
        assert isinstance(unit.build, HelmBuild)
        unit = replace(unit, build=replace(unit.build, skip_crds=True))
        assert names(build_helm(unit, make_tree(files), SETTINGS)) == [
            "ConfigMap rel-config < web/templates/config.yaml"
        ]

    def test_the_release_and_the_cluster_are_what_the_agent_says(self, make_tree: MakeTree) -> None:
        """Name, namespace, Kubernetes version and API versions reach the templates; nothing is looked up."""
        template = (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"
            "  release: {{ .Release.Name }}/{{ .Release.Namespace }}\n"
            "  kubernetes: {{ .Capabilities.KubeVersion.Version }}\n"
            '  monitors: {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" | quote }}\n'
            '  found: {{ lookup "v1" "Secret" "shop" "a" | len | quote }}\n'
        )
        settings = replace(SETTINGS, api_versions=("monitoring.coreos.com/v1/ServiceMonitor",))
        rendered = build_helm(unit_of(), make_tree(chart_of(a=template)), settings)
        assert rendered.objects[0].data["data"] == {
            "release": "rel/shop",
            "kubernetes": "v1.34.0",
            "monitors": "true",
            "found": "0",
        }

    def test_nothing_of_the_caller_reaches_a_template(
        self, make_tree: MakeTree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither variables nor names of hosts can be read."""
        monkeypatch.setenv("TOKEN", "secret")
        template = (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"
            '  host: {{ getHostByName "localhost" | quote }}\n  file: {{ .Files.Get "/etc/hostname" | quote }}\n'
        )
        rendered = build_helm(unit_of(), make_tree(chart_of(a=template)), SETTINGS)
        assert rendered.objects[0].data["data"] == {"host": "", "file": ""}

    def test_lists_are_opened(self, make_tree: MakeTree) -> None:
        """The objects of a List are objects of the release."""
        template = (
            "apiVersion: v1\nkind: List\nitems:\n"
            "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
            "- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n"
        )
        assert names(build_helm(unit_of(), make_tree(chart_of(list=template)), SETTINGS)) == [
            "ConfigMap a < web/templates/list.yaml",
            "Secret b < web/templates/list.yaml",
        ]

    def test_links_inside_of_the_repository_are_followed(self, make_tree: MakeTree) -> None:
        """A template that is a link to a file beside the chart is rendered."""
        files = {**chart_of(), "shared/more.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: more}\n"}
        files |= {"web/templates/more.yaml": "->../../shared/more.yaml", "web/templates/all": "->../../shared"}
        unit = unit_of()
        rendered = build_helm(unit, make_tree(files), SETTINGS)
        assert sorted(names(rendered)) == [
            "ConfigMap rel-config < web/templates/config.yaml",
            "Secret more < shared/more.yaml",
            "Secret more < shared/more.yaml",
        ]
        assert "shared/more.yaml" in rendered.inputs

    def test_a_link_out_of_the_repository_is_not_followed(self, make_tree: MakeTree) -> None:
        """Nothing is rendered, and the link is named."""
        files = chart_of() | {"web/templates/passwd.yaml": "->/etc/passwd"}
        rendered = build_helm(unit_of(), make_tree(files), SETTINGS)
        assert [said(one) for one in rendered.problems] == [
            (
                "web/templates/passwd.yaml not-rendered: web/templates/passwd.yaml is a symbolic link that leads out "
                "of the repository"
            )
        ]

    def test_another_build_is_a_mistake_of_the_caller(self, make_tree: MakeTree) -> None:
        """Only Helm builds are built by Helm."""
        with pytest.raises(TypeError):
            build_helm(Unit("a", KustomizeBuild("")), make_tree(chart_of()), SETTINGS)


@pytest.mark.usefixtures("renderers")
class TestValues:
    def test_later_layers_win_and_null_deletes(self, make_tree: MakeTree) -> None:
        """Layers are merged by Helm, in the order in which they are given."""
        template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {{ .Values.data | toJson }}\n"
        files = chart_of(a=template) | {"web/values.yaml": "data: {a: chart, b: chart, c: chart, d: chart}\n"}
        layers = (ValuesLayer("data: {b: first, c: first, d: null}\n"), ValuesLayer("data: {c: second}\n"))
        rendered = build_helm(unit_of(values=layers), make_tree(files), SETTINGS)
        assert rendered.objects[0].data["data"] == {"a": "chart", "b": "first", "c": "second"}

    def test_parameters_win_over_layers(self, make_tree: MakeTree) -> None:
        """``--set`` reads numbers and lists, ``--set-string`` does not; a comma that is escaped stays."""
        template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {all: {{ .Values | toJson | quote }}}\n"
        here = Location("app.yaml", Region(3, 1, 3, 5))
        parameters = (
            Parameter("size", "3", here),
            Parameter("text", "3", here, text=True),
            Parameter("list[0]", r"a\,b", here),
            Parameter("--debug", "x", here),
        )
        files = chart_of(a=template)
        rendered = build_helm(
            unit_of(values=(ValuesLayer("size: 2\n"),), parameters=parameters), make_tree(files), SETTINGS
        )
        assert rendered.objects[0].data["data"] == {"all": '{"--debug":"x","list":["a,b"],"size":3,"text":"3"}'}

    def test_values_may_stand_in_place_of_the_charts_own(self, make_tree: MakeTree) -> None:
        """With base_values the chart's values.yaml is not read, and the layers are laid over them."""
        template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {{ .Values | toJson }}\n"
        files = chart_of(a=template)
        unit = unit_of(values=(ValuesLayer("b: layer\n"),))
        assert isinstance(unit.build, HelmBuild)
        base = (ValuesLayer("a: base\nb: base\nc: {d: e}\n"), ValuesLayer("a: over\nc: {f: g}\n"))
        unit = replace(unit, build=replace(unit.build, base_values=base))
        rendered = build_helm(unit, make_tree(files), SETTINGS)
        assert rendered.objects[0].data["data"] == {"a": "over", "b": "layer", "c": {"d": "e", "f": "g"}}

    def test_encrypted_values_are_not_read(self, make_tree: MakeTree) -> None:
        """The release is not rendered, and that is said; where the layer may be missing it is rendered without it."""
        text = "size: ENC[AES256_GCM,data:a]\nsops: {mac: b, version: 3.8.1}\n"
        files = chart_of() | {"web/secrets.yaml": text}
        layer = ValuesLayer(text, "web/secrets.yaml")
        rendered = build_helm(unit_of(values=(layer,)), make_tree(files), SETTINGS)
        assert rendered.failed
        assert rendered.unchecked == (
            (
                "web/secrets.yaml",
                "its values are encrypted (SOPS), so the release that they belong to is not rendered",
            ),
        )
        assert [(one.rule, one.level) for one in rendered.problems] == [("not-followed", None)]
        rendered = build_helm(unit_of(values=(replace(layer, optional=True),)), make_tree(files), SETTINGS)
        assert [one.data["data"]["size"] for one in rendered.objects] == ["small"]
        assert rendered.unchecked == (
            ("web/secrets.yaml", "its values are encrypted (SOPS): the release is rendered without them"),
        )

    def test_what_helm_warns_of_is_a_note_without_values(self, make_tree: MakeTree) -> None:
        """A mapping in place of a single value is warned of; what it holds is not shown."""
        layer = ValuesLayer("db: {size: {password: hunter2}}\n")
        files = chart_of() | chart_of(name="db", folder="web/charts/db")
        rendered = build_helm(unit_of(values=(layer,)), make_tree(files), SETTINGS)
        assert rendered.notes == ("skipped value for web.db.size: Not a table",)


@pytest.mark.usefixtures("renderers")
class TestDependencies:
    MORE = "dependencies:\n- {name: common, version: 1.0.0, repository: 'file://../common'}\n"
    USING = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n"
        '    {{- include "common.labels" . | nindent 4 }}\n'
    )

    def _common(self, version: str = "1.0.0") -> dict[str, str]:
        return {
            "common/Chart.yaml": f"apiVersion: v2\nname: common\ntype: library\nversion: {version}\n",
            "common/templates/_labels.tpl": LIBRARY,
        }

    def test_a_chart_beside_the_chart_is_put_into_it(self, make_tree: MakeTree) -> None:
        """A ``file://`` dependency is packed as Helm packs it, and its files are inputs."""
        files = chart_of(more=self.MORE, a=self.USING) | self._common()
        rendered = build_helm(unit_of(), make_tree(files), SETTINGS)
        assert names(rendered) == ["ConfigMap a < web/templates/a.yaml"]
        assert rendered.objects[0].data["metadata"]["labels"] == {"part-of": "none"}
        assert rendered.inputs == frozenset(files)

    def test_an_object_of_a_chart_beside_it_is_traced_to_its_own_file(self, make_tree: MakeTree) -> None:
        """Whether by its name or by an alias."""
        more = "dependencies:\n- {name: db, alias: store, version: 1.x, repository: 'file://../libs/db'}\n"
        files = chart_of(more=more) | chart_of(name="db", folder="libs/db", db=CONFIG.replace("-config", "-db"))
        rendered = build_helm(unit_of(values=(ValuesLayer("store: {size: big}\n"),)), make_tree(files), SETTINGS)
        assert names(rendered) == [
            "ConfigMap rel-db < libs/db/templates/db.yaml",
            "ConfigMap rel-config < web/templates/config.yaml",
        ]
        assert rendered.objects[0].data["data"]["size"] == "big"

    def test_a_chart_beside_it_that_cannot_be_loaded(self, make_tree: MakeTree) -> None:
        """Its own file is blamed."""
        files = chart_of(more=self.MORE, a=self.USING) | self._common()
        files["common/Chart.yaml"] = "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: lib\n"
        expected = ["common/Chart.yaml:4:7-10 chart-invalid: Chart.yaml: type must be application or library"]
        for ignored in ("docs/\n*.bak\n", "templates/_l*\n"):
            files["common/.helmignore"] = ignored
            rendered = build_helm(unit_of(), make_tree(files), SETTINGS)
            assert [said(one) for one in rendered.problems] == expected

    def test_what_a_chart_beside_it_ignores_is_left_out(self, make_tree: MakeTree) -> None:
        """As Helm leaves it out when it packs the chart."""
        files = chart_of(more=self.MORE, a=self.USING) | self._common()
        files["common/.helmignore"] = "# mine\n\n/templates/secret.yaml\n"
        files["common/templates/secret.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\n"
        files["common/templates/.hidden.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata: {name: c}\n"
        rendered = build_helm(unit_of(), make_tree(files), SETTINGS)
        assert names(rendered) == ["ConfigMap a < web/templates/a.yaml"]

    def test_dependencies_of_a_chart_beside_it_are_not_brought(self, make_tree: MakeTree) -> None:
        """Helm does not bring them, and does not miss them."""
        files = chart_of(more=self.MORE, a=self.USING) | self._common()
        files["common/Chart.yaml"] += "dependencies:\n- {name: gone, version: 1.0.0, repository: 'file://../gone'}\n"
        rendered = build_helm(unit_of(), make_tree(files), SETTINGS)
        assert names(rendered) == ["ConfigMap a < web/templates/a.yaml"]

    def test_a_packed_chart_is_traced_to_its_archive(self, make_tree: MakeTree) -> None:
        """Inside of an archive there are no lines to point at."""
        packed = archive(chart_of(name="db", folder="db", db=CONFIG.replace("-config", "-db")))
        more = "dependencies:\n- {name: db, version: 1.0.0, repository: 'https://charts.example.com'}\n"
        tree = make_tree({**chart_of(more=more), "web/charts/db-1.0.0.tgz": packed})
        assert names(build_helm(unit_of(), tree, SETTINGS)) == [
            "ConfigMap rel-db < web/charts/db-1.0.0.tgz",
            "ConfigMap rel-config < web/templates/config.yaml",
        ]

    def test_a_chart_that_is_not_beside_the_chart(self, make_tree: MakeTree) -> None:
        """The line that names it is blamed."""
        rendered = build_helm(unit_of(), make_tree(chart_of(more=self.MORE)), SETTINGS)
        assert [said(one) for one in rendered.problems] == [
            (
                "web/Chart.yaml:5:46-64 chart-invalid: the dependency common is to be at file://../common, and there "
                "is no chart in this repository"
            )
        ]

    def test_a_chart_beside_the_chart_of_another_version(self, make_tree: MakeTree) -> None:
        """``helm dependency build`` refuses it, and so do the agents that call it."""
        lock = "dependencies:\n- {name: common, repository: 'file://../common', version: 1.0.0}\n"
        files = chart_of(more=self.MORE.replace("1.0.0", "1.x"), a=self.USING) | self._common("1.1.0")
        assert build_helm(unit_of(), make_tree(files), SETTINGS).problems == ()
        rendered = build_helm(unit_of(), make_tree(files | {"web/Chart.lock": lock}), SETTINGS)
        assert [said(one) for one in rendered.problems] == [
            (
                "web/Chart.yaml:5:27-30 chart-invalid: the dependency common is 1.1.0 in common/Chart.yaml, and "
                "Chart.lock asks for 1.0.0"
            )
        ]

    def test_a_lock_of_other_dependencies(self, make_tree: MakeTree, tmp_path: Path) -> None:
        """Where something has to be built, Helm and Argo CD refuse a lock that is not current; Flux does not ask."""
        more = (
            "dependencies:\n- {name: common, version: '>=1.0.0 <2', repository: 'file://../common', tags: [a], "
            "import-values: [data, {parent: b, child: a}]}\n"
        )
        files = chart_of(more=more, a=self.USING) | self._common()
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        done = run((str(built("helm")), "dependency", "update", str(tmp_path / "web")))
        assert done.code == 0
        files["web/Chart.lock"] = (tmp_path / "web/Chart.lock").read_text()
        assert build_helm(unit_of(), make_tree(files), SETTINGS).problems == ()
        files["web/Chart.yaml"] = files["web/Chart.yaml"].replace("<2", "<3")
        tree = make_tree(files)
        rendered = build_helm(unit_of(), tree, SETTINGS)
        line = "chart-invalid: Chart.lock was made of other dependencies than the chart has now"
        assert [said(one).partition(" ")[2] for one in rendered.problems] == [line]
        assert [one.location.file for one in rendered.problems] == ["web/Chart.lock"]
        assert [(one.level, one.fatal) for one in rendered.problems] == [(Level.WARNING, False)]
        owner = Owner(ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", "web"), Location("app.yaml"))
        rendered = build_helm(replace(unit_of(), owner=owner), tree, SETTINGS)
        assert [(said(one).partition(" ")[2], one.fatal) for one in rendered.problems] == [(line, True)]

    def test_a_chart_that_would_have_to_be_fetched(self, make_tree: MakeTree) -> None:
        """It is not, unless the config says so; the help says how."""
        more = "dependencies:\n- name: redis\n  version: 17.x.x\n  repository: https://charts.example.com/stable\n"
        rendered = build_helm(unit_of(), make_tree(chart_of(more=more)), SETTINGS)
        assert [said(one) for one in rendered.problems] == [
            (
                "web/Chart.yaml:7:15-48 not-followed: the chart is not rendered: its dependency redis is not in "
                "charts/, and the config does not allow fetching from https://charts.example.com/stable"
            )
        ]
        assert rendered.problems[0].help == (
            "put the chart into the repository, or allow the host in .gategit.yaml: "
            "`render: {remotes: [{host: charts.example.com}]}`"
        )
        assert rendered.unchecked == (
            (
                "web/Chart.yaml: the chart redis",
                "the config does not allow fetching from https://charts.example.com/stable",
            ),
        )

    def test_a_dependency_from_nowhere(self, make_tree: MakeTree) -> None:
        """Without a repository it has to be in charts/."""
        rendered = build_helm(
            unit_of(), make_tree(chart_of(more="dependencies:\n- {name: db, version: 1.0.0}\n")), SETTINGS
        )
        assert [said(one) for one in rendered.problems] == [
            "web/Chart.yaml:5:3-29 chart-invalid: the dependency db names no repository, and it is not in charts/"
        ]

    def test_charts_of_helm_2_name_their_dependencies_elsewhere(self, make_tree: MakeTree) -> None:
        """requirements.yaml is read as Chart.yaml is."""
        files = chart_of(a=self.USING) | self._common()
        files["web/Chart.yaml"] = "apiVersion: v1\nname: web\nversion: 1.0.0\n"
        files["web/requirements.yaml"] = self.MORE
        rendered = build_helm(unit_of(), make_tree(files), SETTINGS)
        assert names(rendered) == ["ConfigMap a < web/templates/a.yaml"]


@pytest.mark.usefixtures("renderers")
class TestLimits:
    @pytest.mark.parametrize(
        ("template", "settings", "message"),
        [
            (
                "{{- range until 100000 }}{{- range until 100000 }}{{- end }}{{- end }}",
                RenderSettings(timeout=1.0),
                "helm did not end within 1 seconds",
            ),
            (
                '{{- range until 1000 }}# {{ repeat 1000 "x" }}\n{{- end }}\nkind: A\napiVersion: v1\n',
                RenderSettings(output=100_000),
                "helm wrote more than the 100,000 bytes that a build may write",
            ),
        ],
        ids=["time", "output"],
    )
    def test_hostile_templates_are_ended(
        self, make_tree: MakeTree, template: str, settings: RenderSettings, message: str
    ) -> None:
        """A template that never ends, writes too much or takes too much memory leaves the unit undecided."""
        rendered = build_helm(unit_of(), make_tree(chart_of(a=template)), settings)
        assert [said(one) for one in rendered.problems] == [
            f"web/Chart.yaml not-rendered: the chart in web is not rendered: {message}"
        ]
        assert rendered.objects == ()

    def test_a_template_that_takes_too_much_memory_is_ended(self, make_tree: MakeTree) -> None:
        """The unit is undecided; how Helm ends then is its own affair."""
        files = chart_of(a='{{ repeat 2000 (repeat 1000 (repeat 1000 "x")) | quote }}')
        rendered = build_helm(unit_of(), make_tree(files), RenderSettings(memory=512 << 20))
        assert [(one.rule, one.location) for one in rendered.problems] == [("not-rendered", Location("web/Chart.yaml"))]

    def test_no_more_files_are_placed_than_a_build_may_read(self, make_tree: MakeTree) -> None:
        """The first file too many is named."""
        rendered = build_helm(unit_of(), make_tree(chart_of()), RenderSettings(files=2))
        assert [said(one) for one in rendered.problems] == [
            "web/values.yaml not-rendered: web/values.yaml is one file too many: a build may read 2"
        ]


@pytest.mark.usefixtures("renderers")
class TestNames:
    @pytest.mark.parametrize("release", ["--post-renderer=/bin/sh", "-x", "Web", "a\nb", "", "a" * 54, "a/b"])
    def test_a_release_has_a_name_that_helm_takes(self, make_tree: MakeTree, release: str) -> None:
        """Whatever else stands there reaches no command line."""
        rendered = build_helm(unit_of(release=release), make_tree(chart_of()), SETTINGS)
        assert [one.rule for one in rendered.problems] == ["render-failed"]
        assert "is no name that Helm takes for a release" in rendered.problems[0].message
        assert "\n" not in rendered.problems[0].message

    @pytest.mark.parametrize("namespace", ["-x", "Shop", "a b", "a" * 64])
    def test_a_namespace_has_a_name_that_a_cluster_takes(self, make_tree: MakeTree, namespace: str) -> None:
        """The same for the namespace."""
        rendered = build_helm(unit_of(namespace=namespace), make_tree(chart_of()), SETTINGS)
        assert ["is no name of a namespace" in one.message for one in rendered.problems] == [True]

    @pytest.mark.parametrize("folder", ["--help", "-web", "we b", "w{e}b"])
    def test_a_folder_may_have_any_name(self, make_tree: MakeTree, folder: str) -> None:
        """A folder is never taken for an option."""
        rendered = build_helm(unit_of(folder), make_tree(chart_of(folder=folder)), SETTINGS)
        assert names(rendered) == [f"ConfigMap rel-config < {folder}/templates/config.yaml"]

    def test_a_parameter_with_a_null_character(self, make_tree: MakeTree) -> None:
        """No program can be given it."""
        parameter = Parameter("a", "b\0c", Location("app.yaml"))
        rendered = build_helm(unit_of(parameters=(parameter,)), make_tree(chart_of()), SETTINGS)
        assert [said(one) for one in rendered.problems] == [
            "app.yaml render-failed: what Helm is told holds a null character, which no program takes"
        ]


class TestInputs:
    def test_inputs_are_known_without_helm(self, make_tree: MakeTree) -> None:
        """The chart's files, those of charts beside it, and files of values; nothing else of the tree."""
        more = "dependencies:\n- {name: db, version: 1.0.0, repository: 'file://../db'}\n"
        files = (
            chart_of(more=more) | chart_of(name="db", folder="db") | {"values/prod.yaml": "a: b\n", "other.yaml": "x\n"}
        )
        path: FieldPath = ("spec", "values")
        layers = (ValuesLayer("a: b\n", "values/prod.yaml"), ValuesLayer("c: d\n", "app.yaml", 0, path))
        build = unit_of(values=layers).build
        assert isinstance(build, HelmBuild)
        assert sorted(inputs_of_helm(build, make_tree(files))) == [
            "app.yaml",
            "db/Chart.yaml",
            "db/templates/config.yaml",
            "db/values.yaml",
            "values/prod.yaml",
            "web/Chart.yaml",
            "web/templates/config.yaml",
            "web/values.yaml",
        ]

    def test_a_link_to_a_chart_is_an_input(self, make_tree: MakeTree) -> None:
        """It may come to lead to another chart."""
        files = chart_of(folder="charts/web") | {"apps": "->charts"}
        build = unit_of("apps/web").build
        assert isinstance(build, HelmBuild)
        assert sorted(inputs_of_helm(build, make_tree(files))) == [
            "apps",
            "charts/web/Chart.yaml",
            "charts/web/templates/config.yaml",
            "charts/web/values.yaml",
        ]

    def test_links_in_a_circle_end(self, make_tree: MakeTree) -> None:
        """A folder that links to itself is read a limited number of times."""
        files = chart_of() | {"web/files/a": "->..", "web/files/b": "->.."}
        build = unit_of().build
        assert isinstance(build, HelmBuild)
        assert "web/files/a" in inputs_of_helm(build, make_tree(files))


def test_helm_that_is_not_installed(make_tree: MakeTree) -> None:
    """The unit is undecided, and the help says how to mend it."""
    rendered = build_helm(unit_of(), make_tree(chart_of()), RenderSettings(helm="/nowhere/helm"))
    assert [said(one) for one in rendered.problems] == [
        (
            "web/Chart.yaml not-rendered: the chart in web is not rendered: "
            'render.helm.program names "/nowhere/helm", which is no program'
        )
    ]
    assert rendered.problems[0].help == "correct the path, or remove render.helm.program to take the helm in PATH"

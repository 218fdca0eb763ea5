"""The Applications that ApplicationSets make, and what is wrong with ApplicationSets that make none."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import pytest

from gategit.checks.references.sources import dig
from gategit.render.applicationset import Made, applications_of
from gategit.render.argocd import argocd_units
from gategit.render.values import RenderSettings
from gategit.render.world import World
from tests.render.conftest import MakeTree
from tests.render.test_argocd import CONFIG_MAP, URL, lines, read_world

CLUSTERS = (
    {"name": "EU_1", "server": "https://eu.example.com", "labels": {"env": "prod"}, "target": "eu"},
    {"name": "us", "server": "https://us.example.com", "labels": {"env": "staging"}, "target": "us"},
    {"name": "nobody-knows-where", "server": "", "labels": {}},
)
TEMPLATE = """template:
  metadata: {name: "web-{{name}}"}
  spec:
    project: default
    source: {repoURL: '%s', path: "apps/{{name}}"}
    destination: {server: https://kubernetes.default.svc, namespace: shop}
""" % (URL,)  # noqa: UP031  braces are the template's


def appset(spec: str, *, go: bool = False, options: str = "") -> str:
    """An ApplicationSet."""
    head = "goTemplate: true\n" if go else ""
    head += f"goTemplateOptions: [{options}]\n" if options else ""
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: set, namespace: argocd}\nspec:\n"
        + textwrap.indent(head + textwrap.dedent(spec).strip("\n") + "\n", "  ")
    )


def go_template(name: str, path: str = "apps/web", more: str = "") -> str:
    """A template of Go's with a name and a path."""
    return textwrap.dedent(
        f"""
        template:
          metadata: {{name: '{name}'}}
          spec:
            project: default
            source: {{repoURL: '{URL}', path: '{path}'}}
            destination: {{server: https://kubernetes.default.svc, namespace: shop}}
        """
    ).lstrip("\n") + textwrap.dedent(more)


def make(world: World) -> Made:
    """What the one ApplicationSet of the world makes."""
    (one,) = [one for one in world.objects if one.data["kind"] == "ApplicationSet"]
    return applications_of(one, world)


def said(made: Made) -> list[tuple[str, int | None, str]]:
    """Each problem by file, line and message."""
    assert {one.rule for one in made.problems} <= {"applicationset-failed"}
    return [
        (one.location.file, one.location.region.line if one.location.region else None, one.message)
        for one in made.problems
    ]


def names(made: Made) -> list[str]:
    """The names of the Applications."""
    return [one.name for one in made.applications]


def value(made: Made, *path: str | int) -> list[Any]:
    """A field of each Application."""
    return [dig(one.data, *path) for one in made.applications]


def test_a_list_of_elements(make_tree: MakeTree) -> None:
    """Each element makes one; its values stand under ``values``; what nobody gave is left as it is."""
    spec = """
        generators:
          - list:
              elements:
                - {name: eu, values: {size: big}}
                - {name: us}
    """
    text = appset(textwrap.dedent(spec) + TEMPLATE + "    info: [{name: size, value: '{{ values.size }}'}]\n")
    files = {"set.yaml": text, "apps/eu/a.yaml": CONFIG_MAP, "apps/us/a.yaml": CONFIG_MAP}
    made = make(read_world(make_tree, files))

    assert made.problems == []
    assert names(made) == ["web-eu", "web-us"]
    assert value(made, "spec", "source", "path") == ["apps/eu", "apps/us"]
    assert value(made, "spec", "info", 0, "value") == ["big", "{{ values.size }}"]
    assert value(made, "metadata", "namespace") == ["argocd", "argocd"]
    assert value(made, "metadata", "finalizers") == [["resources-finalizer.argocd.argoproj.io"]] * 2


def test_generated_applications_are_built(make_tree: MakeTree) -> None:
    """Their units are named as the Applications are, and stand where the ApplicationSet's template does."""
    text = appset("generators: [{list: {elements: [{name: eu}]}}]\n" + TEMPLATE)
    world = read_world(make_tree, {"set.yaml": text, "apps/eu/a.yaml": CONFIG_MAP})
    (unit,) = argocd_units(world.objects, world).units

    assert unit.name == "Argo CD Application argocd/web-eu"
    assert unit.owner is not None
    assert unit.owner.location.file == "set.yaml"
    assert unit.owner.location.region is not None
    assert unit.owner.location.region.line == 7


def test_a_path_that_resolves_to_nothing(make_tree: MakeTree) -> None:
    """The finding stands on the template and names the parameters that lead nowhere."""
    text = appset("generators: [{list: {elements: [{name: eu}, {name: us}]}}]\n" + TEMPLATE)
    world = read_world(make_tree, {"set.yaml": text, "apps/eu/a.yaml": CONFIG_MAP})
    found = argocd_units(world.objects, world)

    assert [one.name for one in found.units] == ["Argo CD Application argocd/web-eu"]
    assert lines(found) == [
        (
            "dangling-reference",
            "set.yaml",
            10,
            (
                'Application argocd/web-us: spec.source.path is "apps/us", but there is no such folder in this '
                "repository (generated with name = us)"
            ),
        )
    ]


def test_a_parameter_that_nobody_gives(make_tree: MakeTree) -> None:
    """Where an Application must have a name or a path, braces that are left are a mistake, said once."""
    spec = "generators: [{list: {elements: [{nmae: eu}, {nmae: us}]}}]\n" + TEMPLATE
    made = make(read_world(make_tree, {"set.yaml": appset(spec)}))

    assert names(made) == []
    assert said(made) == [
        (
            "set.yaml",
            7,
            (
                "ApplicationSet argocd/set: spec.template.metadata.name asks for {{name}}, and there is no such "
                "parameter (with nmae = eu)"
            ),
        ),
        (
            "set.yaml",
            10,
            (
                "ApplicationSet argocd/set: spec.template.spec.source.path asks for {{name}}, and there is no such "
                "parameter (with nmae = eu)"
            ),
        ),
    ]


def test_go_templates_know_functions_and_nested_parameters(make_tree: MakeTree) -> None:
    """With ``goTemplate: true`` parameters are data, and texts are Go's templates."""
    spec = "generators: [{list: {elements: [{env: {name: Prod EU}, replicas: 3}]}}]\n" + go_template(
        "web-{{ .env.name | normalize }}"
    )
    spec += "    info: [{name: n, value: '{{ .replicas }}'}]\n"
    made = make(read_world(make_tree, {"set.yaml": appset(spec, go=True), "apps/web/a.yaml": CONFIG_MAP}))

    assert made.problems == []
    assert names(made) == ["web-prod-eu"]
    assert value(made, "spec", "info", 0, "value") == ["3"]


def test_a_go_template_that_fails(make_tree: MakeTree) -> None:
    """With ``missingkey=error`` a parameter that is not there fails; other sets of parameters still make theirs."""
    spec = "generators: [{list: {elements: [{name: eu}, {nmae: us}]}}]\n" + go_template("web-{{ .name }}")
    text = appset(spec, go=True, options="missingkey=error")
    made = make(read_world(make_tree, {"set.yaml": text, "apps/web/a.yaml": CONFIG_MAP}))

    assert names(made) == ["web-eu"]
    assert said(made) == [
        (
            "set.yaml",
            9,
            (
                'ApplicationSet argocd/set: the template "web-{{ .name }}" fails: it asks for "name", and there is no '
                "such parameter (with nmae = us)"
            ),
        )
    ]


def test_without_missingkey_error_nothing_fails_but_the_name_is_wrong(make_tree: MakeTree) -> None:
    """Go writes ``<no value>``, which is a name of nothing."""
    spec = "generators: [{list: {elements: [{nmae: us}]}}]\n" + go_template("web-{{ .name }}")
    made = make(read_world(make_tree, {"set.yaml": appset(spec, go=True)}))

    assert said(made) == [
        (
            "set.yaml",
            8,
            (
                "ApplicationSet argocd/set: spec.template.metadata.name asks for a parameter that is not there "
                "(with nmae = us)"
            ),
        )
    ]


def test_a_template_that_is_not_understood_is_counted(make_tree: MakeTree) -> None:
    """Nothing is guessed: the ApplicationSet counts as not looked at."""
    spec = "generators: [{list: {elements: [{name: us}]}}]\n" + go_template("web-{{ .name | sha256sum | trunc 5 }}")
    made = make(read_world(make_tree, {"set.yaml": appset(spec, go=True)}))

    assert made.problems == []
    assert made.unchecked == [
        (
            "set.yaml: ApplicationSet argocd/set",
            'the template "web-{{ .name | sha256sum | trunc 5 }}" uses the function sha256sum',
        )
    ]


def test_a_function_that_there_is_not(make_tree: MakeTree) -> None:
    """Argo CD does not parse the template; one that it has, and that is not followed here, is another matter."""
    spec = "generators: [{list: {elements: [{name: us}]}}]\n" + go_template("web-{{ .name | nope }}")
    made = make(read_world(make_tree, {"set.yaml": appset(spec, go=True)}))

    assert made.unchecked == []
    assert [(one.rule, one.location.region and one.location.region.line, one.message) for one in made.problems] == [
        (
            "applicationset-failed",
            8,
            (
                'ApplicationSet argocd/set: the template "web-{{ .name | nope }}" fails: there is no function nope '
                "(with name = us)"
            ),
        )
    ]


def test_folders_of_a_repository(make_tree: MakeTree) -> None:
    """Each folder that matches, but for what is left out; hidden folders are never found."""
    spec = f"""
        generators:
          - git:
              repoURL: {URL}
              revision: HEAD
              directories:
                - path: apps/*
                - {{path: apps/old, exclude: true}}
              values: {{team: 'team-{{{{path.basename}}}}'}}
        template:
          metadata: {{name: '{{{{path.basenameNormalized}}}}', labels: {{team: '{{{{values.team}}}}'}}}}
          spec:
            project: default
            source: {{repoURL: '{URL}', path: '{{{{path}}}}'}}
            destination: {{server: https://kubernetes.default.svc, namespace: '{{{{path[1]}}}}'}}
    """
    files = [f"apps/{name}/a.yaml" for name in ("Web_1", "db", "old", ".hidden", "db/deep")]
    made = make(read_world(make_tree, {"set.yaml": appset(spec), **dict.fromkeys(files, CONFIG_MAP)}))

    assert made.problems == []
    assert names(made) == ["web-1", "db"]
    assert value(made, "spec", "source", "path") == ["apps/Web_1", "apps/db"]
    assert value(made, "spec", "destination", "namespace") == ["Web_1", "db"]
    assert value(made, "metadata", "labels", "team") == ["team-Web_1", "team-db"]


def test_files_of_a_repository(make_tree: MakeTree) -> None:
    """The parameters are what the files hold, and where they lie; a list of mappings is several sets."""
    spec = f"""
        generators:
          - git:
              repoURL: {URL}
              pathParamPrefix: file
              files: [{{path: "envs/*.json"}}, {{path: envs/all/list.yaml}}]
    """
    spec = textwrap.dedent(spec) + go_template("{{ .cluster.name }}-{{ .file.path.basename }}")
    files = {
        "envs/eu/config.json": '{"cluster": {"name": "eu"}}',
        "envs/all/list.yaml": "- cluster: {name: a}\n- cluster: {name: b}\n",
        "apps/web/a.yaml": CONFIG_MAP,
    }
    made = make(read_world(make_tree, {"set.yaml": appset(spec, go=True), **files}))

    assert made.problems == []
    assert names(made) == ["a-all", "b-all", "eu-eu"]


def test_a_file_that_holds_no_parameters(make_tree: MakeTree) -> None:
    """The finding stands in that file."""
    spec = f"generators: [{{git: {{repoURL: '{URL}', files: [{{path: envs/*.json}}]}}}}]\n" + TEMPLATE
    made = make(read_world(make_tree, {"set.yaml": appset(spec), "envs/eu.json": '{"a":\n  ]}'}))
    ((file, line, message),) = said(made)

    assert (file, line) == ("envs/eu.json", 2)
    assert message.startswith("ApplicationSet argocd/set: envs/eu.json holds no parameters: ")


def test_another_repository_is_counted(make_tree: MakeTree) -> None:
    """What lies in other repositories is nothing that can be known here."""
    url = "https://git.example.com/other/config.git"
    spec = f"generators: [{{git: {{repoURL: '{url}', directories: [{{path: '*'}}]}}}}]\n" + TEMPLATE
    made = make(read_world(make_tree, {"set.yaml": appset(spec)}))

    assert made.unchecked == [
        (
            "set.yaml: ApplicationSet argocd/set: spec.generators[0]",
            f"its source {url} is not known to be this repository",
        )
    ]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", ["web-eu-1-", "web-us-", "web-in-cluster-"]),
        ("selector: {matchLabels: {env: prod}}", ["web-eu-1-prod"]),
        (
            "selector: {matchExpressions: [{key: env, operator: In, values: [prod, staging]}]}",
            ["web-eu-1-prod", "web-us-staging"],
        ),
    ],
)
def test_clusters_come_from_the_config(make_tree: MakeTree, selector: str, expected: list[str]) -> None:
    """Those whose labels are asked for; Argo CD's own too, where none are."""
    label = "{{ .metadata.labels.env }}" if selector else ""
    spec = f"generators: [{{clusters: {{{selector}}}}}]\n" + go_template("web-{{ .nameNormalized }}-" + label)
    settings = RenderSettings(clusters=CLUSTERS)
    text = appset(spec, go=True)
    made = make(read_world(make_tree, {"set.yaml": text, "apps/web/a.yaml": CONFIG_MAP}, settings))

    assert names(made) == expected


def test_without_a_config_clusters_are_not_known(make_tree: MakeTree) -> None:
    """Nobody guesses which clusters Argo CD has."""
    made = make(read_world(make_tree, {"set.yaml": appset("generators: [{clusters: {}}]\n" + TEMPLATE)}))

    assert [reason for _, reason in made.unchecked] == [
        "it asks for Argo CD's clusters, and the config gives no target a server"
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("scmProvider", "it asks a Git host for its repositories"),
        ("pullRequest", "it asks a Git host for its pull requests"),
        ("plugin", "a plugin finds its parameters"),
        ("clusterDecisionResource", "it reads an object of the cluster"),
    ],
)
def test_generators_that_ask_somebody_else_are_counted(make_tree: MakeTree, name: str, reason: str) -> None:
    """Alone, and within others."""
    alone = appset(f"generators: [{{{name}: {{}}}}, {{list: {{elements: [{{name: us}}]}}}}]\n" + TEMPLATE)
    inner = appset(
        f"generators: [{{matrix: {{generators: [{{list: {{elements: [{{a: b}}]}}}}, {{{name}: {{}}}}]}}}}]\n" + TEMPLATE
    )
    first = make(read_world(make_tree, {"set.yaml": alone, "apps/us/a.yaml": CONFIG_MAP}))
    second = make(read_world(make_tree, {"set.yaml": inner}))

    assert names(first) == ["web-us"]
    assert [one for _, one in first.unchecked] == [reason]
    assert [one for _, one in second.unchecked] == [reason]


def test_a_matrix_fills_the_first_into_the_second(make_tree: MakeTree) -> None:
    """Every pair of sets; what the first finds may stand in what the second asks for."""
    spec = f"""
        generators:
          - matrix:
              generators:
                - list: {{elements: [{{env: eu}}, {{env: us}}]}}
                - git: {{repoURL: '{URL}', directories: [{{path: 'envs/{{{{env}}}}/*'}}]}}
        template:
          metadata: {{name: '{{{{path.basename}}}}-{{{{env}}}}'}}
          spec:
            project: default
            source: {{repoURL: '{URL}', path: '{{{{path}}}}'}}
            destination: {{server: https://kubernetes.default.svc}}
    """
    files = dict.fromkeys(["envs/eu/web/a.yaml", "envs/eu/db/a.yaml", "envs/us/web/a.yaml"], CONFIG_MAP)
    made = make(read_world(make_tree, {"set.yaml": appset(spec), **files}))

    assert made.problems == []
    assert names(made) == ["db-eu", "web-eu", "web-us"]


def test_a_merge_overrides_by_keys(make_tree: MakeTree) -> None:
    """The first generator says which sets there are; the others change those with the same keys."""
    spec = """
        generators:
          - merge:
              mergeKeys: [name]
              generators:
                - list: {elements: [{name: eu, dir: base}, {name: us, dir: base}]}
                - list: {elements: [{name: us, dir: special}, {name: asia, dir: x}]}
    """
    spec = textwrap.dedent(spec) + TEMPLATE.replace("apps/{{name}}", "apps/{{dir}}")
    files = dict.fromkeys(["apps/base/a.yaml", "apps/special/a.yaml"], CONFIG_MAP)
    made = make(read_world(make_tree, {"set.yaml": appset(spec), **files}))

    assert names(made) == ["web-eu", "web-us"]
    assert value(made, "spec", "source", "path") == ["apps/base", "apps/special"]


def test_a_selector_drops_sets(make_tree: MakeTree) -> None:
    """A generator's selector looks at the parameters themselves."""
    spec = """
        generators:
          - list: {elements: [{name: eu, env: prod}, {name: us, env: staging}]}
            selector: {matchLabels: {env: prod}}
    """
    files = {"set.yaml": appset(textwrap.dedent(spec) + TEMPLATE), "apps/eu/a.yaml": CONFIG_MAP}

    assert names(make(read_world(make_tree, files))) == ["web-eu"]


def test_a_generators_own_template_wins(make_tree: MakeTree) -> None:
    """What it leaves open comes from the common one."""
    spec = """
        generators:
          - list:
              elements: [{name: eu}]
              template: {metadata: {name: 'own-{{name}}'}, spec: {destination: {namespace: own}}}
    """
    files = {"set.yaml": appset(textwrap.dedent(spec) + TEMPLATE), "apps/eu/a.yaml": CONFIG_MAP}
    made = make(read_world(make_tree, files))

    assert names(made) == ["own-eu"]
    assert value(made, "spec", "destination") == [{"namespace": "own", "server": "https://kubernetes.default.svc"}]


def test_a_patch_of_the_template(make_tree: MakeTree) -> None:
    """It is laid over the Application; the project is not for it to change."""
    more = """
        templatePatch: |
          spec:
            project: other
            {{- if .prune }}
            syncPolicy: {automated: {prune: {{ .prune }}}}
            {{- end }}
    """
    spec = "generators: [{list: {elements: [{name: eu, prune: true}, {name: us}]}}]\n"
    text = appset(spec + go_template("web-{{ .name }}", more=more), go=True)
    made = make(read_world(make_tree, {"set.yaml": text, "apps/web/a.yaml": CONFIG_MAP}))

    assert value(made, "spec", "syncPolicy") == [{"automated": {"prune": True}}, None]
    assert value(made, "spec", "project") == ["default", "default"]


@pytest.mark.parametrize(
    ("generator", "line", "message"),
    [
        ("matrix: {generators: [{list: {}}]}", 5, "a matrix has two generators, and this one has 1"),
        ("merge: {generators: [{list: {}}, {list: {}}]}", 5, "a merge has no mergeKeys"),
        (
            "merge: {mergeKeys: [a], generators: [{list: {elements: [{a: x}, {a: x}]}}, {list: {}}]}",
            5,
            "two sets of parameters have the same mergeKeys (a = x)",
        ),
        (
            "matrix: {generators: [{list: {elements: [{a: x}]}}, {list: {elements: [{a: z}]}}]}",
            5,
            'both generators of a matrix set a, one to "x" and one to "z"',
        ),
        (
            "list: {elements: [{a: 3}]}",
            5,
            'the parameter a is no text, which it must be without "goTemplate: true"',
        ),
        ("lsit: {}", 5, "an entry holds no generator that Argo CD knows"),
        (f"git: {{repoURL: '{URL}'}}", 5, "a git generator names neither directories nor files"),
        (
            f"git: {{repoURL: '{URL}', directories: [{{path: 'a['}}]}}",
            5,
            '"a[" is no pattern: a [ has no ]',
        ),
    ],
)
def test_generators_that_argo_cd_refuses(make_tree: MakeTree, generator: str, line: int, message: str) -> None:
    """Each on its line."""
    text = appset(f"generators: [{{{generator}}}]\n" + TEMPLATE)
    made = make(read_world(make_tree, {"set.yaml": text}))

    assert said(made) == [("set.yaml", line, f"ApplicationSet argocd/set: {message}")]


def test_two_applications_of_one_name(make_tree: MakeTree) -> None:
    """The controller makes neither."""
    spec = "generators: [{list: {elements: [{name: eu, a: x}, {name: eu, a: z}]}}]\n" + TEMPLATE
    made = make(read_world(make_tree, {"set.yaml": appset(spec), "apps/eu/a.yaml": CONFIG_MAP}))

    assert said(made) == [("set.yaml", 7, "ApplicationSet argocd/set: it makes two Applications called web-eu")]


def test_many_sets_are_not_followed(make_tree: MakeTree) -> None:
    """A matrix that multiplies is left alone."""
    elements = ", ".join(f"{{k{{i}}: a{number}}}" for number in range(100))

    def generator(index: int) -> str:
        return f"{{list: {{elements: [{elements.replace('{i}', str(index))}]}}}}"

    inner = f"{{matrix: {{generators: [{generator(1)}, {generator(2)}]}}}}"
    spec = f"generators: [{{matrix: {{generators: [{generator(0)}, {inner}]}}}}]\n" + TEMPLATE
    made = make(read_world(make_tree, {"set.yaml": appset(spec)}))

    assert names(made) == []
    assert [reason for _, reason in made.unchecked] == ["it finds more than 5,000 sets of parameters"]


def test_hostile_files_are_not_parameters(make_tree: MakeTree) -> None:
    """A link out of the repository and a bomb of aliases end as what they are."""
    bomb = "a: &a [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1 or ''}, *a{n - 1 or ''}]\n" for n in range(1, 40))
    files: Mapping[str, str] = {"envs/link.yaml": "->/etc/passwd", "bomb/bomb.yml": bomb}
    for folder, kind in (("envs", "unchecked"), ("bomb", "problems")):
        spec = f"generators: [{{git: {{repoURL: '{URL}', files: [{{path: {folder}}}]}}}}]\n" + TEMPLATE
        made = make(read_world(make_tree, {"set.yaml": appset(spec), **files}))

        assert len(getattr(made, kind)) == 1
        assert names(made) == []

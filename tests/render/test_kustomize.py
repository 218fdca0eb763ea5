"""What a build with Kustomize comes to: the program's own objects, where they come from, and why there are none."""

# ruff: noqa: E501  messages under test stand on one line
from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gategit.checks.references.kustomize import read_graph
from gategit.manifests.decode import decode
from gategit.model import Level, Location, ObjectRef, Region
from gategit.render.kustomize import build_kustomize
from gategit.render.kustomize_plan import inputs_of
from gategit.render.rules import RENDER_FAILED
from gategit.render.values import (
    Chart,
    HelmBuild,
    KustomizeBuild,
    Owner,
    Rendered,
    RenderProblem,
    RenderSettings,
    Trace,
    Unit,
)
from tests.conftest import RepositoryBuilder
from tests.render.conftest import MakeTree
from tools.golang import built

pytestmark = pytest.mark.usefixtures("renderers")

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
        image: nginx:1.0
"""


def cm(name: str, *, namespace: str = "", data: str = "{k: v}") -> str:
    """A small object."""
    where = f"\n  namespace: {namespace}" if namespace else ""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}{where}\ndata: {data}\n"


Build = Callable[..., Rendered]


@pytest.fixture
def build(make_tree: MakeTree) -> Build:
    """Commit files and build a folder of the commit."""

    def run(
        files: Mapping[str, str | bytes],
        folder: str = "web",
        settings: RenderSettings | None = None,
        owner: Owner | None = None,
        **options: Any,
    ) -> Rendered:
        tree = make_tree(files)
        unit = Unit(f"kustomization {folder}", KustomizeBuild(folder, **options), owner)
        rendered = build_kustomize(unit, tree, read_graph(tree), settings or RenderSettings())
        assert rendered.unit == unit
        return rendered

    return run


def told(problem: RenderProblem) -> str:
    """A problem as ``level file:line:column-end message``."""
    region = problem.location.region
    where = f":{region.line}:{region.column}-{region.end_column}" if region else ""
    rule = "" if problem.rule == "render-failed" else f"{problem.rule} "
    level = problem.level.value if problem.level else "error"
    return f"{level} {rule}{problem.location.file}{where} {problem.message}"


def names(rendered: Rendered) -> list[str]:
    """The objects, each as ``Kind namespace/name``; that there are any means that nothing failed."""
    assert [told(problem) for problem in rendered.problems] == []
    return [_name(one.data) for one in rendered.objects]


def _name(data: Mapping[str, Any]) -> str:
    metadata = data["metadata"]
    where = f"{metadata['namespace']}/" if "namespace" in metadata else ""
    return f"{data['kind']} {where}{metadata['name']}"


def by_program(folder: Path, *arguments: str) -> list[Any]:
    """What the program itself prints for a folder on disk."""
    done = subprocess.run([built("kustomize"), "build", ".", *arguments], cwd=folder, capture_output=True, check=True)
    return [document.data for document in decode(done.stdout, "x.yaml").documents]


OVERLAY = {
    "base/kustomization.yaml": HEAD
    + "resources: [deployment.yaml, sub]\nconfigMapGenerator:\n- name: made\n  files: [x.txt]\n",
    "base/deployment.yaml": DEPLOYMENT,
    "base/x.txt": "text\n",
    "base/sub/kustomization.yaml": HEAD + "resources:\n- cm.yaml\n",
    "base/sub/cm.yaml": cm("a") + "---\n" + cm("b"),
    "extra/kustomization.yaml": COMPONENT + "patches:\n- path: patch.yaml\n",
    "extra/patch.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n",
    "web/kustomization.yaml": HEAD
    + "namespace: shop\nnamePrefix: x-\nresources: [../base]\ncomponents: [../extra]\nimages: [{name: nginx, newTag: '2'}]\n",
    "other/unused.yaml": "not: read\n",
}


def test_the_objects_are_the_programs_own(build: Build, git_repository: RepositoryBuilder) -> None:
    """A build with bases, components, generators and changes of all sorts comes to what the program prints."""
    rendered = build(OVERLAY)
    assert names(rendered) == [
        "ConfigMap shop/x-a",
        "ConfigMap shop/x-b",
        "ConfigMap shop/x-made-76gkm8t2k7",
        "Deployment shop/x-web",
    ]
    assert [one.data for one in rendered.objects] == by_program(git_repository.path("web"))
    assert rendered.notes == ()


def test_each_object_says_where_it_comes_from(build: Build) -> None:
    """The file that declares it or whose generator made it, and the files that changed it on the way."""
    every = ("extra/kustomization.yaml", "web/kustomization.yaml")
    assert [one.trace for one in build(OVERLAY).objects] == [
        Trace("base/sub/cm.yaml", changed_by=every),
        Trace("base/sub/cm.yaml", changed_by=every),
        Trace(generated_by="base/kustomization.yaml", changed_by=every),
        Trace("base/deployment.yaml", changed_by=every),
    ]


def test_the_inputs_are_what_is_read(build: Build, make_tree: MakeTree) -> None:
    """Every file that the build reads, and none that it does not; they are known without running anything."""
    expected = set(OVERLAY) - {"other/unused.yaml"}
    assert build(OVERLAY).inputs == expected
    tree = make_tree(OVERLAY)
    assert inputs_of(KustomizeBuild("web"), read_graph(tree), tree) == expected
    assert inputs_of(KustomizeBuild("none"), read_graph(tree), tree) == frozenset()


EVERYTHING = {
    "web/kustomization.yaml": HEAD
    + """\
resources: [a.yaml, ../link/b.yaml]
crds: [crd.json]
configurations: [config.yaml]
openapi: {path: schema.json}
patches:
- {path: p.yaml, target: {kind: ConfigMap}}
patchesStrategicMerge: [m.yaml]
patchesJson6902:
- {path: j.yaml, target: {version: v1, kind: ConfigMap, name: a}}
replacements: [{path: r.yaml}]
configMapGenerator: [{name: g, files: [key=f.txt], envs: [e.env]}]
secretGenerator: [{name: s, files: [f.txt]}]
generators: [gen.yaml]
transformers: [plugins]
validators:
- |-
  apiVersion: builtin
  kind: ReplacementTransformer
  metadata: {name: v}
  replacements: [{path: v.yaml}]
""",
    "web/a.yaml": cm("a"),
    "real/b.yaml": cm("b"),
    "link": "->real",
    "web/crd.json": "{}",
    "web/config.yaml": "nameReference: []\n",
    "web/schema.json": '{"definitions": {}}',
    "web/p.yaml": "- {op: add, path: /data/p, value: p}\n",
    "web/m.yaml": cm("a", data="{m: m}"),
    "web/j.yaml": "- {op: add, path: /data/j, value: j}\n",
    "web/r.yaml": "source: {kind: ConfigMap, name: a, fieldPath: data.k}\ntargets: [{select: {kind: ConfigMap, name: b}, fieldPaths: [data.k]}]\n",
    "web/f.txt": "f",
    "web/e.env": "E=e\n",
    "web/gen.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: other}\nfiles: [q=q.txt]\n",
    "web/q.txt": "q",
    "web/plugins/kustomization.yaml": HEAD + "resources: [t.yaml]\n",
    "web/plugins/t.yaml": "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npath: t-patch.yaml\ntarget: {kind: ConfigMap}\n",
    "web/t-patch.yaml": "- {op: add, path: /data/t, value: t}\n",
    "web/v.yaml": "source: {kind: ConfigMap, name: a, fieldPath: data.t}\ntargets: [{select: {kind: ConfigMap, name: b}, fieldPaths: [data.t]}]\n",
}


def test_every_field_that_names_a_file_is_followed(build: Build, git_repository: RepositoryBuilder) -> None:
    """Also what the configurations of built-in generators and transformers name, and links on the way."""
    files = dict(EVERYTHING)
    rendered = build(files, free=True)
    assert rendered.inputs == set(files)
    assert names(rendered)[:2] == ["ConfigMap a", "ConfigMap b"]
    assert [one.data for one in rendered.objects] == by_program(
        git_repository.path("web"), "--load-restrictor", "LoadRestrictionsNone"
    )
    assert rendered.objects[1].trace.file == "real/b.yaml"
    assert rendered.notes


def test_deprecated_fields_are_noted(build: Build) -> None:
    """What the program warns of is kept."""
    rendered = build(
        {
            "web/kustomization.yaml": HEAD + "bases: [../b]\n",
            "b/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
            "b/a.yaml": cm("a"),
        }
    )
    assert names(rendered) == ["ConfigMap a"]
    assert [note.partition(" Run ")[0] for note in rendered.notes] == [
        "Warning: 'bases' is deprecated. Please use 'resources' instead."
    ]


@pytest.mark.parametrize(
    ("wish", "kept"),
    [
        ("", set[str]()),
        ("buildMetadata: [originAnnotations]\n", {"config.kubernetes.io/origin"}),
        ("buildMetadata: [transformerAnnotations]\n", {"alpha.config.kubernetes.io/transformations"}),
        ("buildMetadata: [managedByLabel]\n", set[str]()),
    ],
)
def test_annotations_that_the_author_asked_for_stay(
    build: Build, git_repository: RepositoryBuilder, wish: str, kept: set[str]
) -> None:
    """Those that trace where objects come from are taken away again, unless they are wanted."""
    files = {"web/kustomization.yaml": HEAD + f"{wish}namePrefix: x-\nresources: [a.yaml]\n", "web/a.yaml": cm("a")}
    rendered = build(files)
    assert names(rendered) == ["ConfigMap x-a"]
    assert rendered.objects[0].trace == Trace("web/a.yaml", changed_by=("web/kustomization.yaml",))
    assert set(rendered.objects[0].data["metadata"].get("annotations", {})) == kept
    assert [one.data for one in rendered.objects] == by_program(git_repository.path("web"))


SENSITIVE = {
    "a patch that needs annotations to be there": (
        "patches:\n- target: {kind: ConfigMap}\n  patch: |-\n    - {op: add, path: /metadata/annotations/x, value: y}\n"
    ),
    "a patch that replaces them": (
        "patches:\n- target: {kind: ConfigMap}\n  patch: |-\n    - {op: add, path: /metadata/annotations, value: {x: y}}\n"
    ),
    "a patch that takes them away": (
        "commonAnnotations: {x: y}\npatches:\n- target: {kind: ConfigMap}\n  patch: |-\n    - {op: remove, path: /metadata/annotations}\n"
    ),
    "a merge that takes them away": (
        "patches:\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: a, annotations: null}\n"
    ),
}


@pytest.mark.parametrize("body", SENSITIVE.values(), ids=SENSITIVE)
def test_tracing_changes_nothing(build: Build, git_repository: RepositoryBuilder, body: str) -> None:
    """Where a change asks for annotations, those that trace are not there for it to see."""
    rendered = build({"web/kustomization.yaml": HEAD + "resources: [a.yaml]\n" + body, "web/a.yaml": cm("a")})
    done = subprocess.run(
        [built("kustomize"), "build", "."], cwd=git_repository.path("web"), capture_output=True, check=False
    )
    assert [one.data for one in rendered.objects] == [one.data for one in decode(done.stdout, "x.yaml").documents]
    assert rendered.failed == bool(done.returncode)


def test_a_hash_of_an_object_does_not_see_what_traces_it(build: Build, git_repository: RepositoryBuilder) -> None:
    """Of kinds other than ConfigMap and Secret everything counts for the hash in the name."""
    files = {
        "web/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
        "web/a.yaml": "apiVersion: x.example.com/v1\nkind: Thing\nmetadata:\n  name: a\n  annotations: {kustomize.config.k8s.io/needs-hash: 'true'}\n",
    }
    rendered = build(files)
    assert [one.data for one in rendered.objects] == by_program(git_repository.path("web"))
    assert rendered.objects[0].trace.file == "web/a.yaml"


def test_lists_are_opened(build: Build) -> None:
    """A List in a resource file is its items."""
    items = "".join("- " + cm(name).replace("\n", "\n  ").rstrip() + "\n" for name in ("z", "a"))
    files = {
        "web/kustomization.yaml": HEAD + "resources: [l.yaml, m.yaml]\n",
        "web/l.yaml": f"apiVersion: v1\nkind: List\nitems:\n{items}",
        "web/m.yaml": cm("m"),
    }
    assert names(build(files)) == ["ConfigMap a", "ConfigMap m", "ConfigMap z"]


def test_values_are_read_as_the_cluster_reads_them(build: Build) -> None:
    """What Kustomize prints goes to the API server, which reads YAML 1.1."""
    rendered = build(
        {
            "web/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
            "web/a.yaml": cm("a", data="{b: 'yes', c: 0777}"),
        }
    )
    assert rendered.objects[0].data["data"] == {"b": "yes", "c": 511}


# What agents add ----------------------------------------------------------------------------------------------------


def test_an_overlay_is_laid_over_the_kustomization_in_place(build: Build) -> None:
    """Images take the place of those with their name, texts are replaced, lists and mappings grow."""
    overlay = {
        "namespace": "mine",
        "images": [{"name": "nginx", "newTag": "9"}, {"name": "other", "newTag": "1"}],
        "patches": [
            {
                "patch": json.dumps([{"op": "add", "path": "/spec/paused", "value": True}]),
                "target": {"kind": "Deployment"},
            }
        ],
        "components": ["../extra"],
        "commonAnnotations": {"b": "2"},
    }
    files = OVERLAY | {
        "web/kustomization.yaml": HEAD
        + "namespace: shop\nresources: [../base/sub, d.yaml]\nimages: [{name: nginx, newName: mirror/nginx, digest: 'sha256:1'}]\ncommonAnnotations: {a: '1'}\n",
        "web/d.yaml": DEPLOYMENT,
    }
    rendered = build(files, overlay=json.dumps(overlay))
    assert names(rendered) == ["ConfigMap mine/a", "ConfigMap mine/b", "Deployment mine/web"]
    deployment = rendered.objects[2].data
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "mirror/nginx:9"
    assert (deployment["spec"]["paused"], deployment["spec"]["replicas"]) == (True, 3)
    assert deployment["metadata"]["annotations"] == {"a": "1", "b": "2"}
    assert {"extra/patch.yaml", "extra/kustomization.yaml"} <= rendered.inputs


def test_what_the_overlay_gets_wrong_stands_at_its_owner(build: Build) -> None:
    """The line to mend is in the agent's object, not in the kustomization."""
    owner = Owner(
        ObjectRef("v1", "Kustomization", "flux-system", "web"), Location("flux/web.yaml", Region(9, 3, 9, 12))
    )
    files = {"web/kustomization.yaml": HEAD + "resources: [a.yaml]\n", "web/a.yaml": cm("a")}
    overlay = {"patches": [{"patch": cm("zz")}], "components": ["../none"]}
    rendered = build(files, owner=owner, overlay=json.dumps({"patches": overlay["patches"]}))
    assert [told(problem) for problem in rendered.problems] == [
        "error flux/web.yaml:9:3-12 patches[0] changes ConfigMap zz, which none of the resources brings"
    ]
    rendered = build(files, owner=owner, overlay=json.dumps({"components": overlay["components"]}))
    assert [told(problem) for problem in rendered.problems] == [
        'error flux/web.yaml:9:3-12 components[0] names "../none", which is not there: nothing that builds on it is rendered'
    ]


PLAIN = {
    "web/b.yaml": cm("b"),
    "web/a.yml": cm("a"),
    "web/readme.md": "# no\n",
    "web/values.json": "{}",
    "web/sub/c.yaml": cm("c"),
    "web/built/kustomization.yaml": HEAD + "namePrefix: p-\nresources: [d.yaml]\n",
    "web/built/d.yaml": cm("d"),
    "web/built/deeper/e.yaml": "not: built\n",
    "web/linked.yaml": "->b.yaml",
    "web/.github/workflow.yaml": "on: push\n",
    "web/.sops.yaml": "creation_rules: []\n",
    "top.yaml": "not: here\n",
}


def test_flux_writes_a_kustomization_where_there_is_none(build: Build) -> None:
    """Every YAML file below the folder; a folder with a kustomization is built; what is no manifest is not fetched."""
    files = {path: text for path, text in PLAIN.items() if ".github" not in path}
    rendered = build(files, generate=True, free=True)
    assert names(rendered) == ["ConfigMap a", "ConfigMap b", "ConfigMap c", "ConfigMap p-d"]
    assert rendered.inputs == {
        "web/a.yml",
        "web/b.yaml",
        "web/built/kustomization.yaml",
        "web/built/d.yaml",
        "web/sub/c.yaml",
    }
    assert rendered.objects[3].trace == Trace("web/built/d.yaml", changed_by=("web/built/kustomization.yaml",))


def test_flux_leaves_out_what_sourceignore_says(build: Build) -> None:
    """Patterns of every .sourceignore, the last that fits decides, each in its own folder."""
    files = dict(PLAIN) | {
        ".sourceignore": "# comment\n\nb.yaml\n/web/sub/\n.github/\n",
        "web/.sourceignore": "!b.yaml\na.yml\n",
        "web/x/b.yaml": cm("x"),
        "other/.sourceignore": "b.yaml\n",
    }
    assert names(build(files, generate=True, free=True)) == ["ConfigMap b", "ConfigMap p-d", "ConfigMap x"]


def test_flux_builds_an_empty_folder_to_nothing(build: Build) -> None:
    """A folder without manifests is no mistake for Flux; neither is an empty kustomization."""
    assert names(build({"web/readme.md": "x"}, generate=True, free=True)) == []
    assert names(build({"web/kustomization.yaml": HEAD}, generate=True, free=True)) == []
    rendered = build({"web/kustomization.yaml": HEAD})
    assert [told(problem) for problem in rendered.problems] == [
        "error web/kustomization.yaml web cannot be built: its kustomization is empty"
    ]


def test_flux_has_origins_annotated_where_there_are_no_resources(build: Build) -> None:
    """So it keeps a kustomization from being empty; the annotations reach the cluster."""
    files = {"web/kustomization.yaml": HEAD + "configMapGenerator: [{name: x, literals: [a=b]}]\n"}
    (made,) = build(files, generate=True, free=True).objects
    assert set(made.data["metadata"]["annotations"]) == {"config.kubernetes.io/origin"}
    assert made.trace.generated_by == "web/kustomization.yaml"
    (made,) = build(files, free=True).objects
    assert "annotations" not in made.data["metadata"]


def test_flux_fails_at_a_file_that_is_no_manifest(build: Build) -> None:
    """It says which file, and how Flux is told to leave it out."""
    rendered = build({"web/a.yaml": cm("a"), "web/values.yaml": "replicas: 3\n"}, generate=True, free=True)
    assert [told(problem) for problem in rendered.problems] == [
        "error web/values.yaml web/values.yaml holds something without apiVersion and kind, and Flux builds every YAML file of the folder"
    ]
    assert (
        rendered.problems[0].help
        == "Leave the file out with a .sourceignore, or add a kustomization.yaml that names what is applied."
    )


def test_flux_may_load_files_from_elsewhere_in_the_repository(build: Build) -> None:
    """Kustomize by itself does not, and says where."""
    files = {"web/kustomization.yaml": HEAD + "resources:\n- ../a.yaml\n", "a.yaml": cm("a")}
    assert names(build(files, free=True)) == ["ConfigMap a"]
    (problem,) = build(files).problems
    assert told(problem) == (
        'error web/kustomization.yaml:4:3-12 resources[0] names "../a.yaml", a file outside of the folder of the kustomization; Kustomize loads only folders from there'
    )


# What is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/a.yaml",
        "github.com/org/repo//folder?ref=v1",
        "git@github.com:org/repo.git",
        "ssh://git@example.com/repo",
        "file:///etc",
        "git::https://example.com/repo",
    ],
)
def test_what_is_remote_is_left_out_and_said(build: Build, text: str) -> None:
    """The rest is built and judged; nothing is fetched."""
    files = {
        "web/kustomization.yaml": HEAD + "resources: [../base]\n",
        "base/kustomization.yaml": HEAD + f"resources:\n- a.yaml\n- {text}\n",
        "base/a.yaml": cm("a"),
    }
    rendered = build(files)
    assert [told(problem) for problem in rendered.problems] == [
        f'error not-followed base/kustomization.yaml:5:3-{3 + len(text)} resources[1] names "{text}", which is remote and not fetched: it is left out'
    ]
    assert not rendered.failed
    assert [_name(one.data) for one in rendered.objects] == ["ConfigMap a"]
    assert rendered.unchecked == (
        (f"base/kustomization.yaml: {text}", "it is remote; remote resources are not fetched"),
    )


def test_a_remote_that_the_rest_needs_leaves_nothing(build: Build) -> None:
    """A patch of what is not there fails because it is not there: that is not said as a mistake of the patch."""
    files = {
        "web/kustomization.yaml": HEAD + "resources: [https://example.com/a.yaml]\npatches:\n- path: p.yaml\n",
        "web/p.yaml": cm("a"),
    }
    rendered = build(files)
    assert [problem.rule for problem in rendered.problems] == ["not-followed"]
    assert rendered.failed
    assert rendered.objects == ()


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("resources: [a.yaml]\npatches:\n- path: https://example.com/p.yaml\n", "patches[0].path"),
        (
            "resources: [a.yaml]\nreplacements:\n- path: https://example.com/p.yaml\n",
            "replacements[0].path",
        ),
    ],
)
def test_a_remote_that_changes_others_leaves_nothing(build: Build, body: str, where: str) -> None:
    """Without a patch the objects would be others than those that are applied."""
    rendered = build({"web/kustomization.yaml": HEAD + body, "web/a.yaml": cm("a")})
    assert [problem.message for problem in rendered.problems] == [
        f'{where} names "https://example.com/p.yaml", which is remote and not fetched: nothing that builds on it is rendered'
    ]
    assert rendered.failed


@pytest.mark.parametrize(
    ("text", "what"), [("/etc", "an absolute path"), ("../..", "a path outside of the repository")]
)
def test_a_path_out_of_the_repository_leaves_nothing(build: Build, text: str, what: str) -> None:
    """The agent's own build fails at it. That it leads nowhere is said by another check, and noted here."""
    rendered = build({"web/kustomization.yaml": HEAD + f"resources:\n- a.yaml\n- {text}\n", "web/a.yaml": cm("a")})
    assert [told(problem) for problem in rendered.problems] == [
        f'error web/kustomization.yaml:5:3-{3 + len(text)} resources[1] names "{text}", {what}: nothing that builds on it is rendered'
    ]
    assert rendered.failed
    assert rendered.objects == ()


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("text", ["/etc/passwd", "../../../etc/passwd"])
@pytest.mark.parametrize(
    "body",
    [
        "configMapGenerator:\n- name: x\n  files: ['{}']\n",
        "configMapGenerator:\n- name: x\n  envs: ['{}']\n",
        "generators:\n- |-\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {{name: x}}\n  files: [k={}]\n",
        "generators: [g.yaml]\n",
        "resources: [a.yaml]\npatches: [{{path: '{}', target: {{kind: ConfigMap}}}}]\n",
        "resources: [a.yaml]\nopenapi: {{path: '{}'}}\n",
        "resources: [a.yaml]\ntransformers: [t]\n",
    ],
)
def test_no_file_outside_of_the_repository_is_read(build: Build, body: str, text: str, free: bool) -> None:  # noqa: FBT001  a parameter of the test
    """By whatever field it is named."""
    plugin = "apiVersion: builtin\nkind: {kind}\nmetadata: {{name: x}}\n{field}\ntarget: {{kind: ConfigMap}}\n"
    files = {
        "web/kustomization.yaml": HEAD + body.format(text),
        "web/a.yaml": cm("a"),
        "web/g.yaml": plugin.format(kind="ConfigMapGenerator", field=f"files: [{text}]"),
        "web/t/kustomization.yaml": HEAD + "resources: [t.yaml]\n",
        "web/t/t.yaml": plugin.format(kind="PatchTransformer", field=f"path: {text}"),
    }
    rendered = build(files, free=free)
    assert rendered.failed
    assert rendered.objects == ()
    assert all("repository" in problem.message or "absolute" in problem.message for problem in rendered.problems)


@pytest.mark.parametrize("target", ["/etc", "../../.."])
def test_no_link_leads_out(build: Build, target: str) -> None:
    """Not for a folder, a file, or the folder that is built."""
    files = {
        "web/kustomization.yaml": HEAD + "configMapGenerator:\n- name: x\n  files: [out/passwd]\n",
        "web/out": f"->{target}",
    }
    (problem,) = build(files, free=True).problems
    assert (problem.rule, problem.fatal) == ("not-rendered", True)
    assert "leads out of the repository" in problem.message
    rendered = build(files | {"top": "->/etc"}, "top")
    assert [problem.message for problem in rendered.problems] == ["top cannot be built: there is no such folder"]


@pytest.mark.parametrize(
    "config",
    [
        "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: x}\nfiles: [a.yaml]\n",
        "apiVersion: x/v1\nkind: ksops\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./x.sh}\n",
        "apiVersion: x/v1\nkind: ksops\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: |\n      container: {image: x}\n",
    ],
)
@pytest.mark.parametrize("field", ["generators", "transformers", "validators"])
def test_no_plugin_is_run(build: Build, field: str, config: str, tmp_path: Path) -> None:
    """Neither a program nor a container; what needs one is not rendered."""
    files = {
        "web/kustomization.yaml": HEAD + f"resources: [a.yaml]\n{field}:\n- x.yaml\n",
        "web/a.yaml": cm("a"),
        "web/x.yaml": config,
        "web/x.sh": f"#!/bin/sh\ntouch {tmp_path}/ran\n",
    }
    assert [told(problem) for problem in build(files).problems] == [
        "error not-rendered web/kustomization.yaml:5:3-9 web/kustomization.yaml needs the plugin ksops, a program that gategit does not run on a change: nothing that builds on it is rendered"
    ]
    assert not (tmp_path / "ran").exists()


CHART = {
    "web/charts/shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "web/charts/shop/values.yaml": "text: default\n",
    "web/charts/shop/templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\ndata:\n  text: {{ .Values.text }}\n  version: {{ .Capabilities.KubeVersion.Minor | quote }}\n",
}


def test_a_chart_of_the_tree_is_rendered(build: Build) -> None:
    """By Helm, for the Kubernetes version of the target, with the values of the kustomization."""
    files = CHART | {
        "web/kustomization.yaml": HEAD + "helmCharts:\n- name: shop\n  releaseName: r\n  valuesFile: v.yaml\n",
        "web/v.yaml": "text: mine\n",
    }
    rendered = build(files, settings=RenderSettings(kubernetes_version="1.33"))
    assert names(rendered) == ["ConfigMap r"]
    assert rendered.objects[0].data["data"] == {"text": "mine", "version": "33"}
    assert rendered.inputs == set(files)


def test_what_helm_says_of_it_stands_at_its_entry(build: Build) -> None:
    """In Helm's own words, without the command line, which has another folder in it in each run."""
    files = CHART | {
        "web/kustomization.yaml": HEAD + "helmCharts:\n- name: shop\n  releaseName: r\n",
        "web/charts/shop/values.schema.json": '{"properties": {"text": {"type": "number"}}}',
    }
    [problem] = build(files).problems
    assert told(problem).startswith(
        "error web/kustomization.yaml:4:3-13 web/kustomization.yaml cannot be built: Helm says: values don't meet"
    )
    assert "gategit-" not in problem.message


def test_a_chart_that_is_pulled_is_left_out_and_said(build: Build) -> None:
    """The rest of the kustomization is built."""
    files = {
        "web/kustomization.yaml": HEAD
        + "resources: [a.yaml]\nhelmCharts:\n- name: redis\n  repo: https://charts.example.com\n  version: 1.2.3\n",
        "web/a.yaml": cm("a"),
    }
    rendered = build(files)
    assert [told(problem) for problem in rendered.problems] == [
        "error not-followed web/kustomization.yaml:5:3-14 helmCharts[0] pulls the chart redis from https://charts.example.com, which is not fetched: it is left out"
    ]
    assert [_name(one.data) for one in rendered.objects] == ["ConfigMap a"]
    assert rendered.unchecked == (
        ("web/kustomization.yaml: chart redis", "it is pulled from https://charts.example.com"),
    )


def test_flux_lets_no_kustomization_run_helm(build: Build) -> None:
    """It does not enable it, whatever the chart."""
    files = CHART | {"web/kustomization.yaml": HEAD + "helmCharts:\n- name: shop\n  releaseName: r\n"}
    assert [told(problem) for problem in build(files, free=True).problems] == [
        "error web/kustomization.yaml:4:1-13 helmCharts needs a Kustomize that may run Helm, and Flux's may not"
    ]


# What cannot be built -----------------------------------------------------------------------------------------------

PATCH = "resources: [a.yaml, deployment.yaml]\npatches:\n- target: {{kind: {kind}}}\n  patch: |-\n    # comment\n    - op: test\n      path: /kind\n      value: {kind}\n    - {op}\n"
K = "web/kustomization.yaml"
GONE_K = '[{"op": "remove", "path": "/data/k"}]'
GONE_X = '[{"op": "remove", "path": "/spec/x"}]'

FAILURES: Mapping[str, tuple[Mapping[str, str], list[str]]] = {
    "two resources of one name": (
        {K: "resources: [a.yaml, b.yaml]\n", "web/b.yaml": cm("b") + "---\n" + cm("a")},
        [
            "error web/b.yaml:10:9-10 resources[1] brings ConfigMap a, which this kustomization holds already; Kustomize takes it once"
        ],
    ),
    "a base with a name that is taken": (
        {
            K: "resources:\n- a.yaml\n- ../b\n",
            "b/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
            "b/a.yaml": cm("a"),
        },
        [
            f"error {K}:5:3-7 resources[1] brings ConfigMap a, which this kustomization holds already; Kustomize takes it once"
        ],
    ),
    "the same file twice": (
        {K: "resources:\n- a.yaml\n- ./a.yaml\n"},
        [f'error {K}:5:3-11 resources[1] names "./a.yaml" a second time'],
    ),
    "a namespace that makes two objects one": (
        {K: "resources: [a.yaml, b.yaml]\nnamespace: shop\n", "web/b.yaml": cm("a", namespace="other")},
        [f"error {K}:4:12-16 namespace makes one object of several: ConfigMap default/a and ConfigMap other/a"],
    ),
    "a generator that makes what is there": (
        {K: "resources: [a.yaml]\nconfigMapGenerator:\n- name: a\n  literals: [x=y]\n"},
        [f"error {K}:5:9-10 configMapGenerator[0] makes ConfigMap a, which the kustomization holds already"],
    ),
    "a generator that changes what is not there": (
        {K: "resources: [a.yaml]\nsecretGenerator:\n- name: b\n  behavior: merge\n  literals: [x=y]\n"},
        [f"error {K}:6:13-18 secretGenerator[0] is to merge Secret b, which none of the resources brings"],
    ),
    "a literal without a value": (
        {K: "configMapGenerator:\n- name: b\n  literals:\n  - a=b\n  - novalue\n"},
        [f"error {K}:7:5-12 configMapGenerator[0].literals[1] is not of the form key=value"],
    ),
    "a key twice": (
        {K: "configMapGenerator:\n- name: b\n  literals: [a=b, a=c]\n"},
        [f"error {K}:4:3-10 configMapGenerator[0] sets the key a twice"],
    ),
    "a generator without a name": (
        {K: "configMapGenerator:\n- literals: [a=b]\n"},
        [f"error {K}:4:3-18 configMapGenerator[0] has no name"],
    ),
    "an inline patch of nothing": (
        {
            K: "resources: [a.yaml]\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata:\n      name: zz\n    data: {k: w}\n"
        },
        [f"error {K}:9:13-15 patches[0] changes ConfigMap zz, which none of the resources brings"],
    ),
    "a patch file of nothing": (
        {
            K: "resources: [a.yaml]\npatches:\n- path: p.yaml\n",
            "web/p.yaml": cm("a") + "---\n" + cm("a", namespace="other"),
        },
        ["error web/p.yaml:10:9-10 patches[0] changes ConfigMap other/a, which none of the resources brings"],
    ),
    "an old patch of nothing": (
        {K: "resources: [a.yaml]\npatchesStrategicMerge:\n- p.yaml\n", "web/p.yaml": cm("zz")},
        ["error web/p.yaml:4:9-11 patchesStrategicMerge[0] changes ConfigMap zz, which none of the resources brings"],
    ),
    "a JSON patch that removes what is not there": (
        {K: PATCH.format(kind="ConfigMap", op="{op: remove, path: /spec/x}")},
        [f"error {K}:11:26-33 patches[0] removes /spec/x, which the object that it changes does not have"],
    ),
    "a JSON patch that adds below what is not there": (
        {K: PATCH.format(kind="ConfigMap", op="{op: add, path: /spec/x/y, value: z}")},
        [f"error {K}:11:23-32 patches[0] adds to /spec/x/y, which the object that it changes does not have"],
    ),
    "a JSON patch of an entry that is not there": (
        {
            K: PATCH.format(
                kind="Deployment", op='{op: replace, path: "/spec/template/spec/containers/3/image", value: z}'
            )
        },
        [
            f"error {K}:11:27-67 patches[0] replaces /spec/template/spec/containers/3/image, which the object that it changes does not have"
        ],
    ),
    "a JSON patch that tests": (
        {K: PATCH.format(kind="ConfigMap", op="{op: test, path: /data/k, value: z}")},
        [f"error {K}:11:24-31 patches[0] tests /data/k, which has another value in the object that it changes"],
    ),
    "an operation that there is not": (
        {K: PATCH.format(kind="ConfigMap", op="{op: frob, path: /data/k}")},
        [f"error {K}:11:12-16 patches[0] has the operation frob, which JSON patches do not know"],
    ),
    "a JSON patch in a file": (
        {
            K: "resources: [a.yaml]\npatches:\n- {path: p.yaml, target: {kind: ConfigMap}}\n",
            "web/p.yaml": "- op: add\n  path: /data/x\n  value: y\n- op: remove\n  path: /spec/x\n",
        },
        ["error web/p.yaml:5:9-16 patches[0] removes /spec/x, which the object that it changes does not have"],
    ),
    "one of several JSON patches, and nobody knows which": (
        {
            K: "resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: '"
            + GONE_K
            + "'\n- target: {kind: ConfigMap}\n  patch: '"
            + GONE_K
            + "'\n"
        },
        [f"error {K}:5:1-28 patches[0] removes /data/k, which the object that it changes does not have"],
    ),
    "a JSON patch on one line": (
        {K: "resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: '" + GONE_X + "'\n"},
        [f"error {K}:6:10-49 patches[0] removes /spec/x, which the object that it changes does not have"],
    ),
    "a JSON patch without a target": (
        {K: "resources: [a.yaml]\npatches:\n- patch: '" + GONE_X + "'\n"},
        [f"error {K}:5:10-49 patches[0] is a JSON patch without a target"],
    ),
    "a patch that is none": (
        {K: "resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: hello world\n"},
        [f"error {K}:6:10-21 patches[0].patch is neither a patch of an object nor a list of JSON patch operations"],
    ),
    "a patch with a value of another type": (
        {
            K: "resources: [deployment.yaml]\npatches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec: {template: {spec: {containers: nope}}}\n"
        },
        [f"error {K}:9:42-46 patches[0] sets spec.template.spec.containers, where the object has a list"],
    ),
    "a replacement from nothing": (
        {
            K: "resources: [a.yaml]\nreplacements:\n- source: {kind: ConfigMap, name: zz, fieldPath: data.k}\n  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.x]}]\n"
        },
        [f"error {K}:5:50-56 replacements[0] takes data.k from an object that none of the resources brings"],
    ),
    "a replacement from a field that is not there": (
        {
            K: "resources: [a.yaml]\nreplacements: [{path: r.yaml}]\n",
            "web/r.yaml": "source:\n  kind: ConfigMap\n  fieldPath: data.zz\ntargets: [{select: {kind: ConfigMap}, fieldPaths: [data.x]}]\n",
        },
        ["error web/r.yaml:3:14-21 replacements[0] takes data.zz, which the object that it names does not have"],
    ),
    "a replacement in a field that is not there": (
        {
            K: "resources: [a.yaml]\nreplacements:\n- source: {kind: ConfigMap, name: a, fieldPath: data.k}\n  targets: [{select: {kind: ConfigMap}, fieldPaths: [spec.x]}]\n"
        },
        [f"error {K}:6:54-60 replacements[0] fills spec.x, which the object that it changes does not have"],
    ),
    "a replacement of another type": (
        {
            K: "resources: [deployment.yaml]\nreplicas: [{name: web, count: 2}]\nreplacements:\n- source: {kind: Deployment, fieldPath: metadata.name}\n  targets: [{select: {kind: Deployment}, fieldPaths: [spec.replicas]}]\n"
        },
        [f'error {K}:7:55-68 replacements[0] puts "web" where a whole number stands'],
    ),
    "one of several replacements of another type": (
        {
            K: "resources: [deployment.yaml]\nreplicas: [{name: web, count: 2}]\nreplacements:\n- source: {kind: Deployment, fieldPath: metadata.name}\n  targets:\n  - {select: {kind: Deployment}, fieldPaths: [kind, spec.replicas]}\n"
        },
        [f'error {K}:6:3-55 replacements[0] puts "web" where a whole number stands'],
    ),
    "a patch that is no YAML": (
        {K: "resources: [deployment.yaml]\npatches:\n- path: p.yaml\n", "web/p.yaml": "kind: Deployment\nx\n"},
        ["error web/p.yaml web/p.yaml cannot be read as YAML: nothing that it patches is rendered"],
    ),
    "replicas of nothing": (
        {K: "resources: [deployment.yaml]\nreplicas:\n- {name: web, count: 2}\n- {name: nope, count: 2}\n"},
        [
            f"error {K}:6:10-14 replicas[1] is for nope, which no Deployment, StatefulSet, ReplicaSet or ReplicationController is called"
        ],
    ),
    "a variable from nothing": (
        {K: "resources: [deployment.yaml]\nvars:\n- name: X\n  objref: {kind: ConfigMap, name: zz, apiVersion: v1}\n"},
        [f"error {K}:6:11-54 vars[0] takes X from an object that none of the resources brings"],
    ),
    "a mistake far below": (
        {
            K: "resources: [../mid]\n",
            "mid/kustomization.yaml": HEAD + "resources: [../web/a]\ncomponents: [../comp]\n",
            "web/a/kustomization.yaml": HEAD + "resources: [a.yaml]\n",
            "web/a/a.yaml": cm("a"),
            "comp/kustomization.yaml": COMPONENT + "patches:\n- path: p.yaml\n",
            "comp/p.yaml": cm("zz"),
        },
        ["error comp/p.yaml:4:9-11 patches[0] changes ConfigMap zz, which none of the resources brings"],
    ),
    "what a transformer names": (
        {
            K: "resources: [a.yaml]\ntransformers:\n- t.yaml\n",
            "web/t.yaml": "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npath: none.yaml\n",
        },
        [
            f'error {K}:5:3-9 transformers[0] names "t.yaml", which names "none.yaml", and that is not there: nothing that builds on it is rendered'
        ],
    ),
    "an order that there is not": (
        {K: "resources: [a.yaml]\nsortOptions: {order: foo}\n"},
        [f"error {K}:4:22-25 sortOptions.order must be one of [fifo, legacy]"],
    ),
    "what nobody has foreseen": (
        {K: "resources: [a.yaml]\ncrds: [crd.json]\n", "web/crd.json": "{nope"},
        [
            f"error {K} {K} cannot be built: loading CRDs [crd.json]: unable to parse open API definition from 'crd.json': invalid character 'n' looking for beginning of object key string"
        ],
    ),
    # What other checks say is only noted.
    "a file that is not there": (
        {K: "resources: [../base]\n", "base/kustomization.yaml": HEAD + "resources:\n- gone.yaml\n"},
        [
            'error base/kustomization.yaml:4:3-12 resources[0] names "gone.yaml", which is not there: nothing that builds on it is rendered'
        ],
    ),
    "a folder without a kustomization": (
        {K: "resources:\n- ../base\n", "base/a.yaml": cm("a")},
        [
            f'error {K}:4:3-10 resources[0] names "../base", a folder without a kustomization: nothing that builds on it is rendered'
        ],
    ),
    "a file that is no manifest": (
        {K: "resources:\n- x.yaml\n", "web/x.yaml": "x: y\n"},
        [f'error {K}:4:3-9 resources[0] names "x.yaml", which holds something without apiVersion and kind'],
    ),
    "a resource that is not YAML": (
        {K: "resources:\n- x.yaml\n", "web/x.yaml": "kind: {x\nfoo: bar\n"},
        ["error web/x.yaml web/x.yaml cannot be read as YAML: nothing that builds on it is rendered"],
    ),
    "an unknown field": (
        {K: "resources: [a.yaml]\nresorces: [b.yaml]\n"},
        [f'error {K}:4:1-9 {K} cannot be built: json: unknown field "resorces"'],
    ),
    "a field of another type": (
        {K: "resources: [a.yaml]\npatches:\n- p.yaml\n", "web/p.yaml": cm("a")},
        [
            f"error {K}:5:1-9 {K} cannot be built: json: cannot unmarshal string into Go struct field Kustomization.patches of type types.Patch"
        ],
    ),
    "a circle": (
        {K: "resources: [../b]\n", "b/kustomization.yaml": HEAD + "resources:\n- ../web\n"},
        [
            "error b/kustomization.yaml:4:3-9 b/kustomization.yaml cannot be built: resources[0] names what cannot stand there"
        ],
    ),
    "not YAML at all": (
        {K: "resources: [a.yaml\n"},
        [f"error {K} web cannot be built: its kustomization cannot be read"],
    ),
    "two kustomizations": (
        {K: "resources: [a.yaml]\n", "web/kustomization.yml": HEAD + "resources: [a.yaml]\n"},
        [f"error {K} web cannot be built: it has two kustomization files"],
    ),
    "no kustomization": (
        {"web/x.yaml": cm("x")},
        [f"error {K} web cannot be built: it has no kustomization"],
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_why_nothing_can_be_built(build: Build, case: str) -> None:
    """One sentence on the line that has to be mended; no path of a temporary folder, whatever goes wrong."""
    files, expected = FAILURES[case]
    files = {path: HEAD + text if path == K else text for path, text in files.items()}
    rendered = build({"web/a.yaml": cm("a"), "web/deployment.yaml": DEPLOYMENT, **files})
    assert [told(problem) for problem in rendered.problems] == expected
    assert rendered.failed
    assert rendered.objects == ()
    assert not any("gategit-" in problem.message + problem.help for problem in rendered.problems)


def test_the_rules_example_is_one(build: Build) -> None:
    """The bad example fails with the rule, and the good one is built."""
    files = {K: RENDER_FAILED.example_fail, "web/deployment.yaml": DEPLOYMENT}
    assert [told(problem) for problem in build(files).problems] == [
        f"error {K}:10:15-18 patches[0] changes Deployment wbe, which none of the resources brings"
    ]
    assert names(build(files | {K: RENDER_FAILED.example_pass})) == ["Deployment web"]


def test_no_program_is_said_once_for_the_unit(build: Build, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With how to install it."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/usr/bin"]))
    (problem,) = build({K: HEAD + "resources: [a.yaml]\n", "web/a.yaml": cm("a")}).problems
    assert (
        told(problem)
        == f"error not-rendered {K} kustomization web is not rendered: kustomize is not installed or not in PATH"
    )
    assert problem.help.startswith("install Kustomize")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            RenderSettings(timeout=0.001),
            "kustomization web is not rendered: kustomize did not end within 0.001 seconds",
        ),
        (
            RenderSettings(output=20),
            "kustomization web is not rendered: kustomize wrote more than the 20 bytes that a build may write",
        ),
        (RenderSettings(files=1), "web/kustomization.yaml is one file too many: a build may read 1"),
    ],
)
def test_a_build_that_needs_more_than_it_may_is_not_rendered(
    build: Build, settings: RenderSettings, message: str
) -> None:
    """The sentence says which limit it is."""
    (problem,) = build({K: HEAD + "resources: [a.yaml]\n", "web/a.yaml": cm("a")}, settings=settings).problems
    assert (problem.rule, problem.message, problem.fatal, problem.level) == ("not-rendered", message, True, None)
    assert problem.help


def test_names_that_look_like_something_else(build: Build) -> None:
    """A folder that looks like an option, a URL or a variable is a folder."""
    for folder in ("-o", "--help", "github.com/org/repo", "a b", "$HOME", "x.git/y", "h\u00e9"):
        files = {f"{folder}/kustomization.yaml": HEAD + "resources: ['-a.yaml']\n", f"{folder}/-a.yaml": cm("a")}
        rendered = build(files, folder)
        assert names(rendered) == ["ConfigMap a"], folder
        assert rendered.objects[0].trace.file == f"{folder}/-a.yaml"


def test_the_root_of_the_repository_is_a_folder_like_any_other(build: Build) -> None:
    """Its paths have nothing before them."""
    rendered = build({"kustomization.yaml": HEAD + "resources: [a.yaml]\n", "a.yaml": cm("a")}, "")
    assert names(rendered) == ["ConfigMap a"]
    assert rendered.objects[0].trace == Trace("a.yaml")
    (problem,) = build(
        {
            "kustomization.yaml": HEAD + "resources: [a.yaml]\npatches: [{path: p.yaml}]\n",
            "a.yaml": cm("a"),
            "p.yaml": cm("zz"),
        },
        "",
    ).problems
    assert told(problem) == "error p.yaml:4:9-11 patches[0] changes ConfigMap zz, which none of the resources brings"


def test_a_folder_behind_a_link_is_built(build: Build) -> None:
    """By either of its paths the objects are the same, and they come from the real files."""
    files = {"real/kustomization.yaml": HEAD + "resources: [a.yaml]\n", "real/a.yaml": cm("a"), "web": "->real"}
    rendered = build(files)
    assert names(rendered) == ["ConfigMap a"]
    assert rendered.objects[0].trace.file == "real/a.yaml"
    assert rendered.inputs == set(files)


def test_builds_run_side_by_side(make_tree: MakeTree) -> None:
    """Each comes to its own objects."""
    files = {
        f"k{index}/kustomization.yaml": HEAD + f"namePrefix: p{index}-\nresources: [../base]\n" for index in range(12)
    }
    tree = make_tree(files | {"base/kustomization.yaml": HEAD + "resources: [a.yaml]\n", "base/a.yaml": cm("a")})
    graph = read_graph(tree)

    def one(index: int) -> list[str]:
        return names(build_kustomize(Unit(f"k{index}", KustomizeBuild(f"k{index}")), tree, graph, RenderSettings()))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(12))) == [[f"ConfigMap p{index}-a"] for index in range(12)]


def test_another_sort_of_build_is_a_mistake_of_the_caller(make_tree: MakeTree) -> None:
    """It is no finding."""
    tree = make_tree({"a.yaml": "a: b\n"})
    unit = Unit("helm", HelmBuild(Chart("x"), "r", "n"))
    with pytest.raises(TypeError, match="helm is not built with Kustomize"):
        build_kustomize(unit, tree, read_graph(tree), RenderSettings())
    assert Level.NOTE.rank == 0

"""What kustomization files name, and what is wrong with them. Each refusal here is one that kustomize 5 makes."""

# ruff: noqa: E501  messages under test stand on one line
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gategit.checks.references.check import ReferenceSettings
from gategit.checks.references.kustomize import Parsed, parse, read_graph
from gategit.manifests.manifest import Role
from gategit.model import Level

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"


def cm(name: str, namespace: str = "") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{where}}}\n"


WEB = {"web/a.yaml": cm("a"), "web/b.yaml": cm("b")}

INVALID = "kustomization-invalid"
DANGLING = "dangling-reference"
TWICE = "kustomization-duplicate-entry"
BEGIN = "web/kustomization.yaml:"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "resources:\n  - a.yaml\n  - ./c.yaml\n",
            [f'5:5-13 {DANGLING}: resources[1] names "./c.yaml", but there is no such file or folder: web/c.yaml'],
        ),
        (
            "resources:\n  - depoyment.yaml\n",
            [
                (
                    f'4:5-19 {DANGLING}: resources[0] names "depoyment.yaml", but there is no such file or folder: '
                    "web/depoyment.yaml; did you mean deployment.yaml?"
                )
            ],
        ),
        (
            "resources: [a.yaml, ingress.yaml]\n",
            [
                (
                    f'3:21-33 {DANGLING}: resources[1] names "ingress.yaml", but there is no such file or folder: '
                    "web/ingress.yaml; did you mean sub/ingress.yaml?"
                )
            ],
        ),
        (
            "bases:\n- ../nowhere\n",
            [f'4:3-13 {DANGLING}: bases[0] names "../nowhere", but there is no such file or folder: nowhere'],
        ),
        (
            "resources: [a.yaml]\ncomponents: [../c]\n",
            [f'4:14-18 {DANGLING}: components[0] names "../c", but there is no such folder: c'],
        ),
        (
            "resources: [a.yaml]\npatches:\n- path: p.yaml\n  target: {kind: ConfigMap}\n",
            [f'5:9-15 {DANGLING}: patches[0].path names "p.yaml", but there is no such file: web/p.yaml'],
        ),
        (
            "resources: [a.yaml]\npatchesStrategicMerge:\n- p.yaml\n",
            [f'5:3-9 {DANGLING}: patchesStrategicMerge[0] names "p.yaml", but there is no such file: web/p.yaml'],
        ),
        (
            "resources: [a.yaml]\npatchesJson6902:\n- path: p.yaml\n  target: {version: v1, kind: ConfigMap, name: a}\n",
            [f'5:9-15 {DANGLING}: patchesJson6902[0].path names "p.yaml", but there is no such file: web/p.yaml'],
        ),
        (
            "configMapGenerator:\n- name: x\n  files: [k=q.txt, a.yaml]\n  envs: [q.env]\n  env: r.env\n",
            [
                f'5:11-18 {DANGLING}: configMapGenerator[0].files[0] names "q.txt", but there is no such file: web/q.txt',
                f'6:10-15 {DANGLING}: configMapGenerator[0].envs[0] names "q.env", but there is no such file: web/q.env',
                f'7:8-13 {DANGLING}: configMapGenerator[0].env names "r.env", but there is no such file: web/r.env',
            ],
        ),
        (
            "secretGenerator:\n- name: x\n  type: Opaque\n  files: [q]\n",
            [f'6:11-12 {DANGLING}: secretGenerator[0].files[0] names "q", but there is no such file: web/q'],
        ),
        (
            "resources: [a.yaml]\ngenerators: [g.yaml]\ntransformers: [t]\nvalidators: [v]\n",
            [
                f'4:14-20 {DANGLING}: generators[0] names "g.yaml", but there is no such file or folder: web/g.yaml',
                f'5:16-17 {DANGLING}: transformers[0] names "t", but there is no such file or folder: web/t',
                f'6:14-15 {DANGLING}: validators[0] names "v", but there is no such file or folder: web/v',
            ],
        ),
        (
            (
                "resources: [a.yaml]\ncrds: [c.json]\nconfigurations: [n.yaml]\nopenapi: {path: s.json}\n"
                "replacements: [{path: r.yaml}]\n"
            ),
            [
                f'4:8-14 {DANGLING}: crds[0] names "c.json", but there is no such file: web/c.json',
                f'5:18-24 {DANGLING}: configurations[0] names "n.yaml", but there is no such file: web/n.yaml',
                f'6:17-23 {DANGLING}: openapi.path names "s.json", but there is no such file: web/s.json',
                f'7:23-29 {DANGLING}: replacements[0].path names "r.yaml", but there is no such file: web/r.yaml',
            ],
        ),
        (
            (
                "helmCharts:\n- name: redis\n  repo: https://example.com\n  valuesFile: v.yaml\n"
                "  additionalValuesFiles: [w.yaml]\n- name: local\n"
            ),
            [
                f'6:15-21 {DANGLING}: helmCharts[0].valuesFile names "v.yaml", but there is no such file: web/v.yaml',
                (
                    f'7:27-33 {DANGLING}: helmCharts[0].additionalValuesFiles[0] names "w.yaml", but there is no such file: '
                    "web/w.yaml"
                ),
                (
                    f'8:9-14 {DANGLING}: helmCharts[1].name names "charts/local", but there is no such folder: '
                    "web/charts/local"
                ),
            ],
        ),
        (
            "helmChartInflationGenerator:\n- chartName: x\n  values: v.yaml\n",
            [
                (
                    f'5:11-17 {DANGLING}: helmChartInflationGenerator[0].values names "v.yaml", but there is no such file: '
                    "web/v.yaml"
                )
            ],
        ),
        ("resources: [/etc/passwd]\n", [f'3:13-24 {DANGLING}: resources[0] names "/etc/passwd", an absolute path']),
        (
            "resources: [../../x.yaml]\n",
            [f'3:13-25 {DANGLING}: resources[0] names "../../x.yaml", a path outside of the repository'],
        ),
        (
            "resources: [bare]\n",
            [
                (
                    f'3:13-17 {DANGLING}: resources[0] names the folder "bare", but there is no kustomization.yaml in '
                    "web/bare"
                )
            ],
        ),
        (
            "resources: [a.yaml]\npatches: [{path: bare}]\n",
            [f'4:18-22 {INVALID}: patches[0].path names "bare", which is a folder; only a file can stand here'],
        ),
        (
            "components: [a.yaml]\n",
            [
                (
                    f'3:14-20 {INVALID}: components[0] names "a.yaml", which is a file; a component is a folder with a '
                    "kustomization of kind Component"
                )
            ],
        ),
        (
            "components: [../base]\n",
            [f'3:14-21 {INVALID}: components[0] names "../base", which is not a component: its kind is Kustomization'],
        ),
        (
            "resources: [../part]\n",
            [f'3:13-20 {INVALID}: resources[0] names "../part", which is a component and cannot be a resource'],
        ),
        (
            "resources: [../flux]\n",
            [
                (
                    f'3:13-20 {INVALID}: resources[0] names the folder "../flux", whose kustomization.yaml is not a '
                    "kustomization of Kustomize but another kind of object"
                )
            ],
        ),
        ("resources: [.]\n", [f'3:13-14 {INVALID}: resources[0] names ".": a kustomization cannot build on itself']),
        (
            "resources: [kustomization.yaml]\n",
            [
                (
                    f'3:13-31 {INVALID}: resources[0] names "kustomization.yaml", which is this kustomization itself, not a '
                    "resource"
                )
            ],
        ),
        (
            "resources: [../base/kustomization.yaml]\n",
            [
                (
                    f'3:13-39 {INVALID}: resources[0] names "../base/kustomization.yaml", which is a kustomization itself, '
                    "not a resource"
                )
            ],
        ),
        (
            "resources: [values.yaml]\n",
            [f'3:13-24 {INVALID}: resources[0] names "values.yaml", which holds no Kubernetes object'],
        ),
        (
            "resources: [nameless.yaml]\n",
            [f'3:13-26 {INVALID}: resources[0] names "nameless.yaml", in which a ConfigMap has no metadata.name'],
        ),
        (
            "resources: [generated.yaml]\n",
            [
                (
                    f'3:13-27 {INVALID}: resources[0] names "generated.yaml", in which a Job has metadata.generateName, which '
                    "Kustomize does not take for a name"
                )
            ],
        ),
        (
            "resources: [a.yaml, b.yaml, ./a.yaml]\n",
            [
                f'3:29-37 {TWICE}: resources[2] names "./a.yaml" again; resources[0] names it already',
            ],
        ),
        (
            "resources: [../base]\nbases: [../base/]\n",
            [f'4:9-17 {TWICE}: bases[0] names "../base/" again; resources[0] names it already'],
        ),
        (
            "configMapGenerator:\n- name: x\n  files: [a.yaml, k=b.yaml, k=a.yaml]\n",
            [
                (
                    f'5:29-37 {TWICE}: configMapGenerator[0].files[2] names "a.yaml" for a key that '
                    "configMapGenerator[0].files[1] has already filled"
                )
            ],
        ),
        (
            "configMapGenerator:\n- name: x\n  files: [k=]\n",
            [
                (
                    f'5:11-13 {INVALID}: The kustomization has "k=" in configMapGenerator[0].files[0], which is neither a '
                    "file nor key=file"
                )
            ],
        ),
        (
            "resources: [a.yaml, '']\n",
            [f"3:21-23 {INVALID}: The kustomization has an empty entry, resources[1]"],
        ),
        (
            "resources: [a.yaml]\npatches:\n- target: {kind: X}\n",
            [f"5:3-20 {INVALID}: The kustomization has neither path nor patch in patches[0]"],
        ),
        ("", [f"1:1-44 {INVALID}: The kustomization is empty"]),
        ("bases: []\n", [f"1:1-44 {INVALID}: The kustomization is empty"]),
    ],
)
def test_a_defect_is_found_where_it_stands(judge: Any, body: str, expected: list[str]) -> None:
    """Each defect is one finding, on the value that names it, in plain words."""
    files = {
        **WEB,
        "web/deployment.yaml": cm("d"),
        "web/sub/ingress.yaml": cm("i"),
        "web/bare/x.txt": "",
        "web/values.yaml": "replicas: 3\n",
        "web/nameless.yaml": "apiVersion: v1\nkind: ConfigMap\n",
        "web/generated.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: x-}\n",
        "base/kustomization.yaml": HEAD + "resources: [o.yaml]\n",
        "base/o.yaml": cm("o"),
        "part/kustomization.yaml": COMPONENT + "namePrefix: x-\n",
        "flux/kustomization.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        "metadata: {name: f, namespace: flux}\nspec: {path: ./web}\n",
        "web/kustomization.yaml": HEAD + body,
    }
    assert [BEGIN + line for line in expected] == judge(files).lines


@pytest.mark.parametrize(
    "body",
    [
        "resources: [a.yaml, ./b.yaml]\n",
        "resources: []\n",
        "Resources: [a.yaml]\n",  # Go's JSON reader compares field names without regard to case
        "resources: [a.yaml/]\n",
        "namespace: ~\nresources: [a.yaml]\n",
        "resources: [a.yaml]\nmetadata: {name: x, labels: {a: b}}\n",
        "resources: [a.yaml, b.yaml]\npatches:\n- {path: a.yaml, target: {name: a}}\n- {path: a.yaml, target: {name: b}}\n",
        "resources: [a.yaml, empty.yaml]\n",
        "resources: [list.yaml]\n",
        "resources: [../flux/kustomization.yaml]\n",
        "resources: [../linked]\n",
        "resources: [../link.yaml]\n",
        "patchesStrategicMerge:\n- |-\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\nresources: [a.yaml]\n",
        "resources: [a.yaml]\ntransformers:\n- |-\n  apiVersion: builtin\n  kind: PrefixTransformer\n",
        "components: [../part]\nresources: [a.yaml]\n",
        "helmCharts:\n- {name: redis, repo: 'https://example.com'}\n",
        "helmGlobals: {chartHome: ../charts}\nhelmCharts:\n- {name: local}\n",
        "resources: [a.yaml]\nopenapi: {version: v1.20.4}\n",
        "helmCharts:\n- {name: redis, repo: 'https://example.com', valuesFile: charts/redis/values.yaml}\n",
        "configMapGenerator:\n- {name: x, files: [a.yaml, k=a.yaml]}\n- {name: z, files: [a.yaml]}\n",
    ],
)
def test_what_kustomize_builds_passes(judge: Any, body: str) -> None:
    """Nothing is said of a kustomization that can be built."""
    files = {
        **WEB,
        "web/kustomization.yaml": HEAD + body,
        "web/empty.yaml": "# nothing yet\n",
        "web/list.yaml": "apiVersion: v1\nkind: List\nitems:\n- " + cm("x").replace("\n", "\n  "),
        "flux/kustomization.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        "metadata: {name: f, namespace: flux}\nspec: {path: ./web}\n",
        "linked": "->real",
        "link.yaml": "->real/r.yaml",
        "real/kustomization.yaml": HEAD + "resources: [r.yaml]\n",
        "real/r.yaml": cm("r"),
        "part/kustomization.yaml": COMPONENT + "namePrefix: x-\n",
        "charts/local/Chart.yaml": "name: local\n",
    }
    assert judge(files).lines == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://github.com/org/repo//deploy?ref=v1", "it is remote; remote resources are not fetched"),
        ("https://example.com/a.yaml", "it is remote; remote resources are not fetched"),
        ("github.com/org/repo", "it is remote; remote resources are not fetched"),
        ("git@github.com:org/repo.git", "it is remote; remote resources are not fetched"),
        ("ssh://git@example.com/x", "it is remote; remote resources are not fetched"),
        ("git::https://example.com/x", "it is remote; remote resources are not fetched"),
        ("oci://example.com/x", "it is remote; remote resources are not fetched"),
        ("../x?ref=main", "it is remote; remote resources are not fetched"),
        ("../${cluster}/x.yaml", "its path is filled in later"),
        ("../{{ cluster }}/x.yaml", "its path is filled in later"),
        ("../vendored/x.yaml", "it is in a submodule, which is another repository"),
        ("../out.yaml", "it is a symbolic link that leads out of the repository"),
    ],
)
def test_what_is_not_here_is_counted_and_no_alarm(judge: Any, text: str, reason: str) -> None:
    """Remote references, templates, submodules and links out of the tree are said to be not looked at."""
    judged = judge(
        {
            **WEB,
            "web/kustomization.yaml": HEAD + f"resources: [a.yaml, '{text}']\n",
            "vendored": "submodule",
            "out.yaml": "->../../etc/passwd",
        }
    )
    assert ([], [f"web/kustomization.yaml: {text}: {reason}"]) == (judged.lines, judged.left)


def test_a_folder_of_a_remote_looking_name_is_taken_first(judge: Any) -> None:
    """Like Kustomize, what exists is taken before it is thought to be remote."""
    files = {
        "kustomization.yaml": HEAD + "resources: [github.com/x]\n",
        "github.com/x/kustomization.yaml": HEAD + "resources: [gone.yaml]\n",
    }
    assert judge(files).only().location.file == "github.com/x/kustomization.yaml"


@pytest.mark.parametrize(
    ("gone", "message", "related"),
    [
        (
            {"web/c.yaml": None},
            'resources[1] names "c.yaml", but there is no such file or folder: web/c.yaml; this change deletes it',
            [("web/c.yaml", "web/c.yaml is deleted by this change")],
        ),
        (
            {"web/c.yaml": "web/d.yaml"},
            (
                'resources[1] names "c.yaml", but there is no such file or folder: web/c.yaml; this change renames it to '
                "web/d.yaml"
            ),
            [("web/d.yaml", "web/c.yaml is renamed to web/d.yaml by this change")],
        ),
    ],
)
def test_a_file_that_the_change_removes_is_named_with_its_fate(
    judge: Any, gone: Mapping[str, str | None], message: str, related: list[tuple[str, str]]
) -> None:
    """The finding stands on the naming line and points to where the file was or is now."""
    files = {**WEB, "web/d.yaml": cm("d"), "web/kustomization.yaml": HEAD + "resources: [a.yaml, c.yaml]\n"}
    finding = judge(files, ReferenceSettings(gone=gone)).only()
    assert message == finding.message
    assert related == [(one.location.file, one.message) for one in finding.related]


def test_a_folder_that_the_change_moves_is_named_with_its_new_place(judge: Any) -> None:
    """A folder is gone with its files; where they kept their names below it, it was moved."""
    files = {
        "web/kustomization.yaml": HEAD + "resources: [../old]\n",
        "new/kustomization.yaml": HEAD + "resources: [x.yaml]\n",
        "new/x.yaml": cm("x"),
    }
    gone = {"old/kustomization.yaml": "new/kustomization.yaml", "old/x.yaml": "new/x.yaml"}
    finding = judge(files, ReferenceSettings(gone=gone)).only()
    assert (
        finding.message == 'resources[0] names "../old", but there is no such file or folder: old; this change renames '
        "it to new"
    )


def test_a_folder_of_which_one_file_moved_is_deleted(judge: Any) -> None:
    """One kustomization.yaml is much like another, so one that seems renamed does not make a folder renamed."""
    files = {
        "web/kustomization.yaml": HEAD + "resources: [../old]\n",
        "new/kustomization.yaml": HEAD + "resources: []\n",
    }
    gone = {"old/a.yaml": None, "old/kustomization.yaml": "new/kustomization.yaml"}
    finding = judge(files, ReferenceSettings(gone=gone)).only()
    assert finding.message.endswith("no such file or folder: old; this change deletes it")
    assert [one.location.file for one in finding.related] == ["old/a.yaml"]


def test_a_kustomization_that_the_change_deletes_is_a_related_place(judge: Any) -> None:
    """A folder that loses its kustomization.yaml breaks those who name it."""
    files = {"web/kustomization.yaml": HEAD + "resources: [../old]\n", "old/x.yaml": cm("x")}
    finding = judge(files, ReferenceSettings(gone={"old/kustomization.yaml": None})).only()
    assert finding.message.endswith("but there is no kustomization.yaml in old; this change deletes it")


def test_a_kustomization_behind_an_empty_document_is_not_read(judge: Any) -> None:
    """Kustomize reads the first document, even where it is empty."""
    files = {**WEB, "web/kustomization.yaml": f"---\n---\n{HEAD}resources: [a.yaml]\n"}
    assert judge(files).only().message == (
        "The kustomization stands behind an empty document, and Kustomize reads the first one only"
    )


def test_a_comment_is_no_empty_document(judge: Any) -> None:
    """What stands before the first `---` counts only where it says something."""
    files = {**WEB, "web/kustomization.yaml": f"# ours\n---\n{HEAD}resources: [a.yaml]\n"}
    assert judge(files).lines == []


def test_a_dash_without_a_value_is_an_empty_entry(judge: Any) -> None:
    """Kustomize reads it as an empty path and stops."""
    files = {**WEB, "web/kustomization.yaml": HEAD + "resources:\n- a.yaml\n-\n"}
    assert judge(files).only().message == "The kustomization has an empty entry, resources[1]"


def test_two_kustomization_files_in_a_folder_are_refused(judge: Any) -> None:
    """Kustomize takes neither of the two."""
    files = {"web/kustomization.yaml": HEAD + "resources: []\n", "web/kustomization.yml": HEAD + "resources: []\n"}
    assert judge(files).lines == [
        (
            f"web/kustomization.yml {INVALID}: The folder web has two kustomization files, kustomization.yaml and "
            "kustomization.yml; Kustomize takes neither"
        )
    ]


def test_bases_that_lead_back_are_refused_once(judge: Any) -> None:
    """A circle is one finding, at the entry that closes it."""
    files = {
        "a/kustomization.yaml": HEAD + "resources: [../b]\n",
        "b/kustomization.yaml": HEAD + "resources: [../c]\n",
        "c/kustomization.yaml": HEAD + "resources: [../a]\n",
    }
    assert judge(files).lines == [
        f'c/kustomization.yaml:3:13-17 {INVALID}: resources[0] names "../a", which leads back here: a → b → c → a'
    ]


def test_a_kustomization_cannot_build_on_a_folder_above(judge: Any) -> None:
    """Kustomize refuses a base that contains the folder itself."""
    files = {
        "web/kustomization.yaml": HEAD + "resources: [..]\n",
        "kustomization.yaml": HEAD + "resources: [a.yaml]\n",
        "a.yaml": cm("a"),
    }
    assert judge(files).lines == [
        (
            f'web/kustomization.yaml:3:13-15 {INVALID}: resources[0] names "..": a kustomization cannot build on a folder '
            "above it"
        )
    ]


def test_patches_and_components_named_twice_only_warn(judge: Any) -> None:
    """Kustomize applies them twice without complaint, so the merge is not blocked."""
    files = {
        **WEB,
        "web/p.yaml": cm("a"),
        "web/kustomization.yaml": HEAD + "resources: [a.yaml]\npatches: [{path: p.yaml}, {path: p.yaml}]\n",
    }
    finding = judge(files).only()
    assert (finding.rule, finding.level) == (TWICE, Level.WARNING)


def test_a_duplicate_key_does_not_hide_the_rest(judge: Any) -> None:
    """The list that counts, the last one, is still looked at; the duplicate key itself is the decoder's finding."""
    files = {**WEB, "web/kustomization.yaml": HEAD + "resources: [a.yaml]\nresources: [c.yaml]\n"}
    assert judge(files).only().message.startswith('resources[0] names "c.yaml"')


def test_a_kustomization_that_is_a_template_is_counted(judge: Any) -> None:
    """A file that something has yet to fill in cannot be read, and that is said."""
    judged = judge({"web/kustomization.yaml": "resources:\n{{ range .Files }}\n- {{ . }}\n"})
    assert judged.left == ["web/kustomization.yaml: it is a template that something has yet to fill in"]


def test_roles_follow_from_what_names_a_file(memory_tree: Callable[[Mapping[str, str]], Any]) -> None:
    """Patches are patches, values are data, and what is a resource as well is a manifest.

    What is called data from another folder, or is a resource of plugins, is what its own content says.
    """
    tree = memory_tree(
        {
            "kustomization.yaml": HEAD
            + "resources: [a.yaml, both.yaml]\npatches: [{path: p.yaml}, {path: both.yaml}]\n"
            "configMapGenerator: [{name: x, files: [k=d.yaml, far/d.yaml]}]\ngenerators: [gen, far/g.yaml]\n",
            "gen/kustomization.yaml": HEAD + "resources: [g.yaml]\n",
            "flux/kustomization.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n",
            **dict.fromkeys(("a.yaml", "both.yaml", "p.yaml", "d.yaml", "gen/g.yaml"), cm("x")),
            **dict.fromkeys(("far/d.yaml", "far/g.yaml"), cm("x")),
        }
    )
    graph = read_graph(tree)
    assert dict(graph.roles) == {
        "kustomization.yaml": Role.KUSTOMIZATION,
        "gen/kustomization.yaml": Role.KUSTOMIZATION,
        "flux/kustomization.yaml": Role.MANIFEST,
        "a.yaml": Role.MANIFEST,
        "both.yaml": Role.MANIFEST,
        "p.yaml": Role.PATCH,
        "d.yaml": Role.DATA,
    }
    assert set(tree.reads) == {"kustomization.yaml", "gen/kustomization.yaml", "flux/kustomization.yaml"}


def test_equal_kustomizations_are_parsed_once(memory_tree: Callable[[Mapping[str, str]], Any]) -> None:
    """What is known by blob id from the base is not read again in the head."""
    tree = memory_tree(
        {"a/kustomization.yaml": HEAD + "resources: []\n", "b/kustomization.yaml": HEAD + "resources: []\n"}
    )
    known: dict[str, Parsed] = {}
    read_graph(tree, known)
    read_graph(tree, known)
    assert tree.reads == ["a/kustomization.yaml"]


@given(st.binary(max_size=300) | st.text(alphabet="resoucpath: -[]{}\n'\"&*.|>", max_size=200).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_parsing_never_raises(content: bytes) -> None:
    """Whatever stands in a kustomization.yaml ends in a value."""
    assert parse(content).document >= 0


PATHS = st.sampled_from(
    ["a", "b", "..", ".", "../..", "a/b", "../a", "/", "//", "x.yaml", "kustomization.yaml", "", "a/../b"]
)


@given(
    st.dictionaries(
        st.sampled_from(["kustomization.yaml", "a/kustomization.yaml", "b/kustomization.yml", "a/b/Kustomization"]),
        st.tuples(st.sampled_from(["resources", "components", "generators", "patchesStrategicMerge"]), st.lists(PATHS)),
    ),
    st.dictionaries(st.sampled_from(["a/l", "l", "b/m"]), PATHS),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_graph_loops_or_raises(judge: Any, graph: dict[str, tuple[str, list[str]]], links: dict[str, str]) -> None:
    """Cycles, folders above, links in circles: every tree is judged in bounded time."""
    files: dict[str, str] = {path: HEAD + f"{field}: {names}\n" for path, (field, names) in graph.items()}
    files.update((path, f"->{target}") for path, target in links.items())
    judge({**files, "x.yaml": cm("x"), "a/x.yaml": cm("y")})

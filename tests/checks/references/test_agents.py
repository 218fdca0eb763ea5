"""Paths in the objects of Flux and Argo CD, and which of them are paths of this repository."""

# ruff: noqa: E501  messages under test stand on one line
from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.references.check import ReferenceSettings
from gategit.checks.references.sources import normal_url

OURS = "https://github.com/Org/Fleet"
SETTINGS = ReferenceSettings(repository_urls=("git@github.com:org/fleet.git",))
HERE = {"apps/web/a.yaml": "a: b\n", "apps/shop/a.yaml": "a: b\n", "charts/x/Chart.yaml": "name: x\n"}


def flux(path: str, source: str = "fleet", kind: str = "GitRepository") -> str:
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: web, namespace: flux-system}}\nspec:\n  path: {path}\n"
        f"  sourceRef: {{kind: {kind}, name: {source}}}\n"
    )


def git(name: str, url: str, more: str = "") -> str:
    return (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\nspec:\n  url: {url}\n{more}"
    )


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://github.com/Owner/Name.git", "github.com/owner/name"),
        ("https://user:token@github.com/owner/name/", "github.com/owner/name"),
        ("ssh://git@github.com:22/owner/name", "github.com/owner/name"),
        ("git@github.com:owner/name.git", "github.com/owner/name"),
        ("github.com:owner/name", "github.com/owner/name"),
        ("https://dev.azure.com/o/p/_git/name?x=y", "dev.azure.com/o/p/_git/name"),
        ("/srv/git/name.git", None),
        ("../name", None),
        ("file:///srv/name", None),
        ("C:\\name", None),
        ("https://github.com", None),
        ("", None),
    ],
)
def test_urls_of_one_repository_are_one(url: str, normal: str | None) -> None:
    """Scheme, user, port, case and .git do not tell repositories apart; local paths name none."""
    assert normal_url(url) == normal


def test_a_missing_flux_path_stands_on_the_path(judge: Any) -> None:
    """The finding names the object, the path as written, and the nearest folder."""
    files = {**HERE, "k/ks.yaml": flux("./apps/wbe"), "k/git.yaml": git("fleet", OURS)}
    judged = judge(files, SETTINGS)
    assert judged.lines == [
        (
            'k/ks.yaml:5:9-19 dangling-reference: Kustomization web: spec.path is "./apps/wbe", but there is no such folder '
            "in this repository; did you mean ./apps/web?"
        )
    ]
    assert str(judged.only().object) == "Kustomization flux-system/web"


@pytest.mark.parametrize("path", ["./apps/web", "apps/web/", "/apps/web", "./", "''", "."])
def test_flux_paths_that_exist_pass(judge: Any, path: str) -> None:
    """A slash at the start means nothing, and no path is the root."""
    files = {**HERE, "k/ks.yaml": flux(path), "k/git.yaml": git("fleet", OURS)}
    assert judge(files, SETTINGS).lines == []


def test_a_flux_path_that_the_change_deletes(judge: Any) -> None:
    """The related place is where the folder was."""
    files = {**HERE, "k/ks.yaml": flux("./apps/old"), "k/git.yaml": git("fleet", OURS)}
    settings = ReferenceSettings(repository_urls=(OURS,), gone={"apps/old/x.yaml": None})
    finding = judge(files, settings).only()
    assert finding.message.endswith("; this change deletes it")
    assert [one.message for one in finding.related] == ["apps/old/x.yaml is deleted by this change"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("./apps/web/a.yaml", 'spec.path is "./apps/web/a.yaml", which is a file; a folder is wanted'),
        ("../x", 'spec.path is "../x", a path outside of the repository'),
    ],
)
def test_a_flux_path_must_be_a_folder_of_the_repository(judge: Any, path: str, message: str) -> None:
    """A file is no folder, and nothing lies above the root."""
    files = {**HERE, "k/ks.yaml": flux(path), "k/git.yaml": git("fleet", OURS)}
    assert judge(files, SETTINGS).only().message == f"Kustomization web: {message}"


ELSEWHERE = "its source, the GitRepository fleet, is not known to be this repository"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"ks.yaml": flux("./gone")}, ELSEWHERE),
        ({"ks.yaml": flux("./gone"), "git.yaml": git("fleet", "https://github.com/other/thing")}, ELSEWHERE),
        (
            {"ks.yaml": flux("./gone"), "git.yaml": git("fleet", OURS, "  ref: {tag: v1}\n")},
            "its source, the GitRepository fleet, is pinned to another version",
        ),
        (
            {"ks.yaml": flux("./gone"), "git.yaml": git("fleet", OURS, "  include: [{repository: {name: x}}]\n")},
            "its source, the GitRepository fleet, includes other repositories",
        ),
        ({"ks.yaml": flux("./gone", kind="OCIRepository")}, "its source is the OCIRepository fleet"),
        (
            {"ks.yaml": flux("./${gone}"), "git.yaml": git("fleet", OURS)},
            "it is filled in later",
        ),
    ],
)
def test_paths_of_other_sources_are_counted(judge: Any, files: dict[str, str], reason: str) -> None:
    """What cannot be looked up here is no alarm, and said."""
    judged = judge({**HERE, **files}, SETTINGS)
    text = "./${gone}" if "${" in files["ks.yaml"] else "./gone"
    assert ([], [f"ks.yaml: Kustomization web: path {text}: {reason}"]) == (judged.lines, judged.left)


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        (
            {
                "flux-system/git.yaml": git("fleet", "https://old.example.com/o/renamed"),
                "x.yaml": flux("./flux-system"),
            },
            SETTINGS,
        ),
        ({"git.yaml": git("flux-system", "ssh://git@github.com/x/y"), "x.yaml": ""}, SETTINGS),
        (
            {"x.yaml": flux("./apps/web") + "---\n" + flux("./apps/shop").replace("name: web", "name: shop")},
            ReferenceSettings(),
        ),
        (
            {
                "x.yaml": flux("./apps/web") + "---\n" + flux("./apps/shop").replace("name: web", "name: shop"),
                "git.yaml": git("fleet", "https://gitlab.com/fork/fleet"),
            },
            SETTINGS,
        ),
    ],
)
def test_a_source_is_known_by_what_is_applied_from_it(judge: Any, files: dict[str, str], settings: Any) -> None:
    """It applies its own declaration, it is bootstrap's, or most of what it is asked for is here."""
    origin = "flux-system" if "name: flux-system," in files.get("git.yaml", "") else "fleet"
    judged = judge({**HERE, **files, "k/ks.yaml": flux("./gone", origin)}, settings)
    assert [finding.location.file for finding in judged.findings] == ["k/ks.yaml"]


def test_a_change_that_breaks_every_path_does_not_hide(judge: Any) -> None:
    """What the change removes bears witness as if it were there."""
    files = {"ks.yaml": flux("./old/web") + "---\n" + flux("./old/shop").replace("name: web", "name: shop")}
    settings = ReferenceSettings(gone={"old/web/a.yaml": None, "old/shop/a.yaml": None})
    assert len(judge(files, settings).findings) == 2


def release(chart: str, more: str = "", kind: str = "GitRepository") -> str:
    return (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x, namespace: web}\n"
        f"spec:\n  chart:\n    spec:\n      chart: {chart}\n{more}"
        f"      sourceRef: {{kind: {kind}, name: fleet, namespace: flux-system}}\n"
    )


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (release("./charts/x"), []),
        (release("redis", kind="HelmRepository"), []),
        (release("./charts/x", "      valuesFiles: [charts/x/no.yaml]\n      ignoreMissingValuesFiles: true\n"), []),
        (
            release("./charts/y"),
            ['spec.chart.spec.chart is "./charts/y", but there is no such folder in this repository'],
        ),
        (
            release("./apps/web"),
            ['spec.chart.spec.chart is "./apps/web", but there is no Chart.yaml in that folder'],
        ),
        (
            release("./charts/x", "      valuesFiles: [charts/x/no.yaml]\n"),
            ['spec.chart.spec.valuesFiles[0] is "charts/x/no.yaml", but there is no such file in this repository'],
        ),
    ],
)
def test_helm_release_charts(judge: Any, text: str, messages: list[str]) -> None:
    """A chart in this repository is a folder with a Chart.yaml; in a Helm repository it is a name."""
    judged = judge({**HERE, "hr.yaml": text, "git.yaml": git("fleet", OURS)}, SETTINGS)
    assert [finding.message for finding in judged.findings] == [f"HelmRelease x: {message}" for message in messages]


CHART = {"apps/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n"}


def application(source: str) -> str:
    return f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: web}}\nspec:\n{source}"


def source(path: str, more: str = "", url: str = OURS, revision: str = "HEAD") -> str:
    return f"  source:\n    repoURL: {url}.git\n    targetRevision: {revision}\n    path: {path}\n{more}"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (source("apps/web"), []),
        (source("apps/web", "    helm: {valueFiles: [a.yaml, ../shop/a.yaml, /apps/web/a.yaml]}\n"), []),
        (source("apps/web", "    helm: {ignoreMissingValueFiles: true, valueFiles: [no.yaml]}\n"), []),
        (
            source("apps/gone"),
            [
                (
                    '8:11-20 dangling-reference: Application web: spec.source.path is "apps/gone", but there is no such folder '
                    "in this repository"
                )
            ],
        ),
        (
            source("apps/web", "    helm: {valueFiles: [no.yaml]}\n"),
            [
                (
                    '9:25-32 dangling-reference: Application web: spec.source.helm.valueFiles[0] names "no.yaml", but there is '
                    "no such file: apps/web/no.yaml"
                )
            ],
        ),
        (
            source("apps/gone", "    helm: {valueFiles: [no.yaml, /apps/no.yaml]}\n"),
            [
                (
                    '8:11-20 dangling-reference: Application web: spec.source.path is "apps/gone", but there is no such folder '
                    "in this repository"
                ),
                (
                    '9:34-47 dangling-reference: Application web: spec.source.helm.valueFiles[1] is "/apps/no.yaml", but '
                    "there is no such file in this repository"
                ),
            ],
        ),
        (
            source("apps/shop", "    helm: {releaseName: shop}\n"),
            [
                (
                    '8:11-20 dangling-reference: Application web: spec.source.path is "apps/shop", but there is no Chart.yaml '
                    "in that folder"
                )
            ],
        ),
        (source("apps/shop", "    helm: {}\n"), []),
        (
            (
                "  sources:\n  - {repoURL: 'https://charts.example.com', chart: redis, helm: {valueFiles: "
                f"[$v/apps/web/a.yaml, $v/apps/no.yaml]}}}}\n  - {{repoURL: '{OURS}', ref: v}}\n"
            ),
            [
                (
                    "6:99-114 dangling-reference: Application web: spec.sources[0].helm.valueFiles[1] names "
                    '"$v/apps/no.yaml", but there is no such file: apps/no.yaml'
                )
            ],
        ),
    ],
)
def test_argocd_sources(judge: Any, text: str, lines: list[str]) -> None:
    """Paths are relative to the root, value files to the path, and $name/ to the root of the source of that name."""
    files = {**HERE, **CHART, "app.yaml": application(text)}
    assert judge(files, SETTINGS).lines == [f"app.yaml:{line}" for line in lines]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            source("gone", url="https://github.com/other/thing"),
            "gone: its source https://github.com/other/thing.git is not known to be this repository",
        ),
        (source("gone", revision="v1.2"), "gone: its source is pinned to the revision v1.2"),
        (source("'{{path}}'"), "{{path}}: it is filled in later"),
        (
            source("apps/web", "    helm: {valueFiles: ['https://example.com/v.yaml']}\n"),
            "https://example.com/v.yaml: it is remote; remote files are not fetched",
        ),
    ],
)
def test_argocd_sources_elsewhere_are_counted(judge: Any, text: str, left: str) -> None:
    """Other repositories, other revisions and templates are no alarms."""
    judged = judge({**HERE, **CHART, "app.yaml": application(text)}, SETTINGS)
    assert ([], [f"app.yaml: Application web: {left}"]) == (judged.lines, judged.left)


def application_set(generator: str) -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all}\nspec:\n  generators:\n"
        f"{generator}  template:\n    spec:\n      source: {{repoURL: '{OURS}', path: '{{{{path}}}}'}}\n"
    )


@pytest.mark.parametrize(
    ("generator", "lines"),
    [
        ("directories: [{path: 'apps/*'}]", []),
        ("directories: [{path: 'apps/*'}, {path: 'no/*', exclude: true}]", []),
        ("files: [{path: 'apps/**/a.yaml'}]", []),
        ("directories: [{path: 'none/{{x}}/*'}]", []),
        (
            "directories: [{path: 'app/*'}]",
            ['spec.generators[0].git.directories[0].path is "app/*", which matches no folder of this repository'],
        ),
        (
            "directories: [{path: apps/web}, {path: apps/web, exclude: true}]",
            ['spec.generators[0].git.directories[0].path is "apps/web", which matches no folder of this repository'],
        ),
        (
            "files: [{path: 'apps/*/config.json'}]",
            ['spec.generators[0].git.files[0].path is "apps/*/config.json", which matches no file of this repository'],
        ),
    ],
)
def test_application_set_git_generators(judge: Any, generator: str, lines: list[str]) -> None:
    """A pattern that matches nothing makes no Application; excluded folders do not count."""
    text = application_set(f"  - git: {{repoURL: '{OURS}', revision: HEAD, {generator}}}\n")
    found = [finding.message for finding in judge({**HERE, "set.yaml": text}, SETTINGS).findings]
    assert found == [f"ApplicationSet all: {line}" for line in lines]


def test_generators_inside_of_a_matrix_are_looked_at(judge: Any) -> None:
    """Matrix and merge generators hold others."""
    inner = f"{{git: {{repoURL: '{OURS}', revision: HEAD, directories: [{{path: none}}]}}}}"
    text = application_set(f"  - matrix: {{generators: [{{list: {{elements: []}}}}, {inner}]}}\n")
    finding = judge({**HERE, "set.yaml": text}, SETTINGS).only()
    assert finding.path == ("spec", "generators", 0, "matrix", "generators", 1, "git", "directories", 0, "path")


@pytest.mark.parametrize("value", ["5", "[a]", "{a: b}", "null", "true"])
def test_objects_of_the_wrong_shape_are_left_to_the_schema(judge: Any, value: str) -> None:
    """Whatever stands where a path should, nothing raises and nothing is said here."""
    files = {
        "a.yaml": application(f"  source: {value}\n  sources: {value}\n"),
        "b.yaml": application(f"  source: {{repoURL: {value}, path: {value}, helm: {value}}}\n"),
        "c.yaml": application_set(f"  - git: {{directories: {value}, files: [{value}]}}\n"),
        "d.yaml": flux(value, value),
        "e.yaml": release(value, f"      valuesFiles: {value}\n"),
        "f.yaml": git("fleet", value),
        "g.yaml": flux("x").replace("spec:\n", "spec: 5\nold:\n"),
    }
    rules = {finding.rule for finding in judge(files, SETTINGS).findings}
    assert rules <= {"dangling-reference", "duplicate-object"}

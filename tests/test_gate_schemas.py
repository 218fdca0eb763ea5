"""Schemas in a whole run: which release the config names, what judges first, and what the report says of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gategit import gate
from gategit.errors import ConfigError
from gategit.model import Level, Report, SchemaUse
from gategit.request import Mode, Request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/{version}
kind: HelmRelease
metadata:
  name: {name}
  namespace: shop
spec:
  interval: 5m
  chart:
    spec:
      chart: web
      sourceRef: {{kind: HelmRepository, name: charts}}
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: helmreleases.helm.toolkit.fluxcd.io}
spec:
  group: helm.toolkit.fluxcd.io
  scope: Namespaced
  names: {kind: HelmRelease, plural: helmreleases, singular: helmrelease, listKind: HelmReleaseList}
  versions:
    - name: v2
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def check(repository: RepositoryBuilder, **options: object) -> Report:
    request = Request(directory=repository.folder, mode=Mode.ALL)
    return gate.run(replace(request, **options))  # type: ignore[arg-type]  # the test's own options


def found(report: Report, rule: str) -> list[tuple[Level, str]]:
    return [(one.level, one.message) for one in report.findings if one.rule == rule]


def uses(report: Report, kind: str) -> list[SchemaUse]:
    return [use for use in report.schemas if use.kind == kind]


def test_an_unknown_field_of_a_carried_kind_blocks(git_repository: RepositoryBuilder) -> None:
    """Without any definition in the repository, from the first run."""
    text = RELEASE.format(version="v2", name="web") + "  suspended: true\n"
    git_repository.commit("base", {"readme.md": "shop"})
    git_repository.branch("pr")
    git_repository.commit("suspend", {"web.yaml": text})
    report = check(git_repository, mode=Mode.CHANGE, base="main", head="HEAD")
    [(level, message)] = found(report, "unknown-field")
    assert level is Level.ERROR
    assert message.startswith("unknown field suspended in spec; did you mean suspend? (judged by Flux ")
    assert report.exit_code == 1
    [use] = uses(report, "HelmRelease")
    assert (use.api_version, use.objects) == ("helm.toolkit.fluxcd.io/v2", 1)
    assert message.endswith(f"(judged by {use.origin})")


def test_a_dropped_version_is_said_once_for_each_kind(git_repository: RepositoryBuilder) -> None:
    """However many objects there are."""
    files = {f"{name}.yaml": RELEASE.format(version="v2beta1", name=name) for name in "abc"}
    git_repository.commit("base", files)
    [(level, message)] = found(check(git_repository), "version-not-served")
    assert level is Level.WARNING
    assert message.endswith("it serves helm.toolkit.fluxcd.io/v2 (2 more objects of this kind)")


def test_the_config_names_the_release_for_all_and_for_a_target(git_repository: RepositoryBuilder) -> None:
    """A target's own release wins over the one for all; both are named in the report."""
    config = {
        "version": 1,
        "schemas": {"releases": {"flux": "2.2"}},
        "targets": {"new": {"paths": ["new/**"], "releases": {"flux": "v2.9"}}, "old": {"paths": ["old/**"]}},
    }
    text = RELEASE.format(version="v2beta1", name="web")
    git_repository.commit("base", {".gategit.yaml": json.dumps(config), "new/web.yaml": text, "old/web.yaml": text})
    report = check(git_repository)
    [finding] = [one for one in report.findings if one.rule == "version-not-served"]
    assert (finding.location.file, finding.target, finding.level) == ("new/web.yaml", "new", Level.ERROR)
    assert [use.origin for use in uses(report, "HelmRelease")] == ["Flux 2.2.3"]


@pytest.mark.parametrize(
    ("releases", "message"),
    [
        ({"fluxx": "2.2"}, "gategit carries no schemas of a project fluxx; did you mean flux?"),
        ({"flux": "1.0"}, "gategit carries no schemas of Flux 1.0; it carries 2."),
    ],
)
@pytest.mark.parametrize("place", ["schemas", "target"])
def test_a_release_that_is_not_carried_is_refused(
    releases: dict[str, str], message: str, place: str, git_repository: RepositoryBuilder
) -> None:
    """On its key, with those that are."""
    config = {"version": 1, "schemas": {"releases": releases}}
    if place == "target":
        config = {"version": 1, "targets": {"prod": {"paths": ["**"], "releases": releases}}}
    git_repository.commit("base", {".gategit.yaml": json.dumps(config, indent=1)})
    with pytest.raises(ConfigError) as error:
        check(git_repository)
    assert error.value.message.startswith(message)
    assert error.value.line == json.dumps(config, indent=1).split("flux")[0].count("\n") + 1


def test_a_definition_in_the_tree_judges_before_what_is_carried(git_repository: RepositoryBuilder) -> None:
    """The repository knows its cluster best; the report names the file."""
    text = RELEASE.format(version="v2", name="web") + "  suspended: true\n"
    git_repository.commit("base", {"crds/helm.yaml": CRD, "web.yaml": text})
    report = check(git_repository)
    assert found(report, "unknown-field") == []
    assert [use.origin for use in uses(report, "HelmRelease")] == ["the CustomResourceDefinition in crds/helm.yaml"]


def test_the_cache_keeps_what_judged(git_repository: RepositoryBuilder) -> None:
    """The second run says the same without judging again."""
    git_repository.commit("base", {"readme.md": "shop"})
    git_repository.branch("pr")
    git_repository.commit("add", {"web.yaml": RELEASE.format(version="v2", name="web")})
    first, second = (check(git_repository, mode=Mode.CHANGE, base="main", head="HEAD") for _ in range(2))
    assert second.stats.cache_hits
    assert first.schemas == second.schemas != ()

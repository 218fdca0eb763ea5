"""Targets with an export of their cluster: the schema stage judges by what that cluster serves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gategit import gate
from gategit.cluster.snapshot import compress, encode
from gategit.errors import ConfigError, UsageError
from gategit.model import Report, Stage
from gategit.request import Mode, Request, Trust

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RepositoryBuilder

GEAR = "apiVersion: example.com/v1\nkind: Gear\nmetadata: {name: a, namespace: shop}\nspec: {teeth: 12}\n"
CLASS = "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: a}\nhandler: a\n"
CONFIG = """\
version: 1
targets:
  prod: {paths: ["prod/**"], snapshot: gate/prod.json.gz}
  dev: {paths: ["dev/**"]}
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without anything worked out before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def resource(api_version: str, kind: str) -> dict[str, Any]:
    """A kind that the cluster serves."""
    group, _, version = api_version.rpartition("/")
    plural = f"{kind.lower()}s"
    return {"group": group, "version": version, "kind": kind, "plural": plural, "namespaced": True, "verbs": []}


def snapshot(field: str = "size", version: str = "v1.36.3") -> bytes:
    """An export of a cluster that knows Gears with one field, and next to nothing else."""
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {field: {"type": "integer"}}}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gears.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Gear", "plural": "gears"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    return encode(
        {
            "format": "gategit snapshot",
            "version": 1,
            "kubernetes": version,
            "resources": [resource("example.com/v1", "Gear"), resource("v1", "ConfigMap")],
            "objects": [definition],
        }
    )


def check(repository: RepositoryBuilder, **options: Any) -> Report:
    """Judge all files of a repository by their schemas."""
    request = Request(directory=repository.folder, mode=Mode.ALL, stages=frozenset({Stage.SCHEMA}))
    return gate.run(replace(request, **options))


def said(report: Report) -> list[tuple[str, str, str | None]]:
    """File, rule and target of every finding."""
    return [(one.location.file, one.rule, one.target) for one in report.findings]


def test_the_manifests_of_a_target_are_validated_by_its_cluster(git_repository: RepositoryBuilder) -> None:
    """Those of another target, and of none, are not."""
    files = {f"{place}/{name}.yaml": text for place in ("prod", "dev") for name, text in (("g", GEAR), ("c", CLASS))}
    git_repository.commit(
        "all", {".gategit.yaml": CONFIG, "gate/prod.json.gz": compress(snapshot()), "none.yaml": CLASS, **files}
    )
    report = check(git_repository)
    assert said(report) == [
        ("dev/g.yaml", "schema-missing", "dev"),
        ("prod/c.yaml", "version-not-served", "prod"),
        ("prod/g.yaml", "unknown-field", "prod"),
    ]
    assert report.findings[1].message == (
        "the cluster of the snapshot gate/prod.json.gz (v1.36.3) does not serve node.k8s.io/v1 RuntimeClass, "
        "though Kubernetes 1.36 has it"
    )


def test_another_snapshot_is_another_verdict(git_repository: RepositoryBuilder) -> None:
    """What the cache holds of the same file under another export is not used."""
    git_repository.commit("all", {".gategit.yaml": CONFIG, "gate/prod.json.gz": snapshot("teeth"), "prod/g.yaml": GEAR})
    assert said(check(git_repository)) == []
    git_repository.write("gate/prod.json.gz", snapshot("size"))
    assert said(check(git_repository)) == [("prod/g.yaml", "unknown-field", "prod")]


def test_the_config_may_state_another_version(git_repository: RepositoryBuilder) -> None:
    """An export can be older than what the config says of the cluster: then both are asked."""
    config = CONFIG.replace("prod.json.gz}", 'prod.json.gz, kubernetes_version: "1.34"}')
    git_repository.commit("all", {".gategit.yaml": config, "gate/prod.json.gz": snapshot(), "prod/c.yaml": CLASS})
    assert said(check(git_repository)) == [("prod/c.yaml", "version-not-served", "prod")]
    git_repository.write("prod/c.yaml", CLASS + "later: true\n")
    assert said(check(git_repository)) == [
        ("prod/c.yaml", "version-not-served", "prod"),
        ("prod/c.yaml", "unknown-field", "prod"),
    ]


def test_an_upgrade_keeps_the_cluster_s_own_kinds(git_repository: RepositoryBuilder) -> None:
    """The next version is judged by its own schemas, and by the definitions that stay in the cluster."""
    config = CONFIG.replace("prod.json.gz}", 'prod.json.gz, upgrade_to: "1.37", kubernetes_version: "1.36"}')
    git_repository.commit("all", {".gategit.yaml": config, "gate/prod.json.gz": snapshot("teeth"), "prod/g.yaml": GEAR})
    assert said(check(git_repository)) == []
    git_repository.write("prod/g.yaml", GEAR.replace("teeth", "teth"))
    assert said(check(git_repository)) == [("prod/g.yaml", "unknown-field", "prod")]


def test_a_version_on_the_command_line_asks_for_that_version(git_repository: RepositoryBuilder) -> None:
    """Of the export only its definitions count then, unless it is of that version."""
    git_repository.commit(
        "all",
        {".gategit.yaml": CONFIG, "gate/prod.json.gz": snapshot("teeth"), "prod/g.yaml": GEAR, "prod/c.yaml": CLASS},
    )
    assert said(check(git_repository, kubernetes_versions=("1.35",))) == []
    assert said(check(git_repository, kubernetes_versions=("1.36",))) == [("prod/c.yaml", "version-not-served", "prod")]


def test_a_snapshot_on_the_command_line(git_repository: RepositoryBuilder, tmp_path: Path) -> None:
    """It stands for the only cluster in question; for several it stands for none."""
    export = tmp_path / "other.json"
    export.write_bytes(snapshot("size"))
    git_repository.commit("all", {"g.yaml": GEAR})
    assert said(check(git_repository, snapshot=export)) == [("g.yaml", "unknown-field", None)]
    git_repository.commit(
        "targets", {".gategit.yaml": CONFIG, "gate/prod.json.gz": snapshot("teeth"), "prod/g.yaml": GEAR}
    )
    git_repository.remove("g.yaml")
    assert said(check(git_repository, snapshot=export)) == []
    assert said(check(git_repository, snapshot=export, target="prod")) == [("prod/g.yaml", "unknown-field", "prod")]
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        check(git_repository, snapshot=tmp_path / "none.json")


def test_under_trust_base_the_base_s_snapshot_holds(git_repository: RepositoryBuilder) -> None:
    """A pull request cannot bring the export that it is judged by."""
    git_repository.commit("base", {".gategit.yaml": CONFIG, "gate/prod.json.gz": snapshot("size"), "prod/a.yaml": GEAR})
    git_repository.branch("pr")
    git_repository.commit("own", {"gate/prod.json.gz": snapshot("teeth"), "prod/g.yaml": GEAR})
    options = {"mode": Mode.CHANGE, "base": "main", "head": "HEAD"}
    trusted = check(git_repository, trust=Trust.BASE, **options)
    assert ("prod/g.yaml", "unknown-field", "prod") in said(trusted)
    assert ("prod/g.yaml", "unknown-field", "prod") not in said(check(git_repository, trust=Trust.HEAD, **options))


def test_a_plain_snapshot_in_the_tree_is_no_manifest(git_repository: RepositoryBuilder) -> None:
    """The objects that it holds are not taken for objects of the repository."""
    config = CONFIG.replace(".gz", "")
    git_repository.commit("all", {".gategit.yaml": config, "gate/prod.json": snapshot(), "readme.md": "x"})
    report = check(git_repository, stages=None)
    assert report.findings == ()
    assert report.stats.objects == 0


def test_a_damaged_snapshot_is_an_error_of_the_config(git_repository: RepositoryBuilder) -> None:
    """Nothing is judged by half of a file."""
    damaged = compress(snapshot())[:-20]
    git_repository.commit("all", {".gategit.yaml": CONFIG, "gate/prod.json.gz": damaged, "prod/g.yaml": GEAR})
    with pytest.raises(ConfigError) as caught:
        check(git_repository)
    assert str(caught.value) == "gate/prod.json.gz: the snapshot is damaged: its end is missing"

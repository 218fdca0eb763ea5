"""Kustomize's own files: what is carried is what Kustomize's types say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gategit.checks.schema.ecosystem import carried
from tools.golang import PROGRAMS, ROOT
from tools.schemas import form_kustomize
from tools.schemas.errors import SchemasError
from tools.schemas.prune import pruned
from tools.schemas.sources import Release, read_sources

GROUP = "kustomize.config.k8s.io"


@pytest.fixture(scope="module")
def release() -> Release:
    """The release that is pinned."""
    (source,) = [source for source in read_sources() if source.name == "kustomize"]
    return source.releases[0]


def test_what_is_carried_is_what_the_types_say(release: Release) -> None:
    """Reading the types again gives the kinds and schemas that are in the folder, and no other."""
    definitions = form_kustomize.definitions(release)
    assert [one["spec"]["names"]["kind"] for one in definitions] == ["Kustomization", "Component"]
    for one in definitions:
        (version,) = one["spec"]["versions"]
        kind = carried(GROUP, one["spec"]["names"]["kind"])
        assert kind is not None
        assert [read.name for read in kind.releases] == [release.name]
        (line,) = kind.releases[0].versions
        assert (line.name, kind.namespaced) == (version["name"], None)
        assert kind.schema(line) == pruned(version["schema"]["openAPIV3Schema"])


def test_the_types_are_those_of_the_program_that_the_tests_run(release: Release) -> None:
    """A newer program with older fields would make the comparison with it worth nothing."""
    assert release.name == PROGRAMS["kustomize"].version
    assert form_kustomize.required(ROOT / "tools" / "kustomize", release.origin) == release.version
    assert form_kustomize.required(form_kustomize.PROGRAM, release.origin) == release.version


def test_the_fields_are_those_that_json_has() -> None:
    """Embedded structs are flattened, options of the tags are no names, and what Kustomize warns of is marked."""
    kind = carried(GROUP, "Kustomization")
    assert kind is not None
    schema = kind.schema(kind.releases[0].versions[0])
    fields = schema["properties"]
    assert list(fields)[:3] == ["kind", "apiVersion", "metadata"]
    assert fields["resources"] == {"type": "array", "items": {"type": "string"}}
    assert list(fields["replacements"]["items"]["properties"]) == ["source", "targets", "sourceValue", "path"]
    selector = fields["patches"]["items"]["properties"]["target"]["properties"]
    assert list(selector)[:5] == ["group", "version", "kind", "name", "namespace"]
    assert fields["helmCharts"]["items"]["properties"]["valuesInline"] == {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
    }
    assert {
        name: field["x-kustomize-replaced-by"] for name, field in fields.items() if "x-kustomize-replaced-by" in field
    } == {
        "bases": "resources",
        "commonLabels": "labels",
        "imageTags": "images",
        "patchesJson6902": "patches",
        "patchesStrategicMerge": "patches",
        "vars": "replacements",
    }


def test_another_sum_than_the_pinned_one_is_refused(release: Release) -> None:
    """What is published must be what was looked at."""
    with pytest.raises(SchemasError, match=r"has the sum h1:.* and not h1:other as pinned"):
        form_kustomize.definitions(replace(release, checksum="h1:other"))


def test_another_licence_than_the_written_one_is_refused(release: Release) -> None:
    """A change of terms is not taken over unseen."""
    with pytest.raises(SchemasError, match=r"published under Apache-2\.0, not MIT"):
        form_kustomize.definitions(replace(release, licence="MIT"))


def test_a_program_of_another_release_is_refused(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fields must be those of the release that they are carried under."""
    (tmp_path / "go.mod").write_text(f"module example.com/m\n\nrequire {release.origin} v0.1.0\n", encoding="utf-8")
    monkeypatch.setattr(form_kustomize, "PROGRAM", tmp_path)
    with pytest.raises(SchemasError, match=r"go\.mod has v0\.1\.0"):
        form_kustomize.definitions(release)

"""The facts about APIs agree with the schemas they were taken from."""

from __future__ import annotations

from pathlib import Path

import pytest

from gategit.checks.schema import facts, kubernetes, versions
from gategit.checks.schema.check import api_status
from gategit.errors import UsageError


def test_the_table_is_what_the_schemas_say() -> None:
    """The checked-in table is regenerated and compared."""
    assert Path(facts.__file__).with_name("served.json").read_text(encoding="utf-8") == facts.table_text()


def test_every_kind_of_the_newest_version_has_a_schema_that_compiles() -> None:
    """No kind is left out, and none holds a pattern that cannot be used."""
    from gategit.checks.schema.patterns import compile_schema  # noqa: PLC0415  heavy

    version = versions.resolve(None)
    for api_version, kind in facts.kinds(version):
        schema = kubernetes.kind_schema(version, api_version, kind)
        assert schema is not None, (api_version, kind)
        compile_schema(schema)


def test_versions_are_read_in_the_forms_that_people_write() -> None:
    """Patch releases and a leading v do not matter."""
    assert {versions.resolve(text) for text in ("1.34", "v1.34", "1.34.2", "v1.34.2-eks-1")} == {"1.34"}
    assert versions.resolve(None) == versions.available()[-1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("newest", "'newest' is not a Kubernetes version"),
        ("1.9", "there are no schemas for Kubernetes 1.9"),
        ("../1.30", "'../1.30' is not a Kubernetes version"),
    ],
)
def test_a_wrong_version_is_refused(text: str, message: str) -> None:
    """With a sentence, and exit code 2."""
    with pytest.raises(UsageError) as caught:
        versions.resolve(text)
    assert (caught.value.message, caught.value.exit_code) == (message, 2)


def test_a_kept_schema_that_is_damaged_is_worked_out_again(own_cache: Path) -> None:
    """The cache is a convenience."""
    first = kubernetes.kind_schema("1.34", "v1", "ConfigMap")
    kept = [file for file in (own_cache / "gategit" / "schemas").iterdir() if "-ConfigMap-" in file.name]
    assert len(kept) == 1
    kept[0].write_text("{", encoding="utf-8")
    assert kubernetes.kind_schema("1.34", "v1", "ConfigMap") == first
    assert kubernetes.kind_schema("1.34", "v1", "ConfigMap") == first


@pytest.mark.parametrize(
    ("version", "api_version", "kind", "rule"),
    [
        ("1.24", "batch/v1beta1", "CronJob", "deprecated-api"),
        ("1.25", "batch/v1beta1", "CronJob", "removed-api"),
        ("1.25", "batch/v1beta1", "CronJobList", "removed-api"),
        ("1.25", "autoscaling/v2beta2", "HorizontalPodAutoscaler", "deprecated-api"),
        ("1.26", "autoscaling/v2beta2", "HorizontalPodAutoscaler", "removed-api"),
        ("1.34", "resource.k8s.io/v1beta1", "ResourceClaim", "deprecated-api"),
        ("1.34", "apps/v1", "Deployment", None),
        ("1.34", "example.com/v1alpha1", "Deployment", None),
    ],
)
def test_what_a_version_thinks_of_an_api(version: str, api_version: str, kind: str, rule: str | None) -> None:
    """Removed, deprecated, or nothing to say."""
    status = api_status(version, api_version, kind)
    assert (status.rule.id if status else None) == rule

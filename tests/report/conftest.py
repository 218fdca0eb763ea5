"""One rich report that every format is tested with, and the folder of snapshots."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gategit.model import (
    AppliedWaiver,
    ChangeSummary,
    Finding,
    Level,
    Location,
    ObjectRef,
    Region,
    RelatedLocation,
    Report,
    Rule,
    SchemaUse,
    Stage,
    StageResult,
    StageStatus,
    State,
    Stats,
    Unchecked,
    Verdict,
)

SNAPSHOTS = Path(__file__).parent / "snapshots"

WEB = "apps/web.yaml"
ODD = 'apps/my "shop" 100%, a:b\n::error::x <b>é店|`@team`.yaml'
BYTES = "apps/caf\udce9.yaml"  # not UTF-8: a Latin-1 byte, as Python hands it over
HOSTILE = (
    "::error::x\n::stop-commands::t\r##[command]rm <script>alert(1)</script> \x1b[31mred | cell ``` @team "
    "![i](https://x.test/i.png) \u202eevil\u200b %0A #12 &amp; ]]>"
)

RULES = (
    Rule(
        id="unknown-field",
        level=Level.ERROR,
        stage=Stage.SCHEMA,
        summary="Every field must be one that the object's kind has.",
        rationale="The API server drops a field that it does not know, so what was meant never happens.",
        help="Correct the field's name, or remove it.",
        example_fail="spec:\n  replicass: 3  # <-\n",
        example_pass="spec:\n  replicas: 3\n",  # noqa: S106  YAML, not a password
        references=("https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation",),
    ),
    Rule(
        id="privileged-container",
        level=Level.ERROR,
        stage=Stage.POLICY,
        summary="A container must not run privileged.",
        rationale="A privileged container is root on its node.",
        help="Remove `privileged: true`, or name the one capability that is needed.",
        security_severity=8.8,
    ),
    Rule(
        id="image-digest",
        level=Level.WARNING,
        stage=Stage.POLICY,
        summary="An image must be named by its digest.",
        rationale="A tag can be moved to another image after the review.",
        help="Write `name@sha256:…` in place of the tag.",
        security_severity=5.0,
    ),
    Rule(
        id="dangling-reference",
        level=Level.WARNING,
        stage=Stage.REFERENCES,
        summary="What an object names must exist.",
        rationale="A pod whose ConfigMap does not exist never starts.",
        help="Add the object that is named, or correct the name.",
    ),
    Rule(
        id="yaml-syntax",
        level=Level.ERROR,
        stage=Stage.SYNTAX,
        summary="A file must be YAML that the cluster can read.",
        rationale="A file that cannot be read is not applied.",
        help="Correct the line that the message names.",
        waivable=False,
    ),
    Rule(
        id="schema-missing",
        level=Level.NOTE,
        stage=Stage.SCHEMA,
        summary="Every kind should have a schema.",
        rationale="Without a schema the fields of an object are not checked.",
        help="Run `gategit schema add`.",
        undecided=True,
    ),
)

WEB_LINES = {
    10: "metadata: {name: web}",
    11: "spec:",
    12: "\treplicass: 3",
    13: "  template:",
    14: "    spec:",
    15: "      containers: # 店の名前 é",
    16: "        - {name: 店, image: nginx, securityContext: {privileged: true}}",
    17: "          e\u0301tat: \x1b[31mred\u202e",
    18: "        - name: b",
    19: "          image: " + "very-long-" * 30 + "name:latest" + " # tail" * 20,
}

DEPLOYMENT = ObjectRef("apps/v1", "Deployment", "web", "web")


def _findings() -> tuple[Finding, ...]:
    return (
        Finding(
            rule="yaml-syntax",
            stage=Stage.SYNTAX,
            level=Level.ERROR,
            message="the file is not UTF-8 text",
            location=Location(BYTES),
            fingerprint="f" * 64,
        ),
        Finding(
            rule="dangling-reference",
            stage=Stage.REFERENCES,
            level=Level.WARNING,
            message=f"ConfigMap {HOSTILE} does not exist",
            help=f"add it, or correct the name\n{HOSTILE}",
            location=Location(ODD, Region(1, 1, 1, 6)),
            object=ObjectRef("v1", "Pod", None, HOSTILE),
            path=("metadata", "labels", HOSTILE),
            related=(RelatedLocation(Location(WEB, Region(11, 1, 11, 5)), f"the nearest is {HOSTILE}"),),
            fingerprint="a" * 64,
        ),
        Finding(
            rule="unknown-field",
            stage=Stage.SCHEMA,
            level=Level.ERROR,
            message="spec has no field replicass",
            help="did you mean replicas?",
            location=Location(WEB, Region(12, 2, 12, 11)),
            object=DEPLOYMENT,
            path=("spec", "replicass"),
            related=(
                RelatedLocation(Location("apps/base.yaml", Region(3, 1, 3, 10)), "the base declares it here"),
                RelatedLocation(Location("apps/kustomization.yaml"), "the overlay that names the file"),
            ),
            target="prod",
            fingerprint="b" * 64,
        ),
        Finding(
            rule="privileged-container",
            stage=Stage.POLICY,
            level=Level.ERROR,
            message="container 店 is privileged",
            help="remove privileged: true",
            location=Location(WEB, Region(16, 53, 16, 63)),
            object=DEPLOYMENT,
            path=("spec", "template", "spec", "containers", 0, "securityContext", "privileged"),
            fingerprint="c" * 64,
            state=State.EXISTING,
        ),
        Finding(
            rule="schema-missing",
            stage=Stage.SCHEMA,
            level=Level.NOTE,
            message="there is no schema for Widget of example.com/v1",
            location=Location(WEB, Region(16, 9, 18, 18)),
            object=ObjectRef("example.com/v1", "Widget", "web", "w"),
            fingerprint="d" * 64,
        ),
        Finding(
            rule="image-digest",
            stage=Stage.POLICY,
            level=Level.WARNING,
            message="the image of container b is not named by a digest",
            help="write name@sha256:…",
            location=Location(WEB, Region(19, 318, 19, 329)),
            object=DEPLOYMENT,
            path=("spec", "template", "spec", "containers", 1, "image"),
            fingerprint="e" * 64,
        ),
        Finding(
            rule="image-digest",
            stage=Stage.POLICY,
            level=Level.WARNING,
            message="the image of container 店 is not named by a digest",
            help="write name@sha256:…",
            location=Location(WEB, Region(16, 28, 16, 33)),
            object=DEPLOYMENT,
            path=("spec", "template", "spec", "containers", 0, "image"),
            fingerprint="0" * 64,
            state=State.WAIVED,
            waiver=AppliedWaiver("team-shop", "vendor publishes no digests before Q1", "2027-01-31"),
        ),
    )


def _report() -> Report:
    unchecked = (
        *(Unchecked(f"charts/web/templates/{name}.yaml", "Helm template, not rendered") for name in "abcde"),
        Unchecked(f"apps/{HOSTILE}", "the file is larger than 5 MiB"),
    )
    stages = (
        StageResult(Stage.SYNTAX, StageStatus.FAILED),
        StageResult(Stage.SCHEMA, StageStatus.FAILED),
        StageResult(Stage.REFERENCES, StageStatus.PASSED),
        StageResult(Stage.POLICY, StageStatus.ERROR, f"the policy image-digest crashed: {HOSTILE}"),
        StageResult(Stage.DRY_RUN, StageStatus.SKIPPED, "off"),
    )
    return Report(
        verdict=Verdict.UNDECIDED,
        change=ChangeSummary("1" * 40, "worktree", "base", files=3, added=1, modified=2, removed=0),
        stages=stages,
        findings=_findings(),
        unchecked=unchecked,
        rules={rule.id: rule for rule in RULES},
        stats=Stats(documents=1200, objects=118, seconds=0.4242, cache_hits=117, cache_misses=3),
        sources={WEB: WEB_LINES, ODD: {1: "image: é店"}},
        schemas=(
            SchemaUse("argoproj.io/v1alpha1", "Application", "Argo CD 3.6.1", 12),
            SchemaUse("argoproj.io/v1alpha1", "AppProject", "Argo CD 3.6.1", 1),
            SchemaUse("apps/v1", "Deployment", "Kubernetes 1.34", 100),
            SchemaUse("v1", "Service", "Kubernetes 1.34", 4),
            SchemaUse("example.com/v1", HOSTILE, f"the CustomResourceDefinition in {HOSTILE}", 1),
        ),
    )


def _clean_report() -> Report:
    return Report(
        verdict=Verdict.PASS,
        change=ChangeSummary(None, "worktree", "head", files=1, added=1, modified=0, removed=0),
        stages=tuple(StageResult(stage, StageStatus.PASSED) for stage in Stage),
        findings=(),
        unchecked=(),
        rules={},
        stats=Stats(documents=1, objects=1, seconds=0.01, cache_hits=0, cache_misses=1),
    )


@pytest.fixture(scope="session")
def rich_report() -> Report:
    """A report with every kind of finding, place and hostile text in it."""
    return _report()


@pytest.fixture(scope="session")
def clean_report() -> Report:
    """A report of a change with nothing to say."""
    return _clean_report()


@pytest.fixture
def assert_snapshot() -> Callable[[str, str], None]:
    """Compare text with a snapshot byte by byte; with UPDATE_SNAPSHOTS=1 in the environment, write it first."""

    def compare(name: str, text: str) -> None:
        path = SNAPSHOTS / name
        if os.environ.get("UPDATE_SNAPSHOTS") == "1":
            SNAPSHOTS.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        assert text.encode() == path.read_bytes(), f"{name} differs; if it should, run with UPDATE_SNAPSHOTS=1"

    return compare

"""Findings of the dry run: each at its field's own line, with a subject that the next run has too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest

from gategit.change import ObjectChange
from gategit.checks.dry_run.findings import findings, outcome_view
from gategit.checks.dry_run.shown import Masker
from gategit.checks.dry_run.values import Outcome, Problem
from gategit.manifests.decode import Limits
from gategit.manifests.file import read_file
from gategit.manifests.manifest import Manifest
from gategit.manifests.positions import SourceMap
from gategit.model import DryRunResult, FieldPath, Finding, Level, Location, ObjectRef, Stage

TEXT = """\
# the application
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  replicas: 9
  selector:
    matchLabels:
      app: web2
  template:
    spec:
      containers:
        - name: side
          image: side:1
        - name: web
          image: nginx
          env:
            - {name: A, value: "1"}
"""
MANIFEST: Manifest = read_file("web.yaml", TEXT.encode(), None, Limits(), chart_folders=frozenset()).manifests[0]
CHANGE = ObjectChange(None, MANIFEST)
SECOND: FieldPath = ("spec", "template", "spec", "containers", 1)


def locate(manifest: Manifest, path: FieldPath, on: Literal["key", "value"]) -> Location:
    """Find a field in the text."""
    source = manifest.source
    return Location(source.file, SourceMap(TEXT.encode(), source.file).region(source.document, path, on=on))


def found(*problems: Problem, **parts: Any) -> list[Finding]:
    """The findings of an outcome."""
    return list(findings(Outcome(CHANGE, DryRunResult.REJECTED, problems, **parts), locate, "prod"))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), "5:9 web"),
        (("spec", "replicas"), "8:13 9"),
        (("spec", "selector"), "9:3 selector"),
        ((*SECOND, "image"), "18:18 nginx"),
        ((*SECOND, "imagePullPolicy"), "17:17 web"),
        ((*SECOND, "env", 0, "value"), '20:32 "1"'),
        ((*SECOND, "resources", "limits", "cpu"), "17:17 web"),
        (("data", "nothing"), "5:9 web"),
    ],
)
def test_a_finding_stands_at_its_field(path: FieldPath, place: str) -> None:
    """At a value by itself, a block by its key, and a field that is not there by what it is missing from."""
    [finding] = found(Problem("dry-run-rejected", "it is wrong", path))
    region = finding.location.region
    assert region is not None
    text = TEXT.splitlines()[region.line - 1][region.column - 1 : region.end_column - 1]
    assert f"{region.line}:{region.column} {text}" == place
    assert finding.location.file == "web.yaml"


def test_an_unknown_field_is_shown_by_its_name() -> None:
    """The value is not what is wrong with it."""
    [finding] = found(Problem("dry-run-rejected", "unknown field spec.replicas", ("spec", "replicas")))
    assert finding.location.region is not None
    assert (finding.location.region.line, finding.location.region.column) == (8, 3)


def test_what_a_finding_says() -> None:
    """The problem's words and help, the rule's level, the object, the target."""
    [finding] = found(
        Problem("immutable-field", "spec.selector: field is immutable", ("spec", "selector"), "restore it")
    )
    assert replace(finding, location=Location("web.yaml")) == Finding(
        rule="immutable-field",
        stage=Stage.DRY_RUN,
        level=Level.ERROR,
        message="spec.selector: field is immutable",
        location=Location("web.yaml"),
        help="restore it",
        object=ObjectRef("apps/v1", "Deployment", "shop", "web"),
        path=("spec", "selector"),
        subject="field is immutable",
        target="prod",
    )


def test_the_rule_helps_where_the_problem_does_not() -> None:
    """In its first words, if there is more to say than the message does; a warning is a warning."""
    conflict, warning = found(Problem("field-conflict", "somebody else set it"), Problem("api-warning", "look out"))
    assert conflict.level is warning.level is Level.WARNING
    assert conflict.help.startswith("Leave the field out of the manifest")
    assert "\n" not in conflict.help
    assert warning.help == ""


def test_the_same_problem_is_one_finding() -> None:
    """Two ways of asking may find it."""
    assert len(found(Problem("api-warning", "look out"), Problem("api-warning", "look out"))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "exceeded quota: rq, requested: pods=1, used: pods=4, limited: pods=4",
            "exceeded quota: rq, requested: pods=1, used: pods=7, limited: pods=4",
        ),
        (
            "metadata.uid: 11111111-2222-3333-4444-555555555555 is not it",
            "metadata.uid: a1b2c3d4-2222-3333-4444-555555555555 is not it",
        ),
        ("failed at 2026-11-21T15:00:00Z", "failed at 2026-12-01T00:00:00Z"),
        ('Post "https://127.0.0.1:34567/": connection refused', 'Post "https://127.0.0.1:45678/": connection refused'),
    ],
)
def test_the_subject_is_the_same_in_the_next_run(one: str, other: str) -> None:
    """Counts, uids, times and ports are no part of what a finding is about."""
    first, second = found(Problem("dry-run-rejected", one), Problem("dry-run-rejected", other))
    assert first.subject == second.subject


def test_the_subject_does_not_hold_the_field_s_index() -> None:
    """An item before it moves nothing: the fingerprint names the item by itself."""
    message = "spec.template.spec.containers[{}].image: Required value"
    first, second = (
        found(
            Problem(
                "dry-run-rejected", message.format(index), ("spec", "template", "spec", "containers", index, "image")
            )
        )[0]
        for index in (0, 1)
    )
    assert first.subject == second.subject == "Required value"


def test_two_complaints_about_one_field_are_told_apart() -> None:
    """By their words."""
    first, second = found(
        Problem("dry-run-rejected", "spec: is odd", ("spec",)), Problem("dry-run-rejected", "spec: is small", ("spec",))
    )
    assert first.subject != second.subject


def test_what_nobody_judged_is_one_thing() -> None:
    """Whatever the reason was this time."""
    first, second = found(Problem("dry-run-unanswered", "refused"), Problem("dry-run-unanswered", "too slow"))
    assert first.subject == second.subject == ""


def test_a_removed_object_is_shown_where_it_was() -> None:
    """At the base's place: the locator is the base's."""
    outcome = Outcome(ObjectChange(MANIFEST, None), DryRunResult.REJECTED, (Problem("admission-denied", "keep it"),))
    [finding] = findings(outcome, locate, None)
    assert (finding.location.region and finding.location.region.line, finding.target) == (5, None)


def test_the_view_of_an_outcome() -> None:
    """What happened to which object, with the fields that change."""
    live = {**MANIFEST.data, "spec": {**MANIFEST.data["spec"], "replicas": 3}}
    outcome = Outcome(
        ObjectChange(MANIFEST, MANIFEST),
        DryRunResult.CONFIGURED,
        (),
        "said so",
        "argocd-controller",
        live,
        MANIFEST.data,
    )
    view = outcome_view(outcome, locate, "prod", Masker(b"key"))
    assert (view.object, view.result, view.target) == (MANIFEST.ref, DryRunResult.CONFIGURED, "prod")
    assert (view.reason, view.manager) == ("said so", "argocd-controller")
    assert view.location.region is not None
    assert view.location.region.line == 5
    assert [(one.path, one.change, one.old, one.new) for one in view.differences] == [
        ("spec.replicas", "modified", 3, 9)
    ]


def test_the_view_hides_the_values_of_a_secret() -> None:
    """A change shows, a value never does."""
    data = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "hunter2"}}
    manifest = replace(MANIFEST, api_version="v1", kind="Secret", name="s", data=data)
    outcome = Outcome(ObjectChange(None, manifest), DryRunResult.CREATED, after=data)
    view = outcome_view(outcome, locate, None, Masker(b"key"))
    assert view.differences
    assert "hunter2" not in repr(view)

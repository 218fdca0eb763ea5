from __future__ import annotations

from dataclasses import replace

import pytest

from gategit.model import FieldPath, Finding, Level, Location, ObjectRef, Region, Report, Rule, Stage, State
from gategit.report import FORMATS, render
from gategit.report.markdown_report import render_within

SECRET = Rule("plaintext-secret", Level.ERROR, Stage.POLICY, "s", "r", "h", sensitive=True)
OTHER = Rule("unknown-field", Level.ERROR, Stage.SCHEMA, "s", "r", "h")
SOURCES = {"s.yaml": {1: "data: near", 2: "  password: hunter2", 3: "  user: next"}}


def report_with(base: Report, secret: Region | None, other: Region) -> Report:
    findings = (
        Finding(SECRET.id, Stage.POLICY, Level.ERROR, "a secret", Location("s.yaml", secret), state=State.WAIVED),
        Finding(OTHER.id, Stage.SCHEMA, Level.ERROR, "a field", Location("s.yaml", other)),
    )
    rules = {rule.id: rule for rule in (SECRET, OTHER)}
    return replace(base, findings=findings, rules=rules, sources=SOURCES)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("other", [Region(3, 3, 3, 7), Region(1, 1, 3, 7), Region(2, 3, 2, 11)])
def test_line_of_a_secret_is_in_no_report(name: str, other: Region, clean_report: Report) -> None:
    """Not for its own finding, nor as the context or a part of another one."""
    text = render(report_with(clean_report, Region(2, 13, 2, 20), other), name, verbose=True)
    assert "hunter2" not in text


@pytest.mark.parametrize("name", ["text", "sarif", "markdown", "html"])
def test_other_lines_of_the_file_are_shown(name: str, clean_report: Report) -> None:
    """Only what may hold the secret is left out."""
    text = render(report_with(clean_report, Region(2, 13, 2, 20), Region(3, 3, 3, 7)), name)
    assert "user" in text


@pytest.mark.parametrize("name", FORMATS)
def test_secret_without_a_known_place_hides_the_whole_file(name: str, clean_report: Report) -> None:
    """Where the line is not known, it may be any."""
    text = render(report_with(clean_report, None, Region(3, 3, 3, 7)), name)
    assert not any(line.strip() in text for line in SOURCES["s.yaml"].values())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("path", [("stringData", "password"), ("dta",), ()])
def test_line_of_a_secret_s_value_is_in_no_report(name: str, path: FieldPath, clean_report: Report) -> None:
    """Whatever the rule of the finding is."""
    finding = Finding(OTHER.id, Stage.SCHEMA, Level.ERROR, "it is odd", Location("s.yaml", Region(2, 13, 2, 20)))
    about = replace(finding, object=ObjectRef("v1", "Secret", None, "s"), path=path)
    report = replace(clean_report, findings=(about,), rules={OTHER.id: OTHER}, sources=SOURCES)
    assert "hunter2" not in render(report, name, verbose=True)
    named = replace(report, findings=(replace(about, path=("metadata", "name")),))
    config = replace(report, findings=(replace(about, object=ObjectRef("v1", "ConfigMap", None, "s")),))
    for shown in (named, config):
        assert ("hunter2" in render(shown, name)) == (name in {"text", "sarif", "html", "markdown"})


def test_summary_with_a_limit_of_its_own_hides_it_too(clean_report: Report) -> None:
    """Whoever calls the format directly is safe as well."""
    report = report_with(clean_report, Region(2, 13, 2, 20), Region(1, 1, 3, 7))
    assert "hunter2" not in render_within(report, 100_000, verbose=True)

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

from gategit.model import Report, Stage, State
from gategit.report import render


def parse(report: Report) -> ET.Element:
    return ET.fromstring(render(report, "junit").encode())  # noqa: S314  our own text


def test_totals_are_the_sums_of_the_cases(rich_report: Report) -> None:
    """Consumers trust the attributes, so they must be right at both levels."""
    root = parse(rich_report)
    for element in [root, *root.findall("testsuite")]:
        assert int(element.attrib["tests"]) == len(element.findall(".//testcase"))
        assert int(element.attrib["failures"]) == len(element.findall(".//failure"))
        assert int(element.attrib["errors"]) == len(element.findall(".//error"))
        assert int(element.attrib["skipped"]) == len(element.findall(".//skipped"))


def test_what_blocks_fails_and_what_is_excepted_is_skipped(rich_report: Report) -> None:
    """Two new errors fail; the waived and the existing one are skipped; the undecided stage is an error."""
    root = parse(rich_report)
    assert [element.attrib["type"] for element in root.iter("failure")] == ["yaml-syntax", "unknown-field"]
    assert [element.attrib["type"] for element in root.iter("error")] == ["undecided"]
    skipped = [element.attrib["message"].split(";")[0] for element in root.iter("skipped")]
    assert skipped[:2] == [
        "the base has it too",
        "waived until 2027-01-31 by team-shop: vendor publishes no digests before Q1",
    ]


def test_every_finding_and_stage_has_a_case(rich_report: Report) -> None:
    """No finding is lost, even one of a stage that the report does not list."""
    report = replace(rich_report, stages=rich_report.stages[:1])
    root = parse(report)
    names = [element.attrib["name"] for element in root.findall("testsuite")]
    assert names == ["gategit.syntax", "gategit.other", "gategit.not-checked"]
    assert len(root.findall(".//testcase[@file]")) == len(report.findings)


def test_clean_report_has_one_passing_case_for_each_stage(clean_report: Report) -> None:
    """A consumer that treats an empty file as a failure is content."""
    root = parse(clean_report)
    assert [case.attrib["name"] for case in root.iter("testcase")] == [stage.value for stage in Stage]
    assert all(len(case) == 0 for case in root.iter("testcase"))
    assert not any(finding.state is State.NEW for finding in clean_report.findings)

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import attr
import pytest
import sarif_om
from jsonschema.validators import Draft202012Validator

from gategit.model import Finding, Level, Location, Region, Report, Rule, Stage
from gategit.report import render, sarif_report
from gategit.report.line_hash import line_hashes

TOOLS = Path(__file__).parents[1] / "tools"

ACCEPTED = {
    "SARIF2002": "messages are sentences; nobody translates them",
    "SARIF2003": "a report does not know the repository's address, and states the commits nowhere else in SARIF",
    "SARIF2005": "informationUri waits for the project's address",
    "SARIF2006": "asks whether addresses answer on the network",
    "SARIF2009": "rule ids are words, as the contract says",
    "SARIF2010": "the source of a file without a known place, or of a sensitive rule, cannot be shown",
    "SARIF2011": "the same",
    "SARIF2012": "GitHub shows help.markdown; there is no address of a rule's page yet",
}


@pytest.fixture(scope="session")
def validator() -> Path:
    """Microsoft's SARIF validator. It is installed if need be; a test that cannot have it fails."""
    script = TOOLS / "sarif_validator.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture
def judge(validator: Path, tmp_path: Path) -> Callable[[Any], set[tuple[str, str]]]:
    """Validate a log with every rule of the kinds Sarif and Gh; gives each rule broken, with its level."""

    def run(log: Any) -> set[tuple[str, str]]:
        file, answer = tmp_path / "log.sarif", tmp_path / "answer.sarif"
        file.write_text(log if isinstance(log, str) else json.dumps(log), encoding="utf-8")
        arguments = ["--rule-kind", "Sarif;Gh", "--level", "Error;Warning;Note", "--log", "ForceOverwrite"]
        done = subprocess.run(
            [str(validator), "validate", str(file), *arguments, "--output", str(answer)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert answer.exists(), done.stdout + done.stderr
        judged = json.loads(answer.read_text(encoding="utf-8-sig"))["runs"][0]
        assert all(invocation["executionSuccessful"] for invocation in judged["invocations"]), done.stdout
        broken = {(result["ruleId"].split("/")[0], result.get("level", "warning")) for result in judged["results"]}
        # The validator passes over a log that it cannot read without a word. This note is on each log of ours, so it
        # proves that the log was read.
        assert ("SARIF2003", "note") in broken, "the validator did not look"
        return broken

    return run


def log_of(report: Report) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render(report, "sarif"))
    return log


def test_real_validator_has_nothing_to_say(
    rich_report: Report, clean_report: Report, judge: Callable[[Any], set[tuple[str, str]]]
) -> None:
    """No rule of the standard or of GitHub is broken, but for the advice that is refused for a reason."""
    for report in (rich_report, clean_report):
        assert {(rule, level) for rule, level in judge(render(report, "sarif")) if rule not in ACCEPTED} == set()


def spoil(log: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    spoilt = copy.deepcopy(log)
    place: Any = spoilt
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return spoilt


@pytest.mark.parametrize(
    ("path", "value", "broken"),
    [
        (("runs", 0, "results", 2, "locations"), None, "GH1015"),
        (("runs", 0, "results", 2, "locations", 0, "physicalLocation", "artifactLocation", "uri"), None, "GH1017"),
        (("runs", 0, "tool", "driver", "rules"), None, "GH1018"),
        (("runs", 0, "tool", "driver", "rules", 0, "help"), None, "GH2012"),
        (("runs", 0, "results", 2, "ruleIndex"), 99, "SARIF1009"),
        (("runs", 0, "results", 2, "locations", 0, "physicalLocation", "region", "endLine"), 1, "SARIF1007"),
        (("runs", 0, "results", 2, "locations", 0, "physicalLocation", "artifactLocation", "uri"), "a b%", "SARIF1002"),
        (("$schema",), "https://json.schemastore.org/sarif-1.0.0.json", "SARIF1011"),
    ],
)
def test_validator_tells_valid_from_invalid(
    path: tuple[str | int, ...],
    value: Any,
    broken: str,
    rich_report: Report,
    judge: Callable[[Any], set[tuple[str, str]]],
) -> None:
    """The test above means something: each defect put into the same log is found."""
    assert broken in {rule for rule, _ in judge(spoil(log_of(rich_report), path, value))}


def test_unreadable_log_is_not_taken_for_a_valid_one(
    rich_report: Report, judge: Callable[[Any], set[tuple[str, str]]]
) -> None:
    """The validator's silence about a level that does not exist is not an approval."""
    with pytest.raises(AssertionError, match="the validator did not look"):
        judge(spoil(log_of(rich_report), ("runs", 0, "results", 2, "level"), "fatal"))


def test_log_is_valid_by_the_schema_of_the_standard(rich_report: Report, clean_report: Report, validator: Path) -> None:
    """The JSON Schema that the validator brings takes the log as well."""
    schema = json.loads((validator.parent / "sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    for report in (rich_report, clean_report):
        assert list(Draft202012Validator(schema).iter_errors(log_of(report))) == []


def test_writer_knows_each_name_of_the_standard(validator: Path) -> None:
    """The model's property names, with the writer's corrections, are those of the final schema."""
    schema = json.loads((validator.parent / "sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    models = [
        *("ArtifactContent", "ArtifactLocation", "Invocation", "Location", "LogicalLocation", "Message", "Result"),
        *("MultiformatMessageString", "Notification", "PhysicalLocation", "Region", "ReportingConfiguration", "Run"),
        *("ReportingDescriptor", "ReportingDescriptorReference", "RunAutomationDetails", "Suppression", "Tool"),
        "ToolComponent",
    ]
    for name in models:
        model = getattr(sarif_om, name)
        written = {written for _, written, _ in sarif_report._fields(model)}
        assert written == set(schema["definitions"][name[0].lower() + name[1:]]["properties"]), name
        assert attr.has(model)


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def test_no_empty_string_no_time_and_no_absolute_path(rich_report: Report, clean_report: Report) -> None:
    """GitHub refuses empty strings; times and machine paths would make two runs differ."""
    for report in (rich_report, clean_report):
        log = log_of(report)
        assert "" not in strings(log)
        text = json.dumps(log)
        assert str(Path.cwd()) not in text
        assert not re.search(r"Utc\"|file://", text)


def test_rules_have_what_github_asks_for(rich_report: Report) -> None:
    """Every rule has its texts within GitHub's limits, a level, tags and severities."""
    for rule in log_of(rich_report)["runs"][0]["tool"]["driver"]["rules"]:
        assert rule["name"] == "".join(word.capitalize() for word in rule["id"].split("-"))
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"]
        assert rule["help"]["markdown"].startswith(f"# {rule['id']}\n\n")
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
        assert len(rule["properties"]["tags"]) <= 10
        assert rule["properties"]["precision"] in {"very-high", "high"}
        assert rule["properties"]["problem.severity"] in {"error", "warning", "recommendation"}


def test_security_severity_is_a_string_and_only_where_there_is_one(rich_report: Report) -> None:
    """Its presence makes a result a security result, so other rules must not have it."""
    rules = {rule["id"]: rule["properties"] for rule in log_of(rich_report)["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["privileged-container"]["security-severity"] == "8.8"
    assert "security" in rules["privileged-container"]["tags"]
    assert "security-severity" not in rules["unknown-field"]
    assert "security" not in rules["unknown-field"]["tags"]


def test_help_in_markdown_is_the_whole_page_of_the_rule(rich_report: Report) -> None:
    """What it asks, why, how to fix it, and both examples."""
    rules = {rule["id"]: rule for rule in log_of(rich_report)["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["unknown-field"]["help"]["markdown"] == (
        "# unknown-field\n\n"
        "Every field must be one that the object's kind has.\n\n"
        "## Why\n\n"
        "The API server drops a field that it does not know, so what was meant never happens.\n\n"
        "## How to fix\n\n"
        "Correct the field's name, or remove it.\n\n"
        "## This fails\n\n"
        "```yaml\nspec:\n  replicass: 3  # <-\n```\n\n"
        "## This passes\n\n"
        "```yaml\nspec:\n  replicas: 3\n```\n\n"
        "## References\n\n"
        "- <https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation>"
    )


def test_uris_are_relative_and_decode_to_the_exact_file_name(rich_report: Report) -> None:
    """Each byte of a name survives, and no name reads as a scheme, a query or a folder above."""
    results = log_of(rich_report)["runs"][0]["results"]
    for result, finding in zip(results, rich_report.findings, strict=True):
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["uri"])
        assert unquote_to_bytes(place["uri"]) == finding.location.file.encode("utf-8", "surrogateescape")
        assert place["uriBaseId"] == "%SRCROOT%"
    assert sarif_report.file_uri("a\ud800") == "a%5Cud800"


def test_states_are_baseline_states_and_suppressions(rich_report: Report) -> None:
    """New, existing and waived findings are told apart in the standard's words."""
    results = log_of(rich_report)["runs"][0]["results"]
    assert [result.get("baselineState") for result in results] == ["new", "new", "new", "unchanged", "new", "new", None]
    assert [result.get("suppressions") for result in results[:-1]] == [None] * 6
    assert results[-1]["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "Waived until 2027-01-31 by team-shop: vendor publishes no digests before Q1.",
        }
    ]


def test_a_waiver_in_a_comment_is_a_suppression_in_the_source(rich_report: Report) -> None:
    """The standard tells a comment from what stands elsewhere (section 3.35.2)."""
    *others, waived = rich_report.findings
    assert waived.waiver is not None
    inline = replace(waived, waiver=replace(waived.waiver, inline=True))
    results = log_of(replace(rich_report, findings=(*others, inline)))["runs"][0]["results"]
    assert [one["kind"] for one in results[-1]["suppressions"]] == ["inSource"]


def test_message_links_to_the_related_places(rich_report: Report) -> None:
    """A viewer follows the number in the message to the location with that id."""
    result = log_of(rich_report)["runs"][0]["results"][2]
    assert result["message"]["text"] == (
        "spec has no field replicass. Help: did you mean replicas? "
        "See [the base declares it here](1). See [the overlay that names the file](2)."
    )
    assert [place["id"] for place in result["relatedLocations"]] == [1, 2]


def test_brackets_of_the_change_are_no_links(rich_report: Report) -> None:
    """A name cannot put a link of its own into a message: the only links are ours, and they are numbers."""
    for result in log_of(rich_report)["runs"][0]["results"]:
        links = re.findall(r"\]\(([^)]*)\)", result["message"]["text"])
        assert all(link.isdigit() for link in links)


def test_fingerprints_are_ours_and_githubs(rich_report: Report) -> None:
    """GitHub's hash of the line is there where the gate made it, and is left to GitHub where not."""
    text = "a: 1\nspec:\n"
    finding = replace(rich_report.findings[2], location=Location("a.yaml", Region(2, 1, 2, 5)))
    whole = replace(rich_report.findings[0], location=Location("a.yaml"))
    hashes = dict(enumerate(line_hashes(text), 1))
    report = replace(rich_report, findings=(whole, finding), line_hashes={"a.yaml": hashes})
    assert [result["partialFingerprints"] for result in log_of(report)["runs"][0]["results"]] == [
        {"gategit/v1": "f" * 64, "primaryLocationLineHash": hashes[1]},
        {"gategit/v1": "b" * 64, "primaryLocationLineHash": hashes[2]},
    ]
    assert log_of(rich_report)["runs"][0]["results"][2]["partialFingerprints"] == {"gategit/v1": "b" * 64}


def test_run_says_how_it_ended_and_what_it_did_not_look_at(rich_report: Report, clean_report: Report) -> None:
    """Undecided and skipped stages and unchecked files are notifications."""
    undecided = log_of(rich_report)["runs"][0]["invocations"][0]
    assert undecided["executionSuccessful"] is False
    assert undecided["exitCode"] == 3
    notices = [(notice["descriptor"]["id"], notice["level"]) for notice in undecided["toolExecutionNotifications"]]
    assert notices == [
        ("stage-undecided", "error"),
        ("stage-skipped", "note"),
        ("not-checked", "warning"),
        ("not-checked", "warning"),
    ]
    clean = log_of(clean_report)["runs"][0]
    assert clean["invocations"] == [
        {"executionSuccessful": True, "exitCode": 0, "exitCodeDescription": "pass: no new findings."}
    ]
    assert clean["results"] == []


def test_finding_whose_rule_is_not_in_the_report_is_kept(clean_report: Report) -> None:
    """A missing description never loses a finding."""
    finding = Finding("odd", Stage.POLICY, Level.NOTE, "m", Location("a.yaml"))
    run = log_of(replace(clean_report, findings=(finding,)))["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["odd"]
    assert [result["ruleId"] for result in run["results"]] == ["odd"]


def test_no_more_results_than_github_takes(clean_report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least important results go, in the report's order, and how many is said."""
    monkeypatch.setattr(sarif_report, "MAX_RESULTS", 3)
    findings = tuple(
        Finding("r", Stage.POLICY, level, f"{level.value} {number}", Location("a.yaml", Region(number, 1, number, 2)))
        for number, level in enumerate((Level.NOTE, Level.ERROR, Level.WARNING, Level.ERROR, Level.WARNING), 1)
    )
    run = log_of(replace(clean_report, findings=findings))["runs"][0]
    assert [result["message"]["text"] for result in run["results"]] == ["error 2.", "warning 3.", "error 4."]
    notice = run["invocations"][0]["toolExecutionNotifications"][-1]
    assert notice["descriptor"]["id"] == "results-dropped"
    assert notice["message"]["text"] == "2 of 5 results were left out, the least important first."


def test_file_stays_below_the_size_that_github_takes(clean_report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results go until the compressed file is small enough."""
    monkeypatch.setattr(sarif_report, "MAX_COMPRESSED", 20_000)
    findings = tuple(
        Finding("r", Stage.POLICY, Level.ERROR, str(pow(7, number + 500, 10**900)), Location(f"{number}.yaml"))
        for number in range(200)
    )
    text = render(replace(clean_report, findings=findings), "sarif")
    results = json.loads(text)["runs"][0]["results"]
    assert len(zlib.compress(text.encode(), 6)) <= 20_000
    assert 10 < len(results) < 200


def test_example_of_a_rule_cannot_end_its_fence(clean_report: Report) -> None:
    """The help of a repository's own policy is text, too."""
    rule = Rule("r", Level.ERROR, Stage.POLICY, "s", "w", "h", example_fail="a: |\n  ```\n  b")
    finding = Finding("r", Stage.POLICY, Level.ERROR, "m", Location("a.yaml"))
    run = log_of(replace(clean_report, findings=(finding,), rules={"r": rule}))["runs"][0]
    assert "````yaml\na: |\n  ```\n  b\n````" in run["tool"]["driver"]["rules"][0]["help"]["markdown"]

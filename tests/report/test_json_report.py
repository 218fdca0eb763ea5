from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema.validators import Draft202012Validator

from gategit.model import Report, Stage, StageStatus, State, Verdict
from gategit.report import render

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text(encoding="utf-8")
)


def validate(data: Any) -> None:
    Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(data)


def test_schema_is_a_valid_schema() -> None:
    """The schema itself is draft 2020-12."""
    Draft202012Validator.check_schema(SCHEMA)


def test_reports_are_valid(rich_report: Report, clean_report: Report) -> None:
    """What is written is what the schema describes."""
    for report in (rich_report, clean_report):
        validate(json.loads(render(report, "json")))


def test_keys_stand_in_the_order_of_the_contract(rich_report: Report) -> None:
    """People read it too; the order is part of the contract."""
    data = json.loads(render(rich_report, "json"))
    assert list(data) == [
        *("version", "verdict", "exit_code", "change", "stages", "summary", "findings", "stats", "schemas"),
        *("dry_run", "unchecked"),
    ]
    assert list(data["change"]) == ["base", "head", "trust", "files", "objects"]
    assert list(data["stages"][0]) == ["name", "status", "reason"]
    assert list(data["summary"]) == ["error", "warning", "note", "waived", "existing", "unchecked"]
    assert list(data["findings"][0]) == [
        *("rule", "stage", "level", "state", "message", "help", "file", "line", "column", "end_line", "end_column"),
        *("object", "path", "target", "fingerprint", "waiver", "base_line", "units"),
    ]
    assert list(data["findings"][1]["object"]) == ["apiVersion", "kind", "namespace", "name"]
    assert list(data["stats"]) == ["documents", "objects", "seconds", "cache"]


def test_numbers_count_each_finding_once(rich_report: Report) -> None:
    """New ones by level, the others by state."""
    data = json.loads(render(rich_report, "json"))
    assert data["summary"] == {"error": 2, "warning": 2, "note": 1, "waived": 1, "existing": 1, "unchecked": 6}


def test_unknown_places_are_null(rich_report: Report) -> None:
    """A finding that has only a file does not pretend to stand on line 1."""
    finding = json.loads(render(rich_report, "json"))["findings"][0]
    assert [finding[key] for key in ("line", "column", "end_line", "end_column", "object")] == [None] * 5
    assert finding["file"] == "apps/caf\\xe9.yaml"


def test_report_is_printable_ascii(rich_report: Report) -> None:
    """No locale and no terminal can misread it."""
    text = render(rich_report, "json")
    assert text.isascii()
    assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize(
    ("pointer", "wrong"),
    [
        (("verdict",), "ok"),
        (("extra",), 1),
        (("findings", 0, "extra"), 1),
        (("findings", 0, "line"), 0),
        (("change", "base"), "main"),
        (("stages", 0, "status"), "ok"),
        (("findings", 6, "waiver", "expires"), "soon"),
    ],
)
def test_schema_refuses_what_the_contract_does_not_have(
    pointer: tuple[str | int, ...], wrong: Any, rich_report: Report
) -> None:
    """The schema is strict: a wrong key or value anywhere is refused."""
    data = json.loads(render(rich_report, "json"))
    place = data
    for step in pointer[:-1]:
        place = place[step]
    place[pointer[-1]] = wrong
    with pytest.raises(jsonschema.ValidationError):
        validate(data)


def test_schema_has_the_words_of_the_model() -> None:
    """A new stage, state or verdict without a line in the schema is found here."""
    finding = SCHEMA["$defs"]["finding"]["properties"]
    assert SCHEMA["$defs"]["stage"]["enum"] == [stage.value for stage in Stage]
    assert finding["state"]["enum"] == [state.value for state in State]
    assert SCHEMA["properties"]["verdict"]["enum"] == [verdict.value for verdict in Verdict]
    status = SCHEMA["properties"]["stages"]["items"]["properties"]["status"]
    assert status["enum"] == [status.value for status in StageStatus]

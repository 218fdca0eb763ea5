"""What holds for every format alike."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gategit
from gategit.errors import UsageError
from gategit.model import (
    DryRun,
    DryRunDifference,
    DryRunOutcome,
    DryRunResult,
    DryRunServer,
    Effect,
    EffectField,
    EffectObject,
    FieldPath,
    Finding,
    Level,
    Location,
    ObjectRef,
    Region,
    RelatedLocation,
    Report,
    Risk,
    RiskKind,
    SchemaUse,
    Stage,
    StageResult,
    StageStatus,
    Unchecked,
)
from gategit.report import FORMATS, render

SNAPSHOTS = Path(__file__).parent / "snapshots"
EXTENSIONS = {
    "text": "txt",
    "json": "json",
    "sarif": "sarif",
    "github": "github.txt",
    "junit": "xml",
    "markdown": "md",
    "html": "html",
    "diff": "diff",
}

anything = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["\n::error::x", "a\n\n## x", "]]>", "-->", "\ud800", "\udcff", "##[stop-commands]x", "`" * 9, "\ufffe", "</pre>"]
)


@pytest.mark.parametrize("name", FORMATS)
def test_rich_report_is_written_exactly_as_in_its_snapshot(
    name: str, rich_report: Report, assert_snapshot: Callable[[str, str], None]
) -> None:
    """Every byte of every format is reviewed: a change of one shows in a snapshot."""
    text = render(rich_report, name).replace(gategit.__version__, "VERSION")
    assert_snapshot(f"rich.{EXTENSIONS[name]}", text)


@pytest.mark.parametrize("name", FORMATS)
def test_clean_report_is_written_exactly_as_in_its_snapshot(
    name: str, clean_report: Report, assert_snapshot: Callable[[str, str], None]
) -> None:
    """A report with nothing to say is still whole."""
    text = render(clean_report, name).replace(gategit.__version__, "VERSION")
    assert_snapshot(f"clean.{EXTENSIONS[name]}", text)


@pytest.mark.parametrize("name", FORMATS)
def test_same_report_gives_the_same_bytes(name: str, rich_report: Report) -> None:
    """No clock, no random number and no hash seed is in a report."""
    assert render(rich_report, name) == render(rich_report, name)


def test_each_format_has_a_module_a_snapshot_and_a_test() -> None:
    """A format that is named without being finished is found here."""
    folder = Path(gategit.__file__).parent / "report"
    modules = {path.stem.removesuffix("_report") for path in folder.glob("*_report.py")}
    assert modules == set(FORMATS)
    for name in FORMATS:
        assert (SNAPSHOTS / f"rich.{EXTENSIONS[name]}").exists()
        assert (Path(__file__).parent / f"test_{name}_report.py").exists()
    assert {path.name for path in SNAPSHOTS.iterdir()} == {
        *(f"{kind}.{extension}" for kind in ("rich", "clean") for extension in EXTENSIONS.values()),
        *(f"dry-run.{extension}" for extension in ("txt", "json", "md", "html")),
        *(f"effect.{extension}" for extension in ("md", "html", "diff")),
    }


def test_each_format_has_a_line_in_the_documentation() -> None:
    """docs/reports.md has a heading for each format."""
    page = (Path(gategit.__file__).parents[1] / "docs" / "reports.md").read_text(encoding="utf-8")
    assert [line[4:-1] for line in page.splitlines() if line.startswith("## `")] == list(FORMATS)


def test_unknown_format_names_the_known_ones(clean_report: Report) -> None:
    """A wrong name is a wrong usage, with the right names in the hint."""
    with pytest.raises(UsageError) as caught:
        render(clean_report, "yaml")
    assert caught.value.message == "there is no report format 'yaml'"
    assert caught.value.hint == "use one of: text, json, sarif, github, junit, markdown, html, diff"


def test_text_report_loads_no_heavy_module(clean_report: Report) -> None:
    """A run that prints text does not pay for SARIF, XML, HTML or JSON Schema."""
    program = (
        "import sys\n"
        "from gategit.report import FORMATS, render\n"
        "import gategit.report.text_report\n"
        "heavy = {'sarif_om', 'attr', 'json', 'hashlib', 'zlib', 'urllib.parse', 'jsonschema', 'xml'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert render(clean_report, "text")


def hostile_report(base: Report, texts: tuple[str, str, str, str], path: FieldPath) -> Report:
    """A report in which everything that a pull request can choose is one of the texts."""
    message, file, name, line = texts
    where = Location(file or "f", Region(1, 1, 1, 2))
    finding = Finding(
        rule="dangling-reference",
        stage=Stage.REFERENCES,
        level=Level.ERROR,
        message=message or "m",
        location=where,
        help=name,
        object=ObjectRef("v1", name, name, name),
        path=path,
        related=(RelatedLocation(where, message), RelatedLocation(Location(file or "f"), name)),
        target=name,
        fingerprint="a",
    )
    stages = (StageResult(Stage.POLICY, StageStatus.ERROR, message), StageResult(Stage.REFERENCES, StageStatus.FAILED))
    sources = {file or "f": {1: line, 2: message}}
    unchecked = (Unchecked(name, message), Unchecked(file, "r"))
    differences = (
        DryRunDifference(name, "modified", message, line),
        DryRunDifference(message, "added", None, {name: [message, {line: file}]}),
    )
    outcomes = tuple(
        DryRunOutcome(ObjectRef("v1", name, name, line), result, where, name, message, file, differences)
        for result in DryRunResult
    )
    dry_run = DryRun((DryRunServer(name, "cluster", message, (line, file)),), outcomes)
    schemas = (SchemaUse(name, line, message, 1),)
    given = replace(base, findings=(finding,), stages=stages, sources=sources, unchecked=unchecked)
    field = EffectField(DryRunDifference(name, "modified", message, line), where, where)
    whole = EffectField(DryRunDifference("", "added", None, {name: [message, line]}), None, where)
    risks = (Risk(RiskKind.ACCESS, message, name),)
    ref = ObjectRef("v1", name, name, line)
    effect = Effect(
        (
            EffectObject(ref, "modified", where, where, name, message, (field,), risks),
            EffectObject(ref, "added", None, where, None, name, (whole,)),
        ),
        (Unchecked(name, message),),
    )
    return replace(given, dry_run=dry_run, schemas=schemas, effect=effect)


@given(texts=st.tuples(anything, anything, anything, anything), path=st.lists(anything | st.integers(0, 9), max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_of_a_change_breaks_the_frame_of_a_format(
    texts: tuple[str, str, str, str], path: list[str | int], clean_report: Report
) -> None:
    """Whatever names and messages hold, each format stays what it is, with exactly the one finding in it."""
    report = hostile_report(clean_report, texts, tuple(path))
    for name, verbose in ((name, verbose) for name in FORMATS for verbose in (False, True)):
        text = render(report, name, verbose=verbose)
        assert text.encode().decode() == text
        assert text.endswith("\n")
        assert all(character.isprintable() or character in "\n\u3000" or ord(character) > 0xA0 for character in text)
        assert "##[" not in text
        if name != "github":
            assert not any(line.strip().startswith("::") for line in text.split("\n"))
    assert len(json.loads(render(report, "json"))["findings"]) == 1
    assert len(json.loads(render(report, "sarif"))["runs"][0]["results"]) == 1
    suites = ET.fromstring(render(report, "junit"))  # noqa: S314  our own text
    assert len(suites.findall(".//failure")) == 1
    commands = [line for line in render(report, "github").split("\n") if line.strip().startswith("::")]
    assert [command.split(" ")[0] for command in commands] == ["::error", "::error"]


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "diff"])
def test_every_format_of_findings_shows_what_is_waived(rich_report: Report, name: str) -> None:
    """A waiver hides nothing: who answers for it, why, and until when stand in each report."""
    text = render(rich_report, name)
    for word in ("image-digest", "team-shop", "vendor publishes no digests before Q1", "2027-01-31", "aived"):
        assert word in text

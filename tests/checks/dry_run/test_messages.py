"""A server's words, made short and safe."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategit.checks.dry_run.messages import (
    HIDDEN,
    LONGEST,
    Changed,
    Said,
    Veil,
    changed_fields,
    go_value,
    one_line,
    read_words,
    sentence,
)
from gategit.checks.dry_run.paths import ABSENT

DIFF = """Forbidden: spec is immutable
@@ -1,6 +1,8 @@
 {
- "Replicas": 1,
+ "Replicas": 2,
+ "Names": [
+  "a"
+ ],
  "Selector": null"""


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Invalid value: -1: must be positive", Said("Invalid value", -1, "-1", "must be positive")),
        ('Invalid value: "a: b": is odd', Said("Invalid value", "a: b", '"a: b"', "is odd")),
        ('Duplicate value: "a"', Said("Duplicate value", "a", '"a"', "")),
        ('Invalid value: {"a":[1]}: no', Said("Invalid value", {"a": [1]}, '{"a":[1]}', "no")),
        ("Invalid value: map[a:map[b:1]]: no", Said("Invalid value", ABSENT, "map[a:map[b:1]]", "no")),
        ("Invalid value: min must not exceed max", Said("Invalid value", ABSENT, "", "min must not exceed max")),
        ("Invalid value: 3 is odd", Said("Invalid value", ABSENT, "", "3 is odd")),
        (
            'Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"a}":"["}}: field is immutable',
            Said(
                "Invalid value",
                ABSENT,
                'v1.LabelSelector{MatchLabels:map[string]string{"a}":"["}}',
                "field is immutable",
            ),
        ),
        ('Invalid value: []string{"None"}: no', Said("Invalid value", ABSENT, '[]string{"None"}', "no")),
        ("Invalid value: [unfinished: no", Said("Invalid value", ABSENT, "", "[unfinished: no")),
        ("Required value", Said("", ABSENT, "", "Required value")),
        ("Required value: say it", Said("", ABSENT, "", "Required value: say it")),
        ("Forbidden: no", Said("", ABSENT, "", "Forbidden: no")),
        ("", Said("", ABSENT, "", "")),
    ],
)
def test_the_parts_of_a_cause(message: str, said: Said) -> None:
    """What is wrong with it, the value, and why."""
    assert read_words(message) == said


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Invalid value: -1: must be positive", "Invalid value: -1: must be positive"),
        (f'Invalid value: {{"a":"{"x" * 90}"}}: field is immutable', "field is immutable"),
        (f'Duplicate value: "{"x" * 90}"', "Duplicate value"),
        ("Invalid value: min must not exceed max", "Invalid value: min must not exceed max"),
        (
            "must be a label (e.g. 'a',  or 'b', regex used for validation is '[a-z]+')",
            "must be a label (pattern [a-z]+)",
        ),
        (DIFF, "Forbidden: spec is immutable"),
        ('Forbidden: it is immutable\n  core.PodSpec{\n- \tHostname: "a",\n  }\n', "Forbidden: it is immutable"),
    ],
)
def test_dumps_are_left_out(message: str, words: str) -> None:
    """The manifest has them; the reason stays."""
    assert sentence(read_words(message)) == words


def test_a_secret_value_is_left_out() -> None:
    """Its kind of complaint and its reason stay."""
    assert sentence(read_words('Invalid value: "hunter2": no'), secret=True) == f"Invalid value: {HIDDEN}: no"


def test_the_lines_of_a_comparison() -> None:
    """The new ones, with the value where it is a single one."""
    assert changed_fields(DIFF) == [Changed("Replicas", 2), Changed("Names", ABSENT), Changed("", "a")]
    assert changed_fields("no comparison") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("&value.valueUnstructured{Value:1}", "1"),
        ("&value.valueUnstructured{Value:map[string]interface {}{}}", "a mapping"),
        ("&{map[name:c]}", "a mapping"),
        ("&{[1 2]}", "a list"),
        ("&{x}", "x"),
        ("string", "string"),
    ],
)
def test_values_as_go_prints_them(text: str, words: str) -> None:
    """In words, without the names of Go's types."""
    assert go_value(text) == words


def test_a_long_line_keeps_both_ends() -> None:
    """The reason often stands at the end."""
    line = one_line("begin " + "x " * 5000 + "end")
    assert len(line) <= LONGEST
    assert line.startswith("begin x")
    assert line.endswith("x end")
    assert " … " in line


@given(st.text(max_size=3000))
def test_a_line_is_one_line(text: str) -> None:
    """Of bounded length."""
    line = one_line(text)
    assert len(line) <= LONGEST
    assert line.splitlines() in ([], [line])


@given(
    value=st.text(min_size=8, max_size=40).filter(lambda text: text.strip() == text and len(text.split()) == 1),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
def test_a_veil_covers_every_value(value: str, before: str, after: str) -> None:
    """Wherever it stands; as it is, quoted, or encoded."""
    veil = Veil({"kind": "Secret", "stringData": {"a": value}})
    assert value not in veil.hide(f"{before}{value}{after}").replace(HIDDEN, "")


def test_a_veil_covers_short_values_where_they_stand_alone() -> None:
    """They are part of many words."""
    veil = Veil({"kind": "Secret", "stringData": {"a": "go", "b": 12}})
    assert veil.hide('"go" is not allowed, 12 neither; google has 123') == (
        f'"{HIDDEN}" is not allowed, {HIDDEN} neither; google has 123'
    )


def test_a_veil_gives_up_on_very_many_values() -> None:
    """Then nothing is repeated."""
    veil = Veil({"kind": "Secret", "stringData": {str(number): f"value-{number}" for number in range(3000)}})
    assert "value-7" not in veil.hide("it says value-7")


@pytest.mark.parametrize(
    ("manifest", "path", "covered"),
    [
        ({"kind": "Secret"}, ("data", "a"), True),
        ({"kind": "Secret"}, ("dta", "a"), True),
        ({"kind": "Secret"}, (), True),
        ({"kind": "Secret"}, ("metadata", "name"), False),
        ({"kind": "ConfigMap"}, ("data", "a"), False),
    ],
)
def test_what_a_veil_covers(manifest: dict[str, Any], path: tuple[str, ...], *, covered: bool) -> None:
    """Of a Secret everything but what is known to be no secret."""
    assert Veil(manifest).covers(path) is covered

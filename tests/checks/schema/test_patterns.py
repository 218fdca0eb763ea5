"""Patterns of schemas: read as Go reads them, and held to Go itself."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.bundled import schemas_folder
from gategit.checks.schema.patterns import compile_pattern, engine_pattern, refusal
from tests.checks.schema.conftest import Check, Judge
from tests.tools.go_regexp import GoRegexp, running

# Characters that engines take differently: other spaces, other digits, letters that are those of ASCII in another case,
# line ends, signs that mean something in sets.
TEXTS = (
    *(
        "",
        "a",
        "A",
        "b",
        "ab",
        "ba",
        "aab",
        "a b",
        "abab",
        "k",
        "K",
        "\u212a",
        "s",
        "\u017f",
        "é",
        "É",
        "ß",
        "0",
        "10",
        "1a",
    ),
    *(
        "\u0663",
        "_",
        "-",
        "&",
        "~",
        "a&b",
        "[",
        "]",
        "{",
        "}",
        "a{,2}",
        "a{2",
        "\\",
        "^",
        "$",
        "/",
        ".",
        "|",
        "(",
        ")",
        "*",
    ),
    *(
        " ",
        "\t",
        "\n",
        "\v",
        "\f",
        "\r",
        "\u00a0",
        "\u2028",
        "\ufeff",
        "a\n",
        "\na",
        "a\nb",
        "\r\n",
        "\x00",
        "\x07",
        "\x7f",
    ),
    *("\x80", "\ud7ff", "\ue000", "\ufffd", "\U0001f600", "a\U0001f600b", "\U0010ffff", "中", "Ω", "µ", "μ", "ǅ", "İ"),
)


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoRegexp]:
    """Go's own regular expressions."""
    with running(tmp_path_factory.mktemp("go")) as program:
        yield program


def matches(written: str, texts: tuple[str, ...] = TEXTS) -> list[str] | None:
    """The texts that match a pattern of a definition; None where it is not applied."""
    pattern = engine_pattern(written)
    if pattern is None:
        return None
    compiled = compile_pattern(pattern)
    assert compiled is not None
    return [text for text in texts if compiled.is_valid(text)]


# --- what patterns mean ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        pytest.param("^(?i)(Drop|Accept)?$", ("", "drop", "ACCEPT"), ("dropped", "Drop "), id="flags-after-an-anchor"),
        pytest.param("a(?i)b", ("aB", "xabx"), ("Ab",), id="flags-in-the-middle"),
        pytest.param("(a(?i)b)c|d", ("aBc", "d"), ("aBC", "D"), id="flags-end-with-their-group"),
        pytest.param("(?i)k", ("k", "K", "\u212a"), ("x",), id="the-sign-of-kelvin-is-a-k"),
        pytest.param("(?i)^[^s]$", ("a",), ("s", "S", "\u017f"), id="a-set-is-negated-after-its-cases-are-added"),
        pytest.param("(?i-i)a", ("a",), ("A",), id="flags-taken-back"),
        pytest.param("(?U)^a+$", ("aa",), ("ab",), id="what-is-greedy-does-not-matter"),
        pytest.param(r"^\s$", (" ", "\t", "\n", "\f", "\r"), ("\v", "\u00a0", "\u2028"), id="five-spaces"),
        pytest.param("^[[:space:]]$", (" ", "\v"), ("\u00a0",), id="six-spaces"),
        pytest.param(r"^\d\w\b$", ("1a", "1_"), ("\u0663a", "1é"), id="digits-and-words-of-ascii"),
        pytest.param(r"^[a-z\d-_]+$", ("a-b_0",), ("A",), id="a-dash-after-a-class-is-a-dash"),
        pytest.param("^[^][ ()]+$", ("ab",), ("a]", "[", "a b"), id="the-first-bracket-in-a-set"),
        pytest.param("^[a&&b]$", ("a", "&", "b"), ("c",), id="no-intersections"),
        pytest.param("^[a-c--0~~]$", ("a", ".", "-", "~"), (" ", "1"), id="no-differences"),
        pytest.param("^[[a]$", ("[", "a"), ("[a",), id="no-sets-in-sets"),
        pytest.param("^[[:punct:]x]$", ("!", "x", "~"), ("a", "§"), id="posix-classes"),
        pytest.param(r"^[\x00-\x{10FFFF}]$", ("a", "\n", "\U0001f600"), ("", "ab"), id="any-character"),
        pytest.param(r"[^\x00-\x{10FFFF}]", (), ("", "a"), id="no-character"),
        pytest.param(r"^[\x{D000}-\x{E000}]$", ("\ud7ff", "\ue000"), ("\ue001",), id="surrogates-are-no-characters"),
        pytest.param("^a.b$", ("a b", "a\rb", "aéb"), ("a\nb",), id="a-dot-is-anything-but-a-line-end"),
        pytest.param("(?s)^a.b$", ("a\nb",), ("ab",), id="a-dot-is-anything"),
        pytest.param("^a$", ("a",), ("a\n", "\na"), id="anchors-are-of-the-text"),
        pytest.param("(?m)^a$", ("b\na\nc",), ("b\na\r",), id="anchors-of-lines"),
        pytest.param(r"\Aa\z", ("a",), ("a\n",), id="anchors-in-letters"),
        pytest.param(r"^\Qa.b\E+$", ("a.b", "a.bb"), ("axb",), id="quoted"),
        pytest.param("^a{,2}$", ("a{,2}",), ("aa",), id="a-bracket-that-repeats-nothing"),
        pytest.param("^a{2}{$", ("aa{",), ("aa",), id="a-bracket-alone"),
        pytest.param(r"^\07\x41\101\/\_\-$", ("\x07AA/_-",), ("7",), id="escapes"),
        pytest.param("^(?P<n>a)(?<m>b)$", ("ab",), ("a",), id="named-groups"),
        pytest.param(r"^\p{Lu}\PL[\p{Greek}\d]$", ("É1Ω", "A 7"), ("é1Ω", "ÉaΩ"), id="properties"),
        pytest.param(r"^\p{^Lu}$", ("a",), ("A",), id="a-property-negated-inside"),
        pytest.param("^(a||b)$", ("", "a", "b"), ("ab",), id="an-empty-alternative"),
        pytest.param("", ("", "a"), (), id="nothing"),
        pytest.param("(a|b)+?x??", ("a", "xbx"), ("x",), id="searched-for-not-matched-whole"),
    ],
)
def test_a_pattern_means_what_it_means_to_go(
    go: GoRegexp, pattern: str, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    """The differences between the engines, one by one; Go says the same of each text."""
    texts = (*good, *bad)
    assert matches(pattern, texts) == [*good]
    assert go.matches(pattern, texts) == [text in good for text in texts]
    assert refusal(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a(?=b)", "look-ahead does not exist in Go's regular expressions"),
        ("a(?!b)", "look-ahead does not exist in Go's regular expressions"),
        ("(?<=a)b", "look-behind does not exist in Go's regular expressions"),
        ("(?<!a)b", "look-behind does not exist in Go's regular expressions"),
        (r"(a)\1", "back-references do not exist in Go's regular expressions"),
        (r"\u0041", r"\u does not exist in Go's regular expressions"),
        (r"a\Z", r"\Z does not exist in Go's regular expressions"),
        (r"\Ca", r"\C does not exist in Go's regular expressions"),
        (r"[\b]", r"\b does not exist in Go's regular expressions"),
        (r"\x{110000}", r"what follows \x is no hexadecimal number of a character"),
        (r"\x4", r"what follows \x is no hexadecimal number of a character"),
        (r"\p{L", r"what follows \p{ is not closed by }"),
        ("a\\", "it ends with a backslash"),
        ("(a", "a group is not closed by )"),
        ("a)", "a ) closes no group"),
        ("(?P<n-1>a)", "a group's name is not made of letters, digits and _, between < and >"),
        ("(?x)a", "what follows (? is none of Go's flags and groups"),
        ("(?i-)a", "what follows (? is none of Go's flags and groups"),
        ("(?>a)", "what follows (? is none of Go's flags and groups"),
        ("[a", "a [ is not closed by ]"),
        ("[]", "a [ is not closed by ]"),
        ("[z-a]", "a range of characters ends before it begins"),
        ("[[:letter:]]", "there is no set of characters [:letter:]"),
        ("*a", "a repetition has nothing to repeat"),
        ("a|+", "a repetition has nothing to repeat"),
        ("a**", "a repetition follows another"),
        ("a++", "a repetition follows another"),
        ("a{1001}", "a repetition is not of at most 1000 times, or ends before it begins"),
        ("a{3,2}", "a repetition is not of at most 1000 times, or ends before it begins"),
        ("((a{10}){10}){11}", "repetitions within each other come to more than 1000 times"),
    ],
)
def test_a_pattern_that_go_does_not_compile(go: GoRegexp, pattern: str, reason: str) -> None:
    """It is not applied, and the reason is said."""
    assert go.matches(pattern, ()) is None
    assert matches(pattern) is None
    assert refusal(pattern) == reason


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("(?i)é", id="cases-beyond-ascii"),
        pytest.param(r"(?i)\pL", id="cases-of-a-property"),
        pytest.param(r"\p{Letter}", id="a-name-that-older-servers-do-not-know"),
        pytest.param(r"\Ba", id="a-place-within-a-word"),
        pytest.param("a*(?i)*", id="a-repetition-repeated-by-stealth"),
        pytest.param("(" * 200 + ")" * 200, id="deep"),
        pytest.param("a" * 20_000, id="long"),
        pytest.param(r"\x{D800}", id="half-a-character"),
        pytest.param(r"\pL{1000}", id="more-memory-than-there-is"),
    ],
)
def test_a_pattern_that_is_not_applied_although_go_compiles_it(go: GoRegexp, pattern: str) -> None:
    """Nothing is said of a definition that the server takes."""
    assert go.matches(pattern, ()) is not None
    assert matches(pattern) is None
    assert refusal(pattern) == ""


@pytest.mark.parametrize(
    "pattern",
    [
        "{" * 9999,
        "[:" * 4999,
        r"\W" * 4999,
        "[" + r"\W" * 4999 + "]",
        "(?i)" + "[a-z]" * 1900,
        "a{1000}" * 1400,
        "(?" * 5000,
    ],
)
def test_a_hostile_pattern_ends_soon(pattern: str) -> None:
    """It is applied, or it is not: no pattern takes time beyond its length."""
    assert matches(pattern, ("a",)) in (None, [], ["a"])


def test_a_definition_of_many_hostile_patterns_is_not_used(check: Check) -> None:
    """Each is short and compiles, but all of them would take seconds and hundreds of megabytes."""
    widget = definition({})
    versions = widget["spec"]["versions"]
    properties = versions[0]["schema"]["openAPIV3Schema"]["properties"]
    properties |= {f"p{index}": {"type": "string", "pattern": rf"\pL{{90}}{index}"} for index in range(1000)}
    assert [rule for _, _, rule, _ in check(WIDGET.replace("VALUE", "a"), crds=(widget,))] == ["schema-unusable"]


# --- any pattern -----------------------------------------------------------------------------------------------------

_ATOMS = st.sampled_from(
    [
        *(
            "a",
            "b",
            "k",
            "S",
            "0",
            "1",
            "-",
            " ",
            "/",
            "é",
            "_",
            "&",
            "~",
            "<",
            "}",
            "]",
            ",",
            "\n",
            "{",
            "{,2}",
            ".",
            "^",
            "$",
        ),
        *(
            r"\d",
            r"\D",
            r"\s",
            r"\S",
            r"\w",
            r"\W",
            r"\b",
            r"\B",
            r"\A",
            r"\z",
            r"\pL",
            r"\PN",
            r"\p{Greek}",
            r"\p{^Lu}",
        ),
        *(
            r"\PC",
            r"\pZ",
            r"\p{Any}",
            r"\x41",
            r"\x{e9}",
            r"\07",
            r"\12",
            r"\n",
            r"\t",
            r"\v",
            r"\a",
            r"\f",
            r"\/",
            r"\-",
        ),
        *(r"\_", r"\.", r"\<", r"\Qa.b\E", "(?:)", "()"),
    ]
)
_MEMBERS = st.sampled_from(
    [
        *(
            "a",
            "k",
            "S",
            "0-9",
            "a-c",
            "A-Z",
            "a-z",
            " ",
            "-",
            "é",
            "_",
            "&&",
            "--",
            "~~",
            "[",
            "&",
            "^",
            r"\]",
            r"\n",
            "a-",
        ),
        *(
            r"\d",
            r"\D",
            r"\s",
            r"\S",
            r"\w",
            r"\W",
            r"\pL",
            r"\PN",
            "[:alpha:]",
            "[:^alpha:]",
            "[:space:]",
            "[:^word:]",
        ),
        *(r"\x00-\x1f", r"\x{0}-\x{10FFFF}", r"\x80-\x{10FFFF}", "!-~", ".", "$", "(", "*", r"\\", "\n", "\u017f"),
        *(r"\x{212a}", r"\x{d000}-\x{dfff}", r"\x{dfff}-\x{ffff}"),
    ]
)
_SETS = st.builds(
    lambda opening, members: f"[{opening}{''.join(members)}]",
    st.sampled_from(["", "^", "]", "^]"]),
    st.lists(_MEMBERS, min_size=1, max_size=5),
)
_SIGNS = ("*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,3}", "{2,}", "{0,1}?", "{40}")
_GROUPS = ("(", "(?:", "(?i:", "(?s:", "(?m:", "(?U:", "(?i-s:", "(?-i:", "(?P<x>", "(?<y>", "(?ims:")
_FLAGS = ("(?i)", "(?s)", "(?m)", "(?-i)", "(?U)", "(?is)", "(?)")
WELL_FORMED = st.recursive(
    _ATOMS | _SETS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join),
        st.builds(lambda body, sign: body + sign, inner, st.sampled_from(_SIGNS)),
        st.builds(lambda opener, body: f"{opener}{body})", st.sampled_from(_GROUPS), inner),
        st.builds(lambda flags, body: flags + body, st.sampled_from(_FLAGS), inner),
        inner.map(lambda body: f"^{body}$"),
    ),
    max_leaves=12,
)
_PIECES = (
    *_SIGNS,
    *_GROUPS,
    *_FLAGS,
    *"()[]{}|^$.*+?\\-:=!<>,i",
    "(?",
    "(?=",
    "[^",
    "[:",
    ":]",
    "a",
    "Z",
    "1",
    r"\E",
    r"\Q",
    r"\C",
)
ANYHOW = st.lists(st.sampled_from(_PIECES) | _ATOMS, max_size=8).map("".join)
SOME_TEXTS = st.lists(st.lists(st.sampled_from(TEXTS), max_size=4).map("".join), max_size=5)


@settings(max_examples=600)
@given(pattern=WELL_FORMED | ANYHOW, more=SOME_TEXTS)
def test_any_pattern_matches_what_it_matches_in_go(go: GoRegexp, pattern: str, more: list[str]) -> None:
    """A pattern that is applied is one that Go compiles, and every text matches both or neither."""
    texts = (*TEXTS, *more)
    found = matches(pattern, texts)
    if found is not None:
        answers = go.matches(pattern, texts)
        assert answers is not None
        assert found == [text for text, answer in zip(texts, answers, strict=True) if answer]
    if refusal(pattern):
        assert go.matches(pattern, ()) is None


def carried_patterns() -> dict[str, str]:
    """Every pattern of the schemas that gategit carries, with a file that has it."""
    found: dict[str, str] = {}
    for file in sorted((schemas_folder() / "ecosystem").rglob("*.jsonl.gz")):
        waiting = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                if isinstance(node.get("pattern"), str):
                    found.setdefault(node["pattern"], file.name)
                waiting += node.values()
            elif isinstance(node, list):
                waiting += node
    return found


def test_every_pattern_that_is_carried_is_applied(go: GoRegexp) -> None:
    """None is left out, and none says anything else than in Go."""
    carried = carried_patterns()
    assert len(carried) > 200
    assert {pattern: file for pattern, file in carried.items() if matches(pattern, ()) is None} == {}
    for pattern in carried:
        answers = go.matches(pattern, TEXTS)
        assert answers is not None
        assert matches(pattern) == [text for text, answer in zip(TEXTS, answers, strict=True) if answer], pattern


# --- in a definition -------------------------------------------------------------------------------------------------

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.com
spec:
  group: example.com
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            code:
              type: string
              pattern: PATTERN
"""
WIDGET = """\
apiVersion: example.com/v1
kind: Widget
metadata: {name: one}
code: VALUE
"""


def definition(keywords: dict[str, object]) -> dict[str, Any]:
    """A definition whose only field has the keywords."""
    code = {"type": "string", **keywords}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"code": code}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def test_a_message_shows_the_pattern_as_it_was_written(check: Check) -> None:
    """Not as the engine has it."""
    crds = (definition({"pattern": r"^(?i)(drop|accept)-\d+$"}),)
    assert check(WIDGET.replace("VALUE", "ACCEPT-10"), crds=crds) == []
    assert check(WIDGET.replace("VALUE", "deny-1"), crds=crds) == [
        (4, 7, "invalid-value", r'code must match the pattern ^(?i)(drop|accept)-\d+$, got the string "deny-1"')
    ]


def test_a_pattern_that_is_not_applied_is_counted(judge: Judge) -> None:
    """It never refuses a value, and the report says that it was not applied."""
    findings, unchecked = judge(WIDGET.replace("VALUE", "x"), crds=(definition({"pattern": r"^(?i)é$"}),))
    assert findings == []
    assert [(one.what, one.reason) for one in unchecked] == [
        ("example.com/v1 Widget", "the pattern ^(?i)é$ of its schema, which is not supported here")
    ]


@pytest.mark.parametrize(
    "keywords",
    [
        {"not": {"pattern": r"\Bx"}},
        {"not": {"allOf": [{"maxLength": 9}, {"pattern": r"\Bx"}]}},
        {"not": {"not": {"pattern": r"\Bx"}}},
        {"oneOf": [{"pattern": r"\Bx"}, {"pattern": "a"}]},
        {"anyOf": [{"pattern": r"\Bx"}, {"pattern": "b"}]},
        {"allOf": [{"pattern": r"\Bx"}, {"pattern": "a"}]},
    ],
)
def test_a_pattern_that_is_not_applied_refuses_nothing_in_a_choice(judge: Judge, keywords: dict[str, object]) -> None:
    """Nor where it is negated: a part that is left out never turns into a refusal."""
    findings, unchecked = judge(WIDGET.replace("VALUE", "a"), crds=(definition(keywords),))
    assert findings == []
    assert [one.reason for one in unchecked] == [r"the pattern \Bx of its schema, which is not supported here"]


@pytest.mark.parametrize(
    ("keywords", "good", "bad"),
    [
        ({"oneOf": [{"pattern": "a"}, {"pattern": "b"}]}, "a", "ab"),
        ({"not": {"pattern": "a"}}, "b", "a"),
    ],
)
def test_a_choice_of_patterns_that_are_applied(check: Check, keywords: dict[str, object], good: str, bad: str) -> None:
    """It is made as the schema says."""
    crds = (definition(keywords),)
    assert check(WIDGET.replace("VALUE", good), crds=crds) == []
    assert [rule for _, _, rule, _ in check(WIDGET.replace("VALUE", bad), crds=crds)] == ["invalid-value"]


def test_a_definition_with_a_pattern_that_go_does_not_compile(check: Check) -> None:
    """The API server refuses it, so it is said where the pattern stands."""
    place = "spec.versions[0].schema.openAPIV3Schema.properties.code.pattern"
    assert check(CRD.replace("PATTERN", "'a{2,1}'")) == [
        (
            19,
            24,
            "crd-invalid",
            (
                "pattern is not a regular expression that Go compiles: "
                f"a repetition is not of at most 1000 times, or ends before it begins (at {place})"
            ),
        )
    ]
    assert check(CRD.replace("PATTERN", "'(?i)a'")) == []


def test_a_pattern_inside_a_choice_is_looked_at_too(check: Check) -> None:
    """The API server compiles it there as well."""
    text = CRD.replace("pattern: PATTERN", "anyOf: [{pattern: 'a(?=b)'}, {pattern: b}]")
    place = "spec.versions[0].schema.openAPIV3Schema.properties.code.anyOf[0].pattern"
    assert [(line, rule, message) for line, _, rule, message in check(text)] == [
        (
            19,
            "crd-invalid",
            (
                "pattern is not a regular expression that Go compiles: "
                f"look-ahead does not exist in Go's regular expressions (at {place})"
            ),
        )
    ]

"""Expressions such as ``${name}``: filled in as Flux does it, byte for byte, and refused where Flux refuses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.render.flux_envsubst import Absent, EnvsubstError, expand
from gategit.render.flux_yaml import write_yaml
from tests.tools.go_envsubst import GoEnvsubst, running

VARIABLES = {"A": "hello world", "B": "", "_x": "ßéÉaa/bb😀", "AB": "42", "path": "a/b/c.tar.gz"}

# What expressions are made of, and what is next to it.
PIECES = (
    *("${", "}", "$", "$$", "A", "B", "_x", "AB", "C", "path", "9", ":", "=", ":=", ":-", "-", "+", "?", ":?", ":+"),
    *("/", "//", "/#", "/%", "#", "##", "%", "%%", "^", "^^", ",", ",,", "*", "[", "]", "a", "l", "o", "\\", "\\/"),
    *("\\\\", " ", "1", "2", "-3", "ß", "é", "{", "😀", '"', "'", "\n", "x", ".", "[a-c]", "[^l]", "h?l", "\0"),
)
EXPRESSIONS = st.builds(
    lambda name, middle, end: f"${{{name}{''.join(middle)}{end}",
    st.sampled_from(["A", "B", "_x", "AB", "C", "path", "#A", ""]),
    st.lists(st.sampled_from(PIECES), max_size=7),
    st.sampled_from(["}", "}", "}", "}}", ""]),
)
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), EXPRESSIONS), max_size=8).map("".join)

WORDS = (
    *("a", "b: c", "on", "1", "-", "- x", "#", "x #y", "  lead", "trail ", "\n", "a\nb\n", "tab\t", "é", "😀", '"q"'),
    *("it's", "x" * 50 + " " + "y" * 40 + " z w", ":", "a:", "{x}", "[", "2020-01-01", "1:30", "0x1f", "1e3", "~"),
    *("null", "!", "%", "`", "@", "\r", "a\n\n", " \n", "\n\n", "<<", "---", "...x", "? ", "?x", "&a", "*", "|", ">"),
    *("'", "a,b", "\x7f", "k  k", "${A} ", "${C}", "yes", "0755", ".5", "=", "1_000"),
)
STRINGS = st.lists(st.sampled_from(WORDS), max_size=4).map("".join)
KEYS = st.one_of(st.sampled_from(["a", "b", "a1", "a10", "a2", "a02", "aB", "Z", "_", "0", "a.b/c"]), STRINGS)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(STRINGS, st.sampled_from([1, 0, -5, True, False, None, 1.5, 1e21, 12345678901234])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(KEYS.filter(lambda key: key != "<<"), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def go() -> Iterator[GoEnvsubst]:
    """Flux's own library."""
    with running() as program:
        yield program


def look_up(name: str) -> str | Absent:
    """The variables of these tests; ``secret`` is one that nobody can know."""
    return Absent.UNKNOWN if name == "secret" else VARIABLES.get(name, Absent.UNSET)


def outcome(text: str) -> tuple[str, bytes]:
    """Why a text is refused, or what comes of it."""
    try:
        return "", expand(text, look_up).content
    except EnvsubstError as error:
        return str(error), b""


@settings(max_examples=1500, deadline=None)
@given(TEXTS)
def test_a_text_is_filled_in_or_refused_as_flux_does_it(go: GoEnvsubst, text: str) -> None:
    """Whatever stands in a text, Flux's library gives the same bytes, or the same reason."""
    answer = go.text(text, VARIABLES)
    assert outcome(text) == (answer.refused, answer.text)


@settings(max_examples=600, deadline=None)
@given(st.dictionaries(st.sampled_from(["spec", "data", "a1"]), VALUES, min_size=1, max_size=3))
def test_an_object_is_written_as_flux_writes_it_before_it_looks_for_expressions(
    go: GoEnvsubst, data: dict[str, Any]
) -> None:
    """Quotes, line breaks and the order of keys are those of Go's library: values are put between them as text."""
    answer = go.object(data, {})
    if answer.text:
        assert write_yaml(data) == answer.text.decode()


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${A}", "hello world"),
        ("${C}", ""),
        ("$A", "$A"),
        ("$${A} $$ $$$$", "${A} $ $$"),
        ("${C:=fallback}", "fallback"),
        ("${B:-${C:-deep}}", "deep"),
        ("${A:=fallback}", "hello world"),
        ("${C:?message}", "message"),
        ("${A:6}", "world"),
        ("${A:0:5}", "hello"),
        ("${A:1:-1}", "ello worl"),
        ("${A/o/0}", "hell0 world"),
        ("${A//o/0}", "hell0 w0rld"),
        ("${path##*/}", "c.tar.gz"),
        ("${path%%.*}", "a/b/c"),
        ("${path%.*}", "a/b/c.tar"),
        ("${#A}", "11"),
        ("${A^^}", "HELLO WORLD"),
        ("${A^}", "Hello world"),
        ("${_x^^}", "ßÉÉAA/BB😀"),
    ],
)
def test_what_an_expression_stands_for(text: str, result: str) -> None:
    """Names, defaults, parts, replacements, trimming and case, as the documentation of Flux lists them."""
    assert outcome(text) == ("", result.encode())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("${A", "missing closing brace"),
        ("${A-x}", "missing closing brace"),
        ("${array[0]}", "missing closing brace"),
        ("${}", "unable to parse variable name"),
        ("${A:}", "unable to parse substitution within function"),
        ("${A/x}", "bad substitution"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    """Much that a shell takes, Flux refuses: and with it the whole Kustomization."""
    assert outcome(f"before {text}") == (reason, b"")


def test_what_has_no_value_is_told_once_and_where() -> None:
    """A name without a value and without a default is named with the place of its first expression."""
    found = expand("a ${one} ${two:=2} ${one} ${three:0:1} ${B}", look_up)
    assert found.unset == (("one", 2), ("three", 26))


def test_what_nobody_can_know_stays_as_it_is() -> None:
    """An expression whose value is a secret's is left as written, with whatever stands around it in the braces."""
    found = expand("${secret} ${C:-${secret}/x} ${A} ${secret:=x}", look_up)
    assert (found.content, found.left) == (b"${secret} ${C:-${secret}/x} hello world ${secret:=x}", True)


def test_a_text_cannot_be_made_to_grow_without_end() -> None:
    """Values that are repeated, and replacements in long values, end at the limit."""
    with pytest.raises(EnvsubstError, match="more than 1,000 bytes come of it"):
        expand("${A}" * 100, look_up, limit=1000)
    with pytest.raises(EnvsubstError, match="more than 1,000 bytes come of it"):
        expand("${v//a/" + "b" * 100 + "}", lambda _: "a" * 500, limit=1000)
    with pytest.raises(EnvsubstError, match="more than 1,000 bytes come of it"):
        expand("${v//${none}/" + "b" * 100 + "}", lambda name: "a" * 500 if name == "v" else "", limit=1000)


def test_a_pattern_cannot_be_made_to_take_long() -> None:
    """Patterns that fit in very many ways are given up."""
    with pytest.raises(EnvsubstError, match="takes too long"):
        expand("${v##*a*a*a*a*b}", lambda _: "a" * 20_000)


def test_expressions_cannot_stand_in_each_other_without_end() -> None:
    """Depth is bounded."""
    with pytest.raises(EnvsubstError, match="more than 50 deep"):
        expand("${a:-" * 5000 + "}" * 5000, look_up)

"""Patterns, read as the libraries behind Argo CD read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.globs import GlobError
from gategit.render.argocd_globs import Matcher, doublestar, go_match, gobwas, is_pattern, pathspec
from tests.conftest import RepositoryBuilder
from tests.tools.go_argocd import GoArgocd, running

READERS: dict[str, Callable[[str], Matcher]] = {"gobwas": gobwas, "go_match": go_match, "doublestar": doublestar}
PATHS = ("a", "b", "ab", "abc", "a/b", "a/b/c", "a/bc", "ab/c", "a.yaml", "a/b.yaml", "a/b/c.yaml", "", "a/", "-")


@pytest.fixture(scope="module")
def go() -> Iterator[GoArgocd]:
    """The libraries themselves."""
    with running() as program:
        yield program


def matches(kind: str, pattern: str, texts: tuple[str, ...] = PATHS, separator: str = "") -> list[bool] | None:
    """Which texts match; None where the pattern is refused."""
    try:
        test = gobwas(pattern, separator) if kind == "gobwas" else READERS[kind](pattern)
    except GlobError:
        return None
    return [test(text) for text in texts]


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize(
    "pattern",
    [
        *("*", "a*", "*c", "a/*", "*/b", "*.yaml", "?", "a?", "a/?", "[ab]", "[a-c]", "a[b]c"),
        *("a/*/c", "*/*", "a*c", "*a*b*", "\\*", "a\\b", "a", "", "a/b/c.yaml"),
    ],
)
def test_simple_patterns_match_what_they_match_in_go(go: GoArgocd, kind: str, pattern: str) -> None:
    """Stars, question marks, classes and escapes."""
    assert matches(kind, pattern) == go.matches(kind, pattern, PATHS)


@pytest.mark.parametrize(
    ("kind", "pattern"), [("gobwas", "[!a]b"), ("go_match", "[^a]b"), ("doublestar", "[!a]b"), ("doublestar", "[^a]b")]
)
def test_each_library_has_its_own_sign_for_all_other_characters(go: GoArgocd, kind: str, pattern: str) -> None:
    """``!`` or ``^``, or both."""
    assert matches(kind, pattern) == go.matches(kind, pattern, PATHS)


@pytest.mark.parametrize("kind", ["gobwas", "doublestar"])
@pytest.mark.parametrize(
    "pattern",
    ["{a,b}", "{a,ab}c", "a{,b}c", "*.{yaml,json}", "a/{b,b/c}.yaml", "{a/{b,c},b}", "{*.yaml,a}", "{[ab],abc}"],
)
def test_alternatives_match_what_they_match_in_go(go: GoArgocd, kind: str, pattern: str) -> None:
    """Braces, also in each other."""
    assert matches(kind, pattern) == go.matches(kind, pattern, PATHS)


@pytest.mark.parametrize(
    "pattern", ["**", "a/**", "**/c", "a/**/c", "**/*.yaml", "a/**/*.yaml", "**/b/**", "a/**/**/c"]
)
def test_folders_of_any_depth_match_as_doublestar_has_them(go: GoArgocd, pattern: str) -> None:
    """``**`` between slashes is any number of folders, none too."""
    paths = tuple(path for path in PATHS if path and not path.endswith("/"))
    assert matches("doublestar", pattern, paths) == go.matches("doublestar", pattern, paths)


@pytest.mark.parametrize("pattern", ["*", "**", "a*", "a**", "*/*", "**/c", "a/**.yaml", "*b*", "a**c"])
def test_a_separator_stops_one_star_and_not_two(go: GoArgocd, pattern: str) -> None:
    """As projects read the URLs of repositories."""
    assert matches("gobwas", pattern, separator="/") == go.matches("gobwas", pattern, PATHS, "/")


@settings(max_examples=400)
@given(st.data())
def test_any_pattern_matches_what_it_matches_in_go(go: GoArgocd, data: st.DataObject) -> None:
    """Whatever the pattern: the same texts match, or gategit does not take it."""
    kind = data.draw(st.sampled_from(sorted(READERS)))
    signs = "ab/*?." + ("{},[]\\" if kind != "go_match" else "[]\\")
    pattern = data.draw(st.text(signs, max_size=8))
    texts = tuple(data.draw(st.lists(st.text("ab/.", max_size=6), min_size=4, max_size=8)))
    ours = matches(kind, pattern, texts)
    if ours is not None:
        assert ours == go.matches(kind, pattern, texts), pattern


@pytest.mark.parametrize(
    "pattern",
    ["a", "a/", "a/b", "*.yaml", "a/*.yaml", "a/*", "*", "a/b/c.yaml", "b*", "[ab].yaml", "?.yaml", "./a", "x"],
)
def test_files_of_a_repository_match_as_git_has_them(git_repository: RepositoryBuilder, pattern: str) -> None:
    """``git ls-files``: a folder is all that is in it, and a star does not stop at a slash."""
    paths = ["a/b.yaml", "a/b/c.yaml", "a/b/d/e.json", "b.yaml", "bc.yaml", "c/b.yaml"]
    git_repository.commit(files=dict.fromkeys(paths, "x"))
    listed = git_repository.git("ls-files", "--full-name", "--", pattern).splitlines()

    assert [path for path in paths if pathspec(pattern)(path)] == listed


@pytest.mark.parametrize(
    ("read", "pattern", "message"),
    [
        (gobwas, "{a,b", "a { has no }"),
        (go_match, "[a", "a [ has no ]"),
        (go_match, "a\\", "a \\ at the end takes no character"),
        (gobwas, "{a,b}" * 10, "it has more than 64 alternatives"),
        (gobwas, "a" * 1001, "it is longer than 1000 characters"),
        (go_match, "[b-a]", "it has a class of characters that is none"),
        (pathspec, ":(top)a", "git gives a : at its start a meaning of its own"),
    ],
)
def test_what_is_no_pattern_is_refused(read: Callable[[str], Matcher], pattern: str, message: str) -> None:
    """One sentence says why."""
    with pytest.raises(GlobError) as caught:
        read(pattern)
    assert str(caught.value) == message


@pytest.mark.parametrize("read", [gobwas, go_match, doublestar])
def test_no_pattern_takes_long(read: Callable[[str], Matcher]) -> None:
    """Many stars over a long text that nearly matches: this ends at all."""
    assert not read("*a" * 400)("a" * 4000 + "b")
    assert not doublestar("**/a/" * 150 + "b")("a/" * 2000 + "c")


def test_a_text_with_special_signs_is_a_pattern() -> None:
    """Braces alone make none: Argo CD looks for a star, a question mark or a bracket."""
    assert [is_pattern(text) for text in ("a.yaml", "a*", "a?", "[a]", "{a,b}")] == [False, True, True, True, False]

"""Path patterns follow gitignore's rules, and no pattern takes more than a moment."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.globs import GlobError, name_pattern, path_matcher

MATCHES = [
    ("**", "a/b.yaml", True),
    ("**/", "a", False),
    ("**/", "a/b", True),
    ("docs/**", "docs/a/b", True),
    ("docs/**", "docs", False),
    ("docs/**", "x/docs/a", False),
    ("docs", "x/docs/a", True),
    ("docs", "docs", True),
    ("docs", "docs2/a", False),
    ("/docs", "x/docs/a", False),
    ("/docs", "docs/a", True),
    ("docs/", "docs", False),
    ("docs/", "docs/a", True),
    ("./docs", "docs/a", True),
    ("*.md", "a/b.md", True),
    ("/*.md", "a/b.md", False),
    ("apps/*/values.yaml", "apps/web/values.yaml", True),
    ("apps/*/values.yaml", "apps/web/x/values.yaml", False),
    ("a/**/b", "a/b", True),
    ("a/**/b", "a/x/y/b/c", True),
    ("a/**/b/**/c.yaml", "a/b/b/c/c.yaml", True),
    ("**/prod/**", "clusters/prod/a", True),
    ("**/prod/**", "prod/a", True),
    ("**/prod/**", "prod", False),
    ("clusters/prod", "clusters/production/a", False),
    ("a?c", "abc", True),
    ("a?c", "a/c", False),
    ("[ab].yaml", "b.yaml", True),
    ("[!ab].yaml", "b.yaml", False),
    ("[^ab].yaml", "c.yaml", True),
    ("[]]", "]", True),
    ("x/[!a]y", "x//y", False),
    ("a*b*c", "axbxbc", True),
    ("a*b*c", "axbxd", False),
    ("*a*", "bab", True),
    (r"\*.md", "*.md", True),
    (r"\*.md", "x.md", False),
    ("a\nb", "a\nb", True),
    ("ä/*", "ä/ö", True),
    ("a.b", "axb", False),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), MATCHES)
def test_path_pattern(pattern: str, path: str, *, expected: bool) -> None:
    """Each pattern matches exactly the paths that gitignore's rules say."""
    assert bool(path_matcher((pattern,))(path)) is expected


def test_several_patterns() -> None:
    """A path matches a list when it matches one of it; an empty list matches nothing."""
    matcher = path_matcher(("a/**", "*.md"))
    assert [bool(matcher(path)) for path in ("a/b", "c/d.md", "c/d")] == [True, True, False]
    assert not path_matcher(())("a")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "it is empty"),
        ("/", "it is empty"),
        ("!a", "a pattern cannot be negated; write \\! for the character itself"),
        ("a//b", "it has an empty name, . or .. between slashes"),
        ("../a", "it has an empty name, . or .. between slashes"),
        ("[a", "a [ has no ]; write \\[ for the character itself"),
        ("a\\", "a \\ at the end takes no character"),
        ("a" * 1001, "it is longer than 1000 characters"),
    ],
)
def test_not_a_pattern(pattern: str, message: str) -> None:
    """What is no pattern is refused with the reason."""
    with pytest.raises(GlobError) as caught:
        path_matcher((pattern,))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("*a" * 300 + "b", "a" * 3000), ("**/a/" * 190 + "b", "a/" * 1500), ("*" * 900 + "b", "a" * 3000)],
)
def test_hostile_pattern_ends(pattern: str, path: str) -> None:
    """Patterns that make a backtracking matcher take for ever end, with the right answer."""
    assert not path_matcher((pattern,))(path)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("web", "web", True),
        ("web", "web2", False),
        ("web-*", "web-1", True),
        ("*", "", True),
        ("apps/*", "apps/v1", True),
        ("*-?", "web-1", True),
        ("w*b*e", "web-e", True),
        ("w*b*e", "web-f", False),
    ],
)
def test_name_pattern(pattern: str, name: str, *, expected: bool) -> None:
    """A glob on a name matches the whole name."""
    assert bool(name_pattern(pattern).match(name)) is expected


def _slow_match(pattern: list[str], path: list[str]) -> bool:
    """The plain meaning of names, ``*`` and ``**``, without any cleverness."""
    if not pattern:
        return True
    if pattern[0] == "**":
        if len(pattern) == 1:
            return bool(path)
        return any(_slow_match(pattern[1:], path[index:]) for index in range(len(path)))
    if not path or not re.fullmatch(pattern[0].replace("*", ".*"), path[0]):
        return False
    return _slow_match(pattern[1:], path[1:])


NAMES = st.sampled_from(["a", "b", "ab", "aab", "abab"])


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from(["a", "b", "*", "a*", "*b", "*a*b", "**"]), min_size=2, max_size=6),
    st.lists(NAMES, min_size=1, max_size=6),
)
def test_agrees_with_the_plain_meaning(pattern: list[str], path: list[str]) -> None:
    """The compiled expression, which never tries a match twice, finds every match that there is."""
    plain = [name for index, name in enumerate(pattern) if name != "**" or pattern[index - 1 : index] != ["**"]]
    assert bool(path_matcher(("/".join(pattern),))("/".join(path))) is _slow_match(plain, path)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text(pattern: str, path: str) -> None:
    """Any text is a pattern or is refused; nothing else happens."""
    try:
        path_matcher((pattern,))(path)
        name_pattern(pattern).match(path)
    except GlobError:
        pass


def test_agrees_with_git(tmp_path: Path) -> None:
    """Git itself ignores exactly the paths that the pattern matches."""
    paths = sorted({path for _, path, _ in MATCHES if "\n" not in path and "//" not in path} | {"apps/x", "q/docs"})
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for pattern in (
        "docs",
        "/docs",
        "docs/",
        "*.md",
        "/*.md",
        "apps/*/values.yaml",
        "a/**/b",
        "**/prod/**",
        "[!ab].yaml",
    ):
        (tmp_path / ".gitignore").write_text(pattern + "\n")
        answer = subprocess.run(
            [*git, "check-ignore", "--no-index", "--stdin", "-z"],
            input="\0".join(paths).encode(),
            capture_output=True,
            check=False,
        )
        ignored = set(filter(None, answer.stdout.decode().split("\0")))
        assert {path for path in paths if path_matcher((pattern,))(path)} == ignored, pattern

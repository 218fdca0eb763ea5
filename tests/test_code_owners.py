"""GitHub's CODEOWNERS, as far as two of them can be compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategit.code_owners import place_of, read_code_owners

FILE = """\
# everybody
*            @org/all
/gate/       @org/platform @alice  # the gate
*.md
apps/[       @nobody
.gategit.yaml @org/platform
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("apps/web.yaml", ("@org/all",)),
        ("gate/policies/x.py", ("@org/platform", "@alice")),
        ("x/gate/y", ("@org/all",)),
        ("docs/a.md", ()),
        (".gategit.yaml", ("@org/platform",)),
    ],
)
def test_the_last_line_that_matches_names_the_owners(path: str, owners: tuple[str, ...]) -> None:
    """Comments, lines without owners and patterns that cannot be read are as GitHub takes them."""
    assert read_code_owners(FILE).of(path) == owners


def test_the_first_place_counts() -> None:
    """GitHub looks in .github first, then in the root, then in docs."""
    assert place_of({"docs/CODEOWNERS": 1, "CODEOWNERS": 1}) == "CODEOWNERS"
    assert place_of({"a/CODEOWNERS": 1}) is None


@given(st.text(), st.text(min_size=1))
def test_any_text_is_read(text: str, path: str) -> None:
    """Nothing that a pull request writes there makes the gate fail."""
    assert all(isinstance(owner, str) for owner in read_code_owners(text).of(path))

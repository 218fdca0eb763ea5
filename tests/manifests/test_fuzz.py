"""Whatever the bytes, reading ends, says something, and never raises."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gategit.checks.syntax import check_file
from gategit.manifests.decode import decode
from gategit.manifests.file import read_file
from gategit.manifests.native import Unusual, fast_documents
from gategit.manifests.positions import SourceMap

BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FRAGMENTS = st.sampled_from(
    [
        *(
            "a: ",
            "b:",
            "- ",
            "  ",
            "\n",
            "\n  ",
            "\n- ",
            "---\n",
            "...\n",
            "? ",
            ": ",
            "[",
            "]",
            "{",
            "}",
            ",",
            '"',
            "'",
        ),
        *("&x ", "*x", "<<: *x", "!!str ", "!!int ", "! ", "|\n", ">-\n", "# c", "\t", "\r\n", "\u0085", "\u2028", "é"),
        *("yes", "0644", "1.10", ".nan", "~", "null", "{{ x }}", "{% if %}", "<<<<<<< a\n", "=======\n", ">>>>>>> b\n"),
        *(
            "apiVersion: v1\n",
            "kind: List\n",
            "items:\n",
            "metadata:\n  name: x\n",
            "%YAML 1.1\n",
            "@",
            "`",
            "\\",
            "\x00",
        ),
        *("\ufeff", "\\ud800", "\U0001f600", "\x1b", "http://x", "a: &x [*x]", "? [a]", "x" * 1030),
    ],
)
TEXTS = st.lists(FRAGMENTS, max_size=25).map("".join)
CONTENTS = st.one_of(
    st.binary(max_size=200),
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    TEXTS.map(lambda text: text.encode("utf-16", "surrogatepass")),
)
PATHS = st.lists(
    st.one_of(st.integers(-2, 5), st.sampled_from(["a", "b", "items", "metadata", "name", ""])), max_size=5
)
FILES = st.sampled_from(["a.yaml", "a.json"])

PLAIN_DATA = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\u2028\u2029"), max_size=20),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(st.characters(categories=["L", "N"]), max_size=8), inner, max_size=4),
    ),
    max_leaves=15,
)


@BOUNDED
@given(CONTENTS, FILES)
def test_reading_never_raises_and_yields_plain_data(content: bytes, path: str) -> None:
    """Any bytes decode to data that JSON can carry, and to problems with places in the text."""
    decoded = decode(content, path)
    for document in decoded.documents:
        json.dumps(document.data, allow_nan=False).encode()
        assert document.data is not None
        assert document.line >= 1
    for problem in decoded.problems:
        region = problem.region
        assert problem.message
        assert "\n" not in problem.message
        assert problem.help
        assert (1, 1) <= (region.line, region.column) <= (region.end_line, region.end_column)


@BOUNDED
@given(CONTENTS, FILES, st.integers(-1, 4), PATHS)
def test_places_never_raise(content: bytes, path: str, document: int, steps: list[str | int]) -> None:
    """Any path of any document of any text has a place, if only that of its nearest ancestor."""
    places = SourceMap(content, path)
    for on_key in (False, True):
        region = places.region(document, tuple(steps), on="key" if on_key else "value")
        assert (1, 1) <= (region.line, region.column) <= (region.end_line, region.end_column)
    places.scalar(document, tuple(steps))
    places.line_text(document)


@BOUNDED
@given(CONTENTS, FILES)
def test_checking_never_raises(content: bytes, path: str) -> None:
    """Any bytes can be classified, expanded and checked."""
    file = read_file(path, content)
    for manifest in file.manifests:
        file.location(manifest.source, ("metadata", "name"))
    check_file(file)


@BOUNDED
@given(TEXTS)
def test_the_fast_path_says_what_the_careful_one_says(text: str) -> None:
    """What the fast path takes, the careful one reads without a problem and as the same data."""
    from gategit.manifests.careful import read_yaml  # noqa: PLC0415  the two paths side by side
    from gategit.manifests.decode import Limits  # noqa: PLC0415  the same

    text = text.replace("\u0085", "").replace("\u2028", "").lstrip("\ufeff")
    if "<<<<<<<" in text or ">>>>>>>" in text:
        return
    limits = Limits()
    try:
        fast = fast_documents(text.encode(), depth=limits.depth, nodes=limits.nodes, documents=limits.documents)
    except Unusual:
        return
    careful = read_yaml(text, limits)
    assert careful.problems == ()
    assert [(document.index, document.line, document.data) for document in careful.documents] == [
        (index, line, data) for index, line, data, _ in fast
    ]


@BOUNDED
@given(PLAIN_DATA)
def test_json_reads_back_as_itself(data: Any) -> None:
    """JSON is read as the same data, as a .json file and as YAML."""
    content = json.dumps(data, ensure_ascii=False).encode()
    expected = [] if data is None else [data]
    assert [document.data for document in decode(content, "a.json").documents] == expected
    assert [document.data for document in decode(content, "a.yaml").documents] == expected

"""The fast composer says the same of a document as the careful one, wherever it says anything."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gategit.manifests.file import read_file
from gategit.manifests.native import compose_one
from gategit.manifests.nodes import Kind, Node, compose
from gategit.manifests.positions import SourceMap

_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def shape(node: Node) -> tuple[Any, ...]:
    """A node and everything below it, with places."""
    if node.kind is Kind.SCALAR:
        below: Any = (node.value, node.plain)
    elif node.kind is Kind.MAPPING:
        below = (node.flow, [(shape(key), shape(value)) for key, value in node.value])
    else:
        below = (node.flow, [shape(child) for child in node.value])
    return node.kind, node.start, node.end, below


@settings(max_examples=150, deadline=None)
@given(data=_data, flow=st.booleans(), before=st.sampled_from(["", "# a comment\n", "---\n", "--- # \u00e9\n"]))
def test_both_composers_agree(data: Any, flow: bool, before: str) -> None:  # noqa: FBT001  hypothesis draws it
    """On every node, its place, and how it was written."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow
    stream = io.StringIO()
    yaml.dump(data, stream)
    text = before + stream.getvalue()

    fast = compose_one(text, nodes=1000, offset=7)
    careful = compose(text, depth=100, nodes=1000, offset=7)

    if fast is not None and careful.fault is None:
        (root,) = careful.documents
        assert shape(fast) == shape(root)


@pytest.mark.parametrize(
    "text", ["a: &x 1\n", "a: *x\n", "a: !t 1\n", "a: 1\n---\nb: 2\n", "a: [1\n", "", "\ud800: 1\n"]
)
def test_what_needs_care_is_left_to_it(text: str) -> None:
    """Anchors, tags, several documents, nothing at all, and what is no YAML."""
    assert compose_one(text, nodes=1000, offset=0) is None


def test_a_native_node_is_not_changed() -> None:
    """It is a view of what libyaml has made."""
    root = compose_one("a: 1\n", nodes=10, offset=0)
    assert root is not None
    with pytest.raises(AttributeError):
        root.value = []


STREAM = """\
# first
a: 1
---
a: 2
text: |
  --- not a marker
...
---
---
a: 4
"""


def test_each_document_of_a_stream_is_found() -> None:
    """Comments, ends of documents and empty ones count as they do for a reader of the whole."""
    places = SourceMap(STREAM.encode(), "a.yaml")

    assert [places.region(index, ("a",)).line for index in range(4)] == [2, 4, 9, 10]
    assert places.region(9, ("a",)).line == 1


def test_a_broken_document_leaves_the_others_their_places() -> None:
    """Each piece is read by itself."""
    places = SourceMap(b"a: 1\n---\nb: [\n---\nc: 3\n", "a.yaml")

    assert places.region(0, ("a",)).line == 1
    assert places.region(2, ("c",)).line == 5


@settings(max_examples=100, deadline=None)
@given(data=st.dictionaries(st.text(max_size=5), _data, max_size=4), flow=st.booleans())
def test_a_decoded_file_keeps_its_places(data: dict[str, Any], flow: bool) -> None:  # noqa: FBT001  as above
    """What the decoder leaves for places is what a reader of the text finds."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow
    stream = io.StringIO()
    yaml.dump(data, stream)
    content = stream.getvalue().encode()
    file = read_file("a.yaml", content)
    apart = SourceMap(content, "a.yaml")

    for document in file.decoded.documents:
        for path in paths(document.data):
            assert file.source_map.region(document.index, path) == apart.region(document.index, path)
            assert file.source_map.region(document.index, path, on="key") == apart.region(
                document.index, path, on="key"
            )


def paths(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every field path of some data, and one that is not there."""
    yield path
    if isinstance(data, dict):
        for key, value in data.items():
            yield from paths(value, (*path, key))
        yield (*path, "nothing of that name")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from paths(value, (*path, index))

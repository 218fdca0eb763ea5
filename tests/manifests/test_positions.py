"""Every field has a place, and what is absent the place where it would belong."""

from __future__ import annotations

import pytest

from gategit.manifests.positions import SourceMap
from gategit.model import FieldPath, Region

TEXT = """\
# head
apiVersion: v1
kind: Pod
metadata:
  name: "web"  # why
  labels: {app: web, "tier": é}
spec:
  containers:
  - name: a
    command: [sh, -c]
    args:
    - |
      one
      two
    - 'x
      y'
  - name: b
    env:
  defaults: &d
    x: 1
  merged:
    <<: *d
    z: 2
---
---
b: 010
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (("kind",), Region(3, 7, 3, 10), Region(3, 1, 3, 5)),
        (("metadata", "name"), Region(5, 9, 5, 14), Region(5, 3, 5, 7)),
        (("metadata", "labels"), Region(6, 11, 6, 32), Region(6, 3, 6, 9)),
        (("metadata", "labels", "tier"), Region(6, 30, 6, 31), Region(6, 22, 6, 28)),
        (("spec",), Region(8, 3, 8, 13), Region(7, 1, 7, 5)),
        (("spec", "containers", 0), Region(9, 5, 9, 12), Region(9, 5, 9, 12)),
        (("spec", "containers", 0, "command", 1), Region(10, 19, 10, 21), Region(10, 19, 10, 21)),
        (("spec", "containers", 0, "args", 0), Region(12, 7, 14, 10), Region(12, 7, 14, 10)),
        (("spec", "containers", 0, "args", 1), Region(15, 7, 16, 9), Region(15, 7, 16, 9)),
        (("spec", "containers", 1, "env"), Region(18, 5, 18, 8), Region(18, 5, 18, 8)),
        (("spec", "merged", "x"), Region(20, 8, 20, 9), Region(20, 5, 20, 6)),
        (("spec", "merged", "z"), Region(23, 8, 23, 9), Region(23, 5, 23, 6)),
        (("spec", "absent", "deeper"), Region(7, 1, 7, 5), Region(7, 1, 7, 5)),
        (("spec", "containers", 7), Region(8, 3, 8, 13), Region(8, 3, 8, 13)),
        (("metadata", 0), Region(4, 1, 4, 9), Region(4, 1, 4, 9)),
        ((), Region(2, 1, 2, 15), Region(2, 1, 2, 15)),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_regions(path: FieldPath, value: Region, key: Region, ends: str) -> None:
    """Values and keys by their path; end columns stand after the last character; lines end either way."""
    places = SourceMap(TEXT.replace("\n", ends).encode(), "a.yaml")
    assert places.region(0, path) == value
    assert places.region(0, path, on="key") == key


def test_other_documents_and_encodings() -> None:
    """Documents are numbered as they are decoded, and a byte order mark takes no column."""
    for content in (b"\xef\xbb\xbf" + TEXT.encode(), TEXT.encode("utf-16")):
        places = SourceMap(content, "a.yaml")
        assert places.region(2, ("b",)) == Region(26, 4, 26, 7)
        assert places.region(0, ("kind",)) == Region(3, 7, 3, 10)
        assert places.region(9, ("b",)) == Region(1, 1, 1, 2)


def test_documents_beside_a_broken_one() -> None:
    """Where one document cannot be read the others keep their places."""
    places = SourceMap(b"a: b: c\n---\nd:\n  e: 1\n", "a.yaml")
    assert places.region(1, ("d", "e")) == Region(4, 6, 4, 7)


def test_json_places() -> None:
    """JSON has places too, with tabs, escapes and very long keys."""
    long_key = "k" * 3000
    places = SourceMap(f'{{\n\t"a\\u0062": [1,\n\t\t{{"c": "x"}}],\n"{long_key}": 1 }}'.encode(), "a.json")
    assert places.region(0, ("ab", 1, "c")) == Region(3, 9, 3, 12)
    assert places.region(0, ("ab",), on="key") == Region(2, 2, 2, 11)
    assert places.region(0, (long_key,)) == Region(4, 3005, 4, 3006)


def test_unicode_line_ends_of_yaml_are_none_of_editors() -> None:
    """NEL and the like end no line in an editor, nor in GitHub's diff."""
    assert SourceMap("a: x\u2028 y\nb: 1\n".encode(), "a.yaml").region(0, ("b",)) == Region(2, 4, 2, 5)


def test_source_text_of_plain_scalars() -> None:
    """What stands without quotes is given as it is written."""
    places = SourceMap(b"a: 0644\nb: '0644'\nc: 1.10\nd: !!str 5\ne: [NO]\nf: &x yes\ng: *x\nh:\n", "a.yaml")
    paths: list[FieldPath] = [("a",), ("b",), ("c",), ("d",), ("e", 0), ("e",), ("f",), ("g",), ("h",), ("i",)]
    found = [places.scalar(0, path) for path in paths]
    assert found == ["0644", None, "1.10", None, "NO", None, "yes", "yes", "", None]


def test_line_text() -> None:
    """Lines by number, without their end."""
    places = SourceMap(b"a\r\nb\n", "a.yaml")
    assert [places.line_text(number) for number in (0, 1, 2, 3, 4)] == ["", "a", "b", "", ""]

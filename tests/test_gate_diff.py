"""Showing an object-level change; a Secret's values stay secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gategit.gate_diff import read_object_diff
from gategit.report.object_diff import ObjectDiff, to_json, to_markdown, to_text
from gategit.request import Request

if TYPE_CHECKING:
    from tests.conftest import RepositoryBuilder

BASE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: shop
data:
  mode: fast
  text: |
    one
    two
    three
"""

SEALED = """\
apiVersion: v1
kind: Secret
metadata:
  name: key
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"data":{"a":"HUNTER-0"}}'
data:
  a: HUNTER-1
  gone: HUNTER-2
stringData:
  b: HUNTER-3
dta:
  c: HUNTER-4
"""


def silent(_: str) -> None:
    """Hear nothing."""


def diff_of(repository: RepositoryBuilder, old: dict[str, str], new: dict[str, str]) -> ObjectDiff:
    """The change between two sets of files."""
    repository.commit("start", dict(old) or {"README": ""})
    for name in old:
        repository.remove(name)
    for name, content in new.items():
        repository.write(name, content)
    return read_object_diff(Request(repository.folder), silent)


def test_fields_with_lines(git_repository: RepositoryBuilder) -> None:
    """Old and new value of each field, at its line; a text of several lines as a small diff."""
    new = BASE.replace("fast", "slow").replace("two", "2") + "  more: x\n"
    diff = diff_of(git_repository, {"a.yaml": BASE}, {"a.yaml": new})
    assert to_text(diff) == (
        "files, namespace shop: 1 modified\n"
        "\n"
        "  modified ConfigMap shop/settings (v1)\n"
        "      a.yaml:1\n"
        '      7  data.mode: "fast" → "slow"\n'
        "      8  data.text:\n"
        "         @@ -1,3 +1,3 @@\n"
        "          one\n"
        "         -two\n"
        "         +2\n"
        "          three\n"
        '     12  data.more: added "x"\n'
        "\n"
        "objects: 0 added, 1 modified, 0 removed\n"
    )


def test_added_removed_moved(git_repository: RepositoryBuilder) -> None:
    """Whole objects have one line; a moved file has none."""
    diff = diff_of(
        git_repository,
        {"a.yaml": BASE, "b.yaml": BASE.replace("settings", "moved")},
        {"c.yaml": BASE.replace("settings", "new"), "d.yaml": BASE.replace("settings", "moved")},
    )
    assert to_text(diff) == (
        "files, namespace shop: 1 added, 1 removed\n"
        "\n"
        "  removed ConfigMap shop/settings (v1)\n"
        "      a.yaml:1, in the base\n"
        "    ! removal: it is applied no longer, and an agent that prunes deletes it\n"
        "    ! removal: what still uses it does not start any more\n"
        "\n"
        "  added ConfigMap shop/new (v1)\n"
        "      c.yaml:1\n"
        "\n"
        "objects: 1 added, 0 modified, 1 removed, 1 of them at risk\n"
    )


@pytest.mark.parametrize("kind", ["modified", "added", "removed"])
def test_secrets_are_never_shown(git_repository: RepositoryBuilder, kind: str) -> None:
    """No value of a Secret appears, in no format, wherever in it the value stands."""
    changed_secret = SEALED.replace("HUNTER", "DRAGON").replace("  gone: DRAGON-2\n", "").replace("stringData", "data2")
    old = {} if kind == "added" else {"s.yaml": SEALED}
    new = {} if kind == "removed" else {"s.yaml": changed_secret}
    diff = diff_of(git_repository, old, new)
    for text in (to_text(diff), to_json(diff), to_markdown(diff)):
        assert "HUNTER" not in text
        assert "DRAGON" not in text
        assert "Secret" in text
    if kind == "modified":
        assert "data.a: (secret value changed)" in to_text(diff)
        assert "data.gone: removed (secret, not shown)" in to_text(diff)


def test_control_characters_and_long_values(git_repository: RepositoryBuilder) -> None:
    """Nothing that a terminal obeys is printed, and no value fills the screen."""
    new = BASE.replace("fast", '"\\e[31m\\u202e"').replace(
        "name: settings", "name: settings\n  labels: {x: " + "y" * 500 + "}"
    )
    text = to_text(diff_of(git_repository, {"a.yaml": BASE}, {"a.yaml": new}))
    assert all(line.isprintable() for line in text.splitlines())
    assert max(map(len, text.splitlines())) < 200
    assert "characters)" in text


def test_json(git_repository: RepositoryBuilder) -> None:
    """The same for scripts."""
    diff = diff_of(git_repository, {"a.yaml": BASE}, {"a.yaml": BASE.replace("fast", "slow")})
    found: dict[str, Any] = json.loads(to_json(diff))
    assert found == {
        "version": 1,
        "base": git_repository.head(),
        "head": "worktree",
        "summary": {"added": 0, "modified": 1, "removed": 0},
        "objects": [
            {
                "change": "modified",
                "target": None,
                "unit": None,
                "object": {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "settings"},
                "old": {"file": "a.yaml", "line": 1},
                "new": {"file": "a.yaml", "line": 1},
                "risks": [],
                "fields": [
                    {
                        "path": "data.mode",
                        "change": "modified",
                        "old": {"value": "fast", "file": "a.yaml", "line": 7},
                        "new": {"value": "slow", "file": "a.yaml", "line": 7},
                    }
                ],
            }
        ],
        "unknown": [],
        "unchecked": [],
    }


def test_what_cannot_be_read_is_said(git_repository: RepositoryBuilder) -> None:
    """A file that is no YAML is named, the others are shown, and the diff is known to be incomplete."""
    diff = diff_of(git_repository, {}, {"a.yaml": BASE, "b.yaml": "a: [\n"})
    assert diff.incomplete
    assert [item.what for item in diff.unchecked] == ["b.yaml"]
    text = to_text(diff)
    assert "  added ConfigMap shop/settings (v1)\n      a.yaml:1\n" in text
    assert text.endswith("objects: 1 added, 0 modified, 0 removed; 1 not looked at\n")

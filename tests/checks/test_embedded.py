"""Files inside of ConfigMaps: what their programs could not read is said on its line."""

from __future__ import annotations

import pytest

from gategit.checks.embedded import EMBEDDED_CONFIG_INVALID
from gategit.checks.syntax import check_file
from gategit.manifests.file import read_file
from gategit.manifests.manifest import Role
from gategit.model import Region

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n"


def findings(text: str, role: Role | None = None) -> list[tuple[str, Region | None]]:
    """Message and region of each finding about an embedded file."""
    found, _ = check_file(read_file("a.yaml", text.encode(), role))
    assert {one.rule for one in found} <= {EMBEDDED_CONFIG_INVALID.id}
    return [(one.message, one.location.region) for one in found]


def test_examples() -> None:
    """The rule's own examples do what they say."""
    ((_, region),) = findings(EMBEDDED_CONFIG_INVALID.example_fail)

    assert region is not None
    assert EMBEDDED_CONFIG_INVALID.example_fail.splitlines()[region.line - 1].endswith("# <-")
    assert findings(EMBEDDED_CONFIG_INVALID.example_pass) == []


def test_json_in_a_block_is_shown_on_its_own_line() -> None:
    """The line of the block's text, counted in the manifest's file."""
    text = HEAD + '  a.json: |\n    {\n      "a": 1,\n    }\n'

    assert findings(text) == [
        ("a.json in ConfigMap web cannot be read: line 2: a comma stands before the closing }", Region(7, 7, 7, 14))
    ]


def test_yaml_in_quotes_is_shown_where_the_value_is() -> None:
    """Its lines are no lines of the file."""
    text = HEAD + '  a.yml: "a: b: c"\n'
    message = 'a.yml in ConfigMap web cannot be read: line 1: the value of "a" holds a second ": " on the same line'

    assert findings(text) == [(message, Region(5, 10, 5, 19))]


def test_a_fault_behind_the_last_line_is_shown_on_the_last_one_there_is() -> None:
    """A quote that is never closed runs to the end of the text."""
    ((message, region),) = findings(HEAD + "  a.yaml: |\n    b: 'x\n")

    assert message.startswith("a.yaml in ConfigMap web cannot be read: line 1: the single quote that is opened here")
    assert region == Region(6, 5, 6, 10)


@pytest.mark.parametrize(
    "entry",
    [
        "a.yaml: ''",
        "a.yaml: |\n    a: 1",
        "a.yaml: |\n    - !include other.yaml",
        "a.yaml: |\n    null: 1",
        "a.yaml: |\n    a: .nan",
        "a.yaml: |\n    a: {{ value }}",
        "a.yaml: |\n    ${BLOCK}\n    a: b: c",
        "a.yaml: |\n    a: 1\n    ---\n    b: 2",
        "a.conf: |\n    a: b: c",
        "a.json: |\n    // for the editor\n    {}",
        "a.json: '[]'",
        "a.json: 7",
        "7: x",
    ],
)
def test_what_a_program_may_read_passes(entry: str) -> None:
    """Other names, other dialects, templates, and what kubectl alone refuses."""
    found, _ = check_file(read_file("a.yaml", f"{HEAD}  {entry}\n".encode()))

    assert [one for one in found if one.rule == EMBEDDED_CONFIG_INVALID.id] == []


def test_every_config_map_of_a_list_is_looked_at_and_nothing_else() -> None:
    """A Secret's text is never quoted; a patch is a part of something."""
    item = "- apiVersion: v1\n  kind: {}\n  metadata: {name: a}\n  data: {a.json: '{'}\n"
    both = "apiVersion: v1\nkind: List\nitems:\n" + item.replace("{}", "ConfigMap") + item.replace("{}", "Secret")

    assert [region.line if region else 0 for _, region in findings(both)] == [7]
    assert findings(HEAD + "  a.json: '{'\n", Role.PATCH) == []
    assert findings(HEAD.replace("v1", "example.com/v1") + "  a.json: '{'\n") == []

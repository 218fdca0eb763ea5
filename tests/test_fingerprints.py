"""Fingerprints survive what a reader would not call a change, and tell apart what a reader would."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gategit.fingerprints import fingerprint, mark_existing, number_repeats, stable_path
from gategit.model import FieldPath, Finding, Level, Location, ObjectRef, Region, Stage, State

WEB = ObjectRef("apps/v1", "Deployment", "shop", "web")


def finding(file: str = "web.yaml", line: int = 3, name: str = "a") -> Finding:
    return Finding(
        rule="unknown-field",
        stage=Stage.SCHEMA,
        level=Level.ERROR,
        message="unknown field",
        location=Location(file, Region(line, 1, line, 5)),
        object=WEB,
        path=("spec", name),
        fingerprint=name,
    )


def test_a_list_item_is_named_by_its_name() -> None:
    """A container in front of another does not move the second one's path."""
    before = {"containers": [{"name": "app", "image": "x"}]}
    after = {"containers": [{"name": "sidecar"}, {"name": "app", "image": "x"}]}
    assert stable_path(before, ("containers", 0, "image")) == ".containers[name=app].image"
    assert stable_path(after, ("containers", 1, "image")) == ".containers[name=app].image"


def test_a_list_item_without_a_name_keeps_its_index() -> None:
    """Where nothing names an item its index does, and a scalar names itself."""
    assert stable_path({"rules": [{"verbs": ["get"]}]}, ("rules", 0, "verbs", 0)) == ".rules[0].verbs[=get]"


def test_a_path_into_nothing_is_written_all_the_same() -> None:
    """A missing field has a path too."""
    assert stable_path(None, ("spec", 3, "x")) == ".spec[3].x"


def test_the_version_and_the_file_are_no_part_of_it_where_there_is_an_object() -> None:
    """A version bump in a moved file leaves the fingerprint alone."""
    newer = replace(finding(), object=replace(WEB, api_version="apps/v1beta1"))
    assert fingerprint(finding(), ".spec.a", "one.yaml") == fingerprint(newer, ".spec.a", "two.yaml")


def test_the_file_is_part_of_it_where_there_is_no_object() -> None:
    """A syntax error in another file is another finding."""
    bare = replace(finding(), object=None)
    assert fingerprint(bare, "", "one.yaml") != fingerprint(bare, "", "two.yaml")


def states(head: list[Finding], base: list[Finding], renames: dict[str, str], files: list[str]) -> list[State]:
    return [one.state for one in mark_existing(head, base, renames, files)]


def test_a_finding_that_moved_down_is_existing() -> None:
    """Lines are no part of what a finding is."""
    assert states([finding(line=9)], [finding(line=3)], {}, ["web.yaml"]) == [State.EXISTING]


def test_a_finding_in_a_renamed_file_is_existing() -> None:
    """The base's file is known under its new name."""
    head, base = [finding("new.yaml")], [finding("old.yaml")]
    assert states(head, base, {"old.yaml": "new.yaml"}, ["new.yaml"]) == [State.EXISTING]


def test_a_finding_whose_file_is_gone_is_existing_elsewhere() -> None:
    """A file that was split or rewritten beyond git's notice still takes its old findings along."""
    assert states([finding("new.yaml")], [finding("old.yaml")], {}, ["new.yaml"]) == [State.EXISTING]


def test_a_copy_of_an_old_defect_is_new() -> None:
    """One finding of the base excuses one of the head, not two."""
    head = [finding("web.yaml"), finding("copy.yaml")]
    assert states(head, [finding("web.yaml")], {}, ["web.yaml", "copy.yaml"]) == [State.EXISTING, State.NEW]


def test_repeats_get_names_of_their_own() -> None:
    """Each finding of a report can be named, and the first keeps its name."""
    named = [one.fingerprint for one in number_repeats([finding(), finding(), finding(name="b")])]
    assert named[0] == "a"
    assert named[2] == "b"
    assert len(set(named)) == 3


@given(st.recursive(st.none() | st.text(max_size=3) | st.integers(), lambda inner: st.lists(inner, max_size=3)
       | st.dictionaries(st.sampled_from(["name", "key", "a"]), inner, max_size=3), max_leaves=8),
       st.lists(st.integers(-2, 3) | st.sampled_from(["name", "a"]), max_size=5))  # fmt: skip
def test_no_data_makes_a_path_fail(data: Any, path: list[str | int]) -> None:
    """Any path into any data can be written."""
    steps: FieldPath = tuple(path)
    assert isinstance(stable_path(data, steps), str)

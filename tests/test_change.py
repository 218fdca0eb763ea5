"""Pairing objects and comparing them field by field."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.change import (
    ABSENT,
    ChangeKind,
    FieldDifference,
    ObjectChange,
    field_differences,
    pair,
    read_object_changes,
    same,
)
from gategit.manifests.manifest import Manifest, Source
from gategit.model import FieldPath
from gategit.repository import TreeDiff


def manifest(
    file: str = "a.yaml",
    data: Any = None,
    *,
    name: str = "web",
    kind: str = "ConfigMap",
    api_version: str = "v1",
    namespace: str | None = "shop",
    document: int = 0,
) -> Manifest:
    """A manifest with a bit of data."""
    return Manifest(
        api_version, kind, namespace, name, {"apiVersion": api_version, "data": data}, Source(file, document)
    )


def places(changes: tuple[ObjectChange, ...]) -> list[tuple[str | None, str | None]]:
    """The files of both sides of each change."""
    return [(c.old.source.file if c.old else None, c.new.source.file if c.new else None) for c in changes]


class TestPair:
    """Which object of the base is which of the head."""

    def test_added_modified_removed(self) -> None:
        """The three kinds of change, in the order of the files."""
        changes = pair(
            [manifest("b.yaml", 1, name="same"), manifest("c.yaml", 1, name="edited"), manifest("a.yaml", name="gone")],
            [manifest("b.yaml", 1, name="same"), manifest("c.yaml", 2, name="edited"), manifest("d.yaml", name="new")],
        )
        assert [(c.kind, c.manifest.name) for c in changes] == [
            (ChangeKind.REMOVED, "gone"),
            (ChangeKind.MODIFIED, "edited"),
            (ChangeKind.ADDED, "new"),
        ]

    def test_a_moved_object_is_no_change(self) -> None:
        """Neither another file nor another place in it changes an object."""
        assert pair([manifest("a.yaml", 1)], [manifest("other/b.yaml", 1, document=3)]) == ()

    def test_a_version_bump_is_a_modification(self) -> None:
        """The version is not part of what names an object; the group is."""
        old = manifest(kind="Deployment", api_version="apps/v1beta1")
        new = manifest(kind="Deployment", api_version="apps/v1")
        assert [c.kind for c in pair([old], [new])] == [ChangeKind.MODIFIED]
        other = manifest(kind="Deployment", api_version="extensions/v1beta1")
        assert sorted(c.kind for c in pair([other], [new])) == [ChangeKind.ADDED, ChangeKind.REMOVED]

    @pytest.mark.parametrize(
        "other", [manifest(name="Other"), manifest(kind="Other"), manifest(namespace="Other"), manifest(namespace=None)]
    )
    def test_every_part_of_the_key_counts(self, other: Manifest) -> None:
        """Another kind, namespace or name is another object."""
        changes = pair([manifest()], [other])
        assert sorted(c.kind for c in changes) == [ChangeKind.ADDED, ChangeKind.REMOVED]

    def test_duplicates_pair_within_their_file(self) -> None:
        """Two clusters declare the same object; each is compared with its own former self."""
        old = [manifest("prod/a.yaml", 1), manifest("test/a.yaml", 2)]
        new = [manifest("prod/a.yaml", 2), manifest("test/a.yaml", 3)]
        assert places(pair(old, new)) == [("prod/a.yaml", "prod/a.yaml"), ("test/a.yaml", "test/a.yaml")]

    def test_duplicates_pair_along_renames(self) -> None:
        """A renamed file's object is compared with the one in its former file."""
        old = [manifest("prod/a.yaml", 1), manifest("test/a.yaml", 2)]
        new = [manifest("x/b.yaml", 3), manifest("prod/c.yaml", 4)]
        changes = pair(old, new, {"prod/a.yaml": "x/b.yaml", "test/a.yaml": "prod/c.yaml"})
        assert places(changes) == [("test/a.yaml", "prod/c.yaml"), ("prod/a.yaml", "x/b.yaml")]

    def test_duplicates_pair_by_content_before_folder(self) -> None:
        """One that only moved is found wherever it went, so that the other is the one that differs."""
        old = [manifest("prod/a.yaml", 1), manifest("test/a.yaml", 2)]
        new = [manifest("prod/x.yaml", 2), manifest("else/y.yaml", 3)]
        assert places(pair(old, new)) == [("prod/a.yaml", "else/y.yaml")]

    def test_duplicates_pair_in_the_nearest_folder(self) -> None:
        """With nothing else to go by, the shared folders decide."""
        old = [manifest("a/b/c/x.yaml", 1), manifest("a/y.yaml", 2)]
        new = [manifest("a/z.yaml", 3), manifest("a/b/w.yaml", 4)]
        assert places(pair(old, new)) == [("a/b/c/x.yaml", "a/b/w.yaml"), ("a/y.yaml", "a/z.yaml")]

    def test_duplicates_in_one_file_pair_in_order(self) -> None:
        """Within a file: equal ones first, then as they stand."""
        old = [manifest(data=1, document=0), manifest(data=2, document=1), manifest(data=3, document=2)]
        new = [manifest(data=3, document=0), manifest(data=5, document=1)]
        changes = pair(old, new)
        assert [(c.old.data["data"] if c.old else None, c.new.data["data"] if c.new else None) for c in changes] == [
            (1, 5),
            (2, None),
        ]

    def test_one_more_declaration_is_an_addition(self) -> None:
        """A second cluster gets the object."""
        changes = pair([manifest("prod/a.yaml", 1)], [manifest("prod/a.yaml", 1), manifest("test/a.yaml", 1)])
        assert [(c.kind, c.manifest.source.file) for c in changes] == [(ChangeKind.ADDED, "test/a.yaml")]

    @settings(max_examples=100, deadline=None)
    @given(
        old=st.lists(
            st.tuples(st.sampled_from("ab"), st.sampled_from(["x/1", "x/2", "y/1", "y/z/1"]), st.integers(0, 2))
        ),
        new=st.lists(
            st.tuples(st.sampled_from("ab"), st.sampled_from(["x/1", "x/2", "y/1", "y/z/1"]), st.integers(0, 2))
        ),
    )
    def test_nothing_is_lost_or_told_twice(
        self, old: list[tuple[str, str, int]], new: list[tuple[str, str, int]]
    ) -> None:
        """Each declaration is in one change at most; what is in none is equal on both sides; order does not matter."""
        olds = [manifest(file, data, name=name, document=i) for i, (name, file, data) in enumerate(old)]
        news = [manifest(file, data, name=name, document=i) for i, (name, file, data) in enumerate(new)]
        changes = pair(olds, news)
        for side, seen in ((olds, [c.old for c in changes if c.old]), (news, [c.new for c in changes if c.new])):
            assert len({id(m) for m in seen}) == len(seen)
            assert all(any(m is other for other in side) for m in seen)
        rest_old = sorted((m.name, m.data["data"]) for m in olds if not any(c.old is m for c in changes))
        rest_new = sorted((m.name, m.data["data"]) for m in news if not any(c.new is m for c in changes))
        assert rest_old == rest_new
        assert all(c.old is None or c.new is None or c.old.key == c.new.key for c in changes)
        assert pair(olds[::-1], news[::-1]) == changes
        assert pair(olds, olds) == ()


def test_only_files_that_differ_are_read() -> None:
    """The old side is read where files are modified or removed, the new one where they are modified or added."""
    diff = TreeDiff(("added.yaml",), ("modified.yaml",), ("removed.yaml",), ("executable.yaml",), {})
    read: dict[str, list[str]] = {"old": [], "new": []}

    def reader(side: str) -> Any:
        def manifests(path: str) -> list[Manifest]:
            read[side].append(path)
            return [manifest(path, side, name=path)]

        return manifests

    changes = read_object_changes(diff, reader("old"), reader("new"))
    assert read == {"old": ["modified.yaml", "removed.yaml"], "new": ["modified.yaml", "added.yaml"]}
    assert [c.kind for c in changes] == [ChangeKind.ADDED, ChangeKind.MODIFIED, ChangeKind.REMOVED]


def test_a_change_of_nothing_is_refused() -> None:
    """There is no object to name."""
    with pytest.raises(ValueError, match="an object change needs an old or a new side"):
        _ = ObjectChange(None, None).manifest


class TestFieldDifferences:
    """What differs in an object."""

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ({"a": 1}, {"a": 2}, [(("a",), 1, 2)]),
            ({"a": 1}, {}, [(("a",), 1, ABSENT)]),
            ({}, {"a": None}, [(("a",), ABSENT, None)]),
            ({"a": {"b": 1, "c": 1}}, {"a": {"c": 1, "d": 1}}, [(("a", "d"), ABSENT, 1), (("a", "b"), 1, ABSENT)]),
            ({"a": [1]}, {"a": {"b": 1}}, [(("a",), [1], {"b": 1})]),
            ({"a": "1"}, {"a": 1}, [(("a",), "1", 1)]),
            ({"a": True}, {"a": 1}, [(("a",), True, 1)]),
            ({"a": 1.0}, {"a": 1}, [(("a",), 1.0, 1)]),
        ],
    )
    def test_maps_and_scalars(self, old: Any, new: Any, expected: list[tuple[FieldPath, Any, Any]]) -> None:
        """Values that Python holds equal and the cluster does not are different."""
        assert [(d.path, d.old, d.new) for d in field_differences(old, new)] == expected

    def test_lists_by_name(self) -> None:
        """A container put in front does not make all others differ; paths are those of the new list."""
        old = {"containers": [{"name": "web", "image": "a:1"}, {"name": "gone", "image": "g"}]}
        new = {"containers": [{"name": "proxy", "image": "p"}, {"name": "web", "image": "a:2"}]}
        assert field_differences(old, new) == [
            FieldDifference(("containers", 0), ABSENT, {"name": "proxy", "image": "p"}),
            FieldDifference(("containers", 1, "image"), "a:1", "a:2"),
            FieldDifference(("containers", 1), {"name": "gone", "image": "g"}, ABSENT),
        ]

    @pytest.mark.parametrize(
        ("old", "new", "path"),
        [
            (
                [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "UDP"}],
                [{"containerPort": 80, "protocol": "UDP", "hostPort": 1}, {"containerPort": 80, "protocol": "TCP"}],
                (0, "hostPort"),
            ),
            (
                [{"mountPath": "/a", "name": "v"}, {"mountPath": "/b", "name": "v"}],
                [{"mountPath": "/b", "name": "v", "readOnly": True}, {"mountPath": "/a", "name": "v"}],
                (0, "readOnly"),
            ),
            (
                [{"port": 80}, {"port": 443}],
                [{"port": 443, "targetPort": 1}, {"port": 80}],
                (0, "targetPort"),
            ),
            (
                [{"key": "a", "operator": "Exists"}, {"key": "a", "operator": "Equal"}],
                [{"key": "a", "operator": "Equal", "value": "x"}, {"key": "a", "operator": "Exists"}],
                (0, "value"),
            ),
        ],
    )
    def test_other_keys(self, old: list[Any], new: list[Any], path: FieldPath) -> None:
        """Ports, mounts and tolerations are known by what the API server knows them by; a new order is said."""
        assert [(d.path, d.reordered) for d in field_differences(old, new)] == [((), True), (path, False)]

    def test_names_that_are_not_unique_are_no_keys(self) -> None:
        """Then the longest runs of equal items decide."""
        old = [{"name": "a", "v": 1}, {"name": "a", "v": 2}]
        new = [{"name": "a", "v": 0}, {"name": "a", "v": 1}, {"name": "a", "v": 2}]
        assert field_differences(old, new) == [FieldDifference((0,), ABSENT, {"name": "a", "v": 0})]

    def test_lists_of_scalars(self) -> None:
        """An argument put in, one taken out, one edited."""
        assert field_differences(["--a", "--b", "--c", "--d=1"], ["--x", "--a", "--c", "--d=2"]) == [
            FieldDifference((0,), ABSENT, "--x"),
            FieldDifference((1,), "--b", ABSENT),
            FieldDifference((3,), "--d=1", "--d=2"),
        ]

    def test_a_new_order_alone_is_a_difference(self) -> None:
        """Init containers run in order; so a swap is said, once, at the list."""
        old, new = [{"name": "a"}, {"name": "b"}], [{"name": "b"}, {"name": "a"}]
        assert field_differences({"l": old}, {"l": new}) == [FieldDifference(("l",), old, new, reordered=True)]

    def test_long_lists_end(self) -> None:
        """Beyond the limit, items are compared place by place."""
        old = [str(n) for n in range(3000)]
        assert field_differences(old, ["x", *old]) == [
            *(FieldDifference((n,), old[n], ["x", *old][n]) for n in range(3000)),
            FieldDifference((3000,), ABSENT, "2999"),
        ]


SCALARS = (
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, -0.0]) | st.text("ab\n", max_size=3)
)
DATA = st.recursive(
    SCALARS,
    lambda part: (
        st.lists(part, max_size=4) | st.dictionaries(st.sampled_from(["name", "port", "key", "x"]), part, max_size=4)
    ),
    max_leaves=20,
)
MAPS = st.recursive(SCALARS, lambda part: st.dictionaries(st.text("abc", max_size=2), part, max_size=3), max_leaves=20)


def at(data: Any, path: FieldPath) -> Any:
    """The value at a path."""
    for step in path:
        data = data[step]
    return data


@settings(max_examples=200, deadline=None)
@given(old=DATA, new=DATA)
def test_differences_are_true(old: Any, new: Any) -> None:
    """Equal data and only equal data has no difference; each difference holds what stands at its path."""
    before = copy.deepcopy((old, new))
    found = field_differences(old, new)
    assert (not found) == same(old, new)
    for difference in found:
        if difference.new is ABSENT:
            assert same(at(old, difference.path), difference.old)
        else:
            assert same(at(new, difference.path), difference.new)
        assert not same(difference.old, difference.new)
    assert same(list(before), [old, new])
    assert field_differences(old, copy.deepcopy(old)) == []


@settings(max_examples=150, deadline=None)
@given(old=MAPS, new=MAPS)
def test_differences_are_complete(old: Any, new: Any) -> None:
    """Applied to the old maps, the differences make the new ones."""
    result: Any = {"root": copy.deepcopy(old)}
    for difference in field_differences(old, new):
        *above, last = ("root", *difference.path)
        parent = at(result, tuple(above))
        if difference.new is ABSENT:
            del parent[last]
        else:
            parent[last] = difference.new
    assert same(result["root"], new)

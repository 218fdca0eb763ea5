"""What the api gives to policies that compare: what a change deletes, containers in pairs, versions, name patterns."""

from __future__ import annotations

from typing import Any

import pytest

from gategit.checks.policy import api


def version(text: str) -> api.Version:
    found = api.parse_version(text)
    assert found is not None
    return found


def thing(kind: str = "PersistentVolumeClaim", api_version: str = "v1", **metadata: Any) -> api.Manifest:
    """An object with this metadata, as it was before the change."""
    return api.Manifest({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", **metadata}}, "old")


def deployment(*containers: dict[str, Any], side: str = "new", **pod: Any) -> api.Workload:
    spec = {"template": {"spec": {"containers": list(containers), **pod}}}
    return api.Workload({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}, side)


@pytest.mark.parametrize(
    ("text", "numbers", "unstable"),
    [
        ("1.27.4", (1, 27, 4), None),
        ("v1.27.4-alpine3.19", (1, 27, 4), None),
        ("16", (16,), None),
        ("2.0.0-rc.1", (2, 0, 0), ("rc", 1)),
        ("2.0.0-beta", (2, 0, 0), ("beta", 0)),
        ("1.2.3-preview", (1, 2, 3), None),
        ("1.2.3+build.7", (1, 2, 3), None),
        ("2026.01.15-abc", (2026, 1, 15), None),
    ],
)
def test_a_version_is_taken_apart(text: str, numbers: tuple[int, ...], unstable: tuple[str, int] | None) -> None:
    """Numbers, and the word that says that it is none yet."""
    found = version(text)

    assert (found.numbers, found.unstable, found.text, found.major) == (numbers, unstable, text, numbers[0])


@pytest.mark.parametrize(
    "text", ["", "latest", "main-7f3a2b", "v", "1.x", ">=1.2", "^1.2.3", "1.2.3.4.5", "$TAG", "\u0663"]
)
def test_what_is_no_version(text: str) -> None:
    """Words, ranges and variables are none."""
    assert api.parse_version(text) is None


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.9.3", "1.10.0"),
        ("v1.9", "1.10.0-alpine"),
        ("1.0.0-rc.1", "1.0.0-rc.2"),
        ("1.0.0-beta.9", "1.0.0-rc.1"),
        ("1.0.0-rc.9", "1.0.0"),
        ("15", "16.1"),
        ("2025.12.31", "2026.1.1"),
    ],
)
def test_the_older_version(older: str, newer: str) -> None:
    """As numbers, not as text; one that is none yet comes before the one that is."""
    assert version(older).is_older_than(version(newer))
    assert not version(newer).is_older_than(version(older))


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.27", "1.27.4"), ("1.27.4-alpine", "1.27.4-bookworm"), ("v1.2.3", "1.2.3"), ("1.2.3", "20260115")],
)
def test_versions_without_an_order(one: str, other: str) -> None:
    """A tag that moves, variants of one version, a date beside a number: neither is surely older."""
    assert not version(one).is_older_than(version(other))
    assert not version(other).is_older_than(version(one))


@pytest.mark.parametrize(
    ("before", "after", "is_major"),
    [
        ("15.4", "16.0", True),
        ("15", "16", True),
        ("1.9.9", "2.0.0-rc.1", True),
        ("1.9.9", "1.10.0", False),
        ("2.0.0", "1.9.9", False),
        ("2025.1.1", "2026.1.1", False),
        ("481", "482", False),
        ("1.2.3", "20260115", False),
    ],
)
def test_a_major_upgrade(before: str, after: str, *, is_major: bool) -> None:
    """The first number rises; dates and builds say nothing."""
    assert version(after).is_major_upgrade_of(version(before)) is is_major


@pytest.mark.parametrize(
    ("text", "pattern", "is_match"),
    [
        ("renovate[bot]", "*[bot]", True),
        ("renovate[bot]", "renovate[bot]", True),
        ("renovateb", "renovate[bot]", False),
        ("docker.io/library/nginx", "docker.io/*", True),
        ("docker.io", "docker.io/*", False),
        ("", "*", True),
        ("", "", True),
        ("a", "", False),
        ("ab", "a*b", True),
        ("a", "a*a", False),
        ("axbxc", "a*b*c", True),
        ("acb", "a*b*c", False),
        ("aXbYb", "a*b*b", True),
        ("ab", "a*b*b", False),
        ("clusters/prod/a.yaml", "clusters/*/a.yaml", True),
        ("a.b", "a?b", False),
    ],
)
def test_a_name_pattern(text: str, pattern: str, *, is_match: bool) -> None:
    """A star is anything; all else is itself."""
    assert api.matches(text, (pattern,)) is is_match
    assert api.matches(text, ("no such", pattern)) is is_match


def test_no_pattern_matches_nothing() -> None:
    """An empty parameter switches a rule off."""
    assert not api.matches("x", ())


@pytest.mark.parametrize(
    "metadata",
    [
        {"annotations": {"argocd.argoproj.io/sync-options": "Delete=false, Prune=false"}},
        {"annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled"}},
        {"labels": {"kustomize.toolkit.fluxcd.io/prune": "Disabled"}},
        {"annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}},
        {"annotations": {"helm.sh/resource-policy": "keep"}},
    ],
)
def test_what_the_agent_keeps_is_not_deleted(metadata: dict[str, Any]) -> None:
    """The object goes from the repository, and stays in the cluster."""
    old = thing(**metadata)

    assert old.is_kept
    assert api.Change(old, None).deleted is None


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"annotations": None},
        {"annotations": {"argocd.argoproj.io/sync-options": "Prune=true"}},
        {"annotations": {"kustomize.toolkit.fluxcd.io/prune": "enabled"}},
        {"annotations": {"kustomize.toolkit.fluxcd.io/prune": True}, "labels": []},
    ],
)
def test_what_the_agent_deletes(metadata: dict[str, Any]) -> None:
    """An object that goes without a word; one that stays or comes is not deleted."""
    old = thing(**metadata)

    assert api.Change(old, None).deleted is old
    assert api.Change(old, old).deleted is None
    assert api.Change(None, old).deleted is None


def test_hooks_come_and_go() -> None:
    """What runs at one step of a deployment is not deleted by a change."""
    assert api.Change(thing(annotations={"helm.sh/hook": "pre-upgrade"}), None).deleted is None


def test_containers_are_paired_by_name() -> None:
    """In whatever order, in whatever list; those that come, go or have no name have no partner."""
    old = deployment({"name": "a"}, {"name": "b"}, {"image": "x"}, side="old")
    new = deployment({"name": "b", "image": "y"}, {"name": "c"}, {"image": "z"}, initContainers=[{"name": "a"}])

    pairs = api.Change(old, new).containers

    assert [(one.name, one.side, one.path[-2:], other.path[-2:]) for one, other in pairs] == [
        ("a", "old", ("containers", 0), ("initContainers", 0)),
        ("b", "old", ("containers", 1), ("containers", 0)),
    ]


def test_pods_that_stay_as_they_are_have_no_pairs() -> None:
    """Nor has what is added, removed, or no workload."""
    one, same = deployment({"name": "a"}), deployment({"name": "a"})

    assert api.Change(one, same).containers == ()
    assert api.Change(None, one).containers == ()
    assert api.Change(one, None).containers == ()
    assert api.Change(thing(), thing(labels={"a": "b"})).containers == ()

"""The world that agents' objects are read against: which sources are this repository, and what else is declared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gategit.checks.references.kustomize import read_graph
from gategit.model import Location, Region
from gategit.render.values import AgentObject, KustomizeBuild, Unit
from gategit.render.world import World, ref_of
from tests.render.conftest import MakeTree

URL = "https://git.example.com/shop/fleet"


def agent_object(
    name: str, namespace: str = "", file: str = "a.yaml", target: str | None = None, parent: Unit | None = None
) -> AgentObject:
    """A ConfigMap as agents find it."""
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"file": file}}
    return AgentObject(data, namespace, file, 0, (), Location(file), target, parent)


@pytest.fixture
def world(make_tree: MakeTree) -> World:
    """A repository with two folders."""
    tree = make_tree({"apps/a.yaml": "a: b\n", "infra/b.yaml": "a: b\n"})
    return World(tree, read_graph(tree), [URL])


@pytest.mark.parametrize(
    ("url", "revision", "asked", "reason"),
    [
        (URL, "", (), ""),
        (f"{URL}.git", "main", (), ""),
        ("git@git.example.com:Shop/Fleet", "HEAD", (), ""),
        (URL, "refs/heads/main", (), ""),
        (URL, "v1.0", (), "its source is pinned to the revision v1.0"),
        ("https://fork.example/me/fleet", "", ("apps", "./infra"), ""),
        (
            "https://fork.example/me/fleet",
            "",
            ("apps",),
            "its source https://fork.example/me/fleet is not known to be this repository",
        ),
        (
            "https://git.example.com/shop/other",
            "",
            ("apps", "infra"),
            "its source https://git.example.com/shop/other is not known to be this repository",
        ),
        ("https://{{ host }}/fleet", "", (), "its source is filled in later"),
        ("file:///fleet", "", (), "its source file:///fleet is not known to be this repository"),
    ],
)
def test_which_sources_are_this_repository(
    world: World, url: str, revision: str, asked: tuple[str, ...], reason: str
) -> None:
    """By its URL in any form, or, for a fork or mirror of it, by the paths that are asked of it and exist here."""
    assert world.why_elsewhere(url, revision, asked) == reason
    assert world.is_this_repository(url, revision, asked) is not bool(reason)


def test_the_branch_may_be_known(world: World) -> None:
    """Where somebody says which branch this is, no other one is taken for it."""
    known = replace(world, branches=("refs/heads/release",))
    assert [branch for branch in ("", "HEAD", "release", "main") if known.is_this_branch(branch)] == [
        "",
        "HEAD",
        "release",
    ]


def test_an_object_is_found_by_its_name_and_namespace(world: World) -> None:
    """One that names no namespace may be anywhere, unless another one surely is there."""
    anywhere, there, elsewhere = (
        agent_object("a", "", "x.yaml"),
        agent_object("a", "shop", "y.yaml"),
        agent_object("a", "store", "z.yaml"),
    )
    known = replace(world, objects=(anywhere, there, elsewhere))
    assert known.find("", "ConfigMap", "shop", "a") is there
    assert known.find("", "ConfigMap", "other", "a") is anywhere
    assert known.find("", "ConfigMap", "shop", "b") is None
    assert known.find("apps", "ConfigMap", "shop", "a") is None
    assert list(known.named("", "ConfigMap", "", "a")) == [anywhere, there, elsewhere]


def test_of_several_clusters_objects_the_nearest_is_meant(world: World) -> None:
    """That of the same target, then what is rendered, then what stands nearest."""
    unit = Unit("apps", KustomizeBuild("apps"))
    main = agent_object("a", "shop", "clusters/main/a.yaml")
    nas = agent_object("a", "shop", "clusters/nas/a.yaml")
    targeted = agent_object("a", "shop", "other/a.yaml", "prod")
    known = replace(world, objects=(main, nas, targeted))
    asking = agent_object("b", "shop", "clusters/nas/deep/b.yaml")
    assert known.find("", "ConfigMap", "shop", "a", asking) is nas
    assert known.find("", "ConfigMap", "shop", "a", replace(asking, target="prod")) is targeted
    assert known.find("", "ConfigMap", "shop", "a", replace(asking, target="dev")) is nas
    rendered = agent_object("a", "shop", "clusters/main/a.yaml", parent=unit)
    assert replace(world, objects=(main, nas, rendered)).find("", "ConfigMap", "shop", "a", asking) is rendered


TWO = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
data:
  key: one
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: b
data:
  key: two
"""


def test_no_object_of_another_cluster_is_found(world: World) -> None:
    """Where both have a target: one of none may be in any, and one that may be here comes before a sure one there."""
    there = agent_object("a", "shop", "staging/a.yaml", "staging")
    here = agent_object("a", "", "prod/a.yaml", "prod")
    asking = agent_object("x", "shop", "prod/x.yaml", "prod")
    assert replace(world, objects=(there,)).find("", "ConfigMap", "shop", "a", asking) is None
    assert replace(world, objects=(there,)).find("", "ConfigMap", "shop", "a", replace(asking, target=None)) is there
    assert replace(world, objects=(there, here)).find("", "ConfigMap", "shop", "a", asking) is here
    assert replace(world, objects=(there,), before=(here,)).past("", "ConfigMap", "shop", "a", asking) is here
    assert replace(world, objects=(there,), before=(there,)).past("", "ConfigMap", "shop", "a", asking) is None
    assert replace(world, objects=(here,)).past("", "ConfigMap", "shop", "a", asking) is None


def test_what_a_kustomization_of_the_cluster_builds_is_found(make_tree: MakeTree) -> None:
    """Whichever target's paths hold the file; what is rendered for another target is not here all the same."""
    tree = make_tree({"staging/a.yaml": TWO})
    data = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "spec": {"path": "./staging"}}
    builder = replace(agent_object("x", "shop", "prod/x.yaml", "prod"), data=data)
    there = agent_object("a", "", "staging/a.yaml", "staging")
    world = World(tree, read_graph(tree), objects=(builder, there))
    assert world.find("", "ConfigMap", "shop", "a", builder) is there
    rendered = replace(there, parent=Unit("staging", KustomizeBuild("staging"), target="staging"))
    assert replace(world, objects=(builder, rendered)).find("", "ConfigMap", "shop", "a", builder) is None


def test_a_field_is_found_where_it_is_declared(make_tree: MakeTree) -> None:
    """A rendered object's only where the file says the same: it may have been set elsewhere."""
    tree = make_tree({"apps/a.yaml": TWO})
    world = World(tree, read_graph(tree))
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"key": "two"}}
    place = Location("apps/a.yaml", Region(7, 1, 7, 4))
    declared = AgentObject(data, "", "apps/a.yaml", 1, (), place)
    exact = Location("apps/a.yaml", Region(13, 8, 13, 11))
    assert world.locate(declared, ("data", "key")) == exact
    rendered = replace(declared, document=0, parent=Unit("apps", KustomizeBuild("apps")))
    assert world.declares(rendered, ("data", "key"))
    assert world.locate(rendered, ("data", "key")) == exact
    patched = replace(rendered, data={**data, "data": {"key": "three"}})
    assert not world.declares(patched, ("data", "key"))
    assert world.locate(patched, ("data", "key")) == Location("apps/a.yaml")
    assert world.locate(replace(rendered, file="gone.yaml"), ("data", "key")) == Location("apps/a.yaml")


def test_a_field_that_is_set_on_the_way_is_found_by_what_renders_it(make_tree: MakeTree) -> None:
    """Where that is known; else the file alone is named, and no line that somebody else has written."""
    tree = make_tree({"apps/a.yaml": TWO})
    world = World(tree, read_graph(tree))
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"key": "three"}}
    patch = Location("apps/patch.yaml", Region(3, 1, 3, 4))
    one = AgentObject(
        data, "", "apps/a.yaml", 0, (), Location("apps/a.yaml"), None, Unit("apps", KustomizeBuild("apps"))
    )
    found = replace(one, where=lambda path, on: patch if (path, on) == (("data", "key"), "value") else None)
    assert world.locate(found, ("data", "key")) == patch
    assert world.locate(found, ("data", "key"), on="key") == Location("apps/a.yaml")
    assert world.locate(found, ("data", "other")) == Location("apps/a.yaml", Region(12, 1, 12, 5))


def test_content_is_read_through_links_and_never_from_outside(make_tree: MakeTree) -> None:
    """A link that leads out of the tree leads nowhere."""
    tree = make_tree({"a.txt": "one", "b.txt": "->a.txt", "c.txt": "->../../etc/passwd"})
    world = World(tree, read_graph(tree))
    assert [world.content(path) for path in ("a.txt", "b.txt", "c.txt", "d.txt")] == [b"one", b"one", None, None]


def test_an_object_is_named_with_the_namespace_that_it_goes_to() -> None:
    """Its own one, or the one that is given."""
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert str(ref_of(data)) == "ConfigMap a"
    assert str(ref_of(data, "shop")) == "ConfigMap shop/a"
    assert str(ref_of({**data, "metadata": {"name": "a", "namespace": "own"}}, "shop")) == "ConfigMap own/a"

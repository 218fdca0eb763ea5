"""Folders whose files Argo CD applies as they are."""

from __future__ import annotations

import pytest

from gategit.render.files import build_files, inputs_of_files
from gategit.render.values import FilesBuild, KustomizeBuild, Rendered, Unit
from gategit.render.world import World
from tests.render.conftest import MakeTree
from tests.render.test_argocd import CONFIG_MAP, read_world


def build(world: World, *, recurse: bool = False) -> Rendered:
    """What comes of the folder ``apps``."""
    return build_files(Unit("Argo CD Application argocd/web", FilesBuild("apps", recurse)), world)


def test_every_object_of_every_file(make_tree: MakeTree) -> None:
    """In the order of the files, lists opened, each with the file and document that declares it."""
    inner = "{apiVersion: v1, kind: Secret, metadata: {name: s}}"
    several = f"{CONFIG_MAP}---\napiVersion: v1\nkind: List\nitems: [{inner}]\n"
    files = {
        "apps/b.yaml": several,
        "apps/a.json": '{"apiVersion": "v1", "kind": "Service"}',
        "apps/deep/c.yaml": "x: 1",
    }
    world = read_world(make_tree, files)
    made = build(world)

    assert [(one.data["kind"], one.trace.file, one.trace.document) for one in made.objects] == [
        ("Service", "apps/a.json", 0),
        ("ConfigMap", "apps/b.yaml", 0),
        ("Secret", "apps/b.yaml", 1),
    ]
    assert made.inputs == frozenset({"apps/a.json", "apps/b.yaml"})
    assert inputs_of_files(FilesBuild("apps"), world) == made.inputs


def test_a_file_that_cannot_be_read_fails_all(make_tree: MakeTree) -> None:
    """Argo CD applies nothing of a folder with a broken manifest; the finding stands on its line."""
    broken = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [\n"
    made = build(read_world(make_tree, {"apps/a.yaml": CONFIG_MAP, "apps/b.yaml": broken}))
    (problem,) = made.problems

    assert made.failed
    assert (problem.rule, problem.location.file) == ("render-failed", "apps/b.yaml")
    assert problem.message.startswith("Argo CD Application argocd/web cannot be applied: apps/b.yaml is not YAML: ")


def test_what_the_agent_reads_all_the_same(make_tree: MakeTree) -> None:
    """YAML that is no manifest may be broken, and of a key that stands there twice the last one counts."""
    twice = f"{CONFIG_MAP}data:\n  a: x\n  a: z\n"
    made = build(read_world(make_tree, {"apps/a.yaml": twice, "apps/values.yaml": "a: [\n"}))

    assert made.problems == ()
    assert [one.data["data"] for one in made.objects] == [{"a": "z"}]


def test_links_are_read_through(make_tree: MakeTree) -> None:
    """A link to a file of the repository is that file; one that leads out is left out."""
    files = {"apps/a.yaml": "->../common/a.yaml", "apps/b.yaml": "->/etc/passwd", "common/a.yaml": CONFIG_MAP}
    made = build(read_world(make_tree, files))

    assert [one.data["kind"] for one in made.objects] == ["ConfigMap"]
    assert made.problems == ()


def test_jsonnet_is_said_to_be_left_out(make_tree: MakeTree) -> None:
    """It is a program, and programs of a pull request are not run."""
    made = build(read_world(make_tree, {"apps/a.yaml": CONFIG_MAP, "apps/b.jsonnet": "{}"}))

    assert made.unchecked == (("Argo CD Application argocd/web: apps/b.jsonnet", "Jsonnet is not rendered"),)


def test_another_build_is_none_of_files(make_tree: MakeTree) -> None:
    """A mistake of the caller."""
    with pytest.raises(TypeError):
        build_files(Unit("x", KustomizeBuild("apps")), read_world(make_tree, {"apps/a.yaml": CONFIG_MAP}))

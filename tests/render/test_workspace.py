"""What a renderer is given to read: files of the tree, and nothing else."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gategit.errors import UndecidedError
from gategit.render.values import RenderSettings
from gategit.render.workspace import PlaceError, Workspace
from gategit.tree import EntryKind, TreeEntry
from tests.conftest import RepositoryBuilder
from tests.render.conftest import MakeTree

FILES = {"apps/web/a.yaml": "a", "apps/web/b.yaml": "b", "base/c.yaml": "c", "top.yaml": "top"}


def _below(folder: Path) -> dict[str, str]:
    """Every file and link below a folder, with its content or where it leads."""
    return {
        str(path.relative_to(folder)): f"->{path.readlink()}" if path.is_symlink() else path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def _interrupted(paths: Mapping[str, str]) -> Iterator[str]:
    yield from paths
    raise KeyError("interrupted")


class HandMadeTree:
    """A tree with entries that no git would make."""

    name = "made by hand"

    def __init__(self, contents: Mapping[str, bytes], kinds: Mapping[str, EntryKind]) -> None:
        self._contents = contents
        self._entries = {
            path: TreeEntry(
                path, hashlib.sha1(content, usedforsecurity=False).hexdigest(), kinds.get(path, EntryKind.FILE)
            )
            for path, content in contents.items()
        }

    def entries(self) -> Mapping[str, TreeEntry]:
        """Every path."""
        return self._entries

    def read(self, path: str) -> bytes:
        """The content."""
        return self._contents[path]


def test_files_are_placed_by_their_paths(make_tree: MakeTree) -> None:
    """What was asked for is there, and nothing else; what the tree does not hold is left out."""
    with Workspace(make_tree(FILES), RenderSettings()) as workspace:
        workspace.place(["apps/web/a.yaml", "top.yaml", "apps/web/a.yaml", "none.yaml", "apps"])
        assert _below(workspace.folder) == {"apps/web/a.yaml": "a", "top.yaml": "top"}


def test_the_folder_is_gone_at_the_end(make_tree: MakeTree) -> None:
    """Nothing stays behind, whatever a renderer has left there, and whether or not it worked."""
    tree = make_tree(FILES)
    with Workspace(tree, RenderSettings()) as workspace:
        workspace.place(FILES)
    assert not workspace.folder.exists()
    with Workspace(tree, RenderSettings()) as workspace:
        workspace.place(FILES)
        (workspace.folder / "apps" / "more").mkdir()
        (workspace.folder / "apps" / "more" / "left.txt").write_text("left")
    assert not workspace.folder.exists()
    with pytest.raises(KeyError), Workspace(tree, RenderSettings()) as workspace:
        workspace.place(_interrupted(FILES))
    assert not workspace.folder.exists()


def test_nobody_else_may_look_into_the_folder(make_tree: MakeTree) -> None:
    """The folder may hold what is secret."""
    with Workspace(make_tree(FILES), RenderSettings()) as workspace:
        workspace.place(["top.yaml"])
        assert workspace.folder.stat().st_mode & 0o077 == 0
        assert (workspace.folder / "top.yaml").stat().st_mode & 0o077 == 0


def test_an_agents_own_file_takes_the_place_of_the_trees(make_tree: MakeTree) -> None:
    """What the agent writes is there instead, before and after."""
    with Workspace(make_tree(FILES), RenderSettings()) as workspace:
        workspace.write("top.yaml", b"mine")
        workspace.place(FILES)
        workspace.write("base/c.yaml", b"mine, too")
        workspace.write("new/d.yaml", b"new")
        assert _below(workspace.folder) == FILES | {
            "top.yaml": "mine",
            "base/c.yaml": "mine, too",
            "new/d.yaml": "new",
        }


def test_a_workspace_may_stand_for_a_part_of_the_tree(make_tree: MakeTree) -> None:
    """Paths are then relative to that folder, and what lies elsewhere is refused."""
    with Workspace(make_tree(FILES), RenderSettings(), "apps") as workspace:
        workspace.place(["apps/web/a.yaml"])
        assert _below(workspace.folder) == {"web/a.yaml": "a"}
        with pytest.raises(PlaceError, match=r"^top\.yaml lies outside of apps$"):
            workspace.place(["top.yaml"])
        with pytest.raises(PlaceError, match=r"^apps-2/x\.yaml lies outside of apps$"):
            workspace.write("apps-2/x.yaml", b"")


def test_links_stay_links(make_tree: MakeTree) -> None:
    """A link to a file or folder of the tree is placed as one, with what it leads to."""
    links = {"apps/shared": "->../base", "apps/web/link.yaml": "->../../top.yaml", "twice": "->apps/shared"}
    with Workspace(make_tree({**FILES, **links}), RenderSettings()) as workspace:
        workspace.place(["apps/web/link.yaml", "twice/c.yaml"])
        assert _below(workspace.folder) == {
            "apps/shared": "->../base",
            "apps/web/link.yaml": "->../../top.yaml",
            "base/c.yaml": "c",
            "top.yaml": "top",
            "twice": "->apps/shared",
        }
        assert (workspace.folder / "twice" / "c.yaml").read_text() == "c"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside.yaml", "../.."])
def test_a_link_out_of_the_tree_is_refused(make_tree: MakeTree, target: str) -> None:
    """No link leads a renderer to a file that is not of the tree."""
    with Workspace(make_tree({**FILES, "apps/out": f"->{target}"}), RenderSettings()) as workspace:
        with pytest.raises(PlaceError) as caught:
            workspace.place(["apps/out"])
        assert caught.value.message == "apps/out is a symbolic link that leads out of the repository"
        assert _below(workspace.folder) == {}


def test_a_link_leads_where_its_names_do_and_not_where_the_disk_would_take_it(make_tree: MakeTree) -> None:
    """`a/a/../..` is the tree's root where names are counted, and two folders above it where `a` is a link to it."""
    tree = make_tree({"a": "->.", "top.yaml": "top", "etc/x": "mine", "out": "->a/a/a/../../../etc"})
    with Workspace(tree, RenderSettings()) as workspace:
        workspace.place(["a/top.yaml", "out/x"])
        assert (workspace.folder / "out").resolve() == workspace.folder / "etc"
        assert (workspace.folder / "out" / "x").read_text() == "mine"


def test_a_circle_of_links_is_refused(make_tree: MakeTree) -> None:
    """It ends, and says so."""
    with (
        Workspace(make_tree({"a": "->b", "b": "->a"}), RenderSettings()) as workspace,
        pytest.raises(PlaceError, match=r"leads through more symbolic links than a path may$"),
    ):
        workspace.place(["a/x.yaml"])


def test_a_submodule_is_refused(git_repository: RepositoryBuilder, make_tree: MakeTree) -> None:
    """Its files are in another repository."""
    commit = make_tree(FILES)
    git_repository.git("update-index", "--add", "--cacheinfo", f"160000,{git_repository.head()},sub")
    git_repository.git("commit", "--quiet", "-m", "submodule")
    tree = type(commit)(commit._repository, git_repository.head())  # noqa: SLF001  the same repository
    with (
        Workspace(tree, RenderSettings()) as workspace,
        pytest.raises(PlaceError, match=r"^sub is a submodule: its files are in another repository$"),
    ):
        workspace.place(["sub/x.yaml"])


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/x", "a//b", "a/./b", "a\0b", "a/"])
def test_a_path_that_no_tree_holds_is_refused(path: str, tmp_path: Path) -> None:
    """A commit made by hand may hold any name; none of them leads out of the folder."""
    tree = HandMadeTree({path: b"x"}, {})
    refusal = r"is no path that a tree may hold$"
    with Workspace(tree, RenderSettings()) as workspace:
        with pytest.raises(PlaceError, match=refusal):
            workspace.place([path])
        with pytest.raises(PlaceError, match=refusal):
            workspace.write(path, b"x")
        assert list(workspace.folder.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_a_folder_as_well_is_no_way_out() -> None:
    """A commit made by hand may hold a link and a folder of one name."""
    tree = HandMadeTree({"a": b"/etc", "a/passwd": b"mine"}, {"a": EntryKind.SYMLINK})
    with (
        Workspace(tree, RenderSettings()) as workspace,
        pytest.raises(PlaceError, match="leads out of the repository"),
    ):
        workspace.place(["a/passwd"])
    tree = HandMadeTree({"a": b"text", "a/b": b"mine"}, {})
    with Workspace(tree, RenderSettings()) as workspace, pytest.raises(UndecidedError):
        workspace.place(["a", "a/b"])


def test_no_more_files_than_a_build_may_read(make_tree: MakeTree) -> None:
    """A build that wants the whole repository is stopped, and says which setting stops it."""
    with Workspace(make_tree(FILES), RenderSettings(files=2)) as workspace:
        with pytest.raises(PlaceError) as caught:
            workspace.place(FILES)
        assert caught.value.message == "base/c.yaml is one file too many: a build may read 2"
        assert caught.value.hint == "raise render.files in the config, or build less at once"
        assert len(_below(workspace.folder)) == 2


def test_no_larger_files_than_a_build_may_read() -> None:
    """What is too large is not even read."""
    huge = TreeEntry("huge.yaml", "", size=2**40)
    tree = HandMadeTree({}, {})
    tree._entries["huge.yaml"] = huge  # noqa: SLF001  nothing of this size is made
    with Workspace(tree, RenderSettings()) as workspace, pytest.raises(PlaceError, match=r"^huge\.yaml has 1,099,511,"):
        workspace.place(["huge.yaml"])


def test_names_that_are_not_utf8_are_placed(make_tree: MakeTree) -> None:
    """A path may be any bytes."""
    name = os.fsdecode(b"caf\xe9.yaml")
    with Workspace(make_tree({name: "x"}), RenderSettings()) as workspace:
        workspace.place([name])
        assert (workspace.folder / name).read_text() == "x"

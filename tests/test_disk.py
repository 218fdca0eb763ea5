"""Reading from disk with care, and showing odd paths."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategit.disk import Disk, FolderTree, UnreadableError, decode_path, encode_path, show_path
from gategit.errors import UndecidedError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a file in it, beside a folder that is none of the gate's business."""
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "root" / "sub" / "a.yaml").write_text("a: 1\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "key").write_text("secret")
    return tmp_path / "root"


def reason(root: Path, path: str) -> str:
    """Why a path cannot be read."""
    with pytest.raises(UnreadableError) as caught:
        Disk(root).read(path)
    assert caught.value.path == path
    assert caught.value.message == f"{show_path(path)} cannot be read: {caught.value.reason}"
    return caught.value.reason


def test_reads_a_file(root: Path) -> None:
    """The bytes of a file, whatever its size; an empty one as well."""
    (root / "empty").write_bytes(b"")
    (root / "large").write_bytes(os.urandom(300_000))
    assert Disk(root).read("sub/a.yaml") == b"a: 1\n"
    assert Disk(root).read("empty") == b""
    assert Disk(root).read("large") == (root / "large").read_bytes()


def test_a_file_that_hides_its_size() -> None:
    """Files of special file systems say that they are empty; they are read to their end."""
    assert Disk(Path("/proc/self")).read("status").startswith(b"Name:")


def test_links_are_not_followed(root: Path) -> None:
    """Neither as the last name nor on the way, inside or outside, twisted or straight."""
    (root / "file-link").symlink_to("sub/a.yaml")
    (root / "folder-link").symlink_to("../outside")
    (root / "sub" / "inner").symlink_to(".")
    assert reason(root, "file-link") == "it is a symbolic link"
    assert reason(root, "folder-link/key") == "the folder folder-link is a symbolic link"
    assert reason(root, "sub/inner/a.yaml") == "the folder sub/inner is a symbolic link"


@pytest.mark.parametrize(
    "path", ["../outside/key", "sub/../../outside/key", "/etc/passwd", "sub//a.yaml", "./sub/a.yaml", "", "sub/..", "."]
)
def test_paths_that_are_not_below_the_root(root: Path, path: str) -> None:
    """Only plain names are walked."""
    assert reason(root, path) == "it is not a path below the root"


def test_what_is_no_file(root: Path) -> None:
    """Pipes are not waited for; folders, files as folders and missing files say what they are."""
    os.mkfifo(root / "pipe")
    assert reason(root, "pipe") == "it is not a regular file"
    assert reason(root, "sub") == "it is not a regular file"
    assert reason(root, "sub/a.yaml/x") == "sub/a.yaml is not a folder"
    assert reason(root, "gone") == "no such file or directory"
    assert reason(root, "gone/too") == "no such file or directory"
    assert reason(root, "x/" * 3000 + "a") in {"no such file or directory", "file name too long"}


def test_the_hard_limit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a file that is too large nor one that grows while it is read is read whole."""
    monkeypatch.setattr("gategit.disk.READ_LIMIT", 100)
    (root / "large").write_bytes(b"#" * 101)
    assert reason(root, "large") == "it has 101 bytes, more than the 100 that gategit ever reads"
    with pytest.raises(UnreadableError, match="more than the 100 that gategit ever reads"):
        Disk(Path("/proc/self")).read("status")


def test_read_link(root: Path) -> None:
    """A link's text is read as it is; what is no link has none."""
    (root / "link").symlink_to("../outside/key")
    assert Disk(root).read_link("link") == b"../outside/key"
    with pytest.raises(UnreadableError, match="invalid argument"):
        Disk(root).read_link("sub/a.yaml")


def test_listing_has_a_limit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is too large to be meant is refused, with a hint."""
    monkeypatch.setattr("gategit.disk.LISTING_LIMIT", 2)
    for name in "bcd":
        (root / name).write_text("")
    with pytest.raises(UndecidedError) as caught:
        FolderTree(root).entries()
    assert (caught.value.message, caught.value.hint) == (
        f"there are more than 2 files below {root}",
        "name the folders to look at",
    )


def test_a_folder_that_cannot_be_listed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, and the others are listed."""
    (root / "closed").mkdir()
    listing = os.scandir

    def scandir(path: bytes) -> object:
        if path.endswith(b"closed"):
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr("gategit.disk.os.scandir", scandir)
    tree = FolderTree(root)
    assert list(tree.entries()) == ["sub/a.yaml"]
    assert [(item.what, item.reason) for item in tree.unchecked()] == [
        ("closed", "the folder cannot be listed: permission denied")
    ]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("apps/größe 日本.yaml", "apps/größe 日本.yaml"),
        ("a\nb\x1b[31m", "a\\x0ab\\x1b[31m"),
        ("not-\udcff-utf8", "not-\\xff-utf8"),
        ("bidi\u202etxt", "bidi\\u202etxt"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_show_path(path: str, shown: str) -> None:
    """Whatever a terminal would obey, or hide, is escaped."""
    assert show_path(path) == shown


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=20))
def test_paths_keep_their_bytes(name: bytes) -> None:
    """Any name survives being text, and what is shown of it can be printed."""
    assert encode_path(decode_path(name)) == name
    shown = show_path(decode_path(name))
    assert shown.isprintable()
    shown.encode("utf-8")

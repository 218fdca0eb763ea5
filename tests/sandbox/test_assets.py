"""Which programs a sandbox takes."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import pytest

from gategit.errors import UndecidedError, UsageError
from gategit.sandbox.assets import find_assets

_PROCESSOR = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
_MACHINE = f"{sys.platform}-{_PROCESSOR}"
_STORE = "Library/Application Support/io.kubebuilder.envtest" if sys.platform == "darwin" else "kubebuilder-envtest"


def _programs(folder: Path, version: str = "1.36.3") -> Path:
    """A folder with an etcd, and a kube-apiserver that says this version."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, script in (("kube-apiserver", f"echo Kubernetes v{version}"), ("etcd", "true")):
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    return folder


def _store(home: Path, *versions: str, machine: str = _MACHINE) -> dict[str, str]:
    """A store of setup-envtest with releases, whose programs need not be asked; the environment that leads there."""
    for version in versions:
        _programs(home / _STORE / "k8s" / f"{version}-{machine}", "0.0.0")
    return {"XDG_DATA_HOME": str(home), "HOME": str(home), "PATH": ""}


def test_a_named_folder_decides(tmp_path: Path) -> None:
    """What --assets names is taken before anything else, and asked for its version."""
    folder = _programs(tmp_path / "bin", "1.33.4")
    environment = {"KUBEBUILDER_ASSETS": str(_programs(tmp_path / "other")), **_store(tmp_path, "1.34.1")}
    found = find_assets("1.34", folder, environment)
    assert found.apiserver == folder / "kube-apiserver"
    assert found.etcd == folder / "etcd"
    assert (found.version, found.origin) == ("1.33.4", "--assets")
    assert found.notes == ("the sandbox runs Kubernetes 1.33.4 (--assets), not 1.34",)


def test_a_relative_folder_leads_to_the_programs_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs run in a folder of their own, so their paths are absolute."""
    _programs(tmp_path / "bin")
    monkeypatch.chdir(tmp_path)
    assert find_assets(None, Path("bin"), {}).apiserver == tmp_path / "bin" / "kube-apiserver"


def test_a_named_folder_may_be_a_store(tmp_path: Path) -> None:
    """--assets may name what setup-envtest was told to use as its own folder."""
    _store(tmp_path, "1.33.1", "1.34.0", "1.34.2", "1.36.0")
    found = find_assets("1.34.1", tmp_path / _STORE, {})
    assert (found.version, found.origin, found.notes) == ("1.34.2", "--assets", ())


def test_a_named_folder_without_programs_is_wrong_usage(tmp_path: Path) -> None:
    """A wrong --assets is said, and nothing else is taken instead."""
    (tmp_path / "empty").mkdir()
    environment = {"KUBEBUILDER_ASSETS": str(_programs(tmp_path / "other"))}
    with pytest.raises(UsageError, match="empty holds no kube-apiserver and etcd") as caught:
        find_assets("1.34", tmp_path / "empty", environment)
    assert "setup-envtest@latest use 1.34.x" in caught.value.hint


def test_the_variable_comes_before_the_store(tmp_path: Path) -> None:
    """KUBEBUILDER_ASSETS, where it names programs, decides."""
    folder = _programs(tmp_path / "bin", "1.36.3")
    found = find_assets("1.34", None, {**_store(tmp_path, "1.34.1"), "KUBEBUILDER_ASSETS": str(folder)})
    assert (found.version, found.origin) == ("1.36.3", "KUBEBUILDER_ASSETS")
    assert found.notes == ("the sandbox runs Kubernetes 1.36.3 (KUBEBUILDER_ASSETS), not 1.34",)


@pytest.mark.parametrize(
    ("wanted", "taken", "notes"),
    [
        ("1.34", "1.34.2", ()),
        ("1.34.0", "1.34.2", ()),
        ("1.35", "1.34.2", ("the sandbox runs Kubernetes 1.34.2 (the store of setup-envtest), not 1.35",)),
        ("1.30", "1.31.9", ("the sandbox runs Kubernetes 1.31.9 (the store of setup-envtest), not 1.30",)),
        (None, "1.36.0", ()),
    ],
)
def test_the_nearest_version_at_or_below(tmp_path: Path, wanted: str | None, taken: str, notes: tuple[str]) -> None:
    """Of a store, the nearest version at or below is taken, else the lowest above; a difference is said."""
    found = find_assets(wanted, None, _store(tmp_path, "1.31.2", "1.31.9", "1.34.0", "1.34.2", "1.36.0"))
    assert (found.version, found.notes) == (taken, notes)


def test_programs_for_another_machine_are_not_taken(tmp_path: Path) -> None:
    """A store may hold releases for other systems."""
    environment = _store(tmp_path, "1.34.1", machine="plan9-mips")
    with pytest.raises(UndecidedError):
        find_assets("1.34", None, environment)


def test_the_path_is_looked_at_where_the_store_has_another_version(tmp_path: Path) -> None:
    """What is in PATH is taken where it is nearer."""
    folder = _programs(tmp_path / "bin", "1.35.1")
    environment = _store(tmp_path, "1.34.1", "1.36.0") | {"PATH": f"relative{os.pathsep}{folder}"}
    assert find_assets("1.35", None, environment).origin == "PATH"
    assert find_assets("1.34", None, environment).version == "1.34.1"


def test_without_programs_the_hint_is_the_command(tmp_path: Path) -> None:
    """Where there is nothing, one command gets it."""
    with pytest.raises(UndecidedError) as caught:
        find_assets("1.34.2", None, {"HOME": str(tmp_path), "PATH": str(tmp_path)})
    assert caught.value.message == "there is no kube-apiserver and no etcd for a sandbox 1.34.2"
    assert caught.value.hint == (
        "docs/sandbox.md shows how a workflow gets them; one command does: "
        "go run sigs.k8s.io/controller-runtime/tools/setup-envtest@latest use 1.34.x"
    )


def test_nothing_is_taken_from_the_repository_under_judgement(tmp_path: Path) -> None:
    """A pull request must not bring the program that judges it, whichever way leads to it."""
    checkout = tmp_path / "checkout"
    folder = _programs(checkout / "bin")
    link = tmp_path / "link"
    link.symlink_to(folder)
    for place in (folder, link):
        with pytest.raises(UsageError, match="lies in the repository under judgement"):
            find_assets(None, place, {}, checkout)
        with pytest.raises(UndecidedError, match="KUBEBUILDER_ASSETS names a folder in the repository"):
            find_assets(None, None, {"KUBEBUILDER_ASSETS": str(place)}, checkout)
        with pytest.raises(UndecidedError, match="there is no kube-apiserver"):
            find_assets(None, None, {"PATH": str(place)}, checkout)


def test_a_variable_that_is_not_believed_is_said(tmp_path: Path) -> None:
    """What is taken instead comes with a note."""
    folder = _programs(tmp_path / "checkout" / "bin")
    environment = {"KUBEBUILDER_ASSETS": str(folder), "PATH": str(_programs(tmp_path / "bin"))}
    found = find_assets(None, None, environment, tmp_path / "checkout")
    assert found.apiserver == tmp_path / "bin" / "kube-apiserver"
    assert found.notes == (
        "KUBEBUILDER_ASSETS names a folder in the repository under judgement, which is not believed",
    )


def test_a_link_in_the_repository_is_not_followed_out_of_it(tmp_path: Path) -> None:
    """What a pull request's own link leads to is the pull request's choice."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "bin").symlink_to(_programs(tmp_path / "bin"))
    with pytest.raises(UsageError):
        find_assets(None, checkout / "bin", {}, checkout)


def test_a_server_that_says_no_version_is_said(tmp_path: Path) -> None:
    """A program that does not run here is no program."""
    folder = _programs(tmp_path / "bin", "nonsense")
    with pytest.raises(UndecidedError, match="kube-apiserver does not say its version"):
        find_assets(None, folder, {})

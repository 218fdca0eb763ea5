"""Which kustomize and helm are taken, and which are refused."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Literal

import pytest

from gategit.render.programs import ProgramProblem, find_program
from gategit.render.values import RenderSettings
from tools.golang import built

Name = Literal["kustomize", "helm"]


def _script(path: Path, says: str, *, code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def _refusal(name: Name, settings: RenderSettings) -> tuple[str, str]:
    with pytest.raises(ProgramProblem) as caught:
        find_program(name, settings)
    assert caught.value.exit_code == 3
    return caught.value.message, caught.value.hint


@pytest.mark.usefixtures("renderers")
@pytest.mark.parametrize("name", ["kustomize", "helm"])
def test_the_program_in_path_is_asked_for_its_version(name: Name) -> None:
    """The real programs say which version they are, by whatever link PATH leads to them."""
    found = find_program(name, RenderSettings())
    assert (found.name, found.path) == (name, shutil.which(name))
    assert Path(found.path).resolve() == built(name).resolve()
    assert found.version.count(".") == 2


@pytest.mark.parametrize(
    "says", ["v5.4.3", "5.4.3", "{kustomize/v5.4.3  2024-07-19T16:40:33Z   }", "Version: {kustomize/v5.4.3}"]
)
def test_every_way_in_which_a_kustomize_says_its_version_is_read(tmp_path: Path, says: str) -> None:
    """Releases, distributions and builds from source differ in what they print."""
    program = _script(tmp_path / "kustomize", says)
    assert find_program("kustomize", RenderSettings(kustomize=str(program))).version == "5.4.3"


def test_the_config_names_a_program(tmp_path: Path) -> None:
    """What the config names is taken before what is in PATH."""
    program = _script(tmp_path / "my-helm", "v3.19.0")
    assert find_program("helm", RenderSettings(helm=str(program))).path == str(program)


def test_a_program_is_asked_once(tmp_path: Path) -> None:
    """The version is asked for when a program is first used, and again when it was replaced."""
    program = _script(tmp_path / "helm", "v3.19.0")
    program.write_text(f"#!/bin/sh\necho asked >>{tmp_path}/log\necho v3.19.0\n")
    settings = RenderSettings(helm=str(program))
    assert [find_program("helm", settings).version for _ in range(3)] == ["3.19.0"] * 3
    assert (tmp_path / "log").read_text() == "asked\n"
    program.write_text("#!/bin/sh\necho v3.20.11\n")
    assert find_program("helm", settings).version == "3.20.11"


def test_no_program_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a program the help says what to install, and which key names another one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _refusal("kustomize", RenderSettings()) == (
        "kustomize is not installed or not in PATH",
        "install Kustomize 5.0 or newer and run again, or say in the config where it is: render.kustomize.program",
    )
    assert _refusal("helm", RenderSettings())[0] == "helm is not installed or not in PATH"


def test_a_program_of_the_checkout_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A relative entry of PATH could lead into the change."""
    _script(tmp_path / "bin" / "kustomize", "v5.4.3")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", "bin"]))
    assert _refusal("kustomize", RenderSettings())[0] == "kustomize is not installed or not in PATH"


def test_a_relative_path_in_the_config_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """So could a relative path of the config."""
    _script(tmp_path / "kustomize", "v5.4.3")
    monkeypatch.chdir(tmp_path)
    message, hint = _refusal("kustomize", RenderSettings(kustomize="./kustomize"))
    assert message == 'render.kustomize.program is "./kustomize", a relative path'
    assert hint.startswith("name the program by an absolute path")


def test_what_is_no_program_is_refused(tmp_path: Path) -> None:
    """A file that cannot be run, and a path where there is nothing."""
    text = tmp_path / "text"
    text.write_text("v5.4.3")
    for path in (text, tmp_path / "none", tmp_path):
        message, _ = _refusal("kustomize", RenderSettings(kustomize=str(path)))
        assert message == f'render.kustomize.program names "{path}", which is no program'


@pytest.mark.parametrize(("says", "code"), [("hello", 0), ("", 0), ("v5.4.3", 1)])
def test_a_program_that_does_not_say_its_version_is_refused(tmp_path: Path, says: str, code: int) -> None:
    """Whatever it is, it is not the program that was asked for."""
    program = _script(tmp_path / "kustomize", says, code=code)
    message, _ = _refusal("kustomize", RenderSettings(kustomize=str(program)))
    assert message == f"{program} does not say which version of Kustomize it is"


def test_a_program_that_does_not_start_is_refused(tmp_path: Path) -> None:
    """A script without its interpreter, a program for another machine."""
    program = tmp_path / "helm"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    _, hint = _refusal("helm", RenderSettings(helm=str(program)))
    assert hint == "install helm anew, or name another one by render.helm.program"


@pytest.mark.parametrize("wanted", ["5", "5.4", "5.4.3", "v5.4.3", ""])
def test_the_wanted_version_is_its_leading_numbers(tmp_path: Path, wanted: str) -> None:
    """The config may want a line of versions, or one."""
    program = _script(tmp_path / "kustomize", "v5.4.3")
    settings = RenderSettings(kustomize=str(program), kustomize_version=wanted)
    assert find_program("kustomize", settings).version == "5.4.3"


@pytest.mark.parametrize("wanted", ["5.5", "5.4.30", "4", "5.4.3.1", "6"])
def test_another_version_than_the_wanted_one_is_refused(tmp_path: Path, wanted: str) -> None:
    """Another version may render otherwise than the agent does."""
    program = _script(tmp_path / "kustomize", "v5.4.3")
    settings = RenderSettings(kustomize=str(program), kustomize_version=wanted)
    assert _refusal("kustomize", settings) == (
        f"{program} is Kustomize 5.4.3; the config wants {wanted}",
        f"install kustomize {wanted}, or correct render.kustomize.version",
    )


def test_a_program_that_is_too_old_is_refused(tmp_path: Path) -> None:
    """Before some version a program cannot say what gategit needs to know."""
    program = _script(tmp_path / "helm", "v2.17.0")
    message, _ = _refusal("helm", RenderSettings(helm=str(program)))
    assert message == f"{program} is Helm 2.17.0; gategit needs 3.8 or newer"

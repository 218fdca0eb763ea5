"""The programs that render: kustomize and helm, as they are installed, and whether they are of the wanted version."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from gategit.errors import UndecidedError
from gategit.process import run
from gategit.render.values import RenderSettings

Name = Literal["kustomize", "helm"]

_TITLES: Final = {"kustomize": "Kustomize", "helm": "Helm"}
_ASK: Final = {"kustomize": ("version",), "helm": ("version", "--template={{.Version}}")}
_OLDEST: Final = {"kustomize": (5, 0), "helm": (3, 8)}
_VERSION: Final = re.compile(r"\bv?(\d+)\.(\d+)\.(\d+)")
_SECONDS: Final = 30.0


class ProgramProblem(UndecidedError):  # noqa: N818  the name under which the rooms of the renderer speak of it
    """A renderer is not installed, does not start, or is not of the version that the config wants."""


def common_cause(error: UndecidedError) -> str:
    """Why not only one build is not rendered but each that wants the same program; "" where it is this one alone."""
    return error.message if isinstance(error, ProgramProblem) else ""


@dataclass(frozen=True, slots=True)
class Program:
    """A renderer.

    Attributes:
        path: where it stands, an absolute path.
        version: such as ``5.8.1``.
        name: ``kustomize`` or ``helm``.
    """

    path: str
    version: str
    name: str = ""


_known: dict[tuple[str, int, int], Program] = {}
_lock = threading.Lock()


def find_program(name: Name, settings: RenderSettings) -> Program:
    """The renderer of this name: where the config says it is, else the first in PATH. Asked for its version once.

    Raises:
        ProgramProblem: there is none, it does not say its version, or it has another one than the config wants.
    """
    configured = settings.kustomize if name == "kustomize" else settings.helm
    path = _configured(name, configured) if configured else _in_path(name)
    program = _asked(name, path)
    _compare(program, settings.kustomize_version if name == "kustomize" else settings.helm_version)
    return program


def identity(name: Name, settings: RenderSettings) -> str:
    """Names the very file that `find_program` would find, and so its version, without starting it; "" where none is."""
    configured = settings.kustomize if name == "kustomize" else settings.helm
    try:
        path = _configured(name, configured) if configured else _in_path(name)
        status = os.stat(path)  # noqa: PTH116  asked for in each run
        # A script may start another program tomorrow: it has to say which.
        with open(path, "rb") as file:  # noqa: PTH123  the same
            version = find_program(name, settings).version if file.read(2) == b"#!" else ""
    except (OSError, ProgramProblem):
        return ""
    # No program takes another one's place without a new time of change, not even with the times of the old one.
    return (
        f"{os.path.realpath(path)} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {version}"
    )


def _configured(name: str, path: str) -> str:
    place = Path(path).expanduser()
    if not place.is_absolute():
        raise ProgramProblem(
            f'render.{name}.program is "{path}", a relative path',
            "name the program by an absolute path: a change must not bring the program that renders it",
        )
    if not place.is_file() or not os.access(place, os.X_OK):
        raise ProgramProblem(
            f'render.{name}.program names "{path}", which is no program',
            f"correct the path, or remove render.{name}.program to take the {name} in PATH",
        )
    return str(place)


@lru_cache(maxsize=16)
def _looked_up(name: str, search_path: str) -> str | None:
    # A relative entry of PATH could lead into the checkout, and so to a program that the change brings.
    folders = [folder for folder in search_path.split(os.pathsep) if Path(folder).is_absolute()]
    return shutil.which(name, path=os.pathsep.join(folders)) if folders else None


def _in_path(name: str) -> str:
    found = _looked_up(name, os.environ.get("PATH", os.defpath))
    if found is None:
        raise ProgramProblem(
            f"{name} is not installed or not in PATH",
            f"install {_TITLES[name]} {_dotted(_OLDEST[name])} or newer and run again, or say in the config where it "
            f"is: render.{name}.program",
        )
    return found


def _asked(name: Name, path: str) -> Program:
    """The program with the version that it says it has."""
    try:
        status = os.stat(path)  # noqa: PTH116  asked for before each build
    except OSError as error:
        raise ProgramProblem(f"{path} cannot be run: {error.strerror or error}", f"install {name} anew") from None
    key = (path, status.st_mtime_ns, status.st_size)
    with _lock:
        known = _known.get(key)
        if known is None:
            known = _known[key] = Program(path, _version(name, path), name)
    return known


def _version(name: Name, path: str) -> str:
    try:
        answer = run((path, *_ASK[name]), timeout=_SECONDS)
    except UndecidedError as error:
        raise ProgramProblem(
            error.message, f"install {name} anew, or name another one by render.{name}.program"
        ) from None
    said = _VERSION.search(answer.stdout.decode("utf-8", "replace"))
    if answer.code or said is None:
        raise ProgramProblem(
            f"{path} does not say which version of {_TITLES[name]} it is",
            f"see that `{name} version` works, or name another program by render.{name}.program",
        )
    return ".".join(said.groups())


def _compare(program: Program, wanted: str) -> None:
    numbers = [int(number) for number in program.version.split(".")]
    oldest = _OLDEST[program.name]
    if tuple(numbers[:2]) < oldest:
        raise ProgramProblem(
            f"{program.path} is {_TITLES[program.name]} {program.version}; gategit needs {_dotted(oldest)} or newer",
            f"install a newer {program.name}, or name another one by render.{program.name}.program",
        )
    parts = wanted.removeprefix("v").split(".") if wanted else []
    if program.version.split(".")[: len(parts)] != parts:
        raise ProgramProblem(
            f"{program.path} is {_TITLES[program.name]} {program.version}; the config wants {wanted}",
            f"install {program.name} {wanted}, or correct render.{program.name}.version",
        )


def _dotted(numbers: Iterable[int]) -> str:
    return ".".join(map(str, numbers))

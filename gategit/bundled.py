"""Where the built-in policies and schemas are: in the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from gategit.errors import UndecidedError

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    """The folder that the wheel carries, else the checkout's.

    Raises:
        UndecidedError: neither is there: the installation is incomplete.
    """
    for folder in (_PACKAGE / "_bundled" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise UndecidedError(f"this installation of gategit has no {name} folder", "install gategit again")


def policies_folder() -> Path:
    """The folder of the built-in policies, one file each."""
    return _folder("policies")


def schemas_folder() -> Path:
    """The folder of the JSON Schemas that gategit carries."""
    return _folder("schemas")


def ecosystem_index() -> Path:
    """The index of the schemas of other projects' kinds, which changes whenever one of them does.

    Raises:
        UndecidedError: it is not there: the installation is incomplete.
    """
    file = schemas_folder() / "ecosystem" / "index.json"
    if not file.is_file():
        raise UndecidedError("this installation of gategit has no schemas/ecosystem folder", "install gategit again")
    return file

"""Which Kubernetes versions can be validated for, and where their schemas are.

The schemas are data files of the installed package kubernetes-validate. The package itself is never imported: it
costs more than the whole rest of a small run.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from gategit.errors import UndecidedError, UsageError

_FOLDER = re.compile(r"v1\.([0-9]+)\.0-local-strict\Z")
_MAJOR_MINOR = re.compile(r"v?1\.([0-9]{1,3})")
_VERSION = re.compile(r"v?1\.([0-9]{1,3})(?:\.[0-9]+)?(?:[-+][0-9A-Za-z.+-]+)?\Z")


@cache
def data_folder() -> Path:
    """The folder that holds one folder of schemas for each Kubernetes version.

    Raises:
        UndecidedError: kubernetes-validate is not installed, or holds no schemas.
    """
    spec = find_spec("kubernetes_validate")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(place) / "kubernetes-json-schema"
        if folder.is_dir():
            return folder
    raise UndecidedError("the schemas of Kubernetes are not installed", "install the package kubernetes-validate again")


@cache
def available() -> tuple[str, ...]:
    """Every Kubernetes version with schemas, oldest first, as ``1.25``.

    Raises:
        UndecidedError: there are none.
    """
    minors = sorted(int(found[1]) for entry in data_folder().iterdir() if (found := _FOLDER.match(entry.name)))
    if not minors:
        raise UndecidedError(
            "the installed kubernetes-validate holds no schemas", "install the package kubernetes-validate again"
        )
    return tuple(f"1.{minor}" for minor in minors)


def minor(version: str) -> int:
    """The number after ``1.``."""
    return int(version.partition(".")[2])


def resolve(version: str | None) -> str:
    """The version as ``1.34``, from ``1.34``, ``v1.34`` or ``1.34.2``; None is the newest.

    Raises:
        UsageError: it is no Kubernetes version, or one without schemas.
    """
    known = available()
    if version is None:
        return known[-1]
    found = _VERSION.match(version.strip())
    if found is None:
        raise UsageError(f"{version!r} is not a Kubernetes version", f"write it as {known[-1]}")
    wanted = f"1.{int(found[1])}"
    if wanted not in known:
        raise UsageError(
            f"there are no schemas for Kubernetes {wanted}", f"choose a version from {known[0]} to {known[-1]}"
        )
    return wanted


def of(version: str) -> str:
    """The major and minor of a server's version, such as ``1.36`` of ``v1.36.3``."""
    found = _MAJOR_MINOR.match(version)
    return f"1.{int(found[1])}" if found is not None else version


def nearest(version: str) -> str:
    """The version with schemas that is nearest to a server's, from ``v1.36.3``.

    Raises:
        UndecidedError: there are none.
    """
    wanted = minor(of(version))
    return min(available(), key=lambda known: abs(minor(known) - wanted))


def definitions_file(version: str) -> Path:
    """The file with the definitions of a resolved version."""
    return data_folder() / f"v{version}.0-local-strict" / "_definitions.json"

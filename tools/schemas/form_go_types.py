"""The form ``go_types``: what Kubernetes' own generator, controller-gen, writes of a project's Go types.

For projects that publish the types of their kinds as modules, and the definitions only beside them. Options:

- ``packages``: the modules with the types, each with its ``origin``, ``version`` and ``checksum``, where the release is
  made of several. The module of the release itself is then what requires them, and only its go.mod is read, to hold the
  versions to it; without a checksum it could not be had, and nothing is;
- ``generator``: the ``version`` and ``checksum`` of controller-tools, and the version of golang.org/x/``tools`` that it
  is built with where those that it requires are too old for the Go of today. Which fields are required depends on it:
  it is the one that the project itself has used.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tools.golang import LINE, FetchError, compiler
from tools.schemas.definitions import definitions_in
from tools.schemas.errors import SchemasError
from tools.schemas.licences import check_module_licence
from tools.schemas.modules import module_files, module_zip
from tools.schemas.sources import Package, Release

GENERATOR: Final = "sigs.k8s.io/controller-tools"

_TOOLS: Final = "golang.org/x/tools"
_ENVIRONMENT: Final = {
    "CGO_ENABLED": "0",
    "GOTOOLCHAIN": "local",
    # What the types import is added to the go.mod that is written for them, as their own go.mod requires it.
    "GOFLAGS": "-mod=mod",
    "GOWORK": "off",
}


def definitions(release: Release) -> list[dict[str, Any]]:
    """The definitions that the types of a release stand for.

    Raises:
        SchemasError: a module is not what is pinned or required, or nothing can be generated of it.
    """
    _check_required(release)
    generator = release.options["generator"]
    module_zip(GENERATOR, generator["version"], generator["checksum"])
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        program = _generator(generator, Path(name))
        for package in release.packages or (Package(release.origin, release.version, release.checksum),):
            archive = module_zip(package.origin, package.version, package.checksum)
            check_module_licence(release, archive, package.origin)
            found += definitions_in(_generated(program, package), f"{package}.yaml")
    return found


def required(go_mod: str) -> dict[str, str]:
    """The versions of the modules that a go.mod requires, such as ``v0.21.2``."""
    return dict(re.findall(r"^(?:require)?\s*([^\s/]+\.[^\s/]+/\S+) (v\S+)", go_mod, re.MULTILINE))


def _check_required(release: Release) -> None:
    if not release.packages or not release.checksum:
        return
    archive = module_zip(release.origin, release.version, release.checksum)
    asked = required(dict(module_files(archive, "go.mod".__eq__))["go.mod"].decode())
    for package in release.packages:
        if asked.get(package.origin) != package.version:
            wanted = asked.get(package.origin, "no version of it")
            raise SchemasError(f"{release} requires {wanted}, and not {package} as pinned")


def _generator(generator: Mapping[str, str], folder: Path) -> Path:
    """Build the generator into a folder."""
    try:
        go = compiler()
    except FetchError as error:
        raise SchemasError(str(error)) from None
    version, program = generator["version"], folder / "controller-gen"
    tools = {_TOOLS: generator["tools"]} if "tools" in generator else {}
    command = [go, "build", "-o", str(program), f"{GENERATOR}/cmd/controller-gen"]
    _run_in_module(command, folder / "generator", {GENERATOR: version, **tools}, f"{GENERATOR} {version}")
    return program


def _generated(program: Path, package: Package) -> bytes:
    command = [str(program), "crd", f"paths={package.origin}/...", "output:crd:stdout"]
    return _run_in_module(command, program.parent / "types", {package.origin: package.version}, str(package))


def _run_in_module(command: list[str], folder: Path, requirements: Mapping[str, str], what: str) -> bytes:
    """What a command writes that is run in a Go module which requires others, and is made anew in a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "go.sum").unlink(missing_ok=True)
    lines = ["module generated", f"go {LINE}", *(f"require {name} {version}" for name, version in requirements.items())]
    (folder / "go.mod").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(command, cwd=folder, env=os.environ | _ENVIRONMENT, check=False, capture_output=True)
    if done.returncode:
        raise SchemasError(f"{what} cannot be used: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout

"""The form ``kustomize``: the fields of Kustomize's own files, from the Go types that it decodes them into.

``kustomize/main.go`` reflects over the types. It is built with the module that the release names, and with nothing that
its go.sum does not know.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

from tools.golang import FetchError, compiler
from tools.schemas.errors import SchemasError
from tools.schemas.licences import check_module_licence
from tools.schemas.modules import module_zip
from tools.schemas.sources import Release

PROGRAM: Final = Path(__file__).resolve().parent / "kustomize"
"""The folder of the program's module."""

_ENVIRONMENT: Final = {
    "CGO_ENABLED": "0",
    "GOTOOLCHAIN": "local",
    "GOFLAGS": "",
    "GOWORK": "off",
}


def definitions(release: Release) -> list[dict[str, Any]]:
    """Kustomization and Component, in the form of CustomResourceDefinitions, which they are not.

    Raises:
        SchemasError: the module is not what is pinned, the program reads another release of it, or it does not build.
    """
    archive = module_zip(release.origin, release.version, release.checksum)
    check_module_licence(release, archive, release.origin)
    read = required(PROGRAM, release.origin)
    if read != release.version:
        raise SchemasError(f"{release} is {release.origin} {release.version}, but {PROGRAM.name}/go.mod has {read}")
    return [_definition(kind) for kind in json.loads(_run())]


def required(folder: Path, module: str) -> str:
    """The version of a module that the go.mod in a folder requires, such as ``v0.21.2``; "" where it requires none."""
    found = re.search(
        rf"^(?:require)?\s*{re.escape(module)} (v\S+)", (folder / "go.mod").read_text(encoding="utf-8"), re.MULTILINE
    )
    return found[1] if found else ""


def _run() -> str:
    try:
        command = [compiler(), "run", "-trimpath", "-buildvcs=false", "-mod=readonly", "."]
    except FetchError as error:
        raise SchemasError(str(error)) from None
    done = subprocess.run(
        command, cwd=PROGRAM, env=os.environ | _ENVIRONMENT, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SchemasError(f"Kustomize's types cannot be read: {done.stderr.strip()}")
    return done.stdout


def _definition(found: dict[str, Any]) -> dict[str, Any]:
    group, _, version = found["apiVersion"].partition("/")
    kind = found["kind"]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": f"{kind.lower()}s", "singular": kind.lower()},
            "versions": [
                {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": found["schema"]}}
            ],
        },
    }

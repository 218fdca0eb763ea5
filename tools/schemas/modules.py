"""Go modules as they are published: the files of one, from the zip that Go's own client has verified."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tools.golang import ROOT, FetchError, compiler
from tools.schemas.errors import SchemasError

_ENVIRONMENT: Final = {
    # A module that asks for a newer Go is downloaded all the same; nothing of it is built here.
    "GOTOOLCHAIN": "local",
    "GOFLAGS": "",
    "GOWORK": "off",
}


@cache
def _go() -> str:
    try:
        return compiler()
    except FetchError as error:
        raise SchemasError(str(error)) from None


def module_zip(module: str, version: str, checksum: str) -> Path:
    """The zip of a Go module, downloaded now if it was not before.

    Args:
        module: its path, such as ``sigs.k8s.io/gateway-api``.
        version: such as ``v1.7.0``.
        checksum: the sum that go.sum would have for it, ``h1:...``.

    Raises:
        SchemasError: it cannot be had, or it is not what is pinned.
    """
    name = f"{module}@{version}"
    done = subprocess.run(
        [_go(), "mod", "download", "-json", name],
        cwd=ROOT,
        env=os.environ | _ENVIRONMENT,
        check=False,
        capture_output=True,
        text=True,
    )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise SchemasError(f"the module {name} cannot be downloaded: {done.stderr.strip()}") from None
    if "Zip" not in said or "Sum" not in said:
        raise SchemasError(f"the module {name} cannot be downloaded: {said.get('Error', 'no zip was named')}")
    if said["Sum"] != checksum:
        raise SchemasError(f"the module {name} has the sum {said['Sum']}, and not {checksum} as pinned")
    return Path(said["Zip"])


def module_files(archive: Path, wanted: Callable[[str], object]) -> Iterator[tuple[str, bytes]]:
    """The files of a module's zip whose path in the module is wanted, in the order of their paths."""
    with zipfile.ZipFile(archive) as opened:
        # Every name starts with "module@version/".
        paths = {name.partition("@")[2].partition("/")[2]: name for name in opened.namelist()}
        for path, name in sorted(paths.items()):
            if path and wanted(path):
                yield path, opened.read(name)

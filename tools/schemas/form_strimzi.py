"""The form ``strimzi``: what Strimzi's own generator writes of the Java types that Strimzi is released with.

Both are Maven artefacts. The types' artefact carries the pom.xml that says how the generator is run for the release's
manifests, and so it is run here. Option: ``generator``, the ``version`` and ``checksum`` of the generator's artefact.
Checksums are ``sha256:`` and the jar's hash. It takes a Java that is new enough for the release: that of JAVA_HOME, or
the one on the PATH.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from tools.schemas.definitions import definitions_in
from tools.schemas.errors import SchemasError
from tools.schemas.sources import Release

GENERATOR: Final = "io.strimzi:crd-generator"

_MAIN: Final = "io.strimzi.crdgenerator.CrdGenerator"
_COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_POM: Final = "{http://maven.apache.org/POM/4.0.0}"
_MANIFESTS: Final = re.compile(r"\}packaging\$\{")
"""What is generated for the release's manifests stands below this folder; what only tests read stands elsewhere."""
_OUTPUT: Final = re.compile(r"\A([\w.]+)=\S*[/}]([^/}]+\.yaml)\Z")
_LICENCES: Final = {"Apache License, Version 2.0": "Apache-2.0"}


def definitions(release: Release) -> list[dict[str, Any]]:
    """The definitions of a release.

    Raises:
        SchemasError: an artefact is not what is pinned, Maven or Java cannot be run, or the generator fails.
    """
    generator = release.options["generator"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        types = _jar(release.origin, release.version, release.checksum, folder)
        program = _jar(GENERATOR, generator["version"], generator["checksum"], folder)
        pom = _pom(types, release.origin)
        _check_licence(release, pom)
        runs = generator_runs(pom, folder)
        if not runs:
            raise SchemasError(f"the pom.xml in {release.origin} {release.version} does not run the generator")
        for arguments in runs:
            _run([_program("java"), "-cp", f"{types}{os.pathsep}{program}", _MAIN, *arguments])
        return [
            definition
            for file in sorted(folder.glob("*.yaml"))
            for definition in definitions_in(file.read_bytes(), f"{release}, {file.name}")
        ]


def generator_runs(pom: str, folder: Path) -> list[list[str]]:
    """The arguments of each run of the generator that a pom.xml has for a release's manifests.

    Args:
        pom: the text of the pom.xml.
        folder: where the runs are to write, instead of where the pom.xml lets them.
    """
    found = []
    # The checksum says which bytes these are.
    for execution in ET.fromstring(pom).iter(f"{_POM}execution"):  # noqa: S314  pinned, nobody else's data
        arguments = [argument.text or "" for argument in execution.iter(f"{_POM}argument")]
        if _MAIN in arguments and any(_MANIFESTS.search(argument) for argument in arguments):
            own = arguments[arguments.index(_MAIN) + 1 :]
            found.append([_OUTPUT.sub(lambda match: f"{match[1]}={folder / match[2]}", one) for one in own])
    return found


def _jar(artefact: str, version: str, checksum: str, folder: Path) -> Path:
    """An artefact's jar, from Maven's repository or its cache."""
    name = f"{artefact}:{version}"
    _run(
        [
            _program("mvn"),
            "-B",
            "-q",
            "-Dstyle.color=never",
            _COPY,
            f"-Dartifact={name}:jar",
            f"-DoutputDirectory={folder}",
        ]
    )
    file = folder / f"{artefact.partition(':')[2]}-{version}.jar"
    found = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    if found != checksum:
        raise SchemasError(f"the artefact {name} has the checksum {found}, and not {checksum} as pinned")
    return file


def _pom(jar: Path, artefact: str) -> str:
    group, _, name = artefact.partition(":")
    with zipfile.ZipFile(jar) as opened:
        return opened.read(f"META-INF/maven/{group}/{name}/pom.xml").decode()


def _check_licence(release: Release, pom: str) -> None:
    found = re.search(r"<license>\s*<name>([^<]*)</name>", pom)
    licence = _LICENCES.get(found[1] if found else "", "an unknown licence")
    if licence != release.licence:
        raise SchemasError(f"{release} is published under {licence}, not {release.licence}")


def _program(name: str) -> str:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which(name, path=f"{home}/bin") if home else None
    found = found or shutil.which(name)
    if found is None:
        raise SchemasError(f"{name} is not installed, and Strimzi's definitions cannot be generated without it")
    return found


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).partition("\n")[0]
        raise SchemasError(f"{Path(command[0]).name} failed: {said}")

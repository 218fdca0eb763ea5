"""The programs that gategit is measured beside: how each is had, called, and how its findings are counted."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tools.fetch import FetchError, fetch, version

PEERS = ("kubeconform", "kube-score", "checkov", "kubectl")
"""Their names, as ``--without`` takes them."""

KUBE_SCORE_FINDING = re.compile(r"^ {8}· ", re.MULTILINE)
CHECKOV_FINDING = re.compile(r"^\tFAILED for resource: ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Linter:
    """A program that judges manifests by rules.

    Attributes:
        name: what the table calls it, with its version.
        rules: how many rules it judges by here.
        arguments: the program and its options; what it looks at comes behind.
        finding: what one finding looks like in its output.
    """

    name: str
    rules: int
    arguments: tuple[str, ...]
    finding: re.Pattern[str]

    def count(self, output: str) -> int:
        """How many findings it wrote."""
        return len(self.finding.findall(output))


class MissingPeerError(Exception):
    """A peer cannot be had here; the message says why, for the table."""


def kubeconform(work: Path, kubernetes: str) -> tuple[str, ...]:
    """The command of kubeconform, which reads the schemas of kubernetes-validate from disk.

    Raises:
        MissingPeerError: it cannot be built here.
    """
    program = _fetched("kubeconform")
    package = find_spec("kubernetes_validate")
    if package is None or not package.submodule_search_locations:
        raise MissingPeerError("kubernetes-validate is not installed")
    source = Path(package.submodule_search_locations[0]) / "kubernetes-json-schema" / f"v{kubernetes}.0-local-strict"
    schemas = write_schemas(source, work / "schemas")
    location = f"{schemas}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"
    cores = str(os.cpu_count() or 1)
    options = ("-strict", "-n", cores, "-kubernetes-version", f"{kubernetes}.0", "-schema-location", location)
    return (program, *options)


def kube_score(kubernetes: str) -> Linter:
    """The checks that kube-score makes by default. It takes files, not folders.

    Raises:
        MissingPeerError: it cannot be built here.
    """
    program = _fetched("kube-score")
    rules = len(re.findall(r",default$", _said(program, "list"), re.MULTILINE))
    arguments = (program, "score", "--color", "never", "--kubernetes-version", f"v{kubernetes}")
    return Linter(f"kube-score {version('kube-score')}", rules, arguments, KUBE_SCORE_FINDING)


def checkov() -> Linter:
    """The checks of Kubernetes that checkov makes. It would ask its vendor for texts first; that is switched off.

    Raises:
        MissingPeerError: it cannot be installed here.
    """
    program = _fetched("checkov")
    kubernetes = ("--framework", "kubernetes")
    rules = len(set(re.findall(r"\bCKV2?_K8S_\d+\b", _said(program, "--list", *kubernetes))))
    arguments = (program, *kubernetes, "--compact", "--quiet", "--skip-download", "--directory")
    return Linter(f"checkov {version('checkov')}", rules, arguments, CHECKOV_FINDING)


def kubectl() -> str:
    """The program that a dry run is measured beside.

    Raises:
        MissingPeerError: it cannot be built here.
    """
    return _fetched("kubectl")


def renderers() -> Path:
    """The folder with the programs that rendering is measured beside: kustomize and helm.

    Raises:
        MissingPeerError: they cannot be built here.
    """
    _fetched("helm")
    return Path(_fetched("kustomize")).parent


def write_schemas(source: Path, folder: Path) -> Path:
    """Write the schemas of the corpus's kinds as kubeconform wants them: each with all that it refers to inside."""
    prefix = "/api/_definitions.json"
    definitions: dict[str, Any] = json.loads((source / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    folder.mkdir()
    for name in ("deployment-apps-v1.json", "service-v1.json", "configmap-v1.json"):
        text = (source / name).read_text(encoding="utf-8").replace(prefix, "")
        needed: dict[str, Any] = {}
        waiting = [text]
        while waiting:
            for found in set(re.findall(r"#/\$defs/([\w.-]+)", waiting.pop())) - needed.keys():
                needed[found] = json.loads(json.dumps(definitions[found]).replace(prefix, ""))
                waiting.append(json.dumps(needed[found]))
        (folder / name).write_text(json.dumps(json.loads(text) | {"$defs": needed}), encoding="utf-8")
    return folder


def _fetched(name: str) -> str:
    try:
        return str(fetch(name))
    except FetchError as error:
        raise MissingPeerError(str(error).partition("\n")[0]) from error


def _said(program: str, *arguments: str) -> str:
    """What a program writes.

    Raises:
        MissingPeerError: it does not run here.
    """
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingPeerError(f"{Path(program).name} ended with {done.returncode}")
    return done.stdout

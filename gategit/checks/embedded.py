"""The first check, one level deeper: is the YAML and JSON that a ConfigMap carries readable itself?"""

from __future__ import annotations

# ruff: noqa: S106  an example that passes is not a password
import re
from typing import TYPE_CHECKING, Final

from gategit.manifests.decode import Problem, decode
from gategit.manifests.manifest import Manifest, Role
from gategit.manifests.text import NotText, decode_text
from gategit.model import Finding, Level, Location, Region, Rule, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gategit.manifests.file import ManifestFile

EMBEDDED_CONFIG_INVALID: Final = Rule(
    id="embedded-config-invalid",
    level=Level.WARNING,
    stage=Stage.SYNTAX,
    summary="The YAML and JSON files inside of a ConfigMap can be read.",
    rationale=(
        "To the cluster the value of a ConfigMap is text: it takes everything. The program that reads the file does "
        "not, and finds out when it starts, after the merge: it crashes, or goes on with what it knew. Judged are the "
        "keys of `data` that end in `.yaml`, `.yml` or `.json`. Text that a tool fills in (`{{ }}`, `${ }`, `<% %>`) "
        "and JSON with comments, which some programs take, pass."
    ),
    help=(
        "Go to the line of the finding; the message names the usual cause. Indent with spaces, and remember that the "
        "file begins where its first line does: the blanks that belong to the manifest are no part of it. "
        "A file in another language than its name says needs another name."
    ),
    example_fail="""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  config.yaml: |
    log: info
      color: false  # <-
""",
    example_pass="""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  config.yaml: |
    log:
      level: info
      color: false
""",
    references=("https://kubernetes.io/docs/concepts/configuration/configmap/",),
)

RULES: Final = (EMBEDDED_CONFIG_INVALID,)

_SYNTAX: Final = "yaml-syntax"
_FILLED_IN: Final = re.compile(r"\{\{|\$\{|<%|\{%")
_COMMENT: Final = re.compile(r"^\s*(?://|/\*|#)", re.MULTILINE)


def check_embedded(file: ManifestFile) -> Iterator[Finding]:
    """Say which files inside of a manifest file's ConfigMaps cannot be read, one finding for each."""
    if file.role is not Role.MANIFEST:
        return
    for manifest in file.manifests:
        data = manifest.data.get("data")
        if manifest.kind != "ConfigMap" or manifest.api_version != "v1" or not isinstance(data, dict):
            continue
        for key, text in data.items():
            if isinstance(key, str) and isinstance(text, str) and key.endswith((".yaml", ".yml", ".json")):
                problem = _problem(key, text)
                if problem is not None:
                    yield _finding(file, manifest, key, problem)


def _problem(key: str, text: str) -> Problem | None:
    """Why a text cannot be read, None where it can, or where that is not to be judged."""
    if not text.strip():
        return None
    found = next((one for one in decode(text.encode("utf-8", "replace"), key).problems if one.rule == _SYNTAX), None)
    if found is None or _FILLED_IN.search(text):
        return None
    if key.endswith(".json"):
        return None if _COMMENT.search(text) else found
    # What kubectl refuses in a manifest (an empty key, .nan) is no fault in a file for another program.
    return None if _is_yaml(text) else found


def _is_yaml(text: str) -> bool:
    from ruamel.yaml import YAML  # noqa: PLC0415  only what kubectl would refuse comes here
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415  as above

    try:
        for _ in YAML(typ="safe").parse(text):
            pass
    except YAMLError:
        return False
    return True


def _finding(file: ManifestFile, manifest: Manifest, key: str, problem: Problem) -> Finding:
    rule = EMBEDDED_CONFIG_INVALID
    path = ("data", key)
    place = file.location(manifest.source, path, on="value")
    line = _line(file, place.region, problem.region.line)
    return Finding(
        rule=rule.id,
        stage=rule.stage,
        level=rule.level,
        message=f"{key} in ConfigMap {manifest.name} cannot be read: line {problem.region.line}: {problem.message}",
        help=problem.help,
        location=place if line is None else Location(file.path, line),
        object=manifest.ref,
        path=(*manifest.source.pointer, *path),
        subject=problem.subject,
    )


def _line(file: ManifestFile, value: Region | None, number: int) -> Region | None:
    """A line of a value in its file; None where the value is no block that stands in the file as it is."""
    text = decode_text(file.content)
    if value is None or isinstance(text, NotText):
        return None
    lines = text.split("\n")
    if not lines[value.line - 1][value.column - 1 :].startswith("|") or value.line + number > len(lines):
        return None
    line = lines[value.line + number - 1].rstrip()
    start = len(line) - len(line.lstrip()) + 1
    return Region(value.line + number, start, value.line + number, max(start, len(line)) + 1)

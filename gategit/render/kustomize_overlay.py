"""The kustomization that an agent builds: the folder's own, or one that it writes, with what it adds of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from gategit.checks.references.kustomize import FILE_NAMES
from gategit.checks.references.paths import PathIndex
from gategit.globs import GlobError, path_matcher
from gategit.manifests.decode import decode
from gategit.model import Location, Region
from gategit.tree import EntryKind, Tree

TRACES: Final = ("originAnnotations", "transformerAnnotations")
"""What makes Kustomize say where each object comes from, and what has changed it on the way."""

_NAMED: Final = ("images", "replicas")
"""Lists in which an entry stands for what has its name: the overlay's takes the place of the folder's."""

_REPLACED: Final = ("buildMetadata",)

_EMPTY_NAMESPACE: Final = "_placeholder"
"""Flux gives a folder without manifests this namespace, for Kustomize builds no empty kustomization."""

# What Flux's source-controller leaves out of an artifact unless told otherwise, as far as it is YAML.
SOURCE_IGNORE: Final = ".sourceignore"
"""The files by which a repository tells Flux what not to fetch."""

_NEVER_FETCHED: Final = (
    *("/.git/", "/.github/", "/.circleci/", "/.travis.yml", "/.gitlab-ci.yml", "/appveyor.yml", "/.drone.yml"),
    *("/cloudbuild.yaml", "/codeship-services.yml", "/codeship-steps.yml"),
    *(".goreleaser.yml", ".sops.yaml", ".flux.yaml"),
)


def merged(own: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """A kustomization with another laid over it, in place, as ``kustomize edit`` and Flux do.

    A text takes the place of the one that is there, a mapping adds its keys, a list its entries; an image or a number
    of replicas takes the place of the entry with its name.
    """
    result = dict(own)
    for field, value in overlay.items():
        here = result.get(field)
        if field in _NAMED and isinstance(here, list) and isinstance(value, list):
            result[field] = _by_name(field, here, value)
        elif isinstance(here, list) and isinstance(value, list) and field not in _REPLACED:
            result[field] = [*here, *value]
        elif isinstance(here, dict) and isinstance(value, dict):
            result[field] = {**here, **value}
        else:
            result[field] = value
    return result


def _by_name(field: str, here: list[Any], added: list[Any]) -> list[Any]:
    result = list(here)
    for entry in added:
        name = entry.get("name") if isinstance(entry, dict) else None
        found = next((i for i, one in enumerate(result) if isinstance(one, dict) and one.get("name") == name), None)
        if found is None:
            result.append(entry)
        else:
            result[found] = _image(result[found], entry) if field == "images" else {**result[found], **entry}
    return result


def _image(here: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """An image with another laid over it: tag and digest choose the version together, so they are replaced together.

    What is None is taken away.
    """
    kept = {name: value for name, value in here.items() if new.get(name, "") is not None}
    if new.get("newTag") or new.get("digest"):
        kept.pop("newTag", None)
        kept.pop("digest", None)
    return {**kept, **{name: value for name, value in new.items() if value}}


def with_traces(content: bytes, data: Mapping[str, Any]) -> bytes:
    """The content of a kustomization, asking Kustomize to say where objects come from.

    The text is kept where a line at its end does it, so that what Kustomize says of lines stays true.
    """
    asked = data.get("buildMetadata")
    wanted = [*asked, *(one for one in TRACES if one not in asked)] if isinstance(asked, list) else list(TRACES)
    expected = {**data, "buildMetadata": wanted}
    if "buildMetadata" not in data:
        text = content.rstrip() + b"\nbuildMetadata: " + json.dumps(wanted).encode() + b"\n"
        decoded = decode(text, FILE_NAMES[0])
        if not decoded.problems and len(decoded.documents) == 1 and decoded.documents[0].data == expected:
            return text
    return as_json(expected)


def as_json(data: Mapping[str, Any]) -> bytes:
    """A kustomization as JSON, which is YAML, too."""
    return json.dumps(data, default=str, indent=1).encode("utf-8", "surrogateescape")


def generated(index: PathIndex, tree: Tree, folder: str, ignore: str = "") -> dict[str, Any]:
    """The kustomization that Flux writes for a folder that has none.

    Every YAML file below it is a resource, in the order of the names; a folder with a kustomization of its own is one
    resource. What ``.sourceignore`` leaves out is left out, and so are links, which Flux does not fetch.

    Args:
        index: the tree's paths.
        tree: the files.
        folder: the folder.
        ignore: what the source leaves out besides; its lines come after those of files.
    """
    ignored = Ignored(index, tree, ignore)
    resources = [path for path in _manifests(index, folder) if not ignored(path)]
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    if not resources:
        return {**head, "namespace": _EMPTY_NAMESPACE}
    start = len(folder) + 1 if folder else 0
    return {**head, "resources": [f"./{path[start:]}" for path in resources]}


def _manifests(index: PathIndex, folder: str) -> Iterator[str]:
    """The files and folders that Flux would name, in the order in which it walks."""
    prefix = f"{folder}/" if folder else ""
    below = [path for path in index.entries if path.startswith(prefix)]
    built = {
        path.rpartition("/")[0]
        for path in below
        if path.rpartition("/")[2] in FILE_NAMES and path.rpartition("/")[0] != folder
    }
    seen: set[str] = set()
    for path in sorted(below, key=lambda one: one.split("/")):
        above = _outermost(path, folder, built)
        if above is not None:
            if above not in seen:
                seen.add(above)
                yield above
        elif path.endswith((".yaml", ".yml")) and index.entries[path].kind is EntryKind.FILE:
            yield path


def _outermost(path: str, folder: str, built: set[str]) -> str | None:
    """The outermost folder with a kustomization that a file lies in, below the folder that is looked at."""
    names = path.split("/")
    for depth in range(len(folder.split("/")) + 1 if folder else 1, len(names)):
        above = "/".join(names[:depth])
        if above in built:
            return above
    return None


class Ignored:
    """Whether Flux leaves a path out: by its own list, and by every ``.sourceignore`` above it, the last line first.

    Args:
        index: the tree's paths.
        tree: the files.
        ignore: what the source leaves out besides; its lines come after those of files.
    """

    def __init__(self, index: PathIndex, tree: Tree, ignore: str) -> None:
        self._rules = [_Rule(path_matcher([pattern])) for pattern in _NEVER_FETCHED]
        for path in index.by_name.get(SOURCE_IGNORE, ()):
            entry = index.entries.get(path)
            if entry is not None and entry.kind is EntryKind.FILE:
                self._rules.extend(_rules(tree.read(path), path))
        self._rules.extend(_rules(ignore.encode("utf-8", "replace"), ""))

    def __call__(self, path: str) -> bool:
        """Whether a file is left out."""
        return self._of(path) is not None

    def where(self, path: str) -> Location | None:
        """The line of a ``.sourceignore`` that leaves a path out; None where none does."""
        rule = self._of(path)
        if rule is None or not rule.file:
            return None
        return Location(rule.file, Region(rule.line, 1, rule.line, rule.length + 1))

    def _of(self, path: str) -> _Rule | None:
        """What leaves a path out."""
        rule = next((one for one in reversed(self._rules) if one.matches(path)), None)
        return rule if rule is not None and rule.leaves_out else None


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern, and the line that it stands in; ``file`` is "" where it stands in none."""

    matches: Callable[[str], object]
    leaves_out: bool = True
    file: str = ""
    line: int = 0
    length: int = 0


def _rules(content: bytes, file: str) -> Iterator[_Rule]:
    folder = file.rpartition("/")[0]
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        leaves_out = not pattern.startswith("!")
        pattern = pattern.removeprefix("!")
        if folder:
            inner = "" if "/" in pattern.rstrip("/") else "**/"
            pattern = f"/{_literal(folder)}/{inner}{pattern.removeprefix('/')}"
        with suppress(GlobError):
            yield _Rule(path_matcher([pattern]), leaves_out, file, number, len(line))


def _literal(folder: str) -> str:
    return "".join(f"\\{char}" if char in "*?[\\!" else char for char in folder)

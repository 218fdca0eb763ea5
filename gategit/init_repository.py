"""What ``gategit init`` proposes: a look at the repository, and the files that fit it.

The look is quick and shallow: names of files and folders first, then the few files whose text speaks of Flux or
Argo CD. Nothing is written here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gategit import __version__
from gategit.config import CONFIG_FILE
from gategit.errors import UndecidedError
from gategit.process import run

WORKFLOW_FILE = ".github/workflows/gategit.yml"
PRE_COMMIT_FILE = ".pre-commit-config.yaml"

MAX_FILES = 200_000
"""Files that are listed; a larger repository gets a proposal for what was seen."""

MAX_READ = 2_000
"""YAML files whose text is read."""

_READ_BYTES = 256 * 1024
_ARGO_CD = "Argo CD"
_CLUSTER_FOLDERS = frozenset({"clusters", "environments", "envs"})
_OVERLAY_FOLDERS = frozenset({"overlays"})
_SHARED = frozenset({"all", "base", "bases", "common", "components", "default", "lib", "shared", "templates"})
_TARGET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")
_SCHEMA_FILE = re.compile(r"(?P<folder>(?:.*/)?)[^/]+\.[^/]+/[^/]+_v[0-9]+(?:(?:alpha|beta)[0-9]+)?\.json\Z")
_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Survey:
    """What the repository looks like.

    Attributes:
        root: its folder.
        default_branch: the branch that pull requests go to.
        files: how many files it has.
        tools: what it is made of, in words, such as ``Kustomize (12 kustomizations)``.
        targets: path patterns by target name.
        schema_folders: folders with JSON Schemas of custom resources.
        repositories: URLs by which Flux and Argo CD objects mean this repository.
    """

    root: Path
    default_branch: str
    files: int
    tools: tuple[str, ...]
    targets: tuple[tuple[str, tuple[str, ...]], ...]
    schema_folders: tuple[str, ...]
    repositories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A file to write. ``exists`` is True where there is one already: it is left alone."""

    path: str
    content: str
    exists: bool


def find_root(directory: Path) -> Path:
    """The root of the git repository that a folder is in, or the folder itself where it is in none."""
    try:
        answer = run(["git", "rev-parse", "--show-toplevel"], cwd=directory)
    except UndecidedError:
        return directory
    top = os.fsdecode(answer.stdout).rstrip("\n")
    return Path(top) if answer.code == 0 and top else directory


def survey(root: Path) -> Survey:
    """Look at a repository, or at a folder that is none."""
    paths = _list(root)
    yaml_paths = [path for path in paths if path.endswith(_YAML)]
    tools, repositories = _read_some(root, paths, yaml_paths)
    return Survey(
        root=root,
        default_branch=_default_branch(root),
        files=len(paths),
        tools=tools,
        targets=_targets(yaml_paths),
        schema_folders=_schema_folders(paths),
        repositories=repositories,
    )


def _git(root: Path, *arguments: str) -> str:
    """What git answers, or an empty string where it cannot."""
    try:
        answer = run(["git", *arguments], cwd=root)
    except UndecidedError:
        return ""
    return os.fsdecode(answer.stdout) if answer.code == 0 else ""


def _list(root: Path) -> list[str]:
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed:
        return sorted(set(filter(None, listed.split("\0"))))[:MAX_FILES]
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in (".git", "node_modules"))
        inside = Path(folder).relative_to(root).as_posix()
        found += [name if inside == "." else f"{inside}/{name}" for name in sorted(files)]
        if len(found) >= MAX_FILES:
            break
    return sorted(found[:MAX_FILES])


def _default_branch(root: Path) -> str:
    remote = _git(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD").strip().removeprefix("origin/")
    return remote or _git(root, "branch", "--show-current").strip() or "main"


def _targets(paths: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """One target for each folder below ``clusters/`` (or alike) and each overlay's name, with its path patterns."""
    found: dict[str, dict[str, None]] = {}
    for path in paths:
        names = path.split("/")
        for depth, name in enumerate(names[:-2]):
            child = names[depth + 1]
            if child.lower() in _SHARED or not _TARGET_NAME.match(child):
                continue
            if name in _CLUSTER_FOLDERS:
                found.setdefault(child, {})["/".join([*names[: depth + 2], "**"])] = None
                break
            if name in _OVERLAY_FOLDERS:
                pattern = f"{'**/' if depth else ''}{name}/{child}/**"
                found.setdefault(child, {})[pattern] = None
                break
    return tuple((name, tuple(sorted(found[name]))) for name in sorted(found))


def _schema_folders(paths: Iterable[str]) -> tuple[str, ...]:
    """Folders in the layout {group}/{kind}_{version}.json."""
    # A name that is no text, or has control characters, cannot stand in a config.
    matches = filter(None, map(_SCHEMA_FILE.match, filter(str.isprintable, paths)))
    return tuple(sorted({match["folder"].rstrip("/") or "." for match in matches}))


def _read_some(root: Path, paths: Sequence[str], yaml_paths: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the repository is made of, and by which URLs it is known in itself."""
    kustomizations = sum(path.rpartition("/")[2] in _KUSTOMIZATIONS for path in paths)
    charts = sum(path.rpartition("/")[2] == "Chart.yaml" for path in paths)
    folders = {path[: index + 1] for path in paths for index, char in enumerate(path) if char == "/"}
    flux = argo = crds = 0
    urls: dict[str, None] = {}
    for path in yaml_paths[:MAX_READ]:
        text = _read(root, path)
        flux += "toolkit.fluxcd.io/" in text
        argo += "apiVersion: argoproj.io/" in text
        crds += "kind: CustomResourceDefinition" in text
        if "kind: GitRepository" in text or ("argoproj.io/" in text and "repoURL" in text):
            urls.update(dict.fromkeys(_own_urls(text, path, folders)))
    counts = (
        (kustomizations, "Kustomize", "kustomization"),
        (charts, "Helm", "chart"),
        (flux, "Flux", "file"),
        (argo, _ARGO_CD, "file"),
        (crds, "CustomResourceDefinitions", "file"),
    )
    tools = tuple(f"{tool} ({count} {thing}{'s' if count > 1 else ''})" for count, tool, thing in counts if count)
    known = set(_git(root, "remote", "get-url", "--all", "origin").split())
    return tools, tuple(url for url in urls if url not in known)


_KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})


def _read(root: Path, path: str) -> str:
    full = root / path
    # A link may lead anywhere, a pipe may never end: only plain files are read.
    if full.is_symlink() or not full.is_file():
        return ""
    try:
        with full.open("rb") as file:
            return file.read(_READ_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _own_urls(text: str, path: str, folders: set[str]) -> Iterable[str]:
    """URLs that mean this repository: Flux's own source, and Argo CD sources whose path is a folder here."""
    from gategit.manifests.decode import decode  # noqa: PLC0415  only a repository with Flux or Argo CD needs it

    for document in decode(text.encode(), path).documents:
        if not isinstance(document.data, dict):
            continue
        spec = document.data.get("spec")
        if not isinstance(spec, dict):
            continue
        if document.data.get("kind") == "GitRepository":
            if _name(document.data) == "flux-system":
                yield from _text(spec.get("url"))
            continue
        sources = [spec.get("source"), *(spec.get("sources") or [])] if _is_sources(spec) else [spec.get("source")]
        for source in sources:
            if isinstance(source, dict) and _is_folder(source.get("path"), folders):
                yield from _text(source.get("repoURL"))


def _is_sources(spec: dict[str, Any]) -> bool:
    return isinstance(spec.get("sources"), list)


def _is_folder(path: Any, folders: set[str]) -> bool:
    return isinstance(path, str) and path.strip("./") != "" and f"{path.removeprefix('./').strip('/')}/" in folders


def _name(data: dict[str, Any]) -> Any:
    metadata = data.get("metadata")
    return metadata.get("name") if isinstance(metadata, dict) else None


def _text(value: Any) -> Iterable[str]:
    if isinstance(value, str) and value.isprintable() and 0 < len(value) <= 500:
        yield value


def propose(found: Survey) -> tuple[Proposal, ...]:
    """The files that fit the repository, in the order in which they are shown."""
    makers: tuple[tuple[str, Callable[[Survey], str]], ...] = (
        (CONFIG_FILE, config_text),
        (WORKFLOW_FILE, workflow_text),
        (PRE_COMMIT_FILE, pre_commit_text),
    )
    return tuple(Proposal(path, make(found), os.path.lexists(found.root / path)) for path, make in makers)


def _quoted(text: str) -> str:
    """A double-quoted YAML scalar."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _flow(texts: Iterable[str]) -> str:
    return "[" + ", ".join(_quoted(text) for text in texts) + "]"


def config_text(found: Survey) -> str:
    """A config that fits the repository; what is not known stands in it as a comment."""
    lines = [
        "# The config of gategit, the gate in front of this branch: https://github.com/gategit/gategit",
        "version: 1",
        "",
        "# What the clusters run. Without it, manifests are validated for the newest version.",
        '# kubernetes_version: "1.34"',
        "",
        "# What is left out is counted in every report.",
        "# exclude: [docs/**]",
        "",
        "policies:",
        "  packs: [recommended]",
        "  # The repository's own policies, and the levels of single rules:",
        "  # folders: [gate/policies]",
        "  # levels: {image-digest: warning}",
    ]
    if found.schema_folders:
        lines += ["", "# Schemas of custom resources.", "schemas:", f"  folders: {_flow(found.schema_folders)}"]
    if found.repositories:
        lines += ["", "# Further URLs that mean this repository.", "repositories:"]
        lines += [f"  - {_quoted(url)}" for url in found.repositories]
    if found.targets:
        lines += ["", "# The clusters. Each can have its own kubernetes_version and upgrade_to."]
        if any(tool.startswith(_ARGO_CD) for tool in found.tools):
            lines += [
                "# For Argo CD also `server`, the API server's URL as Applications name it, and `labels`, by which",
                "# cluster generators choose: without `server` an ApplicationSet that has one cannot be followed.",
            ]
        lines.append("targets:")
        for name, patterns in found.targets:
            lines += [f"  {_quoted(name)}:", f"    paths: {_flow(patterns)}"]
    lines += ["", "# Dated exceptions:", "# waivers: gate/waivers.yaml", ""]
    return "\n".join(lines)


def workflow_text(found: Survey) -> str:
    """A GitHub workflow that runs the gate, with the rights it needs and no more."""
    return f"""\
name: gategit

on:
  pull_request:
  merge_group:
  push:
    branches: [{_quoted(found.default_branch)}]

permissions:
  contents: read

jobs:
  gate:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # the gate compares with the merge base
          persist-credentials: false
      - uses: gategit/gategit@v{__version__.partition(".")[0]}
"""


def pre_commit_text(_: Survey) -> str:
    """A pre-commit config that runs the gate on what is staged."""
    return f"""\
repos:
  - repo: https://github.com/gategit/gategit
    rev: v{__version__}
    hooks:
      - id: gategit
"""

"""A tree in memory, judged as the gate judges one: the graph first, then the files by their roles, then the check."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from gategit.checks.references.check import ReferenceSettings, check
from gategit.checks.references.kustomize import KustomizeGraph, read_graph
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.inventory import Inventory, ObjectFact
from gategit.manifests.manifest import Role
from gategit.model import Finding, Unchecked
from gategit.tree import EntryKind, Tree, TreeEntry


class MemoryTree:
    """Files by path; a text that starts with ``->`` is a symbolic link, the text ``submodule`` a submodule."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._contents = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
        self.reads: list[str] = []
        self._entries = {path: self._entry(path) for path in sorted(self._contents)}

    def _entry(self, path: str) -> TreeEntry:
        content = self._contents[path]
        kind = EntryKind.FILE
        if content.startswith(b"->"):
            kind = EntryKind.SYMLINK
        elif content == b"submodule":
            kind = EntryKind.SUBMODULE
        return TreeEntry(path, hashlib.sha256(content).hexdigest(), kind, size=len(content))

    @property
    def name(self) -> str:
        """What the tree is called."""
        return "memory"

    def entries(self) -> Mapping[str, TreeEntry]:
        """Every path."""
        return self._entries

    def read(self, path: str) -> bytes:
        """The content of a file."""
        self.reads.append(path)
        return self._contents[path].removeprefix(b"->")


@dataclass(frozen=True)
class Judged:
    """What the check says of a tree."""

    graph: KustomizeGraph
    findings: Sequence[Finding]
    unchecked: Sequence[Unchecked]

    @property
    def lines(self) -> list[str]:
        """Each finding as ``file:line:column-end rule: message``."""
        return [_line(finding) for finding in self.findings]

    @property
    def left(self) -> list[str]:
        """Each thing that was not looked at, with the reason."""
        return [f"{one.what}: {one.reason}" for one in self.unchecked]

    def only(self) -> Finding:
        """The one finding that there is."""
        assert len(self.findings) == 1, self.lines
        return self.findings[0]


def _line(finding: Finding) -> str:
    region = finding.location.region
    where = f":{region.line}:{region.column}-{region.end_column}" if region else ""
    return f"{finding.location.file}{where} {finding.rule}: {finding.message}"


def judge_tree(tree: Tree, settings: ReferenceSettings) -> Judged:
    """Judge a tree as the gate does."""
    graph = read_graph(tree)
    entries = tree.entries()

    def open_file(path: str) -> ManifestFile:
        if entries[path].kind is not EntryKind.FILE:
            raise KeyError(path)
        return read_file(path, tree.read(path), graph.roles.get(path))

    facts = [
        ObjectFact(manifest.key, manifest.api_version, manifest.source)
        for path, entry in entries.items()
        if entry.kind is EntryKind.FILE and path.endswith((".yaml", ".yml", ".json"))
        for file in [open_file(path)]
        if file.role is Role.MANIFEST
        for manifest in file.manifests
    ]
    findings, unchecked = check(Inventory(tree, facts, open_file), graph, settings)
    return Judged(graph, findings, unchecked)


Judge = Callable[..., Judged]


@pytest.fixture
def judge() -> Judge:
    """Judge files, given as a mapping from paths to texts."""

    def run(files: Mapping[str, str | bytes], settings: ReferenceSettings | None = None) -> Judged:
        return judge_tree(MemoryTree(files), settings or ReferenceSettings())

    return run


def config_map(name: str, namespace: str = "") -> str:
    """A small object."""
    where = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{where}}}\n"


@pytest.fixture
def memory_tree() -> Callable[[Mapping[str, str | bytes]], MemoryTree]:
    """Make a tree in memory."""
    return MemoryTree

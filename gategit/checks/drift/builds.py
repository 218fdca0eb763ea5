"""What becomes of a file's objects on their way to the cluster: what kustomizations do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from gategit.checks.references.kustomize import Kustomization, KustomizeGraph, LinkState
from gategit.checks.references.shapes import Use

# With nothing else, a kustomization passes its resources on as they are, apart from their namespace.
_PLAIN: Final = frozenset({"apiVersion", "kind", "metadata", "resources", "sortOptions", "namespace"})
_MOST_WAYS: Final = 100


@dataclass(frozen=True, slots=True)
class Build:
    """What kustomizations make of a file's objects.

    Attributes:
        namespace: what they set as namespace, None where they set none.
        changed: whether they change more than that, which only a build can tell.
    """

    namespace: str | None = None
    changed: bool = False


AS_DECLARED: Final = Build()


class Builds:
    """The ways in which the files of a tree are built.

    Args:
        graph: the tree's kustomizations.
        read: gives the content of a kustomization file, None where it cannot be read.
    """

    def __init__(self, graph: KustomizeGraph, read: Callable[[str], Any]) -> None:
        self._graph = graph
        self._read = read
        self._users: dict[str, list[str]] = {}
        for folder, one in graph.kustomizations.items():
            for link in one.linked(Use.RESOURCE, Use.COMPONENT):
                if link.state in {LinkState.FILE, LinkState.FOLDER}:
                    self._users.setdefault(link.path, []).append(folder)
        self._known: dict[str, frozenset[Build]] = {}

    def of(self, path: str) -> frozenset[Build]:
        """The ways in which a file's objects come to a cluster; as they are declared, where no kustomization is."""
        folders = self._users.get(path, ())
        return frozenset(build for folder in folders for build in self._ways(folder, ())) or frozenset({AS_DECLARED})

    def _ways(self, folder: str, inside: tuple[str, ...]) -> Iterable[Build]:
        if folder in self._known:
            return self._known[folder]
        if folder in inside:
            return ()
        own = self._own(self._graph.kustomizations[folder])
        users = [name for name in self._users.get(folder, ()) if name in self._graph.kustomizations]
        around = {build for user in users for build in self._ways(user, (*inside, folder))} or {AS_DECLARED}
        found = frozenset(Build(one.namespace or own.namespace, one.changed or own.changed) for one in around)
        if len(found) > _MOST_WAYS:
            found = frozenset({Build(changed=True)})
        self._known[folder] = found
        return found

    def _own(self, kustomization: Kustomization) -> Build:
        data = self._read(kustomization.file)
        if not isinstance(data, dict):
            return Build(changed=True)
        namespace = data.get("namespace")
        changed = any(value for key, value in data.items() if key not in _PLAIN)
        return Build(namespace if isinstance(namespace, str) and namespace else None, changed)

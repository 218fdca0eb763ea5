"""The live objects that a change speaks of: read one by one, or in one go where several stand side by side."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gategit.change import ChangeKind
from gategit.checks.dry_run.line import Line
from gategit.checks.dry_run.plan import Request

# From here on, one list is cheaper than single reads, for the server and for us.
_LIST_FROM = 4
# A list that goes on after so many objects for each that is wanted is mostly of others: then the rest is read singly.
_OTHERS = 4
_AT_LEAST = 100


@dataclass(frozen=True, slots=True)
class Live:
    """What the server has of an object.

    Attributes:
        content: the object, None where there is none.
        read: False where nobody has looked yet, or may look.
        refused: why it may not be read, "" where it may.
    """

    content: dict[str, Any] | None = None
    read: bool = True
    refused: str = ""


UNREAD = Live(read=False)


class Lookups:
    """Reads live objects, each at most once, apart from those that have changed in between.

    Args:
        line: to the server.
        requests: all that will be asked for: what several of them need is read at once.
    """

    def __init__(self, line: Line, requests: Sequence[Request]) -> None:
        self._line = line
        # What a change adds is seldom there; a whole tree, of which everything counts as added, mostly is.
        whole = all(request.change.kind is _ADDED for request in requests)
        wanted = Counter(
            _collection(request)
            for request in requests
            if _may_list(request) and (whole or request.change.kind is not _ADDED)
        )
        self._wanted = {path: count for path, count in wanted.items() if count >= _LIST_FROM}
        self._lists: dict[str, asyncio.Task[_Listed]] = {}

    def is_cheap(self, request: Request) -> bool:
        """Whether the object is read along with others anyway."""
        return _may_list(request) and _collection(request) in self._wanted

    async def read(self, request: Request) -> Live:
        """The live object, from the list that holds it or by itself.

        Raises:
            ClusterError: no answer came.
        """
        if self.is_cheap(request):
            listed = await self._list(request)
            if listed.complete or request.name in listed.objects:
                return Live(listed.objects.get(request.name or ""))
        return await self.read_again(request)

    async def read_again(self, request: Request) -> Live:
        """The live object as it is now.

        Raises:
            ClusterError: no answer came.
        """
        answer = await self._line.send("GET", request.path)
        if answer.ok and isinstance(answer.data, dict):
            return Live(answer.data)
        if answer.status == 404:
            return Live()
        return Live(read=False, refused=answer.message or f"the server answers {answer.status}")

    async def _list(self, request: Request) -> _Listed:
        path = _collection(request)
        if path not in self._lists:
            self._lists[path] = asyncio.create_task(self._read_list(path, request))
        # Several wait for the same list: one that is cancelled must not take it from the others.
        return await asyncio.shield(self._lists[path])

    async def _read_list(self, path: str, request: Request) -> _Listed:
        limit = max(_AT_LEAST, self._wanted[path] * _OTHERS)
        # Without a version the server answers with what is true now; the cache's answer would disregard the limit.
        answer = await self._line.send("GET", path, query={"limit": str(limit)})
        data = answer.data if answer.ok else None
        items = data.get("items") if isinstance(data, dict) else None
        if not isinstance(items, list):
            return _Listed({}, complete=False)
        resource = request.resource
        # The items of a built-in kind's list do not say of what kind they are.
        names = {"apiVersion": resource.api_version, "kind": resource.kind}
        found = {
            str(item["metadata"]["name"]): {**names, **item}
            for item in items
            if isinstance(item, dict) and isinstance(item.get("metadata"), dict) and "name" in item["metadata"]
        }
        metadata = data.get("metadata") if isinstance(data, dict) else None
        return _Listed(found, complete=not (isinstance(metadata, dict) and metadata.get("continue")))


@dataclass(frozen=True, slots=True)
class _Listed:
    """The objects of a collection by name, and whether these are all."""

    objects: Mapping[str, dict[str, Any]]
    complete: bool


_ADDED = ChangeKind.ADDED


def _collection(request: Request) -> str:
    return request.resource.path(request.namespace)


def _may_list(request: Request) -> bool:
    """Secrets are never listed: the gate reads those that the change names, and nothing of others."""
    resource = request.resource
    return (
        request.name is not None
        and request.change.new is not None
        and "list" in resource.verbs
        and (resource.group, resource.plural) != ("", "secrets")
    )

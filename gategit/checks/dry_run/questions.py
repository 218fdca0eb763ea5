"""The requests that a dry run is made of. None of them changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from gategit.checks.dry_run.answers import Reading, ReadingKind, read_answer
from gategit.checks.dry_run.line import APPLY_PATCH, Line
from gategit.checks.dry_run.managers import OURS
from gategit.checks.dry_run.plan import Request
from gategit.cluster.answer import Answer

_DRY: Final = {"dryRun": "All"}
_STRICT: Final = {**_DRY, "fieldValidation": "Strict"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and what it means for the object that it is about."""

    answer: Answer
    reading: Reading

    @property
    def created(self) -> bool:
        """Whether the server would make a new object."""
        return self.answer.status == 201

    @property
    def content(self) -> dict[str, Any] | None:
        """The object that the answer shows, None where it shows none."""
        data = self.answer.data
        return data if self.answer.ok and isinstance(data, dict) and isinstance(data.get("metadata"), dict) else None


class Questions:
    """Asks one server."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def remove(self, request: Request) -> Reply:
        """What comes of deleting an object.

        Raises:
            ClusterError: no answer came; so do the other questions.
        """
        answer = await self._line.send("DELETE", request.path, query=_DRY)
        return Reply(answer, read_answer(answer, request.data))

    async def apply(self, request: Request, manager: str, body: Mapping[str, Any] | None = None) -> Reply:
        """What comes of applying an object server-side, with force: a conflict would end the judgement.

        Args:
            request: where to send it.
            manager: under whose name.
            body: what is sent in place of the manifest.
        """
        query = {**_STRICT, "fieldManager": manager, "force": "true"}
        sent = request.data if body is None else body
        answer = await self._line.send("PATCH", request.path, query=query, body=sent, content_type=APPLY_PATCH)
        return Reply(answer, read_answer(answer, sent))

    async def create(self, request: Request, body: Mapping[str, Any], *, strict: bool = True) -> Reply:
        """What comes of creating an object; of one that exists, whether there is anything to say against it."""
        query = {**(_STRICT if strict else {**_DRY, "fieldValidation": "Ignore"}), "fieldManager": OURS}
        answer = await self._line.send("POST", request.resource.path(request.namespace), query=query, body=body)
        return Reply(answer, read_answer(answer, body))

    async def update(self, request: Request, manager: str, body: Mapping[str, Any]) -> Reply:
        """What comes of putting an object in the place of the live one, which must be the one that was looked at."""
        query = {**_STRICT, "fieldManager": manager}
        answer = await self._line.send("PUT", request.path, query=query, body=body)
        return Reply(answer, read_answer(answer, request.data))

    async def all_problems(self, request: Request, body: Mapping[str, Any], reading: Reading) -> Reading:
        """Ask with a create: server-side apply stops at the first field that it cannot read, a create lists all."""
        listed = (await self.create(request, body)).reading
        if listed.kind is not ReadingKind.REJECTED:
            return reading
        if listed.partial:
            # Until every field is known, the server looks at no value.
            further = (await self.create(request, body, strict=False)).reading
            if further.kind is ReadingKind.REJECTED:
                listed = replace(listed, problems=tuple(dict.fromkeys((*listed.problems, *further.problems))))
        places = {problem.path for problem in listed.problems}
        first = tuple(problem for problem in reading.problems if problem.path not in places)
        return replace(reading, problems=(*first, *listed.problems), partial=False)

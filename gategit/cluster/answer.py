"""What an API server answered: the body as plain data, the Status object's parts, the warnings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_UNREAD: Final = object()

# RFC 9111, 5.5 (of RFC 7234): a code, an agent, a quoted text, and possibly a quoted date; several may share a header.
_WARNING = re.compile(r'\s*(\d{3})\s+[^\s"]+\s+"((?:[^"\\]|\\.)*)"(?:\s+"[^"]*")?\s*(?:,|$)')
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of ``Status.details.causes``.

    Attributes:
        reason: the machine's word for it, such as ``FieldValueInvalid``.
        message: what is wrong, for people.
        field: the path as the server writes it, such as ``spec.ports[0].nodePort``.
    """

    reason: str
    message: str
    field: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of an API server.

    Attributes:
        status: the HTTP status.
        body: as it came, unpacked.
        warnings: the texts of the Warning headers with code 299.
        headers: of the answer; look-ups disregard case.
    """

    status: int
    body: bytes
    warnings: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    _data: Any = field(default=_UNREAD, init=False, repr=False, compare=False)

    @property
    def data(self) -> Any:
        """The body as plain data, None where it is not JSON (an unknown path is answered in plain text)."""
        if self._data is _UNREAD:
            object.__setattr__(self, "_data", _plain_data(self.body))
        return self._data

    @property
    def ok(self) -> bool:
        """Whether the server did as asked."""
        return 200 <= self.status < 300

    @property
    def reason(self) -> str:
        """The Status object's reason, such as ``Invalid``; "" where there is none."""
        return _text(self._status_object(), "reason")

    @property
    def message(self) -> str:
        """The Status object's message; of an answer that has none, the body as text, shortened."""
        status = self._status_object()
        return _text(status, "message") if status else self.body[:1000].decode("utf-8", "replace").strip()

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The single problems that the Status object lists."""
        causes = self._details().get("causes")
        return tuple(
            Cause(_text(cause, "reason"), _text(cause, "message"), _text(cause, "field"))
            for cause in (causes if isinstance(causes, list) else ())
            if isinstance(cause, dict)
        )

    @property
    def name(self) -> str:
        """The name of the object that the Status is about, "" where it names none."""
        return _text(self._details(), "name")

    @property
    def kind(self) -> str:
        """What the Status is about: a kind, or a plural name where the server says that instead."""
        return _text(self._details(), "kind")

    def _status_object(self) -> Mapping[str, Any]:
        data = self.data
        return data if isinstance(data, dict) and data.get("kind") == "Status" else {}

    def _details(self) -> Mapping[str, Any]:
        details = self._status_object().get("details")
        return details if isinstance(details, dict) else {}


def warning_texts(headers: Iterable[str]) -> tuple[str, ...]:
    """The texts of Warning headers that have the code 299, in their order; what is malformed is left out."""
    found: list[str] = []
    for header in headers:
        # The HTTP library keeps bytes that are no UTF-8 as lone surrogates, which nothing could write out again.
        text = header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        position = 0
        while match := _WARNING.match(text, position):
            if match[1] == "299":
                found.append(_ESCAPE.sub(r"\1", match[2]))
            if match.end() == position:
                break
            position = match.end()
    return tuple(found)


def _plain_data(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _text(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""

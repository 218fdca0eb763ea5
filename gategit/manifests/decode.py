"""Bytes to plain data, as kubectl would send it, and what is wrong with them.

Valid text takes the fast path (``native``): libyaml in C, no positions. Text that it refuses is read again with
positions (``careful``), so that every problem has its exact place; one document that cannot be read does not take the
others of its file with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from gategit.manifests.text import NotText, decode_text
from gategit.model import Region


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may ask for.

    Attributes:
        file_bytes: its size.
        depth: how deep collections may nest.
        nodes: how many values a file may hold, with aliases written out.
        scalar_bytes: how long one value may be; the API server's store takes 1.5 MiB for a whole object.
        documents: how many documents a file may hold.
    """

    file_bytes: int = 5 * 2**20
    depth: int = 100
    nodes: int = 300_000
    scalar_bytes: int = 3 * 2**19
    documents: int = 10_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a text.

    ``subject`` tells problems of one rule apart without line numbers; ``related`` are further places, each with what
    it has to do with the problem.
    """

    rule: str
    message: str
    help: str
    region: Region
    subject: str
    related: tuple[tuple[Region, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One document that is not empty. ``index`` counts every document of the file, empty ones too, from 0.

    ``root`` is libyaml's node that the data was built from, None where it was built another way.
    """

    index: int
    line: int
    data: Any
    root: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a file holds, and what could not be read of it."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]


_DEFAULT: Final = Limits()
_START: Final = Region(1, 1, 1, 2)
_UNICODE_BREAKS: Final = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
"""NEL, LS and PS end a line for libyaml and for no editor."""


def decode(content: bytes, path: str, limits: Limits = _DEFAULT) -> Decoded:
    """Decode a file. It never raises, whatever the bytes.

    Args:
        content: the file's bytes: YAML, or JSON where the path ends in ``.json``.
        path: where it stands; only its extension matters.
        limits: what the file may ask for.
    """
    if len(content) > limits.file_bytes:
        return Decoded((), (_too_large(len(content), limits),))
    is_json = path.endswith(".json")
    if not is_json:
        known = _fast(content, limits)
        if known is not None:
            return known
    from gategit.manifests.careful import read_json, read_yaml  # noqa: PLC0415  few files need it

    text = decode_text(content)
    if isinstance(text, NotText):
        return Decoded((), (_not_text(text),))
    return read_json(text, limits) if is_json else read_yaml(text, limits)


def _fast(content: bytes, limits: Limits) -> Decoded | None:
    from gategit.manifests.native import Unusual, fast_documents  # noqa: PLC0415  a run without YAML pays no import

    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    if b"<<<<<<<" in content or b">>>>>>>" in content or len(content) > limits.scalar_bytes:
        return None
    if not content.isascii() and (
        content.startswith((b"\xff", b"\xfe")) or any(mark in content for mark in _UNICODE_BREAKS)
    ):
        return None
    try:
        found = fast_documents(content, depth=limits.depth, nodes=limits.nodes, documents=limits.documents)
    except Unusual:
        return None
    return Decoded(tuple([Document(*document) for document in found]), ())


def _too_large(size: int, limits: Limits) -> Problem:
    return Problem(
        "yaml-limit",
        f"the file has {size:,} bytes; gategit reads at most {limits.file_bytes:,}",
        "split the file, or raise limits.file_size in .gategit.yaml",
        _START,
        "file-bytes",
    )


def _not_text(reason: NotText) -> Problem:
    return Problem(
        "not-text",
        f"the file is not text: {reason.message}",
        "save it as UTF-8; a file that is not YAML or JSON needs another extension, or an entry under exclude",
        _START,
        "not-text",
    )

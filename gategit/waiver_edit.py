"""Writing a waiver: into the waivers file, into a manifest's comment, and the file's name into the config.

Text is inserted and nothing else is touched, so comments and layout stay as they are. What comes out is read again
before it is handed back: an edit that would change anything but the one waiver is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from gategit.config import CONFIG_FILE, Config, load_config
from gategit.errors import ConfigError, UsageError
from gategit.globs import GlobError, path_matcher
from gategit.inline_waivers import end_of_text, read_inline
from gategit.manifests.decode import Limits
from gategit.manifests.file import ManifestFile, read_file
from gategit.manifests.nodes import Kind, Node, compose
from gategit.manifests.scalars import resolve_plain
from gategit.manifests.text import Lines, decode_text
from gategit.model import Finding, Location, ObjectRef, Region
from gategit.waivers import ObjectSelector, Waiver, entry_identity, load_waivers

_GLOB_CHARACTERS = re.compile(r"([*?\[\]\\!])")
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9 _./@()+-]*(?<! )\Z")
_DATE_KEY = "expires"


@dataclass(frozen=True, slots=True)
class Promise:
    """What whoever writes a waiver says: who answers for it, why, and until when."""

    owner: str
    reason: str
    expires: date


@dataclass(frozen=True, slots=True)
class Edited:
    """A file's new content, and the line on which the waiver begins."""

    content: bytes
    line: int


def entry_for(finding: Finding, promise: Promise) -> Waiver:
    """The entry of the waivers file that excepts a finding, and as little else as an entry can.

    A finding that several builds share is about an object of each, which may have another name and namespace there.

    Raises:
        UsageError: the file's path cannot be written as a pattern.
    """
    file = finding.location.file
    return Waiver(
        rule=finding.rule,
        owner=promise.owner,
        reason=promise.reason,
        expires=promise.expires,
        object=_selector(finding.object, shared=len(finding.units) > 1),
        paths=(_path_pattern(file),),
        target=None if finding.target is None else _literal(finding.target),
        location=Location(""),
    )


def _selector(ref: ObjectRef | None, *, shared: bool) -> ObjectSelector:
    if ref is None:
        return ObjectSelector()
    if shared:
        return ObjectSelector(kind=_literal(ref.kind))
    return ObjectSelector(
        kind=_literal(ref.kind),
        namespace=None if ref.namespace is None else _literal(ref.namespace),
        name=_literal(ref.name) if ref.name else None,
    )


def _literal(text: str) -> str:
    """A glob that matches this text alone."""
    return _GLOB_CHARACTERS.sub(r"\\\1", text)


def _path_pattern(file: str) -> str:
    pattern = _literal(file)
    # A pattern without a slash would match such names in every folder.
    pattern = pattern if "/" in pattern else f"/{pattern}"
    try:
        fits = path_matcher((pattern,))(file) is not None
    except GlobError:
        fits = False
    if not fits or not file.isprintable():
        raise UsageError("the path of the finding's file cannot be written as a pattern", "write the waiver by hand")
    return pattern


def entry_lines(waiver: Waiver) -> list[str]:
    """An entry as the lines of a YAML mapping."""
    selector = {
        "kind": waiver.object.kind,
        "namespace": waiver.object.namespace,
        "name": waiver.object.name,
    }
    parts = [f"{key}: {_scalar(value)}" for key, value in selector.items() if value is not None]
    lines = [f"rule: {waiver.rule}"]
    lines += [f"object: {{{', '.join(parts)}}}"] if parts else []
    lines += [f"paths: [{', '.join(_scalar(path) for path in waiver.paths)}]"]
    lines += [f"target: {_scalar(waiver.target)}"] if waiver.target is not None else []
    lines += [f"owner: {_scalar(waiver.owner)}", f"reason: {_scalar(waiver.reason)}"]
    return [*lines, f"{_DATE_KEY}: {waiver.expires.isoformat()}"]


def _scalar(text: str) -> str:
    """A string as YAML writes it: as it is where that is safe, else as JSON does."""
    if _PLAIN.match(text) and resolve_plain(text) == text:
        return text
    return json.dumps(text, ensure_ascii=False)


def add_entry(content: bytes | None, file: str, waiver: Waiver) -> Edited:
    """Add an entry at the end of a waivers file.

    Args:
        content: the file's content, or None where there is none yet.
        file: its path, for messages.
        waiver: the entry.

    Raises:
        ConfigError: the file cannot be used, or cannot be edited without changing more than that.
    """
    before = load_waivers(content, file) if content is not None else ()
    text = _text(content) if content is not None else "version: 1\n"
    lines = entry_lines(waiver)
    expected = [entry_identity(one) for one in (*before, waiver)]
    for candidate in _with_entry(text, lines):
        try:
            after = load_waivers(candidate.encode(), file)
        except (ConfigError, UnicodeEncodeError):
            continue
        if [entry_identity(one) for one in after] == expected:
            region = after[-1].location.region
            return Edited(_like(content, candidate), region.line if region is not None else 1)
    raise ConfigError(
        "the waivers file is written in a way that cannot be edited safely",
        "add this to its list by hand:\n" + "\n".join(_item(lines, "  ")),
        file=file,
    )


def _text(content: bytes) -> str:
    text = decode_text(content)
    return text if isinstance(text, str) else ""


def _like(content: bytes | None, text: str) -> bytes:
    """The text as bytes, with the byte order mark that the file had."""
    return (b"\xef\xbb\xbf" if content is not None and content.startswith(b"\xef\xbb\xbf") else b"") + text.encode()


def _item(lines: list[str], indent: str) -> list[str]:
    return [f"{indent}- {lines[0]}", *(f"{indent}  {line}" for line in lines[1:])]


def _with_entry(text: str, lines: list[str]) -> Iterator[str]:
    """The text with the entry added, in the ways that may be right."""
    newline = "\r\n" if "\r\n" in text else "\n"
    limits = Limits()
    composed = compose(text, depth=limits.depth, nodes=limits.nodes)
    root = composed.documents[0] if composed.documents else None
    listed = _value_of(root, "waivers")
    if listed is None:
        yield _with_lines_at(text, len(text), ["waivers:", *_item(lines, "  ")], newline)
    elif listed.kind is Kind.SEQUENCE and listed.value and not listed.flow:
        column = Lines(text).position(listed.start)[1]
        yield _with_lines_at(text, end_of_text(text, listed), _item(lines, " " * (column - 1)), newline)
    elif listed.kind is Kind.SEQUENCE and listed.value:
        end = listed.value[-1].end
        yield f"{text[:end]}, {{{', '.join(lines)}}}{text[end:]}"
    else:
        bare = text[: listed.start].rstrip(" \t") + text[listed.end :]
        yield _with_lines_at(bare, len(text[: listed.start].rstrip(" \t")), _item(lines, "  "), newline)


def _value_of(root: Node | None, key: str) -> Node | None:
    if root is None or root.kind is not Kind.MAPPING:
        return None
    return next((value for name, value in root.value if name.value == key), None)


def _with_lines_at(text: str, index: int, lines: list[str], newline: str) -> str:
    """The text with lines after the one that an index is on."""
    found = re.compile(r"\r\n|\n|\r").search(text, index)
    end = found.end() if found is not None else len(text)
    before = text[:end]
    gap = newline if before and not before.endswith(("\n", "\r")) else ""
    return before + gap + newline.join(lines) + newline + text[end:]


def add_waivers_key(content: bytes | None, file: str, path: str) -> bytes:
    """Name the waivers file in a config that names none.

    Raises:
        ConfigError: the config cannot be used, or cannot be edited without changing more than that.
    """
    before = load_config(content, file) if content is not None else Config()
    text = _text(content) if content is not None else "version: 1\n"
    line = f"waivers: {_scalar(path)}"
    edited = _with_lines_at(text, len(text), [line], "\r\n" if "\r\n" in text else "\n")
    try:
        after = load_config(edited.encode(), file)
    except ConfigError:
        after = None
    if after is None or replace(after, text=b"", file="") != replace(before, waivers=path, text=b"", file=""):
        message = f"{CONFIG_FILE} names no waivers file, and is written in a way that cannot be edited safely"
        raise ConfigError(message, f"add this key by hand, and run again: {line}", file=file)
    return _like(content, edited)


def add_comment(content: bytes, finding: Finding, promise: Promise) -> Edited:
    """Put a waiver into a comment at the field that a finding is about.

    It is put at the end of the field's line, where it excepts least; where that line cannot hold it, on a line of its
    own above.

    Raises:
        UsageError: the file's format has no comments, or none can stand there.
    """
    file, region = finding.location.file, finding.location.region
    owner = f" by {promise.owner}" if promise.owner else ""
    comment = f"# gategit: waive {finding.rule}{owner} until {promise.expires} -- {promise.reason}"
    if region is None or file.endswith(".json"):
        why = "JSON has no comments" if file.endswith(".json") else "the finding is about the whole file"
        raise UsageError(f"no comment can except this: {why}", "leave out --inline")
    text = _text(content)
    before = read_file(file, content)
    known = len(read_inline(before).waivers)
    for candidate, line in _with_comment(text, region, comment):
        encoded = _like(content, candidate)
        after = read_file(file, encoded)
        waivers = read_inline(after).waivers
        moved = Region(line, region.column, line, region.column + 1)
        covers = [one for one in waivers if one.matches(replace(finding, location=Location(file, moved)))]
        says = [(one.owner, one.reason, one.expires) for one in covers]
        if (
            len(waivers) == known + 1
            and (promise.owner, promise.reason, promise.expires) in says
            and _same_data(before, after)
        ):
            written = covers[says.index((promise.owner, promise.reason, promise.expires))].location.region
            return Edited(encoded, written.line if written is not None else line)
    raise UsageError("no comment can stand at the place of this finding", "leave out --inline")


def _same_data(one: ManifestFile, other: ManifestFile) -> bool:
    data = [[(document.index, document.data) for document in file.decoded.documents] for file in (one, other)]
    return data[0] == data[1]


def _with_comment(text: str, region: Region, comment: str) -> Iterator[tuple[str, int]]:
    """The text with the comment in it, and the line on which the finding stands then."""
    lines = Lines(text)
    if region.line > lines.count:
        return
    start = lines.line_start(region.line)
    line = lines.line(region.line)
    end = start + len(line)
    yield f"{text[: start + len(line.rstrip())]}  {comment}{text[end:]}", region.line
    newline = "\r\n" if "\r\n" in text else "\n"
    indent = line[: len(line) - len(line.lstrip())]
    yield f"{text[:start]}{indent}{comment}{newline}{text[start:]}", region.line + 1

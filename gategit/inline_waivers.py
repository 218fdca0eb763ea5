"""Waivers in comments of manifests: ``# gategit: waive RULE by OWNER until 2027-01-31 -- REASON``.

Only what YAML takes for a comment is one: the composed nodes say where scalars stand, and a ``#`` inside of a string
or of a block scalar's text is none. What a waiver covers is what begins on its line, or on the line below it.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import blake2b
from typing import Any

from gategit.fingerprints import stable_path
from gategit.manifests.decode import Limits
from gategit.manifests.file import ManifestFile
from gategit.manifests.manifest import Manifest
from gategit.manifests.nodes import Kind, Node, compose
from gategit.manifests.text import Lines, decode_text
from gategit.model import FieldPath, Finding, Location, ObjectRef, Region
from gategit.nearest import nearest
from gategit.waivers import INLINE_MARK, MALFORMED, ObjectSelector, Scope, Waiver

MAX_INLINE = 1_000
"""Waivers in comments that are read in one file."""

GRAMMAR = "# gategit: waive RULE by OWNER until 2027-01-31 -- REASON"
"""What a waiver in a comment looks like; ``by OWNER`` may be left out."""

_MARK = INLINE_MARK.decode()
_ADDRESSED = re.compile(r"#+[ \t]*gategit:[ \t]*(\S*)")
_INSIDE = re.compile(r"gategit:[ \t]*waive\b")
_RULE_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_REASON = re.compile(r"(?:^|[ \t])--(?:[ \t]|$)")
_NOT_IN_COMMENT = re.compile("[\r\n\x85\u2028\u2029]")
_BLOCK_HEADER = re.compile(r"(?:[&!][^ \t\r\n]*[ \t]+)*[|>][-+0-9]*[ \t]+(?=#)")
_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_FRAME = re.compile(r"[ \t]*(?:(?:---|\.\.\.)(?=[ \t])|%[^#]*)?[ \t]*\Z")
_DASH = re.compile(r"[ \t]*(?:-[ \t]+)+\Z")
_LONE_DASH = re.compile(r"-(?:[ \t]+#|\Z)")
_NAMELESS = stable_path([{}], (0,))
_MAX_ON_LINE = 1_000
_MOST_MENTIONS = 10_000


@dataclass(frozen=True, slots=True)
class Inline:
    """The waivers in a file's comments, and findings about comments that were meant to be one."""

    waivers: tuple[Waiver, ...]
    problems: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What the text of a comment says."""

    rules: tuple[str, ...]
    owner: str
    expires: date
    reason: str


class NotAWaiverError(ValueError):
    """A comment that was meant to be a waiver and is none; the message is the end of a sentence."""


def parse(comment: str) -> Words | None:
    """Read the text of a comment, from its ``#`` on; None where it is not addressed to gategit.

    Raises:
        NotAWaiverError: it is meant to be a waiver, and something is missing or wrong.
    """
    addressed = _ADDRESSED.match(comment)
    if addressed is None:
        if _INSIDE.search(comment):
            raise NotAWaiverError("a waiver must be the whole comment")
        return None
    word = addressed.group(1)
    if word != "waive":
        if nearest(word, ("waive",)) is None:
            return None
        raise NotAWaiverError(f"it says {word[:40]}, and the word is waive")
    before, reason = _split_reason(comment[addressed.end() :])
    words = before.split()
    if "until" not in words:
        raise NotAWaiverError("it does not say until when")
    rules, owner = _split_owner(words[: words.index("until")])
    return Words(rules, owner, _day(words[words.index("until") + 1 :]), reason)


def _split_reason(text: str) -> tuple[str, str]:
    dashes = _REASON.search(text)
    reason = text[dashes.end() :].strip() if dashes is not None else ""
    if dashes is None or not reason:
        raise NotAWaiverError("it gives no reason after --")
    return text[: dashes.start()], reason


def _split_owner(words: list[str]) -> tuple[tuple[str, ...], str]:
    owner = ""
    if "by" in words:
        owner = " ".join(words[words.index("by") + 1 :])
        words = words[: words.index("by")]
        if not owner:
            raise NotAWaiverError("it names no owner after by")
    ids = [rule.strip() for rule in " ".join(words).split(",")]
    for rule in ids:
        if not rule:
            raise NotAWaiverError("it names no rule")
        if not _RULE_ID.match(rule):
            hint = "; rules are separated by commas" if " " in rule else ""
            raise NotAWaiverError(f"{rule[:60]} is no rule's id{hint}")
    return tuple(dict.fromkeys(ids)), owner


def _day(words: list[str]) -> date:
    text = " ".join(words)
    if not _DAY.match(text):
        raise NotAWaiverError("until must be followed by a date such as 2027-01-31, and then by -- and the reason")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotAWaiverError(f"there is no day {text}") from None


def read_inline(file: ManifestFile) -> Inline:
    """Find the waivers in a file's comments. It never raises.

    JSON has no comments. A file that YAML cannot read has no waivers: nothing says what in it is a comment.
    """
    text = decode_text(file.content)
    if file.path.endswith(".json") or not isinstance(text, str) or _MARK not in text:
        return Inline((), ())
    limits = Limits()
    composed = compose(text, depth=limits.depth, nodes=limits.nodes)
    if composed.fault is not None:
        return Inline((), ())
    return _Reader(file, text, composed.documents).read()


@dataclass(frozen=True, slots=True)
class _Element:
    """A field or list item: its document and path there, where it begins, and its value."""

    document: int
    path: FieldPath
    start: int
    value: Node


@dataclass(frozen=True, slots=True)
class _Place:
    """What a comment is about: lines, and what they are made of.

    ``whole`` are the elements that are covered to their end, without those in them; ``begun`` are those that only begin
    on the lines. Where there are neither, it is the whole document.
    """

    first: int
    last: int
    document: int
    whole: tuple[_Element, ...] = ()
    begun: tuple[_Element, ...] = ()


class _Reader:
    """One reading of one file. Whatever the file holds, the work is bounded by its size: its author is not trusted."""

    def __init__(self, file: ManifestFile, text: str, roots: Sequence[Node]) -> None:
        self.file = file
        self.text = text
        self.lines = Lines(text)
        self.roots = roots
        self._starts = [root.start for root in roots]
        self._data = {document.index: document.data for document in file.decoded.documents}
        self._manifests = {(one.source.document, one.source.pointer): one for one in file.manifests}
        self._below: dict[tuple[int, bool], int] = {}
        self._markers: dict[int, int] = {}
        self._names: dict[int, Counter[str]] = {}
        self._contents: dict[int, str] = {}

    def read(self) -> Inline:
        waivers: list[Waiver] = []
        problems: list[Finding] = []
        for number, (start, end) in enumerate(self._comments()):
            if len(waivers) + len(problems) >= MAX_INLINE or number >= _MOST_MENTIONS:
                problems.append(self._problem(start, end, f"only the first {MAX_INLINE:,} of a file are read"))
                break
            try:
                words = parse(self.text[start:end])
                if words is not None:
                    waivers += self._waivers(words, self._place(start), self._location(start, end))
            except NotAWaiverError as error:
                problems.append(self._problem(start, end, str(error)))
        return Inline(tuple(waivers), tuple(problems))

    def _location(self, start: int, end: int) -> Location:
        return Location(self.file.path, self.lines.region(start, end))

    def _problem(self, start: int, end: int, what: str) -> Finding:
        return Finding(
            rule=MALFORMED.id,
            stage=MALFORMED.stage,
            level=MALFORMED.level,
            message=f"this comment is no waiver: {what}",
            help=f"write {GRAMMAR}, at the field that it is about",
            location=self._location(start, end),
            subject=self.text[start:end][:200],
        )

    def _comments(self) -> Iterator[tuple[int, int]]:
        """Where the comments that hold the mark begin and end."""
        spans = sorted(self._scalar_spans())
        starts = [start for start, _ in spans]
        position = self.text.find(_MARK)
        while position >= 0:
            number, _ = self.lines.position(position)
            first = self.lines.line_start(number)
            stop = first + len(self.lines.line(number))
            for found in re.finditer("#", self.text[first:stop]):
                at = first + found.start()
                if (at == first or self.text[at - 1].isspace()) and not _inside(at, spans, starts):
                    end = _NOT_IN_COMMENT.search(self.text, at, stop)
                    end_at = at + len(self.text[at : end.start() if end is not None else stop].rstrip())
                    if _MARK in self.text[at:end_at]:
                        yield at, end_at
                    break
            position = self.text.find(_MARK, stop)

    def _scalar_spans(self) -> Iterator[tuple[int, int]]:
        """The places of scalars that hold a ``#``. The header of a block scalar may be followed by a comment."""
        waiting = list(self.roots)
        while waiting:
            node = waiting.pop()
            if node.kind is Kind.MAPPING:
                waiting.extend(part for pair in node.value for part in pair)
            elif node.kind is Kind.SEQUENCE:
                waiting.extend(node.value)
            elif node.kind is Kind.SCALAR and self.text.find("#", node.start, node.end) >= 0:
                header = _BLOCK_HEADER.match(self.text, node.start, node.end)
                if header is None:
                    yield node.start, node.end
                else:
                    end = _NOT_IN_COMMENT.search(self.text, header.end(), node.end)
                    yield (end.start() if end is not None else node.end), node.end

    @cached_property
    def _elements(self) -> dict[int, list[_Element]]:
        """Every field and list item by the line that it begins on, outer ones before those in them."""
        by_line: dict[int, list[_Element]] = {}
        for document, root in enumerate(self.roots):
            waiting: list[tuple[FieldPath, Node]] = [((), root)]
            while waiting:
                path, node = waiting.pop()
                for element in _children(document, path, node):
                    by_line.setdefault(self.lines.position(element.start)[0], []).append(element)
                    waiting.append((element.path, element.value))
        for found in by_line.values():
            found.sort(key=lambda element: (element.document, len(element.path), element.start))
        return by_line

    def _beginning_on(self, line: int) -> list[_Element]:
        found = self._elements.get(line, [])
        if len(found) > _MAX_ON_LINE:
            raise NotAWaiverError(f"more than {_MAX_ON_LINE:,} fields begin on the line that it is about")
        return found

    def _place(self, start: int) -> _Place:
        number, column = self.lines.position(start)
        before = self.lines.line(number)[: column - 1]
        alone = bool(_FRAME.match(before))
        if alone:
            document = self._begins(start)
            if document is not None:
                root = self.roots[document]
                first = self.lines.position(root.start)[0]
                return _Place(first, self._last_line(root), document)
        elif not _DASH.match(before):
            return self._on_line(number, start)
        anchor = self._line_below(number, skip_blank=not alone)
        found = _outermost(self._beginning_on(anchor))
        if not found:
            raise NotAWaiverError("it stands above no field")
        last = max(self._last_line(element.value) for element in found)
        return _Place(anchor, max(anchor, last), found[0].document, found)

    def _on_line(self, number: int, start: int) -> _Place:
        """The place of a comment that follows something on its line, and covers what begins there."""
        begins = self._beginning_on(number)
        if not begins:
            raise NotAWaiverError("no field begins on its line")
        last = number
        whole: list[_Element] = []
        begun: list[_Element] = []
        for element in begins:
            child = _first_child(element.value)
            end = self._last_line(element.value)
            if end <= number or (child is not None and child.start > start):
                last = max(last, end)
                whole.append(element)
            else:
                begun.append(element)
        return _Place(number, last, begins[0].document, _outermost(whole), tuple(begun))

    def _begins(self, start: int) -> int | None:
        """The document at whose beginning, before its first key, a comment stands."""
        document = bisect_right(self._starts, start)
        if document == len(self.roots):
            return None
        # What stands before the marker of a later document is the tail of the one above.
        return document if not document or start > self._marker(document) else None

    def _marker(self, document: int) -> int:
        """Where the ``---`` stands that begins a document which is not the first."""
        if document not in self._markers:
            begin, end = self._starts[document - 1], self._starts[document]
            found = [marker.start() for marker in _MARKER.finditer(self.text, begin, end)]
            self._markers[document] = found[-1] if found else end
        return self._markers[document]

    def _line_below(self, number: int, *, skip_blank: bool) -> int:
        """The line that a comment on a line of its own, or after a lone dash, is about."""
        below = number + 1
        passed = [(number, skip_blank)]
        while below <= self.lines.count:
            known = self._below.get((below, skip_blank))
            text = self.lines.line(below).strip()
            if known is not None:
                below = known
                break
            if text.startswith("#") or (skip_blank and not text):
                passed.append((below, skip_blank))
                below += 1
            elif not skip_blank and _LONE_DASH.match(text):
                below = self._line_below(below, skip_blank=True)
                break
            else:
                break
        self._below.update(dict.fromkeys(passed, below))
        return below

    def _last_line(self, node: Node) -> int:
        end = end_of_text(self.text, node)
        return self.lines.position(max(node.start, end - 1))[0]

    def _waivers(self, words: Words, place: _Place, location: Location) -> Iterator[Waiver]:
        whole = [self._named(element.document, element.path) for element in place.whole]
        begun = [self._named(element.document, element.path) for element in place.begun]
        if not whole and not begun:
            whole = [self._named(place.document, ())]
        refs = {ref for ref, _ in (*whole, *begun)}
        ref = refs.pop() if len(refs) == 1 else None
        for rule in words.rules:
            says = [rule, words.owner, words.reason, words.expires.isoformat()]
            # Equal names must mean that nothing more is covered, however the lines are laid out.
            identity = json.dumps([says, sorted(name for _, name in whole), sorted(name for _, name in begun)])
            yield Waiver(
                rule=rule,
                owner=words.owner,
                reason=words.reason,
                expires=words.expires,
                object=ObjectSelector(),
                paths=(),
                target=None,
                location=location,
                scope=Scope(
                    first=place.first,
                    last=place.last,
                    object=ref,
                    identity=blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest(),
                ),
            )

    def _named(self, document: int, path: FieldPath) -> tuple[ObjectRef | None, str]:
        """The object that a place belongs to, and a name for the place that no line or sibling that moves changes."""
        manifest = self._manifest_at(document, path)
        if manifest is not None:
            key = json.dumps(manifest.key)
            return manifest.ref, key + self._stable(manifest.data, path[len(manifest.source.pointer) :])
        data = self._data.get(document)
        kind = [data.get("apiVersion"), data.get("kind")] if isinstance(data, dict) else []
        return None, json.dumps([document, *kind], default=str) + self._stable(data, path)

    def _manifest_at(self, document: int, path: FieldPath) -> Manifest | None:
        for length in range(len(path) + 1):
            manifest = self._manifests.get((document, path[:length]))
            if manifest is not None:
                return manifest
        return None

    def _stable(self, data: Any, path: FieldPath) -> str:
        """A field path by the items' names; one that its name does not tell from the others is named by its content.

        Otherwise a waiver could be moved from one nameless item to the next, and still be the same one.
        """
        value = data
        for depth, step in enumerate(path):
            if isinstance(step, int):
                if not isinstance(value, list) or not 0 <= step < len(value):
                    break
                if not self._is_named(value, step):
                    # The content being the same, the rest of the path says enough as it is.
                    return f"{stable_path(data, path[:depth])}{self._content(value[step])}{path[depth + 1 :]}"
                value = value[step]
            else:
                value = value.get(step) if isinstance(value, dict) else None
        return stable_path(data, path)

    def _is_named(self, items: list[Any], index: int) -> bool:
        """Whether an item has a name, and no other one of the list has it."""
        names = self._names.get(id(items))
        if names is None:
            names = self._names[id(items)] = Counter(stable_path([item], (0,)) for item in items)
        name = stable_path([items[index]], (0,))
        return name != _NAMELESS and names[name] == 1

    def _content(self, item: Any) -> str:
        if id(item) not in self._contents:
            text = json.dumps(item, sort_keys=True, default=str)
            self._contents[id(item)] = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return self._contents[id(item)]


def end_of_text(text: str, node: Node) -> int:
    """Where the text of a value ends, without the comments and blank lines that follow it."""
    while node.kind in (Kind.SEQUENCE, Kind.MAPPING) and not node.flow and node.value:
        last = node.value[-1]
        # A key whose value is empty ends where the key does.
        node = last if isinstance(last, Node) else max(last, key=lambda part: part.end)
    end = node.end
    while end > node.start and text[end - 1].isspace():
        end -= 1
    return end


def _inside(index: int, spans: Sequence[tuple[int, int]], starts: Sequence[int]) -> bool:
    at = bisect_right(starts, index) - 1
    return at >= 0 and index < spans[at][1]


def _children(document: int, path: FieldPath, node: Node) -> Iterator[_Element]:
    if node.kind is Kind.SEQUENCE:
        for index, item in enumerate(node.value):
            yield _Element(document, (*path, index), item.start, item)
    elif node.kind is Kind.MAPPING:
        for key, value in node.value:
            if key.target.kind is Kind.SCALAR:
                yield _Element(document, (*path, str(key.target.value)), key.start, value)


def _outermost(elements: Iterable[_Element]) -> tuple[_Element, ...]:
    """Those that stand in no other one; outer ones come first."""
    kept: dict[tuple[int, FieldPath], _Element] = {}
    for element in elements:
        above = ((element.document, element.path[:length]) for length in range(len(element.path)))
        if not any(place in kept for place in above):
            kept[element.document, element.path] = element
    return tuple(kept.values())


def _first_child(node: Node) -> Node | None:
    if node.flow or node.kind not in (Kind.SEQUENCE, Kind.MAPPING) or not node.value:
        return None
    first = node.value[0]
    return first if isinstance(first, Node) else first[0]


def encode_inline(waiver: Waiver) -> Any:
    """Turn a waiver of a comment into JSON values for the cache."""
    scope, region = waiver.scope, waiver.location.region
    assert scope is not None  # noqa: S101  the caller has waivers of comments only
    assert region is not None  # noqa: S101  the same
    ref = scope.object
    return [
        waiver.rule,
        waiver.owner,
        waiver.reason,
        waiver.expires.isoformat(),
        [region.line, region.column, region.end_line, region.end_column],
        [scope.first, scope.last, scope.identity],
        None if ref is None else [ref.api_version, ref.kind, ref.namespace, ref.name],
    ]


def decode_inline(path: str, value: Any) -> Waiver:
    """The inverse of `encode_inline`, for a waiver in the file at ``path``."""
    rule, owner, reason, expires, region, (first, last, identity), ref = value
    return Waiver(
        rule=rule,
        owner=owner,
        reason=reason,
        expires=date.fromisoformat(expires),
        object=ObjectSelector(),
        paths=(),
        target=None,
        location=Location(path, Region(*region)),
        scope=Scope(first, last, None if ref is None else ObjectRef(*ref), identity),
    )

"""Helm templates as text: which lines hold keys, what their actions refer to, and where a rendered key was written.

The engine is asked, not imitated: every line that holds a key gets a mark in front of the key, the chart is rendered
once more, and the marks that come out say which line each key is from, through loops, conditions and named templates.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, Final

from gategit.manifests.positions import SourceMap
from gategit.model import FieldPath, Region
from gategit.tree import Tree, TreeEntry

_MARK: Final = re.compile(r"zq(?P<file>\d+)x(?P<line>\d+)qz_")
_KEY: Final = re.compile(
    r"""(?P<indent>[ ]*(?:-[ ]+)*)
        (?P<quote>["']?)
        (?P<key>(?:\{\{[^{}]*\}\}|[\w./-])+)
        (?P=quote)
        [ ]*:(?P<value>[ ].*|\{\{.*|)$""",
    re.VERBOSE,
)
_UNMARKED: Final = frozenset({"items"})
"""Keys that whoever reads what comes of a template looks at; Helm looks at annotations of hooks."""

_HOOKS: Final = ("helm.sh/hook", "helm.sh/resource-policy")
_TOP_ONLY: Final = frozenset({"apiVersion", "kind", "metadata"})
"""Those that are looked at in the object itself alone."""

_REFERENCE: Final = re.compile(r"(?<![\w)\]\"])(\$[A-Za-z_]\w*|\$)?((?:\.[A-Za-z_]\w*)+|\.(?![\w(.]))|(\$[A-Za-z_]\w*)")
_STRING: Final = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`')
_TOKEN: Final = re.compile(r'"(?:\\.|[^"\\\n])*"|`[^`]*`|/\*|\}\}')
_REMARK: Final = re.compile(r"\s+#")
_BRACKET: Final = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|[\[\]{}]')
_ALTERNATIVES: Final = 10
_LONGEST_REFERENCE: Final = 40
_LONGEST_FLOW: Final = 20_000
_OPENS: Final = ("if", "with", "range", "define", "block")
_ASSIGNED: Final = re.compile(
    r"(?:\$(?P<first>\w+)\s*(?:,\s*\$(?P<second>\w+)\s*)?(?P<operator>:?=)\s*)?(?P<value>.*)\Z", re.DOTALL
)

EACH: Final = "*"
"""Stands in a reference for every item of a list or mapping."""

Reference = tuple[str, ...]
"""What an action refers to: ``Values``, ``image``, ``tag``; ``EACH`` for what a loop goes through."""

_Scope = tuple[Reference | None, dict[str, tuple[Reference, ...]]]
"""What the dot is, None where that is not known, and what the variables may be."""


@dataclass(frozen=True, slots=True)
class Action:
    """An action of a template.

    Attributes:
        start: where it begins in the template's text.
        end: where it ends.
        line: the line that it begins on, 1-based.
        text: what stands between the braces.
        references: what it refers to, as far as that is known.
    """

    start: int
    end: int
    line: int
    text: str
    references: tuple[Reference, ...]

    @property
    def is_plain(self) -> bool:
        """Whether it prints one value as it is: nothing but the reference, or with quotes or a default."""
        words = [part.strip().split(" ")[0] for part in _STRING.sub('""', self.text).split("|")]
        return len(self.references) > 0 and all(word in _PLAIN for word in words[1:]) and not _is_call(words[0])


_PLAIN: Final = frozenset(
    {"quote", "squote", "default", "toString", "trim", "int", "int64", "toYaml", "nindent", "indent"}
)


def _is_call(word: str) -> bool:
    return bool(word) and word[0] not in ".$" and word not in _PLAIN


class Template:
    """One template.

    Args:
        text: what it holds.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def lines(self) -> Sequence[str]:
        """Its lines."""
        return self.text.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        """Where each line starts."""
        return [0, *accumulate(len(line) + 1 for line in self.lines)]

    def _line_at(self, index: int) -> int:
        return bisect_right(self._starts, index)

    @cached_property
    def _spans(self) -> Sequence[tuple[int, int, bool]]:
        """Where the actions stand, and whether they are comments."""
        return tuple(spans(self.text))

    @cached_property
    def actions(self) -> Sequence[Action]:
        """Its actions in order, each with what it refers to where it stands."""
        found: list[Action] = []
        scopes: list[_Scope] = [((), {})]
        for start, end, is_comment in self._spans:
            if is_comment:
                continue
            text = self.text[start + 2 : end - 2].removeprefix("-").removesuffix("-").strip()
            references = tuple(_references(text, scopes))
            found.append(Action(start, end, self._line_at(start), text, references))
            _enter(text, references, scopes)
        return tuple(found)

    @cached_property
    def _by_line(self) -> Mapping[int, Sequence[Action]]:
        found: dict[int, list[Action]] = {}
        for one in self.actions:
            found.setdefault(one.line, []).append(one)
        return found

    def on_line(self, number: int) -> tuple[Action, ...]:
        """The actions that begin on a line."""
        return tuple(self._by_line.get(number, ()))

    @cached_property
    def keys(self) -> Mapping[int, re.Match[str]]:
        """The lines that hold a key, by number."""
        covered: set[int] = set()
        for start, end, _ in self._spans:
            covered.update(range(self._line_at(start) + 1, self._line_at(end - 1) + 1))
        found: dict[int, re.Match[str]] = {}
        for number, line in enumerate(self.lines, 1):
            match = _KEY.match(line.rstrip("\r")) if number not in covered else None
            if match is not None:
                found[number] = match
        return found

    def marked(self, number: int) -> str:
        """The text with a mark in front of each key.

        Args:
            number: the template's, to be found again in what comes out.
        """
        lines = list(self.lines)
        unmarked = _UNMARKED | ({"annotations"} if _HOOKS[0] in self.text else set())
        for line, match in self.keys.items():
            key, indent = match["key"], match["indent"]
            if key in unmarked or key.startswith(_HOOKS) or (key in _TOP_ONLY and not indent):
                continue
            if key.startswith("{{") and _prints_nothing(key):
                continue
            at = match.start("key")
            lines[line - 1] = f"{lines[line - 1][:at]}zq{number}x{line}qz_{lines[line - 1][at:]}"
        return "\n".join(lines)

    def document(self, number: int) -> range:
        """The lines of the document that a line is in, as ``---`` divides them."""
        marks = [0, *(i for i, line in enumerate(self.lines, 1) if line.startswith("---")), len(self.lines) + 1]
        at = bisect_right(marks, number)
        return range(marks[at - 1], marks[at] if at < len(marks) else marks[-1])

    def block(self, number: int) -> range:
        """The lines that belong to the key of a line: those that are deeper, or hold nothing but actions."""
        match = self.keys.get(number)
        indent = len(match["indent"]) if match is not None else 0
        bare = len(self.lines[number - 1]) - len(self.lines[number - 1].lstrip(" "))
        end = number + 1
        while end <= len(self.lines):
            line = self.lines[end - 1]
            stripped = line.strip()
            here = len(line) - len(line.lstrip(" "))
            is_item = (
                stripped.startswith("- ") and here == bare and not self.lines[number - 1].lstrip().startswith("- ")
            )
            if stripped and not stripped.startswith(("{{", "#")) and here <= indent and not is_item:
                break
            if end in self.keys and here < bare:
                break
            end += 1
        return range(number + 1, end)

    def key_region(self, number: int) -> Region | None:
        """Where the key of a line stands."""
        match = self.keys.get(number)
        return Region(number, match.start("key") + 1, number, match.end("key") + 1) if match is not None else None

    def value(self, number: int) -> str:
        """What follows the key of a line, without a comment."""
        match = self.keys[number]
        text: str = match["value"].strip()
        if text.startswith(('"', "'")):
            end = text.find(text[0], 1)
            return text[: end + 1] if end > 0 and text[end + 1 :].lstrip().startswith("#") else text
        comment = _REMARK.search(text)
        return text[: comment.start()] if comment is not None and "}}" not in text[comment.start() :] else text

    def value_region(self, number: int) -> Region:
        """Where the value stands that follows a key on its line; the key where there is none."""
        match = self.keys[number]
        text = self.value(number)
        if not text:
            return Region(number, match.start("key") + 1, number, match.end("key") + 1)
        start = match.end("value") - len(match["value"].lstrip())
        return Region(number, start + 1, number, start + len(text) + 1)

    def block_region(self, number: int) -> Region:
        """Where a text stands that begins with ``|`` or ``>`` at the end of a line."""
        first = self.lines[number - 1].rstrip()
        own = len(first) - len(first.lstrip(" "))
        last = number
        for following in range(number + 1, len(self.lines) + 1):
            line = self.lines[following - 1]
            if line.strip():
                if len(line) - len(line.lstrip(" ")) <= own and not line.lstrip().startswith("{{"):
                    break
                last = following
        start = max(first.rfind("|"), first.rfind(">"), 0)
        return Region(number, start + 1, last, len(self.lines[last - 1].rstrip()) + 1)

    def flow_region(self, number: int, path: FieldPath) -> Region | None:
        """Where a part of a value stands that is written in brackets; None where that holds actions."""
        match = self.keys[number]
        start = self._starts[number - 1] + match.end("value") - len(match["value"].lstrip())
        end = _closed(self.text, start)
        text = self.text[start:end]
        if "{{" in text:
            return None
        region = SourceMap(text.encode("utf-8", "surrogatepass"), "it.yaml").region(0, path)
        shift = start - self._starts[number - 1]
        return Region(
            number + region.line - 1,
            region.column + (shift if region.line == 1 else 0),
            number + region.end_line - 1,
            region.end_column + (shift if region.end_line == 1 else 0),
        )


def _closed(text: str, start: int) -> int:
    """Where the bracket is closed that stands at a place."""
    depth = 0
    for found in _BRACKET.finditer(text, start, start + _LONGEST_FLOW):
        if found[0] in {"[", "{"}:
            depth += 1
        elif found[0] in {"]", "}"}:
            depth -= 1
            if depth == 0:
                return found.end()
    return start


def spans(text: str) -> Iterator[tuple[int, int, bool]]:
    """Where the actions of a text start and end, and whether they are comments; in one pass, whatever the text."""
    position = 0
    while (start := text.find("{{", position)) >= 0:
        head = start + 2 + (text[start + 2 : start + 4] in {"- ", "-\n", "-\t"})
        inner = len(text[head : head + 100]) - len(text[head : head + 100].lstrip())
        is_comment = text.startswith("/*", head + inner)
        end = text.find("*/", head + inner + 2) if is_comment else head
        end = text.find("}}", end) if is_comment and end >= 0 else _end(text, end)
        if end < 0:
            return
        yield start, end + 2, is_comment
        position = end + 2


def _end(text: str, position: int) -> int:
    """Where the braces stand that end an action; those in a string do not."""
    while position >= 0 and (token := _TOKEN.search(text, position)) is not None:
        if token[0] == "}}":
            return token.start()
        position = token.end()
    return -1


def _prints_nothing(key: str) -> bool:
    text = key[2 : key.index("}}")].strip("- ")
    return text.split(" ")[0] in {*_OPENS, "else", "end"} or "nindent" in text


def _references(text: str, scopes: list[_Scope]) -> Iterator[Reference]:
    """What an action refers to, each from the chart's root on."""
    bare = _STRING.sub(lambda one: " " * len(one[0]), text)
    found = _ASSIGNED.match(bare.removeprefix("range ").strip() if bare.startswith("range ") else bare)
    bare = found["value"] if found is not None else bare
    for one in _REFERENCE.finditer(bare):
        variable, steps = one[1] or one[3], one[2] or ""
        names = tuple(step for step in steps.split(".") if step)
        if variable == "$":
            starts: Sequence[Reference] = ((),)
        elif variable:
            starts = next((known[variable[1:]] for _, known in reversed(scopes) if variable[1:] in known), ())
        elif names[:1] in {("Values",), ("Chart",), ("Release",)}:
            starts = ((),)
        else:
            dot = scopes[-1][0]
            starts = () if dot is None else (dot,)
        yield from ((*start, *names) for start in starts if len(start) + len(names) <= _LONGEST_REFERENCE)


def _enter(text: str, references: tuple[Reference, ...], scopes: list[_Scope]) -> None:
    """What an action does to the dot and the variables of what follows."""
    word = text.split(None, 1)[0] if text.split() else ""
    outer = scopes[-1][0]
    single = references[0] if references else None
    names = _ASSIGNED.match(text.removeprefix(word).strip() if word in _OPENS else text)
    if word in {"define", "block"}:
        scopes.append((None, {}))
    elif word == "range":
        item = (*single, EACH) if single is not None else None
        name = names and (names["second"] or names["first"])
        scopes.append((item, {name: (item,) if item is not None else ()} if name else {}))
    elif word in {"with", "if"}:
        name = names and names["first"]
        scopes.append((single if word == "with" else outer, {name: references[:1]} if name else {}))
    elif word == "else":
        # What follows a with or a range that does not apply stands as if it were outside of it.
        if len(scopes) > 1:
            dot = single if text.split()[1:2] == ["with"] else scopes[-2][0]
            scopes[-1] = (dot, scopes[-1][1])
    elif word == "end":
        if len(scopes) > 1:
            scopes.pop()
    elif names is not None and names["first"] and not names["second"]:
        _assign(names["first"], references[:1], scopes, again=names["operator"] == "=")


def _assign(name: str, references: tuple[Reference, ...], scopes: list[_Scope], *, again: bool) -> None:
    """Note what a variable is; one that gets another value may be either, for nobody knows which lines applied."""
    known = next((variables for _, variables in reversed(scopes) if name in variables), None) if again else None
    if known is None:
        scopes[-1][1][name] = references
    elif len(known[name]) < _ALTERNATIVES:
        known[name] = tuple(dict.fromkeys((*known[name], *references)))


class MarkedTree:
    """A tree with other content in some of its files.

    Args:
        tree: the tree.
        changed: what stands in those files.
    """

    def __init__(self, tree: Tree, changed: Mapping[str, bytes]) -> None:
        self._tree = tree
        self._changed = changed
        self.name = tree.name

    @cached_property
    def _entries(self) -> Mapping[str, TreeEntry]:
        entries = dict(self._tree.entries())
        for path, content in self._changed.items():
            entries[path] = replace(entries[path], blob_id="", size=len(content))
        return entries

    def entries(self) -> Mapping[str, TreeEntry]:
        """Every path with its entry."""
        return self._entries

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            KeyError: no such path in this tree.
        """
        return self._changed[path] if path in self._changed else self._tree.read(path)


def bare(value: Any) -> Any:
    """What came out, without the marks."""
    if isinstance(value, dict):
        return {_bare_key(key): bare(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [bare(inner) for inner in value]
    return _MARK.sub("", value) if isinstance(value, str) else value


def _bare_key(key: Any) -> Any:
    if not isinstance(key, str) or not _MARK.match(key):
        return key
    text = _MARK.sub("", key)
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


@dataclass(frozen=True, slots=True)
class Written:
    """The line of a template that wrote a key.

    Attributes:
        file: the number of the template.
        line: the line.
        rest: the steps from that key to the field; () where it is the field's own.
    """

    file: int
    line: int
    rest: FieldPath


def lines_of(data: Any, number: int) -> Iterator[int]:
    """The lines of a template that wrote keys of an object."""
    waiting = [data]
    while waiting:
        one = waiting.pop()
        for key in one if isinstance(one, dict) else ():
            mark = _MARK.match(key) if isinstance(key, str) else None
            if mark is not None and int(mark["file"]) == number:
                yield int(mark["line"])
        waiting.extend(one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())


def written(data: Any, path: FieldPath) -> Written | None:
    """The innermost marked key on the way to a field of what came out."""
    found: Written | None = None
    for depth, step in enumerate(path):
        if isinstance(data, dict):
            key = next((each for each in data if _bare_key(each) == step), None)
            if key is None:
                break
            mark = _MARK.match(key) if isinstance(key, str) else None
            if mark is not None:
                found = Written(int(mark["file"]), int(mark["line"]), path[depth + 1 :])
            data = data[key]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            break
    return found

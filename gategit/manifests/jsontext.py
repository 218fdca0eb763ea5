"""JSON read into the same nodes as YAML, for the places in a ``.json`` file."""

from __future__ import annotations

import re
from typing import Final

from gategit.manifests.nodes import Composed, Fault, Kind, Node, too_deep, too_many

_TOKEN = re.compile(
    r"[ \t\r\n]*(?:"
    r'(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")'
    r"|(?P<word>[-+]?[0-9][-+0-9.eE]*|true|false|null)"
    r"|(?P<mark>[\[\]{}:,])"
    r"|(?P<end>\Z))",
    re.DOTALL,
)
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}


def _unescape(quoted: str) -> str:
    inner = quoted[1:-1]
    if "\\" not in inner:
        return inner
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPES[found[2]], inner)
    return whole_text(text)


def whole_text(text: str) -> str:
    """Join surrogate pairs, and replace a lone half by U+FFFD as Go's JSON reader does."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def compose_json(text: str, *, depth: int, nodes: int) -> Composed:  # noqa: C901, PLR0912  one token loop, best read in one piece
    """Compose every JSON value of a text (kubectl takes several, one after the other).

    It places what the JSON reader accepts: commas and colons are skipped over, not judged.
    """
    documents: list[Node] = []
    stack: list[Node] = []
    keys: list[Node | None] = []
    position = 0
    count = 0
    while True:
        found = _TOKEN.match(text, position)
        if found is None:
            return Composed(tuple(documents), Fault("not valid JSON", skip_space(text, position)))
        position = found.end()
        group = found.lastgroup
        if group == "end":
            fault = Fault("a bracket is never closed", stack[-1].start) if stack else None
            return Composed(tuple(documents), fault)
        start = found.start(group or 0)
        mark = found["mark"]
        if mark in (",", ":"):
            continue
        if mark in ("]", "}"):
            if not stack:
                return Composed(tuple(documents), Fault("a bracket closes nothing", start))
            stack[-1].end = position
            closed = stack.pop()
            keys.pop()
            if not stack:
                documents.append(closed)
            continue
        count += 1
        if (mark and len(stack) >= depth) or count > nodes:
            what = too_deep(depth) if count <= nodes else too_many(nodes)
            return Composed(tuple(documents), Fault(what, start, limit=True))
        if mark:
            node = Node(Kind.SEQUENCE if mark == "[" else Kind.MAPPING, [], None, start, position)
            node.flow = True
        else:
            string = found["string"]
            node = Node(Kind.SCALAR, _unescape(string) if string else found["word"], None, start, position)
            node.plain = not string
        if stack:
            parent = stack[-1]
            waiting = keys[-1]
            if parent.kind is Kind.SEQUENCE:
                parent.value.append(node)
            elif waiting is None:
                keys[-1] = node
            else:
                parent.value.append((waiting, node))
                keys[-1] = None
        if mark:
            stack.append(node)
            keys.append(None)
        elif not stack:
            documents.append(node)


def skip_space(text: str, position: int) -> int:
    """The index of the next character that is not JSON's white space."""
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position

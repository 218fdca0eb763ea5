"""What is wrong with a broken text, in plain words: what stands there, what was expected, how to mend it.

libyaml names the state of its scanner ("mapping values are not allowed in this context"). The usual causes of each
such state are few; which one it is can be seen from the line itself and the lines above it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gategit.manifests.decode import Problem
from gategit.manifests.nodes import Fault
from gategit.manifests.secrecy import declares_secret
from gategit.manifests.text import Lines
from gategit.model import Region

_KEY = re.compile(r"(?P<indent> *(?:- +)*)(?P<key>\"[^\"]*\"|'[^']*'|[^\s#'\"\[\]{}&*!|>%@`,][^#]*?)\s*:(?=\s|\Z)")
_TIGHT_COLON = re.compile(r"\s*(?:- +)*[\"']?[\w./-]+[\"']?:(?=[^\s/])")
_SHOWN: Final = 60
_INDENT_HINT: Final = "align it with the lines that it belongs to; indent with spaces only"
_QUOTE_HINT: Final = 'put the whole value in quotes: "…"'


@dataclass(frozen=True, slots=True)
class _Said:
    message: str
    help: str
    region: Region | None = None


class _Scene:
    """A fault and the lines around it."""

    def __init__(self, fault: Fault, lines: Lines, start: int, end: int) -> None:
        self.fault = fault
        self.lines = lines
        self.end = end
        self.first_line = lines.position(start)[0]
        self.line, self.column = lines.position(min(fault.index, end))
        self.text = lines.line(self.line)
        self.before = self.text[: self.column - 1]
        self.here = self.text[self.column - 1 :]
        context = fault.context_index
        self.context_line, self.context_column = lines.position(context) if context is not None else (0, 0)
        self.opened = lines.text[context : context + 2] if context is not None else ""

    @property
    def at_end(self) -> bool:
        """Whether the fault is that the document is over."""
        return not self.lines.text[self.fault.index : self.end].strip()

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip(" "))

    def above(self) -> tuple[int, str]:
        """The nearest line above that says something, with its number; (0, "") where there is none."""
        for number in range(self.line - 1, max(self.first_line, self.line - 200) - 1, -1):
            text = self.lines.line(number)
            if text.strip() and not text.lstrip().startswith("#"):
                return number, text
        return 0, ""

    def whole_line(self) -> Region:
        """The fault's line without its indentation."""
        return self.lines.rest_of_line(self.lines.line_start(self.line) + self.indent)


def explain(fault: Fault, lines: Lines, start: int, end: int) -> Problem:
    """Say what a YAML fault means to the person who wrote the text between two indices."""
    scene = _Scene(fault, lines, start, end)
    region = lines.rest_of_line(min(fault.index, max(start, end - 1)))
    if fault.limit:
        hint = "no Kubernetes object is this deep or large: flatten it, or split the file"
        return Problem("yaml-limit", fault.problem, hint, region, fault.problem)
    said = _template(scene) or _say(scene)
    if declares_secret(lines.text[start:end]):
        # What stands at the fault may be a value, and so may any word of what is said of it.
        said = _Said(
            "this cannot be read; what stands here is not shown, since the document says that it is a Secret",
            "look at the quotes, brackets and indentation around this place",
            said.region,
        )
    subject = f"{fault.problem}: {scene.text.strip()[:100]}"
    return Problem("yaml-syntax", said.message, said.help, said.region or region, subject)


def explain_json(reason: str, position: int, lines: Lines) -> Problem:
    """Say what is wrong with a JSON text."""
    text = lines.text
    rest = text[position:].lstrip()
    hint = "mend it at this place; JSON knows no comments, and every key and text is in double quotes"
    words = reason[:1].lower() + reason[1:] if reason[1:2].islower() and not reason.startswith("NaN") else reason
    if rest.startswith(("//", "/*", "#")):
        message, hint = "JSON knows no comments", "remove the comment"
    elif (comma := _trailing_comma(text, position)) is not None:
        region = lines.region(comma, comma + 1)
        message = f"a comma stands before the closing {text[comma + 1 :].lstrip()[:1]}"
        return Problem("yaml-syntax", message, "remove the comma", region, "trailing comma")
    elif reason.startswith("Expecting ',' delimiter") and not rest:
        message, hint = "the file ends before every bracket is closed", "add the missing } or ]"
    else:
        message = f"not valid JSON: {words}"
    return Problem("yaml-syntax", message, hint, lines.rest_of_line(position), reason)


def _trailing_comma(text: str, position: int) -> int | None:
    """The index of a comma before a closing bracket; Python 3.13 points at it, older versions at the bracket."""
    comma = position if text[position : position + 1] == "," else len(text[:position].rstrip()) - 1
    if comma >= 0 and text[comma] == "," and text[comma + 1 :].lstrip()[:1] in {"}", "]"}:
        return comma
    return None


def _shorten(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _template(scene: _Scene) -> _Said | None:
    found = re.search(r"\{\{|\{%", scene.text)
    if found is None:
        return None
    ahead = scene.text[: found.start()]
    if ahead.count('"') % 2 or ahead.count("'") % 2 or "#" in ahead:
        return None
    return _Said(
        f"a template expression stands here without quotes: {_shorten(scene.text[found.start() :])}",
        'put the whole value in quotes: "{{ … }}"; a file that a tool fills in first must not be applied as it is',
        scene.lines.rest_of_line(scene.lines.line_start(scene.line) + found.start()),
    )


def _say(scene: _Scene) -> _Said:
    problem = scene.fault.problem
    for beginning, teller in _TELLERS:
        if problem.startswith(beginning):
            return teller(scene)
    return _Said(f"not valid YAML: {problem}", "mend the text at this place")


def _second_colon(scene: _Scene) -> _Said:
    inner = _KEY.match(scene.before)
    if inner is not None:
        key = inner["key"].strip("\"'")
        return _Said(f'the value of "{_shorten(key)}" holds a second ": " on the same line', _QUOTE_HINT)
    number, above = scene.above()
    outer = _KEY.match(above)
    key = scene.before.strip().removeprefix("- ").strip()
    if outer is not None and above[outer.end() :].strip() and scene.indent > len(above) - len(above.lstrip(" ")):
        owner = _shorten(outer["key"].strip("\"'"))
        return _Said(
            f'"{_shorten(key)}" is indented deeper than "{owner}" in line {number}, which already has a value',
            f'align it with "{owner}", or remove the value there; a text of several lines needs | or quotes',
            scene.whole_line(),
        )
    if number and outer is None:
        return _bad_line_above(scene, number, above)
    return _Said(f'the key "{_shorten(key)}" is not expected here', _INDENT_HINT, scene.whole_line())


def _bad_line_above(scene: _Scene, number: int, above: str) -> _Said:
    region = scene.lines.rest_of_line(scene.lines.line_start(number))
    if re.match(r"\S{0,2}-{2,}\s*\Z", above):
        return _Said(f"a document begins with a line ---, this one reads {_shorten(above)}", "write ---", region)
    if _TIGHT_COLON.match(above):
        return _Said("a space is missing after the colon", 'write "key: value", with a space', region)
    return _Said(
        f"the line above has no colon, so this one reads as its continuation: {_shorten(above)}",
        "put a colon and a space after the key in that line, or quote the text",
        scene.whole_line(),
    )


def _after_value(scene: _Scene) -> _Said | None:
    """Text that follows a closed quote or bracket on the same line."""
    ahead = scene.before.rstrip()
    if not ahead:
        return None
    if not _KEY.match(ahead) and not ahead.lstrip().startswith(("-", '"', "'", "[", "{")):
        return None
    if ahead.endswith(('"', "'")):
        return _Said(
            f"text follows the closing quote: {_shorten(scene.here)}",
            "put the quotes around the whole value; inside single quotes a single quote is doubled ('')",
        )
    if ahead.endswith(("}", "]")):
        return _Said(f"text follows the closing bracket: {_shorten(scene.here)}", _QUOTE_HINT)
    return None


def _mapping_key(scene: _Scene) -> _Said:  # noqa: PLR0911  one return for each cause
    after = _after_value(scene)
    if after is not None:
        return after
    wanted = scene.context_column - 1
    begun = f"the mapping that begins in line {scene.context_line}"
    if scene.here.startswith(("}", "]")):
        return _Said(f"{scene.here[0]} closes a bracket that was never opened", "remove it, or add the opening one")
    if scene.here.startswith(":"):
        return _Said("a colon without a key before it", "write the key before the colon, or quote the text")
    if scene.at_end:
        return _Said(f"{begun} does not end properly", "look at its last lines: a key, a colon or a quote is missing")
    if scene.here.startswith("- ") and scene.indent >= wanted:
        other = _item_above(scene)
        if other is not None:
            return _Said(
                f"this list item is indented by {_spaces(scene.indent)}, the one in line {other[0]} by {other[1]}",
                "indent every item of one list alike",
                scene.whole_line(),
            )
        return _Said(
            f"a list item stands among the keys of {begun}",
            "indent it below the key whose list it belongs to, or remove the dash",
            scene.whole_line(),
        )
    if not scene.before.strip() and scene.indent != wanted:
        return _Said(
            f"this line is indented by {_spaces(scene.indent)}, the keys of {begun} by {wanted}",
            _INDENT_HINT,
            scene.whole_line(),
        )
    return _Said(f"a key is expected here, as in {begun}: {_shorten(scene.here)}", _INDENT_HINT)


def _item_above(scene: _Scene) -> tuple[int, int] | None:
    """The line and indentation of the list item before this one, where only their indentation differs."""
    for number in range(scene.line - 1, max(scene.context_line, scene.line - 200) - 1, -1):
        text = scene.lines.line(number)
        indent = len(text) - len(text.lstrip(" "))
        if text[indent:].startswith("- ") and indent > scene.context_column - 1:
            return (number, indent) if indent != scene.indent else None
        if text.strip() and not text.lstrip().startswith("#") and indent <= scene.context_column - 1:
            return None
    return None


def _spaces(count: int) -> str:
    return f"{count} space" if count == 1 else f"{count} spaces"


def _list_item(scene: _Scene) -> _Said:
    after = _after_value(scene)
    if after is not None:
        return after
    begun = f"the list that begins in line {scene.context_line}"
    wanted = scene.context_column - 1
    if scene.indent == wanted and not scene.before.strip():
        return _Said(
            f"this line stands among the items of {begun}, but does not begin with a dash",
            'begin it with "- ", or indent it: deeper to be part of the item above, less to follow the list',
            scene.whole_line(),
        )
    return _Said(
        f"this line is indented by {_spaces(scene.indent)}, the items of {begun} by {wanted}",
        _INDENT_HINT,
        scene.whole_line(),
    )


def _no_colon(scene: _Scene) -> _Said:
    line = scene.context_line or scene.line
    text = scene.lines.line(line)
    region = scene.lines.rest_of_line(scene.fault.context_index or scene.fault.index)
    if _TIGHT_COLON.match(text):
        return _Said("a space is missing after the colon", 'write "key: value", with a space', region)
    if re.match(r"\s*(?:- +)*[\"'].*[\"']\s*\Z", text) is None and text.lstrip()[:1] in {'"', "'"}:
        return _Said("a quote is opened here and not closed on this line", "close it, or write the text with |", region)
    return _Said(
        f"this line is no key, since no colon follows: {_shorten(text)}",
        'write "key: value"; a line that belongs to the text above must be indented deeper than its key',
        region,
    )


def _bad_start(scene: _Scene) -> _Said:
    sign = scene.here[:1]
    if sign == "\t":
        return _tab(scene)
    if sign == "%":
        return _Said("a value cannot begin with %", _QUOTE_HINT)
    return _Said(f"a value cannot begin with {sign}", _QUOTE_HINT)


def _tab(scene: _Scene) -> _Said:
    tab = scene.text.find("\t")
    region = None
    if tab >= 0:
        start = scene.lines.line_start(scene.line) + tab
        region = scene.lines.region(start, start + len(scene.text[tab:]) - len(scene.text[tab:].lstrip("\t")))
    return _Said("a tab is used to indent this line; YAML allows spaces only", "replace the tab by spaces", region)


def _open_quote(scene: _Scene) -> _Said:
    quote = scene.opened[:1]
    region = scene.lines.rest_of_line(scene.fault.context_index or scene.fault.index)
    if quote not in {'"', "'"}:
        return _Said("the document ends in the middle of a value", "complete the value", region)
    name = "double" if quote == '"' else "single"
    ends = "the end of the file" if scene.at_end else f"the end of the document in line {scene.line}"
    return _Said(
        f"the {name} quote that is opened here is not closed before {ends}",
        f"close it with {quote}; inside single quotes a single quote is doubled ('')",
        region,
    )


def _open_bracket(scene: _Scene) -> _Said:
    bracket = scene.opened[:1]
    closing = "]" if bracket == "[" else "}"
    opened = f"the {bracket} opened in line {scene.context_line}"
    _, above = scene.above()
    looks_over = scene.at_end or (
        scene.line > scene.context_line and _KEY.match(scene.text) is not None and not above.rstrip().endswith(",")
    )
    if looks_over:
        return _Said(
            f"{opened}, column {scene.context_column}, is never closed",
            f"add the closing {closing}; text that begins with {bracket} needs quotes",
            scene.lines.rest_of_line(scene.fault.context_index or scene.fault.index),
        )
    return _Said(
        f'a comma or the closing {closing} of {opened} is expected before "{_shorten(scene.here)}"',
        f"add it; text that begins with {bracket} or holds a comma needs quotes",
    )


def _alias(scene: _Scene) -> _Said:
    name = scene.fault.problem.rpartition(" ")[2]
    if "inside its own anchor" in scene.fault.problem:
        return _Said(f"*{name} stands inside the value that it repeats", "write the value out")
    return _Said(
        f"*{name} repeats the value marked &{name}, and there is none above it in this document",
        f'mark the value with &{name} first; text that begins with * needs quotes: "*{name}"',
        scene.lines.region(scene.fault.index, scene.fault.index + len(name) + 1),
    )


def _bad_name(scene: _Scene) -> _Said:
    sign = scene.opened[:1]
    region = scene.lines.rest_of_line(scene.fault.context_index or scene.fault.index)
    what = "marks a value to repeat" if sign == "&" else "repeats a marked value"
    if sign not in {"&", "*"}:
        return _Said("not valid YAML: a name is expected here", "mend the text at this place", region)
    return _Said(f"a value that begins with {sign} {what}, and a name must follow", _QUOTE_HINT, region)


def _escape(scene: _Scene) -> _Said:
    index = scene.fault.index
    shown = scene.lines.text[index : index + 2]
    return _Said(
        f"{_shorten(shown)} is no escape sequence; in double quotes a backslash begins one",
        "use single quotes, or double the backslash: \\\\",
        scene.lines.region(index, index + 2),
    )


def _inline_list(scene: _Scene) -> _Said:
    if _KEY.match(scene.before):
        return _Said(
            'a list item ("- ") stands on the line of its key',
            "begin the list on the next line, or quote the value if the dash is part of the text",
        )
    return _Said('a list item ("- ") is not expected here', _INDENT_HINT, scene.whole_line())


def _trailing(scene: _Scene) -> _Said:
    return _Said(
        f"text follows the end of the document: {_shorten(scene.here or scene.text)}",
        "remove it, indent it as part of the document, or begin a new document with a line ---",
    )


def _block_header(scene: _Scene) -> _Said:
    return _Said(
        f"nothing but a comment may follow | or > on its line: {_shorten(scene.here)}",
        "begin the text on the next line, indented; a value that begins with | or > needs quotes",
    )


def _zero_indent(_scene: _Scene) -> _Said:
    return _Said("the indentation after | or > is a number from 1 to 9", "remove the 0")


def _directive(scene: _Scene) -> _Said:
    message = f"a line that begins with % is a directive to YAML: {_shorten(scene.text)}"
    return _Said(
        message, "indent the line if it is part of a text; quote a value that begins with %", scene.whole_line()
    )


def _control(scene: _Scene) -> _Said:
    sign = scene.lines.text[scene.fault.index : scene.fault.index + 1]
    code = f"U+{ord(sign):04X}" if sign else "one"
    return _Said(
        f"a control character ({code}) stands here, which no editor shows",
        "delete it; in double quotes it can be written as an escape sequence such as \\u001b",
        scene.lines.region(scene.fault.index, scene.fault.index + 1),
    )


def _no_content(scene: _Scene) -> _Said:
    if scene.at_end:
        return _Said("the document ends where a value is expected", "add the value, or close the bracket")
    sign = scene.here[:1]
    return _Said(
        f"a value is expected before {_shorten(scene.here)}",
        "write the value, or remove the comma before it"
        if sign in {",", "]", "}"}
        else "quote the text if it is meant as one value",
    )


def _flow_colon(_scene: _Scene) -> _Said:
    return _Said("a colon stands inside an unquoted value in brackets", _QUOTE_HINT)


def _tag(scene: _Scene) -> _Said:
    region = scene.lines.rest_of_line(scene.fault.context_index or scene.fault.index)
    return _Said("a value that begins with ! is a YAML tag, and this one is not complete", _QUOTE_HINT, region)


def _unicode(_scene: _Scene) -> _Said:
    return _Said("the escape sequence names no character", "write the character itself, or a valid \\u or \\U sequence")


_TELLERS: Final[tuple[tuple[str, Callable[[_Scene], _Said]], ...]] = (
    ("mapping values are not allowed", _second_colon),
    ("did not find expected key", _mapping_key),
    ("did not find expected '-' indicator", _list_item),
    ("could not find expected ':'", _no_colon),
    ("found character that cannot start any token", _bad_start),
    ("found a tab character", _tab),
    ("found unexpected end of stream", _open_quote),
    ("found unexpected document indicator", _open_quote),
    ("did not find expected ',' or", _open_bracket),
    ("found undefined alias", _alias),
    ("found alias inside its own anchor", _alias),
    ("did not find expected alphabetic or numeric character", _bad_name),
    ("found unknown escape character", _escape),
    ("block sequence entries are not allowed", _inline_list),
    ("did not find expected <document start>", _trailing),
    ("did not find expected comment or line break", _block_header),
    ("found an indentation indicator equal to 0", _zero_indent),
    ("could not find expected directive name", _directive),
    ("found unknown directive name", _directive),
    ("control characters are not allowed", _control),
    ("special characters are not allowed", _control),
    ("did not find expected node content", _no_content),
    ("found unexpected ':'", _flow_colon),
    ("found undefined tag handle", _tag),
    ("did not find expected tag URI", _tag),
    ("did not find expected '!'", _tag),
    ("did not find expected whitespace", _tag),
    ("did not find the expected '>'", _tag),
    ("found invalid Unicode character escape code", _unicode),
    ("did not find expected hexdecimal number", _unicode),
)

"""Go's ``text/template``, as far as ApplicationSets use it; what is not understood is refused, never guessed.

Templates are read as Go reads them (``text/template/parse``) and evaluated on plain data. Numbers of the data are
``float``, as Go's decoder of JSON makes them; numbers of the template are ``int``. ``define``, ``template``, ``block``,
``break``, ``continue``, complex numbers and methods are not understood.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, Final

MAX_TEXT: Final = 1 << 20
"""How many characters may come of a template, or of any step on the way."""

MAX_STEPS: Final = 100_000
_PER_STEP: Final = 50
"""How many characters of a text count as much as a step."""

_MAX_DEPTH: Final = 40
_MAX_BITS: Final = 1000


class Missing(Enum):
    """What a key that a map has not stands for: Go's invalid value."""

    VALUE = "<no value>"


class TemplateError(ValueError):
    """A template that Go refuses; the message is the end of a sentence."""


class NotUnderstoodError(ValueError):
    """A template of which this module does not know what Go makes of it; the message says what it is."""


Function = Callable[..., Any]

_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<text>"(?:[^"\\\n]|\\.)*")
    | (?P<raw>`[^`]*`)
    | (?P<number>[+-]?\.?\d[\w.]*)
    | (?P<field>\.[^\W\d]\w*)
    | (?P<variable>\$\w*)
    | (?P<word>[^\W\d]\w*)
    | (?P<sign>:=|[().|=,])
    """,
    re.VERBOSE,
)
_LITERALS: Final = frozenset({"text", "raw", "number"})
_WORDS_OF_BLOCKS: Final = frozenset({"define", "template", "block", "break", "continue"})


@dataclass(frozen=True, slots=True)
class _Node:
    """A part of a template.

    Attributes:
        kind: what it is.
        value: a text, a name, or a literal.
        parts: what it is made of.
        other: what stands behind ``else``.
        names: the variables that it declares or sets.
    """

    kind: str
    value: Any = None
    parts: tuple[_Node, ...] = ()
    other: tuple[_Node, ...] = ()
    names: tuple[str, ...] = ()


def render(
    template: str,
    data: Mapping[str, Any],
    functions: Mapping[str, Function],
    *,
    strict: bool = False,
    others: Collection[str] | None = None,
) -> str:
    """What comes of a template.

    Args:
        template: the text.
        data: plain data, its numbers as ``numbers_as_go`` makes them.
        functions: what it may call besides Go's own.
        strict: whether a key that is not there is an error (``missingkey=error``).
        others: the functions that there are besides, of which nobody here knows what comes; None where any may be.

    Raises:
        TemplateError: Go refuses it.
        NotUnderstoodError: nobody here knows what Go would make of it.
    """
    if "{{" not in template:
        return template
    nodes = _parse(template)
    run = _Run({**_BUILT_IN, **functions}, strict=strict, others=others)
    run.scopes = [{"$": data}]
    run.many(nodes, data)
    return "".join(run.out)


def numbers_as_go(value: Any) -> Any:
    """Plain data with each number as ``float``, as Go decodes JSON."""
    if isinstance(value, Mapping):
        return {key: numbers_as_go(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [numbers_as_go(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if value.bit_length() < _MAX_BITS else (math.inf if value > 0 else -math.inf)
    return value


def _parse(template: str) -> list[_Node]:
    return _Parser(_split(template)).whole()


def _split(template: str) -> list[tuple[bool, str]]:
    """The texts, and the actions between ``{{`` and ``}}``, with what ``-`` trims trimmed."""
    parts: list[tuple[bool, str]] = []
    position, trim = 0, False
    while True:
        start = template.find("{{", position)
        text = template[position : start if start >= 0 else len(template)]
        text = text.lstrip(" \t\r\n") if trim else text
        if start < 0:
            parts.append((False, text))
            return parts
        inner = start + 2
        if re.match(r"-[ \t\r\n]", template[inner:]):
            text, inner = text.rstrip(" \t\r\n"), inner + 2
        parts.append((False, text))
        end = _end_of_action(template, inner)
        action = template[inner:end]
        trim = bool(re.search(r"[ \t\r\n]-\Z", action))
        parts.append((True, action[:-2] if trim else action))
        position = end + 2


def _end_of_action(template: str, start: int) -> int:
    comment = re.compile(r"\s*/\*.*?\*/\s*(?=-?\}\})", re.DOTALL).match(template, start)
    position = comment.end() if comment else start
    while position < len(template):
        if template.startswith("}}", position):
            return position
        sign = template[position]
        if sign in "\"`'":
            text = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`|\'(?:[^\'\\\n]|\\.)*\'').match(template, position)
            if text is None:
                raise TemplateError("a text in it has no end")
            position = text.end()
        else:
            position += 1
    raise TemplateError("a {{ in it has no }}")


class _Parser:
    """Reads the parts of one template."""

    def __init__(self, parts: list[tuple[bool, str]]) -> None:
        self._parts = parts
        self._at = 0
        self._tokens: list[tuple[str, str]] = []
        self._depth = 0

    def whole(self) -> list[_Node]:
        nodes, end = self._block()
        if end:
            raise TemplateError(f"it has an {end} that ends nothing")
        return nodes

    def _block(self) -> tuple[list[_Node], str]:
        """The parts up to ``end`` or ``else``, and which of them it is; what follows ``else`` is still to be read."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise NotUnderstoodError("blocks deeper than gategit follows")
        nodes: list[_Node] = []
        while self._at < len(self._parts):
            is_action, text = self._parts[self._at]
            self._at += 1
            if not is_action:
                nodes.append(_Node("text", text))
                continue
            self._tokens = _tokens(text)
            word = self._peek()
            if word in {"end", "else"}:
                self._next()
                self._depth -= 1
                return nodes, word
            if word in _WORDS_OF_BLOCKS:
                raise NotUnderstoodError(word)
            if word in {"if", "with", "range"}:
                self._next()
                nodes.append(self._control(word))
            elif not _is_comment(text):
                nodes.append(self._pipeline())
                self._done()
        self._depth -= 1
        return nodes, ""

    def _control(self, word: str) -> _Node:
        condition = self._pipeline(several=word == "range")
        self._done()
        body, end = self._block()
        other: list[_Node] = []
        if end == "else":
            if self._peek() in {"if", "with"}:
                other = [self._control(self._next()[1])]
                return _Node(word, condition, tuple(body), tuple(other), condition.names)
            self._done()
            other, end = self._block()
        if end != "end":
            raise TemplateError(f"an {word} in it has no end")
        return _Node(word, condition, tuple(body), tuple(other), condition.names)

    def _pipeline(self, *, several: bool = False) -> _Node:
        names: list[str] = []
        kind = "pipeline"
        if self._peek_kind() == "variable":
            saved = list(self._tokens)
            names = [self._next()[1]]
            if several and self._peek() == ",":
                self._next()
                names.append(self._next()[1])
            if self._peek() in {":=", "="}:
                kind = "declare" if self._next()[1] == ":=" else "set"
            else:
                self._tokens, names = saved, []
        commands = [self._command()]
        while self._peek() == "|":
            self._next()
            commands.append(self._command())
        return _Node(kind, None, tuple(commands), (), tuple(names))

    def _command(self) -> _Node:
        operands = []
        while self._tokens and self._peek() not in {"|", ")"}:
            if self._peek_kind() == "space":
                self._tokens.pop(0)
                continue
            operands.append(self._operand())
            if self._tokens and self._tokens[0][0] != "space" and self._peek() not in {"|", ")"}:
                raise TemplateError(f'"{self._peek()}" follows in it without a space before')
        if not operands:
            raise NotUnderstoodError("a pipeline with an empty step")
        return _Node("command", None, tuple(operands))

    def _operand(self) -> _Node:
        kind, text = self._next()
        if kind in _LITERALS or text in {"true", "false", "nil"}:
            return _Node("literal", _literal(kind, text))
        if kind == "word":
            return _Node("function", text)
        node = self._chain(kind, text)
        while node.kind != "dot" and self._tokens and self._tokens[0][0] == "field":
            node = _Node("field", self._next()[1][1:], (node,))
        return node

    def _chain(self, kind: str, text: str) -> _Node:
        """What a field may follow."""
        if text == ".":
            return _Node("dot")
        if kind == "field":
            return _Node("field", text[1:], (_Node("dot"),))
        if kind == "variable":
            return _Node("variable", text)
        if text != "(":
            raise TemplateError(f'"{text}" stands in it where a value is wanted')
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise NotUnderstoodError("brackets deeper than gategit follows")
        node = self._pipeline()
        if self._next()[1] != ")":
            raise TemplateError("a ( in it has no )")
        self._depth -= 1
        return node

    def _peek(self) -> str:
        return next((text for kind, text in self._tokens if kind != "space"), "")

    def _peek_kind(self) -> str:
        return next((kind for kind, _ in self._tokens if kind != "space"), "")

    def _next(self) -> tuple[str, str]:
        while self._tokens and self._tokens[0][0] == "space":
            self._tokens.pop(0)
        if not self._tokens:
            raise TemplateError("an action in it ends too early")
        return self._tokens.pop(0)

    def _done(self) -> None:
        if self._peek():
            raise TemplateError(f'"{self._peek()}" stands in it where an action should end')


def _is_comment(action: str) -> bool:
    text = action.strip()
    return text.startswith("/*") and text.endswith("*/")


def _tokens(action: str) -> list[tuple[str, str]]:
    if _is_comment(action):
        return []
    text = action.strip()
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            if text[position] == "'":
                raise NotUnderstoodError("a single character as a number")
            raise TemplateError(f'"{text[position]}" stands in it where nothing of the kind is wanted')
        found.append((token.lastgroup or "", token[0]))
        position = token.end()
    return found


def _literal(kind: str, text: str) -> str | int | float | bool | None:
    if kind == "number":
        return _number(text)
    if kind in _LITERALS:
        return _unquoted(text)
    return {"true": True, "false": False}.get(text)


def _unquoted(text: str) -> str:
    if text.startswith("`"):
        return text[1:-1].replace("\r", "")
    if re.search(r"\\[^\\\"nrtbfu]", text):
        raise NotUnderstoodError("an escape in a text")
    found = json.loads(text, strict=False)
    return str(found)


def _number(text: str) -> int | float:
    if re.fullmatch(r"[+-]?(?:0|[1-9]\d*)", text):
        return int(text)
    if re.fullmatch(r"[+-]?\d+\.\d+", text):
        return float(text)
    raise NotUnderstoodError(f"the number {text}")


@dataclass(slots=True)
class _Run:
    """One evaluation."""

    functions: Mapping[str, Function]
    strict: bool
    others: Collection[str] | None = None
    out: list[str] = field(default_factory=list)
    scopes: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    steps: int = 0

    def many(self, nodes: Sequence[_Node], dot: Any) -> None:
        for node in nodes:
            self._one(node, dot)

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise NotUnderstoodError("more steps than gategit follows")

    def _one(self, node: _Node, dot: Any) -> None:
        self._step()
        if node.kind == "text":
            self._write(node.value)
        elif node.kind == "pipeline":
            self._write(go_text(self._pipeline(node, dot)))
        elif node.kind in {"declare", "set"}:
            self._pipeline(node, dot)
        else:
            self.scopes.append({})
            self._control(node, dot)
            self.scopes.pop()

    def _write(self, text: str) -> None:
        self.size += len(text)
        if self.size > MAX_TEXT:
            raise NotUnderstoodError("more text than gategit follows")
        self.out.append(text)

    def _control(self, node: _Node, dot: Any) -> None:
        value = self._pipeline(node.value, dot, bind=node.kind != "range")
        if node.kind == "range":
            self._range(node, value, dot)
        elif truth(value):
            self.many(node.parts, value if node.kind == "with" else dot)
        else:
            self.many(node.other, dot)

    def _range(self, node: _Node, value: Any, dot: Any) -> None:
        pairs: list[tuple[Any, Any]]
        if isinstance(value, dict):
            pairs = [(key, value[key]) for key in sorted(value, key=str)]
        elif isinstance(value, list):
            pairs = list(enumerate(value))
        elif value is None or value is Missing.VALUE:
            pairs = []
        else:
            raise NotUnderstoodError("range over something that is neither a list nor a map")
        if node.value.kind == "set":
            raise NotUnderstoodError("range that sets a variable")
        for key, one in pairs:
            self._step()
            names = node.value.names
            self.scopes.append(dict(zip(names, (key, one) if len(names) > 1 else (one,), strict=False)))
            self.many(node.parts, one)
            self.scopes.pop()
        if not pairs:
            self.many(node.other, dot)

    def _pipeline(self, node: _Node, dot: Any, *, bind: bool = True) -> Any:
        value = self._command(node.parts[0], dot, ())
        for command in node.parts[1:]:
            value = self._command(command, dot, (value,))
        if bind and node.kind == "declare":
            self.scopes[-1][node.names[0]] = value
        elif bind and node.kind == "set":
            scope = next((one for one in reversed(self.scopes) if node.names[0] in one), None)
            if scope is None:
                raise TemplateError(f"it has no variable {node.names[0]}")
            scope[node.names[0]] = value
        return value

    def _command(self, node: _Node, dot: Any, last: tuple[Any, ...]) -> Any:
        self._step()
        first, *rest = node.parts
        if first.kind == "function":
            return self._call(first.value, rest, dot, last)
        if rest or last:
            raise NotUnderstoodError("an argument of something that is no function")
        if first.kind == "literal" and first.value is None:
            raise TemplateError("it prints nil")
        return self._value(first, dot)

    def _call(self, name: str, rest: Sequence[_Node], dot: Any, last: tuple[Any, ...]) -> Any:
        if name in {"and", "or"}:
            return self._short(name, rest, dot, last)
        function = self.functions.get(name)
        if function is None and self.others is not None and name not in _GO | {*self.others}:
            raise TemplateError(f"there is no function {name}")
        if function is None:
            raise NotUnderstoodError(f"the function {name}")
        arguments = [self._value(one, dot) for one in rest] + list(last)
        arguments = [None if one is Missing.VALUE else one for one in arguments]
        try:
            value = function(*arguments)
        except TypeError:
            raise NotUnderstoodError(f"the function {name} with these arguments") from None
        self._charge(value)
        return value

    def _charge(self, value: Any) -> None:
        """Count what a function has made: text, and every part of a list or map as often as it stands there."""
        waiting = [value]
        while waiting:
            one = waiting.pop()
            self.steps += 1 + (len(one) // _PER_STEP if isinstance(one, str) else 0)
            if self.steps > MAX_STEPS:
                raise NotUnderstoodError("more than gategit follows")
            if isinstance(one, dict):
                waiting.extend(one.values())
            elif isinstance(one, list):
                waiting.extend(one)

    def _short(self, name: str, rest: Sequence[_Node], dot: Any, last: tuple[Any, ...]) -> Any:
        value: Any = None
        for one in rest:
            value = self._value(one, dot)
            if truth(value) == (name == "or"):
                return value
        return last[0] if last else value

    def _value(self, node: _Node, dot: Any) -> Any:
        self._step()
        if node.kind == "dot":
            return dot
        if node.kind == "literal":
            return node.value
        if node.kind == "variable":
            for scope in reversed(self.scopes):
                if node.value in scope:
                    return scope[node.value]
            raise TemplateError(f"it has no variable {node.value}")
        if node.kind == "field":
            return self._field(self._value(node.parts[0], dot), node.value)
        if node.kind == "function":
            return self._call(node.value, (), dot, ())
        return self._pipeline(node, dot)

    def _field(self, value: Any, name: str) -> Any:
        if isinstance(value, dict):
            if name in value:
                return value[name]
            if self.strict:
                raise TemplateError(f'it asks for "{name}", and there is no such parameter')
            return Missing.VALUE
        if value is Missing.VALUE:
            if self.strict:
                raise TemplateError(f'it asks for "{name}" of nothing')
            return value
        if value is None:
            raise TemplateError(f'it asks for "{name}" of a parameter that is null')
        raise TemplateError(f'it asks for "{name}" of a parameter that is no map')


def truth(value: Any) -> bool:
    """Whether Go takes a value for true: whatever is not zero and not empty."""
    return value is not Missing.VALUE and bool(value)


def go_text(value: Any) -> str:
    """A value as Go prints it (``%v``)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or value is Missing.VALUE:
        return "<no value>"
    if isinstance(value, float):
        return go_float(value)
    if isinstance(value, int):
        return str(value)
    return _nested(value)


def _nested(value: Any) -> str:
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_nested(value[key])}' for key in sorted(value, key=str))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_nested, value))}]"
    return "<nil>" if value is None else go_text(value)


def go_float(value: float) -> str:
    """A floating-point number as Go's ``%v`` prints it: the shortest digits, with an exponent from a million on."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'+' if value > 0 else '-'}Inf"
    sign, figures, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, figures))
    minus = "-" if sign else ""
    if not isinstance(exponent, int) or digits == "0":
        return f"{minus}0"
    point = len(digits) + exponent
    scale = point - 1
    if not -4 <= scale < 6:
        head = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
        return f"{minus}{head}e{'-' if scale < 0 else '+'}{abs(scale):02d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return f"{minus}{digits}{'0' * (point - len(digits))}"
    return f"{minus}{digits[:point]}.{digits[point:]}"


def _same_kind(name: str, a: Any, b: Any) -> None:
    if type(a) is not type(b) and None not in (a, b):
        raise NotUnderstoodError(f"{name} of values of two kinds")
    if isinstance(a, dict | list) or isinstance(b, dict | list):
        raise NotUnderstoodError(f"{name} of lists or maps")


def _equal(first: Any, *rest: Any) -> bool:
    if not rest:
        raise NotUnderstoodError("eq of one value")
    for one in rest:
        _same_kind("eq", first, one)
    return any(first == one for one in rest)


def _ordered(name: str, test: Callable[[Any, Any], bool]) -> Function:
    def compare(a: Any, b: Any) -> bool:
        _same_kind(name, a, b)
        if not isinstance(a, str | float | int) or isinstance(a, bool):
            raise NotUnderstoodError(f"{name} of values without an order")
        return test(a, b)

    return compare


def _index(value: Any, *keys: Any) -> Any:
    if not keys:
        raise NotUnderstoodError("index without a key")
    for key in keys:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key, Missing.VALUE)
        elif isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
            if not 0 <= key < len(value):
                raise TemplateError(f"it asks for the item {key} of a list of {len(value)}")
            value = value[key]
        elif value is None or value is Missing.VALUE:
            raise TemplateError("it asks for an item of nothing")
        else:
            raise NotUnderstoodError("index of something that is neither a list nor a map")
    return value


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict | list):
        return len(value)
    raise NotUnderstoodError("len of something that has none")


def _print(*values: Any) -> str:
    """``fmt.Sprint``: a space between two values of which neither is a text."""
    parts: list[str] = []
    for index, one in enumerate(values):
        if index and not isinstance(one, str) and not isinstance(values[index - 1], str):
            parts.append(" ")
        parts.append("<nil>" if one is None else go_text(one))
    return "".join(parts)


def _printf(form: Any, *values: Any) -> str:
    if not isinstance(form, str):
        raise NotUnderstoodError("printf of something that is no text")
    rest = list(values)

    def one(found: re.Match[str]) -> str:
        verb = found[1]
        if verb == "%":
            return "%"
        if not rest:
            raise NotUnderstoodError("printf with too few values")
        value = rest.pop(0)
        if verb == "v" or (verb == "s" and isinstance(value, str)):
            return "<nil>" if value is None else go_text(value)
        if verb == "d" and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if verb == "q" and isinstance(value, str) and value.isprintable():
            return json.dumps(value, ensure_ascii=False)
        raise NotUnderstoodError(f"printf with %{verb}")

    text = re.sub(r"%(.|\Z)", one, form, flags=re.DOTALL)
    if rest:
        raise NotUnderstoodError("printf with too many values")
    return text


_BUILT_IN: Final[Mapping[str, Function]] = {
    "not": lambda value: not truth(value),
    "eq": _equal,
    "ne": lambda a, b: not _equal(a, b),
    "lt": _ordered("lt", lambda a, b: a < b),
    "le": _ordered("le", lambda a, b: a <= b),
    "gt": _ordered("gt", lambda a, b: a > b),
    "ge": _ordered("ge", lambda a, b: a >= b),
    "index": _index,
    "len": _length,
    "print": _print,
    "println": lambda *values: " ".join("<nil>" if one is None else go_text(one) for one in values) + "\n",
    "printf": _printf,
}

_GO: Final = frozenset({"call", "html", "js", "slice", "urlquery"})
"""What Go has of its own besides."""

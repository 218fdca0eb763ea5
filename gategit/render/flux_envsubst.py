"""``${name}`` and its relatives as Flux expands them (``github.com/fluxcd/pkg/envsubst``), not quite as Bash does.

Lengths and offsets count bytes. What stands after ``:?``, ``:+`` and the like is a default, as after ``:-``; a name
alone may be followed by ``=`` but not by ``-``: ``${name-default}`` is refused, the colon is missing. ``$$``
stands for a dollar sign, also where no brace follows.

A value that nobody here can know leaves its expression as it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import ClassVar, Final

from gategit.render.flux_shell_match import BadPatternError, TooMuchWorkError, Work, matches

_DEPTH: Final = 50
"""How deep expressions may stand inside of each other."""

_DEFAULTS: Final = "=-?+"


class Absent(Enum):
    """Why a name has no value."""

    UNSET = "unset"
    UNKNOWN = "unknown"


Lookup = Callable[[str], str | Absent]
"""The value of a name."""


class EnvsubstError(ValueError):
    """A text that Flux refuses; ``offset`` says where in it the expression starts."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Expanded:
    """A text with its expressions filled in.

    Attributes:
        content: UTF-8, unless an offset cut a character in two.
        unset: the names without a value and without a default, each with the offset of its first expression.
        left: whether an expression was left as it is, because its value cannot be known.
    """

    content: bytes
    unset: tuple[tuple[str, int], ...] = ()
    left: bool = False


@dataclass(slots=True)
class _Call:
    """An expression: the name, what is done to its value, and with what."""

    start: int
    end: int
    name: str
    operator: str
    arguments: list[str | _Call]


def expand(text: str, lookup: Lookup, *, limit: int = 16 * 2**20) -> Expanded:
    """Fill in the expressions of a text.

    Args:
        text: the text.
        lookup: the value of a name.
        limit: how many bytes may come of it.

    Raises:
        EnvsubstError: an expression that Flux does not understand, or that asks for too much.
    """
    evaluation = _Evaluation(text, lookup, limit)
    parts: list[bytes] = []
    size = 0
    for part in _parse(text):
        piece = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else evaluation.outer(part)
        size += len(piece)
        if size > limit:
            raise EnvsubstError(f"more than {limit:,} bytes come of it", 0)
        parts.append(piece)
    return Expanded(b"".join(parts), tuple(evaluation.unset.items()), evaluation.left)


def _parse(text: str) -> list[str | _Call]:
    """Literal text and expressions, in order; Flux stops at a NUL."""
    text, cut, _ = text.partition("\0")
    parts: list[str | _Call] = []
    position = start = 0
    while True:
        dollar = text.find("$", position)
        if dollar < 0:
            parts.append(text[start:])
            return parts
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append(text[start:dollar])
            start, position = dollar + 1, dollar + 2
        elif following == "{":
            parts.append(text[start:dollar])
            reader = _Reader(text, dollar, cut)
            parts.append(reader.expression(dollar, 0))
            start = position = reader.position
        else:
            position = dollar + 1


class _Reader:
    """Reads one expression and those inside of it."""

    def __init__(self, text: str, outer: int, cut: str) -> None:
        self._text = text
        self._outer = outer
        self._cut = cut
        self.position = outer

    def expression(self, start: int, depth: int) -> _Call:
        """The expression that starts with the ``${`` at ``start``."""
        if depth > _DEPTH:
            raise self._error(f"expressions stand more than {_DEPTH} deep in each other")
        self.position = start + 2
        if self._peek() == "#":
            self.position += 1
            name = self._name("bad substitution")
            return self._closed(_Call(start, 0, name, "#", []))
        name = self._name("unable to parse variable name")
        call = _Call(start, 0, name, "", [])
        read = self._OPERATORS.get(self._peek())
        if read is None:
            return self._closed(call, "missing closing brace")
        read(self, call, depth)
        return self._closed(call)

    def _default(self, call: _Call, depth: int) -> None:
        length = 2 if self._peek() == ":" else 1
        call.operator = self._text[self.position : self.position + length]
        self.position += length
        while self._peek() != "}":
            call.arguments.append(self._argument("}", depth))

    def _case(self, call: _Call, _depth: int) -> None:
        call.operator = self._run(",^", 2)

    def _removal(self, call: _Call, depth: int) -> None:
        call.operator = self._run(self._peek(), 2)
        call.arguments.append(self._argument("}", depth))

    def _default_or_substring(self, call: _Call, depth: int) -> None:
        following = self._text[self.position + 1 : self.position + 2] or self._cut
        if not following.isascii() or not following:
            # Flux's scanner steps back by the width of the character that it peeked at.
            raise self._error("bad substitution")
        if following in _DEFAULTS:
            self._default(call, depth)
            return
        call.operator = ":"
        self.position += 1
        call.arguments.append(self._argument(":}", depth))
        if self._peek() == ":":
            self._run(":", len(self._text))
            call.arguments.append(self._argument("}", depth))

    def _replacement(self, call: _Call, depth: int) -> None:
        call.operator = "/"
        self.position += 1
        if self._peek() in {"/", "#", "%"}:
            call.operator += self._peek()
            self.position += 1
        call.arguments.append(self._argument("/", depth, escapes=True))
        if not self._run("/", len(self._text)):
            raise self._error("bad substitution")
        if self._peek() != "}":
            call.arguments.append(self._argument("}", depth, escapes=True))

    _OPERATORS: ClassVar[Mapping[str, Callable[[_Reader, _Call, int], None]]] = MappingProxyType(
        {
            ":": _default_or_substring,
            "=": _default,
            ",": _case,
            "^": _case,
            "/": _replacement,
            "#": _removal,
            "%": _removal,
        }
    )

    def _argument(self, stops: str, depth: int, *, escapes: bool = False) -> str | _Call:
        """An expression, or text up to one of the stops or to an expression; never nothing."""
        text = self._text
        if text.startswith("${", self.position):
            return self.expression(self.position, depth + 1)
        pieces: list[str] = []
        start = self.position
        while self.position < len(text):
            sign = text[self.position]
            following = text[self.position + 1 : self.position + 2]
            if sign == "$" and following == "{":
                break
            if escapes and ((sign == "$" and following == "$") or (sign == "\\" and following in {"/", "\\"})):
                pieces.append(text[start : self.position])
                start = self.position + 1
                self.position += 2
            elif sign in stops:
                break
            else:
                self.position += 1
        pieces.append(text[start : self.position])
        found = "".join(pieces)
        if not found:
            raise self._error("unable to parse substitution within function")
        return found

    def _closed(self, call: _Call, otherwise: str = "bad substitution") -> _Call:
        if self._peek() != "}":
            raise self._error(otherwise)
        self.position += 1
        call.end = self.position
        return call

    def _name(self, otherwise: str) -> str:
        start = self.position
        while self.position < len(self._text) and _is_name(self._text[self.position]):
            self.position += 1
        if start == self.position:
            raise self._error(otherwise)
        return self._text[start : self.position]

    def _run(self, signs: str, most: int) -> str:
        start = self.position
        while self.position - start < most and self._peek() in tuple(signs):
            self.position += 1
        return self._text[start : self.position]

    def _peek(self) -> str:
        return self._text[self.position : self.position + 1]

    def _error(self, message: str) -> EnvsubstError:
        return EnvsubstError(message, self._outer)


def _is_name(sign: str) -> bool:
    return sign == "_" or sign.isalpha() or sign.isdecimal()


class _UnknownError(Exception):
    """A value that cannot be known is asked for."""


class _Evaluation:
    """The values of a text's expressions."""

    def __init__(self, text: str, lookup: Lookup, limit: int) -> None:
        self._text = text
        self._lookup = lookup
        self._limit = limit
        self._work = Work()
        self.unset: dict[str, int] = {}
        self.left = False

    def outer(self, call: _Call) -> bytes:
        """The value of an expression that stands in none; itself where its value cannot be known."""
        try:
            return self._value(call, call.start)
        except _UnknownError:
            self.left = True
            return self._text[call.start : call.end].encode("utf-8", "surrogatepass")
        except TooMuchWorkError:
            raise EnvsubstError("it takes too long to match its pattern", call.start) from None

    def _value(self, call: _Call, start: int) -> bytes:
        arguments = [
            one.encode("utf-8", "surrogatepass") if isinstance(one, str) else self._value(one, start)
            for one in call.arguments
        ]
        value = self._lookup(call.name)
        if value is Absent.UNKNOWN:
            raise _UnknownError
        if isinstance(value, Absent):
            if call.operator not in _OPERATORS_WITH_DEFAULT:
                self.unset.setdefault(call.name, start)
            value = ""
        content = self._apply(call.operator, value.encode("utf-8", "surrogatepass"), arguments, start)
        if len(content) > self._limit:
            raise EnvsubstError(f"more than {self._limit:,} bytes come of it", start)
        return content

    def _apply(self, operator: str, value: bytes, arguments: list[bytes], start: int) -> bytes:
        if operator in {"/", "//"}:
            return self._replaced(operator, value, arguments, start)
        if operator in {"#", "##", "%", "%%"} and arguments:
            return self._trimmed(operator, value, arguments[0])
        apply = _SIMPLE.get(operator)
        return apply(value, arguments) if apply else value or b"".join(arguments)

    def _replaced(self, operator: str, value: bytes, arguments: list[bytes], start: int) -> bytes:
        old, new = arguments[0], arguments[1] if len(arguments) > 1 else b""
        count = (value.count(old) if operator == "//" else 1) if old else len(value) + 1
        if len(value) + count * len(new) > self._limit:
            raise EnvsubstError(f"more than {self._limit:,} bytes come of it", start)
        if not old:
            return _inserted(value, new, every=operator == "//")
        return value.replace(old, new) if operator == "//" else value.replace(old, new, 1)

    def _trimmed(self, operator: str, value: bytes, pattern: bytes) -> bytes:
        from_end = operator[0] == "%"
        if from_end:
            value, pattern = _reversed(value), _reversed(pattern)
        found = b""
        try:
            for length in range(len(value), 0, -1):
                if matches(pattern, value[:length], self._work):
                    found = value[:length]
                    if len(operator) > 1:
                        break
        except BadPatternError:
            found = b""
        value = value[len(found) :]
        return _reversed(value) if from_end else value


_OPERATORS_WITH_DEFAULT: Final = frozenset({"=", ":=", ":-", ":?", ":+"})


def _replaced_at_start(value: bytes, arguments: list[bytes]) -> bytes:
    if len(arguments) != 2 or not value.startswith(arguments[0]):
        return value
    return arguments[1] + value[len(arguments[0]) :]


def _replaced_at_end(value: bytes, arguments: list[bytes]) -> bytes:
    if len(arguments) != 2 or not value.endswith(arguments[0]):
        return value
    return value[: len(value) - len(arguments[0])] + arguments[1]


def _inserted(value: bytes, new: bytes, *, every: bool) -> bytes:
    """Go replaces an empty text before each character and at the end."""
    if not every:
        return new + value
    return new.join([b"", *[_encoded(sign) for sign in _runes(value)], b""])


def _part(value: bytes, arguments: list[bytes]) -> bytes:
    """``${name:offset:length}``; what is no number leaves the value as it is."""
    offset = _number(arguments[0])
    if offset is None:
        return value
    if offset < 0:
        offset = max(len(value) + offset, 0)
    if len(arguments) == 1:
        return value[offset:]
    length = _number(arguments[1])
    if length is None:
        return value
    if length < 0:
        return value[offset : len(value) + length] if len(value) + length >= offset else b""
    return value[offset : offset + length]


def _number(text: bytes) -> int | None:
    """A number as Go's ``strconv.Atoi`` reads it."""
    digits = text[1:] if text[:1] in {b"+", b"-"} else text
    if not digits.isdigit() or len(digits) > 4096:
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def _runes(value: bytes) -> list[str]:
    """The characters of a value; what is no UTF-8 is one replacement character for each byte, as in Go."""
    return ["\ufffd" if "\udc80" <= sign <= "\udcff" else sign for sign in value.decode("utf-8", "surrogateescape")]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _reversed(value: bytes) -> bytes:
    return _encoded("".join(reversed(_runes(value))))


def _upper(sign: str) -> str:
    """Go changes one character into one; where Unicode has two, only the title case may be one."""
    changed = sign.upper()
    if len(changed) == 1:
        return changed
    changed = sign.title()
    return changed if len(changed) == 1 else sign


def _lower(sign: str) -> str:
    changed = sign.lower()
    return changed if len(changed) == 1 else changed[0]


def _all_upper(value: bytes) -> bytes:
    return _encoded("".join(map(_upper, _runes(value))))


def _all_lower(value: bytes) -> bytes:
    return _encoded("".join(map(_lower, _runes(value))))


def _first(value: bytes, change: Callable[[str], str]) -> bytes:
    signs = value.decode("utf-8", "surrogateescape")
    if not signs:
        return value
    first = _runes(value)[0]
    return _encoded(change(first)) + signs[1:].encode("utf-8", "surrogateescape")


_SIMPLE: Final[Mapping[str, Callable[[bytes, list[bytes]], bytes]]] = MappingProxyType(
    {
        "/#": _replaced_at_start,
        "/%": _replaced_at_end,
        "#": lambda value, _: str(len(value)).encode(),
        ":": _part,
        ",": lambda value, _: _first(value, _lower),
        ",,": lambda value, _: _all_lower(value),
        "^": lambda value, _: _first(value, _upper),
        "^^": lambda value, _: _all_upper(value),
    }
)

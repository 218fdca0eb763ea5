r"""Go's regular expressions (RE2), brought into a form that Rust's engine and every layer before it read in one way.

Schemas' patterns are compiled by the API server with Go's ``regexp``. Rust's engine descends from RE2 and reads nearly
the same, but where it differs it says nothing: its ``\s`` holds more, its ``[a&&b]`` is an intersection. So a pattern
is read here as Go reads it (https://pkg.go.dev/regexp/syntax, with the flags of ``regexp.Compile``) and written again
with nothing in it that anybody could take otherwise: sets of characters as plain ranges, flags worked out, groups
without names. Only whether a text matches is kept: what is greedy and what a group captures is not.

Of Unicode's properties the engine's tables say what has them; the few characters that became letters, symbols or
punctuation later than the server's tables were made are judged as if the server knew them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

Ranges = list[tuple[int, int]]

LONGEST: Final = 10_000
"""No longer pattern is translated."""

_DEEPEST: Final = 100
_MOST_REPEATS: Final = 1000
_LAST: Final = 0x10FFFF
_LAST_ASCII: Final = 0x7F
_SURROGATES: Final = (0xD800, 0xDFFF)
_CASE: Final = 0x20
_KELVIN: Final = 0x212A
_LONG_S: Final = 0x17F

# About how many bytes of ASCII a set of other characters, or one with a property, takes to compile.
_BEYOND_ASCII: Final = 20
_PROPERTY: Final = 1000

_NOTHING: Final = r"[^\x{0}-\x{10FFFF}]"
_ANYTHING: Final = r"[\x{0}-\x{10FFFF}]"
_PLAIN: Final = frozenset(" !\"%',-/:;<=>@_`#&~")
_ESCAPED: Final = frozenset("\\.+*?()|[]{}^$")

_DIGIT: Final[Ranges] = [(0x30, 0x39)]
_WORD: Final[Ranges] = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
_PERL: Final[dict[str, Ranges]] = {"d": _DIGIT, "s": [(0x9, 0xA), (0xC, 0xD), (0x20, 0x20)], "w": _WORD}
_POSIX: Final[dict[str, Ranges]] = {
    "alnum": [(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)],
    "alpha": [(0x41, 0x5A), (0x61, 0x7A)],
    "ascii": [(0x0, 0x7F)],
    "blank": [(0x9, 0x9), (0x20, 0x20)],
    "cntrl": [(0x0, 0x1F), (0x7F, 0x7F)],
    "digit": _DIGIT,
    "graph": [(0x21, 0x7E)],
    "lower": [(0x61, 0x7A)],
    "print": [(0x20, 0x7E)],
    "punct": [(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)],
    "space": [(0x9, 0xD), (0x20, 0x20)],
    "upper": [(0x41, 0x5A)],
    "word": _WORD,
    "xdigit": [(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)],
}
_CATEGORIES: Final = frozenset(
    first + second
    for first, others in {
        "C": "cfo",
        "L": "lmotu",
        "M": "cen",
        "N": "dlo",
        "P": "cdefios",
        "S": "ckmo",
        "Z": "lps",
    }.items()
    for second in ("", *others)
)
_SCRIPTS: Final = frozenset(
    (
        *("Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Georgian", "Greek", "Han", "Hangul", "Hebrew"),
        *("Hiragana", "Katakana", "Latin", "Thai"),
    )
)
# Go adds to these what differs in case alone; to the others there is nothing to add.
_CASED: Final = frozenset("LM")
_CONTROLS: Final = {"a": 0x7, "f": 0xC, "n": 0xA, "r": 0xD, "t": 0x9, "v": 0xB}
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_OCTAL: Final = frozenset("01234567")
_DIGITS: Final = frozenset("0123456789")


class RefusedPatternError(ValueError):
    """Go does not compile the pattern; the message says why."""


class UncertainPatternError(ValueError):
    """The pattern is not translated, since what Go makes of it depends on more than is known here."""


class Translation(NamedTuple):
    """A pattern for the engine.

    Attributes:
        pattern: as the engine reads it.
        size: about how much it is to compile: what one character of ASCII takes is 1.
    """

    pattern: str
    size: int


class _Group:
    """A group that is being read, or the whole pattern.

    Attributes:
        opener: what it is written with.
        flags: those before it, which come back after it.
        branches: the finished alternatives.
        atoms: what the alternative that is being read consists of.
        weight: how often the most repeated part so far is repeated.
        last: the same of the last atom.
        size: about how much all of it is to compile.
        last_size: the same of the last atom.
        stacked: whether the last atom is a repetition.
    """

    __slots__ = ("atoms", "branches", "flags", "last", "last_size", "opener", "size", "stacked", "weight")

    def __init__(self, opener: str, flags: frozenset[str]) -> None:
        self.opener = opener
        self.flags = flags
        self.branches: list[str] = []
        self.atoms: list[str] = []
        self.weight = 1
        self.last = 1
        self.size = 1
        self.last_size = 1
        self.stacked = False


def translate(pattern: str) -> Translation:
    """The same pattern for the engine.

    Raises:
        RefusedPatternError: Go does not compile it.
        UncertainPatternError: it is too long or too deep, or its meaning depends on Go's version.
    """
    if len(pattern) > LONGEST:
        raise UncertainPatternError(f"it is longer than {LONGEST} characters")
    if any(_SURROGATES[0] <= ord(character) <= _SURROGATES[1] for character in pattern):
        raise UncertainPatternError("it is no Unicode text")
    return _Reader(pattern).read()


class _Reader:
    """Reads one pattern from its beginning to its end."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.flags: frozenset[str] = frozenset()
        self.groups = [_Group("", self.flags)]
        self.repeated = False

    def read(self) -> Translation:  # noqa: C901  one sign after the other, best read in one piece
        while self.at < len(self.text):
            character = self.text[self.at]
            repeated, self.repeated = self.repeated, False
            match character:
                case "(":
                    self._open()
                case ")":
                    self._close()
                case "|":
                    self.at += 1
                    group = self.groups[-1]
                    group.branches.append("".join(group.atoms))
                    group.atoms = []
                case "[":
                    self._put(*self._class())
                case "*" | "+" | "?":
                    self.at += 1
                    self._repeat(character, 1, again=repeated)
                case "{" if (bounds := self._bounds()) is not None:
                    self._repeat(*bounds, again=repeated)
                case "\\":
                    self._escape()
                case "^" | "$":
                    self.at += 1
                    self._put(f"(?m:{character})" if "m" in self.flags else character)
                case ".":
                    self.at += 1
                    self._put(_ANYTHING if "s" in self.flags else r"[^\x{A}]", _BEYOND_ASCII)
                case _:
                    self.at += 1
                    self._literal(ord(character))
        if len(self.groups) > 1:
            raise RefusedPatternError("a group is not closed by )")
        return Translation(_finished(self.groups[0]), self.groups[0].size)

    def _put(self, atom: str, size: int = 1, weight: int = 1) -> None:
        group = self.groups[-1]
        group.atoms.append(atom)
        group.last = weight
        group.weight = max(group.weight, weight)
        group.last_size = size
        group.size += size
        group.stacked = False

    def _literal(self, code: int) -> None:
        self._put(*_letter(code, folded="i" in self.flags))

    # --- groups and flags --------------------------------------------------------------------------------------------

    def _open(self) -> None:
        opener = "("
        flags = self.flags
        if not self.text.startswith("(?", self.at):
            self.at += 1
        elif self.text.startswith(("(?P<", "(?<"), self.at):
            self._name()
        else:
            after, closed = self._flags()
            if closed:
                self.flags = after
                return
            self.flags, opener = after, "(?:"
        if len(self.groups) > _DEEPEST:
            raise UncertainPatternError(f"its groups are nested deeper than {_DEEPEST} levels")
        self.groups.append(_Group(opener, flags))

    def _name(self) -> None:
        """Pass over the name of a group."""
        start = self.text.index("<", self.at) + 1
        if self.text.startswith(("(?<=", "(?<!"), self.at):
            raise RefusedPatternError("look-behind does not exist in Go's regular expressions")
        end = self.text.find(">", start)
        name = self.text[start : max(end, start)]
        if not name or not name.isascii() or not name.replace("_", "0").isalnum():
            raise RefusedPatternError("a group's name is not made of letters, digits and _, between < and >")
        self.at = end + 1

    def _flags(self) -> tuple[frozenset[str], bool]:
        """The flags after ``(?i-s`` and whether they stand alone, to the end of the group around them."""
        if self.text.startswith(("(?=", "(?!"), self.at):
            raise RefusedPatternError("look-ahead does not exist in Go's regular expressions")
        flags = set(self.flags)
        negative = saw = False
        for index in range(self.at + 2, len(self.text)):
            match self.text[index]:
                case "i" | "m" | "s" | "U" as flag:
                    (flags.discard if negative else flags.add)(flag)
                    saw = True
                case "-" if not negative:
                    negative, saw = True, False
                case ":" | ")" as end if saw or not negative:
                    self.at = index + 1
                    return frozenset(flags), end == ")"
                case _:
                    break
        raise RefusedPatternError("what follows (? is none of Go's flags and groups")

    def _close(self) -> None:
        if len(self.groups) == 1:
            raise RefusedPatternError("a ) closes no group")
        self.at += 1
        group = self.groups.pop()
        self.flags = group.flags
        self._put(f"{group.opener}{_finished(group)})", group.size, group.weight)

    # --- repetitions -------------------------------------------------------------------------------------------------

    def _bounds(self) -> tuple[str, int] | None:
        """The repetition ``{2,5}`` that stands here, and what it weighs; None where the bracket is a literal."""
        end = self.text.find("}", self.at)
        low, comma, high = self.text[self.at + 1 : max(end, self.at + 1)].partition(",")
        if not _is_number(low) or (high and not _is_number(high)):
            return None
        least = _number(low)
        most = least if not comma else _number(high) if high else None
        if least > _MOST_REPEATS or (most is not None and (most > _MOST_REPEATS or most < least)):
            raise RefusedPatternError(f"a repetition is not of at most {_MOST_REPEATS} times, or ends before it begins")
        self.at = end + 1
        weight = least or 1 if most is None else most
        return f"{{{least}{comma}{'' if most is None or not comma else most}}}", weight

    def _repeat(self, sign: str, weight: int, *, again: bool) -> None:
        if again:
            raise RefusedPatternError("a repetition follows another")
        group = self.groups[-1]
        if not group.atoms:
            raise RefusedPatternError("a repetition has nothing to repeat")
        if self.text.startswith("?", self.at):
            self.at += 1
        if group.stacked:
            raise UncertainPatternError("a repetition follows another, with flags between them")
        # Nothing is repeated more often than so, whatever the levels on which it is repeated.
        heavy = weight * group.last
        if heavy > _MOST_REPEATS:
            raise RefusedPatternError(f"repetitions within each other come to more than {_MOST_REPEATS} times")
        group.atoms[-1] += sign
        group.stacked = True
        group.last = heavy
        group.weight = max(group.weight, heavy)
        copies = max(weight, 1)
        group.size += group.last_size * (copies - 1)
        group.last_size *= copies
        self.repeated = True

    # --- escapes and sets --------------------------------------------------------------------------------------------

    def _escape(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        match following:
            case "A" | "z":
                self._put("^" if following == "A" else "$")
            case "b":
                self._put(r"(?-u:\b)")
            case "B":
                # The engine finds it between the bytes of one character too, and then overlooks other matches.
                raise UncertainPatternError(r"it has \B, which the engine finds where Go does not")
            case "Q":
                literal, _, _ = self.text[self.at + 2 :].partition(r"\E")
                closed = self.text.startswith(r"\E", self.at + 2 + len(literal))
                for character in literal:
                    self._literal(ord(character))
                self.at += 2 + len(literal) + (2 if closed else 0)
                return
            case "C":
                raise RefusedPatternError(r"\C does not exist in Go's regular expressions")
            case "p" | "P":
                ranges, names = self._property()
                self._put(*_set(ranges, names))
                return
            case "d" | "D" | "s" | "S" | "w" | "W":
                self._put(*_set(self._perl(following)))
            case _:
                self._literal(self._character())
                return
        self.at += 2

    def _perl(self, letter: str) -> Ranges:
        return self._maybe_negated(_PERL[letter.lower()], negated=letter.isupper())

    def _maybe_negated(self, ranges: Ranges, *, negated: bool) -> Ranges:
        if "i" in self.flags:
            ranges = [one for low, high in ranges for one in _folded(low, high)]
        return _negated(ranges) if negated else ranges

    def _property(self) -> tuple[Ranges, list[str]]:
        r"""The set that ``\p{Greek}``, ``\PL`` or the like stands for: as ranges, or as a property of the engine's."""
        negated = self.text[self.at + 1] == "P"
        if self.text.startswith("{", self.at + 2):
            end = self.text.find("}", self.at)
            if end < 0:
                raise RefusedPatternError(r"what follows \p{ is not closed by }")
            name, after = self.text[self.at + 3 : end], end + 1
        else:
            name, after = self.text[self.at + 2 : self.at + 3], self.at + 3
        if name.startswith("^"):
            negated, name = not negated, name[1:]
        if name == "Any":
            self.at = after
            return ([] if negated else [(0, _LAST)]), []
        if name not in _CATEGORIES and name not in _SCRIPTS:
            raise UncertainPatternError(rf"it has the property \p{{{name[:40]}}}, which not every Go knows")
        if "i" in self.flags and (name in _SCRIPTS or name[0] in _CASED):
            raise UncertainPatternError("it has a property of letters regardless of their case")
        self.at = after
        return [], [rf"\{'P' if negated else 'p'}{{{name}}}"]

    def _character(self) -> int:
        """The character that a backslash and what follows it stand for."""
        start = self.at + 1
        letter = self.text[start : start + 1]
        if not letter:
            raise RefusedPatternError("it ends with a backslash")
        self.at = start + 1
        if letter.isascii() and not letter.isalnum():
            return ord(letter)
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter == "0" or (letter in _OCTAL and self.text[self.at : self.at + 1] in _OCTAL - {""}):
            while self.at < start + 3 and self.text[self.at : self.at + 1] in _OCTAL:
                self.at += 1
            return int(self.text[start : self.at], 8)
        if letter in _DIGITS:
            raise RefusedPatternError("back-references do not exist in Go's regular expressions")
        if letter == "x":
            return self._hexadecimal()
        raise RefusedPatternError(rf"\{letter} does not exist in Go's regular expressions")

    def _hexadecimal(self) -> int:
        if self.text.startswith("{", self.at):
            end = self.text.find("}", self.at)
            digits, after = self.text[self.at + 1 : max(end, self.at)], end + 1
        else:
            digits, after = self.text[self.at : self.at + 2], self.at + 2
            if len(digits) != 2:
                digits = ""
        if not digits or not _HEX.issuperset(digits) or int(digits, 16) > _LAST:
            raise RefusedPatternError(r"what follows \x is no hexadecimal number of a character")
        self.at = after
        return int(digits, 16)

    def _class(self) -> tuple[str, int]:
        """The set in square brackets that stands here."""
        self.at += 1
        negated = self.text.startswith("^", self.at)
        self.at += negated
        ranges: Ranges = []
        names: list[str] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            first = False
            if self.at >= len(self.text):
                raise RefusedPatternError("a [ is not closed by ]")
            if self.text.startswith("[:", self.at) and (end := self.text.find(":]", self.at + 2)) >= 0:
                ranges += self._posix(self.text[self.at + 2 : end])
                self.at = end + 2
                continue
            escaped = self.text[self.at + 1 : self.at + 2] if self.text[self.at] == "\\" else ""
            if escaped in ("p", "P"):
                more, properties = self._property()
                ranges += more
                names += properties
            elif escaped and escaped.lower() in _PERL:
                ranges += self._perl(escaped)
                self.at += 2
            else:
                ranges += self._range()
        self.at += 1
        return _set(ranges, names, negated=negated)

    def _posix(self, name: str) -> Ranges:
        negated = name.startswith("^")
        found = _POSIX.get(name[negated:])
        if found is None:
            raise RefusedPatternError(f"there is no set of characters [:{name[:40]}:]")
        return self._maybe_negated(found, negated=negated)

    def _range(self) -> Ranges:
        low = high = self._member()
        if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in ("", "]"):
            self.at += 1
            high = self._member()
            if high < low:
                raise RefusedPatternError("a range of characters ends before it begins")
        return _folded(low, high) if "i" in self.flags else [(low, high)]

    def _member(self) -> int:
        if self.text.startswith("\\", self.at):
            return self._character()
        self.at += 1
        return ord(self.text[self.at - 1])


def _finished(group: _Group) -> str:
    return "|".join([*group.branches, "".join(group.atoms)])


def _is_number(text: str) -> bool:
    return _DIGITS.issuperset(text) and bool(text) and (text == "0" or text[0] != "0")


def _number(text: str) -> int:
    # A number of more digits is too large in any case, and Python takes its time with thousands of them.
    return int(text[:9])


def _folded(low: int, high: int) -> Ranges:
    """A range with all that differs from it in case alone."""
    found = [(low, high)]
    if high > _LAST_ASCII:
        if low > _LAST_ASCII + 1 or high < _LAST:
            raise UncertainPatternError("it has characters beyond ASCII regardless of their case")
        # Two of the characters beyond ASCII are letters of ASCII in another case.
        found += [(ord(letter), ord(letter)) for letter in "KSks"]
    for first, last in ((0x41, 0x5A), (0x61, 0x7A)):
        begin, end = max(low, first), min(high, last)
        if begin <= end:
            found.append((begin ^ _CASE, end ^ _CASE))
            found += [
                (beyond, beyond)
                for letter, beyond in (("K", _KELVIN), ("S", _LONG_S))
                if begin <= ord(letter) + first - 0x41 <= end
            ]
    return found


def _merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same set in ascending ranges that neither overlap nor touch."""
    found: Ranges = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def _negated(ranges: Ranges) -> Ranges:
    found: Ranges = []
    following = 0
    for low, high in _merged(ranges):
        if following < low:
            found.append((following, low - 1))
        following = high + 1
    if following <= _LAST:
        found.append((following, _LAST))
    return found


def _characters(ranges: Ranges) -> Ranges:
    """The same set without surrogates at the ends of its ranges: they are no characters, so no text holds them."""
    first, last = _SURROGATES
    cut = [
        (last + 1 if first <= low <= last else low, first - 1 if first <= high <= last else high)
        for low, high in ranges
    ]
    return [(low, high) for low, high in cut if low <= high]


def _set(ranges: Ranges, names: Iterable[str] = (), *, negated: bool = False) -> tuple[str, int]:
    """A set of characters as the engine reads it, and about how much it is to compile."""
    names = tuple(dict.fromkeys(names))
    if names:
        inside = _listed(_characters(_merged(ranges))) + "".join(names)
        return f"[{'^' if negated else ''}{inside}]", _PROPERTY * len(names) + _BEYOND_ASCII * (1 + len(ranges))
    whole = _negated(ranges) if negated else _merged(ranges)
    inner = _characters(whole)
    if not inner:
        if whole:
            raise UncertainPatternError("it has a surrogate, which is no character")
        return _NOTHING, 1
    size = 1 + _BEYOND_ASCII * sum(high > _LAST_ASCII for _, high in inner)
    if inner[0][0] == inner[-1][1]:
        return _written(inner[0][0]), size
    if inner[-1][1] < _LAST:
        return f"[{_listed(inner)}]", size
    rest = _characters(_negated(whole))
    return (f"[^{_listed(rest)}]" if rest else _ANYTHING), size


@lru_cache(maxsize=512)
def _letter(code: int, *, folded: bool) -> tuple[str, int]:
    return _set(_folded(code, code) if folded else [(code, code)])


def _listed(ranges: Ranges) -> str:
    return "".join(_inside(low) if low == high else f"{_inside(low)}-{_inside(high)}" for low, high in ranges)


def _inside(code: int) -> str:
    """A character between square brackets, where signs have other meanings in every engine."""
    character = chr(code)
    return character if character.isascii() and character.isalnum() else f"\\x{{{code:X}}}"


def _written(code: int) -> str:
    character = chr(code)
    if character in _ESCAPED:
        return f"\\{character}"
    plain = character in _PLAIN or (character.isascii() and character.isalnum())
    return character if plain else f"\\x{{{code:X}}}"

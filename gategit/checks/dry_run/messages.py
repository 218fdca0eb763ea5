"""What an API server writes, made short enough to read and safe enough to show: no dumps, no values of Secrets.

A message may hold anything: a webhook writes what it likes, and a server quotes what it was sent. Reporters escape what
a terminal or a page would act on; here everything becomes one line of bounded length.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from gategit.checks.dry_run.paths import ABSENT
from gategit.manifests.secrecy import holds_secrets, is_secret, mask
from gategit.model import FieldPath

LONGEST: Final = 700
"""Characters of a message."""

HIDDEN: Final = "(secret value)"

_READ = 64_000
_SHORT_VALUE = 80
_SHORT_SECRET = 6
_MOST_SECRETS = 2000
_QUOTING = re.compile(r"(Invalid value|Unsupported value|Duplicate value|Not found|Too long|Too many|Too few): (?=\S)")
_DECODER = json.JSONDecoder()
# Servers before 1.34 print values as Go source, ``v1.LabelSelector{MatchLabels:map[string]string{"app":"web"}}``.
_GO_DUMP = re.compile(r"(?:[*&]|\[\]|map\[[\w.*]{0,100}\]){0,10}[\w.]{0,100}[\[{]")
_GO_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')
_DUMP_AFTER = re.compile(r"\n(?=@@ -|\s{0,9}[*&]?[a-z0-9]+\.[A-Za-z]+\{)")
_UNSTRUCTURED = re.compile(r"&value\.valueUnstructured\{Value:(.*)\}\Z", re.DOTALL)
_HUNK = re.compile(r"\n@@ -\d{1,9}(?:,\d{1,9})? \+\d{1,9}(?:,\d{1,9})? @@")
_HUNK_LINE = re.compile(r'([-+]) *"((?:[^"\\]|\\.)*)"(?:: (.*?))?,?\Z')
_ONE_CHARACTER = re.compile(r"invalid character '(?:\\[^']{1,9}|\\'|[^\\])'")
_SPACES = re.compile(r"\s+")
_PATTERN_HELP = re.compile(r" \(e\.g\. .{1,300}?, regex used for validation is '(.{1,400})'\)")


class Said(NamedTuple):
    """The words of one cause.

    Attributes:
        label: what kind of complaint it is, ``Invalid value`` for example; "" for another.
        value: what the server quotes as the value that is wrong, ``ABSENT`` where it quotes none.
        quoted: how it wrote that value.
        words: the reason.
    """

    label: str
    value: Any
    quoted: str
    words: str


class Changed(NamedTuple):
    """A line of the comparison that a server adds to some messages: a field by its Go name, and its new value."""

    name: str
    value: Any


def read_words(message: str) -> Said:
    """Take a cause's message apart."""
    match = _QUOTING.match(message)
    if match is None:
        return Said("", ABSENT, "", message[:_READ])
    start = match.end()
    try:
        value, end = _DECODER.raw_decode(message, start)
    except (ValueError, RecursionError):
        value, end = ABSENT, start
    if end == start or message[end : end + 2] not in {"", ": "}:
        value, end = ABSENT, _go_dump_end(message, start)
    rest = message[end:]
    if end > start and (not rest or rest.startswith(": ")):
        return Said(match[1], value, message[start:end], rest[2:_READ])
    return Said(match[1], ABSENT, "", message[start : start + _READ])


def sentence(said: Said, *, secret: bool = False) -> str:
    """The words of a cause, without dumps of whole objects.

    Args:
        said: the cause.
        secret: whether the value that it quotes is one of a Secret.
    """
    words = _brief_words(said.words)
    if not said.label:
        return words
    if not said.quoted:
        return f"{said.label}: {words}"
    shown = HIDDEN if secret else said.quoted
    if len(shown) > _SHORT_VALUE:
        # The value stands in the manifest, at the place of the finding.
        return words or said.label
    return f"{said.label}: {shown}: {words}" if words else f"{said.label}: {shown}"


def one_line(text: str, limit: int = LONGEST) -> str:
    """Text as one line of bounded length: a long one keeps its beginning and its end, where the reason stands."""
    line = _SPACES.sub(" ", text[:_READ]).strip()
    if len(line) <= limit:
        return line
    tail = limit // 3
    return f"{line[: limit - tail - 3]} … {line[-tail:]}"


def go_value(text: str) -> str:
    """A value as Go prints it, in words."""
    match = _UNSTRUCTURED.match(text)
    if match:
        inner = match[1]
        return "a mapping" if inner.startswith("map[") else "a list" if inner.startswith("[") else inner[:_SHORT_VALUE]
    if text.startswith("&{"):
        inner = text[2:].removesuffix("}")
        return "a mapping" if inner.startswith("map[") else "a list" if inner.startswith("[") else inner[:_SHORT_VALUE]
    return text[:_SHORT_VALUE]


def changed_fields(message: str) -> list[Changed]:
    """What the comparison at the end of a message shows as new; a server adds one to some immutable specs."""
    match = _HUNK.search(message[:_READ])
    if match is None:
        return []
    lines = message[match.end() : _READ].split("\n")
    return list(_changed(lines[:200]))


class Veil:
    """Takes the values of a Secret out of texts; of any other object it leaves everything.

    Args:
        manifest: the object.
    """

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self.secret = holds_secrets(str(manifest.get("kind", "")))
        self._long: tuple[str, ...] = ()
        self._short: tuple[str, ...] = ()
        if self.secret:
            values: set[str] = set()
            mask("Secret", (), dict(manifest), lambda _, value: values.update(_spellings(value)))
            ordered = sorted((value for value in values if value), key=lambda value: (-len(value), value))
            self._long = tuple(value for value in ordered if len(value) >= _SHORT_SECRET)
            self._short = tuple(value for value in ordered if len(value) < _SHORT_SECRET)

    def covers(self, path: FieldPath) -> bool:
        """Whether what stands at a path is secret."""
        return self.secret and is_secret("Secret", path)

    def hide(self, text: str) -> str:
        """The text without the values."""
        if not self.secret:
            return text
        if len(self._long) + len(self._short) > _MOST_SECRETS:
            return "what the server says is left out, since it may quote one of the many values of this Secret"
        cut = len(text) > _READ
        text = text[:_READ]
        for value in self._long:
            text = text.replace(value, HIDDEN)
        for value in self._short:
            # A short value is part of many words; where it is quoted or printed by itself it is the value.
            text = re.sub(rf"(?<![\w.-]){re.escape(value)}(?![\w-])", HIDDEN, text)
        if cut and self._long:
            text = text[: max(len(text) - len(self._long[0]), 0)]  # half of a value may stand at the end
        return _ONE_CHARACTER.sub("invalid character", text)


def _brief_words(words: str) -> str:
    match = _DUMP_AFTER.search(words)
    words = words[: match.start()] if match else words
    return _PATTERN_HELP.sub(r" (pattern \1)", words)


def _go_dump_end(message: str, start: int) -> int:
    """Where a value ends that Go printed in its own way, such as ``map[a:b]``; ``start`` where it is none."""
    match = _GO_DUMP.match(message, start)
    if match is None:
        return start
    depth = 0
    for token in _GO_TOKEN.finditer(message, match.end() - 1, start + _READ):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if depth == 0 and token[0] in "]}":
            return token.end()
    return start


def _changed(lines: list[str]) -> Iterator[Changed]:
    for line in lines:
        match = _HUNK_LINE.match(line)
        if match is None or match[1] != "+":
            continue
        if match[3] is None:
            yield Changed("", match[2])
            continue
        try:
            yield Changed(match[2], json.loads(match[3]))
        except (ValueError, RecursionError):
            yield Changed(match[2], ABSENT)


def _spellings(value: Any) -> Iterator[str]:
    """A value as a server may write it: by itself, escaped in a quoted text, encoded and decoded."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    texts = [text]
    if isinstance(value, str):
        texts.append(base64.b64encode(text.encode(errors="surrogatepass")).decode())
        with suppress(binascii.Error, ValueError):
            texts.append(base64.b64decode("".join(text.split()), validate=True).decode())
    for one in texts:
        yield one
        yield json.dumps(one)[1:-1]
        yield json.dumps(one, ensure_ascii=False)[1:-1]
        yield from (line for line in one.splitlines() if len(line.strip()) >= _SHORT_SECRET)

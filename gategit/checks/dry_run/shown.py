"""Differences as they may be shown: no value of a Secret, and no value that is longer than a reader would read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from itertools import takewhile
from math import isfinite
from typing import Any

from gategit.change import ABSENT, FieldDifference, canonical
from gategit.checks.dry_run.differences import secret_bytes
from gategit.manifests.secrecy import mask
from gategit.model import DryRunDifference, FieldPath, Json, format_path
from gategit.object_diff import order_of

_DIGITS = 10
_MAX_TEXT = 20_000  # characters of a value, or of all texts in it
_MAX_ITEMS = 2_000  # fields and items in a value
_CONTEXT = 3  # lines that both texts have, kept around those that differ


class Masker:
    """Puts a keyed hash in the place of each secret value.

    Within a run equal values have equal hashes, so that a change shows. The key is random and forgotten with the run:
    nobody can find a value by trying.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hide(self, path: FieldPath, value: Any) -> str:
        """What is shown of a Secret's value. ``data`` and ``stringData`` of the same value are shown alike."""
        if isinstance(value, str):
            content = secret_bytes(value) if path[:1] == ("data",) else value.encode(errors="surrogatepass")
        else:
            content = canonical(value).encode(errors="surrogatepass")
        digest = hmac.new(self._key, content, hashlib.sha256).hexdigest()
        return f"(secret, {digest[:_DIGITS]}…)"

    def shown(self, kind: str, path: FieldPath, value: Any) -> Json:
        """One value of a kind's field, ready for a report."""
        return _bounded(mask(kind, path, value, self.hide)[0])


def shown(kind: str, differences: Iterable[FieldDifference], masker: Masker) -> tuple[DryRunDifference, ...]:
    """Make the differences of an object of some kind ready for a report.

    Values of Secrets become keyed hashes; long texts keep the lines that differ; what is left out is counted.
    """
    return tuple(_shown(kind, difference, masker) for difference in differences)


def _shown(kind: str, difference: FieldDifference, masker: Masker) -> DryRunDifference:
    path = format_path(difference.path)
    old, new = (_safe(kind, difference, value, masker) for value in (difference.old, difference.new))
    if difference.reordered:
        return DryRunDifference(path, "reordered", _bounded(old), _bounded(new))
    if difference.old is ABSENT:
        return DryRunDifference(path, "added", None, _bounded(new))
    if difference.new is ABSENT:
        return DryRunDifference(path, "removed", _bounded(old), None)
    if isinstance(old, str) and isinstance(new, str) and len(old) + len(new) > _MAX_TEXT:
        old, new = _around_the_difference(old, new)
    return DryRunDifference(path, "modified", _bounded(old), _bounded(new))


def _safe(kind: str, difference: FieldDifference, value: Any, masker: Masker) -> Any:
    if value is ABSENT:
        return None
    return mask(kind, difference.path, order_of(value) if difference.reordered else value, masker.hide)[0]


def _around_the_difference(old: str, new: str) -> tuple[str, str]:
    """Two texts without the lines that both begin and end with."""
    one, two = old.split("\n"), new.split("\n")
    before = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, two, strict=False)))
    after = sum(
        1
        for _ in takewhile(
            lambda pair: pair[0] == pair[1], zip(reversed(one[before:]), reversed(two[before:]), strict=False)
        )
    )
    start, end = max(before - _CONTEXT, 0), max(after - _CONTEXT, 0)

    def part(lines: list[str]) -> str:
        head = [f"… {start:,} lines that are the same"] if start else []
        tail = [f"… {end:,} lines that are the same"] if end else []
        return "\n".join([*head, *lines[start : len(lines) - end], *tail])

    return part(one), part(two)


def _bounded(value: Any) -> Json:
    return _Bound().cut(value)


class _Bound:
    """Room for one value; what does not fit is counted in its place."""

    def __init__(self) -> None:
        self._text = _MAX_TEXT
        self._items = _MAX_ITEMS

    def cut(self, value: Any) -> Json:
        """The value, as much of it as there is room for."""
        self._items -= 1
        if isinstance(value, dict):
            found: dict[str, Json] = {}
            for key, part in value.items():
                if self._items <= 0:
                    found["…"] = f"{len(value) - len(found):,} more"
                    break
                found[self._cut_text(str(key))] = self.cut(part)
            return found
        if isinstance(value, list):
            items: list[Json] = []
            for part in value:
                if self._items <= 0:
                    items.append(f"… {len(value) - len(items):,} more")
                    break
                items.append(self.cut(part))
            return items
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float) and isfinite(value):
            return value
        return self._cut_text(str(value))

    def _cut_text(self, text: str) -> str:
        if len(text) <= self._text:
            self._text -= len(text)
            return text
        kept, self._text = self._text, 0
        return f"{text[:kept]}… ({len(text):,} characters)"

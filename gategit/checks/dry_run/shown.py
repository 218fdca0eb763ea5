"""Differences as they may be shown: no value of a Secret, and no value that is longer than a reader would read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from itertools import takewhile
from math import isfinite
from typing import Any

from gategit.change import ABSENT, FieldDifference, canonical
from gategit.checks.dry_run.differences import secret_bytes
from gategit.checks.policy.api.credentials import credential_in_text, named_credential, token_in
from gategit.manifests.secrecy import holds_secrets, mask
from gategit.model import DryRunDifference, FieldPath, Json, format_path

_DIGITS = 10
_MAX_TEXT = 20_000  # characters of a value, or of all texts in it
_MAX_ITEMS = 2_000  # fields and items in a value
_NAMES_SAY_NOTHING = frozenset({"CustomResourceDefinition", "Service"})  # kinds in which such names mean something else
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

    def shown(self, kind: str, path: FieldPath, value: Any, name: str = "") -> Json:
        """One value of a kind's field, ready for a report.

        Args:
            kind: the object's.
            path: the field's.
            value: plain data.
            name: that the value stands under, by ``name_of``; it may say that the value is a credential.
        """
        masked = mask(kind, path, value, self.hide)[0] if holds_secrets(kind) else self._plain(kind, path, value, name)
        return _bounded(masked)

    def _plain(self, kind: str, path: FieldPath, value: Any, name: str) -> Any:
        """A value of another kind, with hashes in the place of credentials that should be in a Secret."""
        if isinstance(value, str):
            return self.hide(path, value) if is_credential(kind, name, value) else value
        if isinstance(value, dict):
            named = _named(value)
            return {
                key: self._plain(kind, (*path, key), part, named if key == "value" and named else key)
                for key, part in value.items()
            }
        if isinstance(value, list):
            return [self._plain(kind, (*path, index), part, name) for index, part in enumerate(value)]
        return value


def is_credential(kind: str, name: str, value: str) -> bool:
    """Whether a text of a kind that is no Secret is a credential by its shape or by the name that it stands under."""
    if token_in(value):
        return True
    return kind not in _NAMES_SAY_NOTHING and (named_credential(name, value) or bool(credential_in_text(value)))


def name_of(path: FieldPath, *contents: Any) -> str:
    """The name that a value stands under: of the item of the list where that has one, else the field's.

    Args:
        path: the field.
        contents: objects that may have it, the likeliest first.
    """
    for content in contents if path[-1:] == ("value",) else ():
        holder = content
        for step in path[:-1]:
            inside = isinstance(holder, dict) and step in holder
            listed = isinstance(holder, list) and isinstance(step, int) and step < len(holder)
            holder = holder[step] if inside or listed else None
        if isinstance(holder, dict) and _named(holder):
            return _named(holder)
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _named(item: dict[str, Any]) -> str:
    found = item.get("name") or item.get("key")
    return found if isinstance(found, str) else ""


def shown(
    kind: str, differences: Iterable[FieldDifference], masker: Masker, *, old: Any = None, new: Any = None
) -> tuple[DryRunDifference, ...]:
    """Make the differences of an object of some kind ready for a report.

    Values of Secrets, and credentials in other kinds, become keyed hashes; long texts keep the lines that differ; what
    is left out is counted.

    Args:
        kind: the object's.
        differences: from ``differences``.
        masker: the same one for the whole run.
        old: the object before, where there is one: an environment variable's name tells what its value is.
        new: the object after.
    """
    return tuple(_shown(kind, difference, masker, old, new) for difference in differences)


def _shown(kind: str, difference: FieldDifference, masker: Masker, before: Any, after: Any) -> DryRunDifference:
    path = format_path(difference.path)
    name = name_of(difference.path, *((before,) if difference.new is ABSENT else (after, before)))
    old, new = difference.old, difference.new
    if difference.reordered:
        old, new = (masker.shown(kind, difference.path, _order_of(value), name) for value in (old, new))
        return DryRunDifference(path, "reordered", old, new)
    if old is ABSENT:
        return DryRunDifference(path, "added", None, masker.shown(kind, difference.path, new, name))
    if new is ABSENT:
        return DryRunDifference(path, "removed", masker.shown(kind, difference.path, old, name), None)
    if isinstance(old, str) and isinstance(new, str) and not holds_secrets(kind):
        if is_credential(kind, name, old) or is_credential(kind, name, new):
            # What the one is, the other may be: only it does not look like it.
            old, new = (masker.hide(difference.path, value) for value in (old, new))
            return DryRunDifference(path, "modified", old, new)
        if len(old) + len(new) > _MAX_TEXT:
            old, new = _around_the_difference(old, new)
    old, new = (masker.shown(kind, difference.path, value, name) for value in (old, new))
    return DryRunDifference(path, "modified", old, new)


def _order_of(items: Sequence[dict[str, Any]]) -> list[Any]:
    """What tells the items of a reordered list apart: their names, or whatever their key is."""
    return [next((item[key] for key in ("name", "mountPath", "key", "port") if key in item), "…") for item in items]


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

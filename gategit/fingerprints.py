"""Fingerprints: what makes a finding of the head the same finding as one of the base.

A fingerprint is made of the rule, the object (or, where there is none, the file), the field with list items named by
what identifies them instead of by index, and the rule's own subject. Lines are no part of it, so a finding survives
lines that move; nor is the file where there is an object, so it survives a file that is renamed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from gategit.model import FieldPath, Finding, State

_NAMING_KEYS = ("name", "key", "id", "containerPort", "port", "mountPath", "host", "path", "ip", "kind")


def stable_path(data: Any, path: FieldPath) -> str:
    """Write a field path in which a list item is named by what identifies it, so that a new sibling moves nothing."""
    steps: list[str] = []
    for step in path:
        if isinstance(step, int):
            item = data[step] if isinstance(data, list) and 0 <= step < len(data) else None
            steps.append(f"[{_item_name(item, step)}]")
            data = item
        else:
            steps.append(f".{step}")
            data = data.get(step) if isinstance(data, dict) else None
    return "".join(steps)


def _item_name(item: Any, index: int) -> str:
    if isinstance(item, dict):
        for key in _NAMING_KEYS:
            value = item.get(key)
            if isinstance(value, str | int):
                return f"{key}={value}"
        return str(index)
    return f"={item}" if isinstance(item, str | int | float) else str(index)


def fingerprint(finding: Finding, path: str, file: str) -> str:
    """Name a finding by what it is about: 20 hexadecimal digits.

    Args:
        finding: the finding.
        path: its field path, from `stable_path`.
        file: its file, as the head names it (a renamed file of the base under its new name).
    """
    thing: tuple[str | None, ...]
    if finding.object is None:
        thing = ("file", file)
    else:
        group = finding.object.api_version.rpartition("/")[0]
        thing = ("object", group, finding.object.kind, finding.object.namespace, finding.object.name)
    parts = (finding.rule, finding.target, thing, path, finding.subject)
    return blake2b(json.dumps(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def mark_existing(
    head: Iterable[Finding], base: Iterable[Finding], renames: Mapping[str, str], head_files: Iterable[str]
) -> list[Finding]:
    """Mark the findings of the head that the base has too.

    One finding of the base excuses one of the head: in the same file (under its new name where it was renamed), or
    anywhere where the base's file is gone. So a copy of an old defect is a new one. What a unit renders is excused by
    what the same unit rendered first: a defect that a second overlay brings along is that overlay's.
    """
    kept_files = set(head_files)
    in_unit: Counter[tuple[object, ...]] = Counter()
    in_place: Counter[tuple[object, ...]] = Counter()
    homeless: Counter[tuple[object, ...]] = Counter()
    for finding in base:
        file = renames.get(finding.location.file, finding.location.file)
        if file in kept_files:
            in_unit[finding.fingerprint, file, finding.units] += 1
            in_place[finding.fingerprint, file] += 1
        else:
            homeless[finding.fingerprint,] += 1
    old: set[int] = set()
    listed = list(head)
    for index, finding in enumerate(listed):
        place = (finding.fingerprint, finding.location.file)
        if _claim(in_unit, (*place, finding.units)) and _claim(in_place, place):
            old.add(index)
    for index, finding in enumerate(listed):
        if index in old:
            continue
        place = (finding.fingerprint, finding.location.file)
        if _claim(in_place, place) or _claim(homeless, (finding.fingerprint,)):
            old.add(index)
    return [replace(one, state=State.EXISTING) if index in old else one for index, one in enumerate(listed)]


def _claim(known: Counter[tuple[object, ...]], name: tuple[object, ...]) -> bool:
    """Take one of what is known under a name; whether there was one left."""
    if known[name] <= 0:
        return False
    known[name] -= 1
    return True


def number_repeats(findings: Sequence[Finding]) -> list[Finding]:
    """Give each finding a fingerprint of its own: the second with the same one gets one derived from it, and so on."""
    seen: Counter[str] = Counter()
    unique: list[Finding] = []
    for finding in findings:
        seen[finding.fingerprint] += 1
        count = seen[finding.fingerprint]
        if count == 1:
            unique.append(finding)
        else:
            derived = blake2b(f"{finding.fingerprint}:{count}".encode(), digest_size=10).hexdigest()
            unique.append(replace(finding, fingerprint=derived))
    return unique

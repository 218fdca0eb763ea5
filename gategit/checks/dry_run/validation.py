"""The single causes of an Invalid answer, each at its own field of the manifest.

Server-side apply merges what is sent into the live object first, so that a list index of the answer may be one of the
merged list. The value that the server quotes tells which item of the manifest it means.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gategit.checks.dry_run.amounts import quantity
from gategit.checks.dry_run.immutable import advice, changed_field, says_immutable
from gategit.checks.dry_run.messages import Said, read_words, sentence
from gategit.checks.dry_run.paths import ABSENT, alike, read_path, value_at
from gategit.checks.dry_run.rules import DRY_RUN_REJECTED, IMMUTABLE_FIELD
from gategit.checks.dry_run.sent import Sent
from gategit.checks.dry_run.values import Problem
from gategit.cluster.answer import Cause
from gategit.model import FieldPath

_NOT_CHECKED = "some validation rules were not checked"


def is_remark(cause: Cause) -> bool:
    """Whether a cause only says that there may be more to find."""
    return _NOT_CHECKED in cause.message and not cause.field.strip("<>nil[]. ")


def read_causes(causes: Iterable[Cause], sent: Sent) -> list[Problem]:
    """A problem for each cause that a server itself gives, in their order."""
    return [_problem(cause, sent) for cause in causes if not is_remark(cause)]


def read_field(cause: Cause, sent: Sent) -> tuple[FieldPath, str]:
    """The field of a cause, and what is wrong with it."""
    said = read_words(cause.message)
    path = _settled(read_path(cause.field, sent.manifest), said, sent)
    return path, sentence(said, secret=sent.veil.covers(path))


def _problem(cause: Cause, sent: Sent) -> Problem:
    said = read_words(cause.message)
    path = _settled(read_path(cause.field, sent.manifest), said, sent)
    secret = sent.veil.covers(path)
    if says_immutable(said.words):
        path = changed_field(said.words, path, sent)
        return sent.problem(IMMUTABLE_FIELD.id, sentence(said, secret=secret), path, advice=advice(sent, path))
    return sent.problem(DRY_RUN_REJECTED.id, sentence(said, secret=secret), path)


def _settled(path: FieldPath, said: Said, sent: Sent) -> FieldPath:
    """The place that the server means by a path with the merged object's indices."""
    manifest = sent.manifest
    if not any(isinstance(step, int) for step in path):
        return _refined(path, said, manifest)
    if said.value is not ABSENT and said.label != "Too long":
        same = [one for one in alike(path, manifest) if _alike(value_at(manifest, one), said.value)]
        if path in same:
            return path
        if same:
            return same[-1] if said.label == "Duplicate value" else same[0]
    elif said.words.startswith("Required value"):
        lacking = [
            (*parent, path[-1])
            for parent in alike(path[:-1], manifest)
            if value_at(manifest, (*parent, path[-1])) in (ABSENT, None, "", [], {})
        ]
        if path not in lacking and lacking:
            return lacking[0]
    return _refined(_existing_item(path, manifest), said, manifest)


def _existing_item(path: FieldPath, manifest: Any) -> FieldPath:
    """The path itself if its list items exist; else the only item there is; else the list."""
    depth = next(
        (
            index
            for index, step in enumerate(path)
            if isinstance(step, int) and value_at(manifest, path[: index + 1]) is ABSENT
        ),
        None,
    )
    if depth is None:
        return path
    items = alike(path[: depth + 1], manifest)
    return (*items[0], *path[depth + 1 :]) if len(items) == 1 else path[:depth]


def _refined(path: FieldPath, said: Said, manifest: Any) -> FieldPath:
    """The entry of a mapping that a message means, where it quotes its key or its value."""
    here = value_at(manifest, path)
    if not path or not isinstance(here, dict) or not isinstance(said.value, str | int | float):
        return path
    if said.value in here:
        return (*path, str(said.value))
    keys = [key for key, value in here.items() if _alike(value, said.value)]
    return (*path, keys[0]) if len(keys) == 1 else path


def _alike(one: Any, other: Any) -> bool:
    if type(one) is type(other):
        return bool(one == other)
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    amount = quantity(one)
    return amount is not None and amount == quantity(other)

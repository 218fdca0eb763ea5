"""Which field it is that may not change, where the server names only the block that it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gategit.checks.dry_run.differences import is_custom, same_value
from gategit.checks.dry_run.paths import value_at
from gategit.checks.dry_run.values import Problem
from gategit.model import FieldPath

_IMMUTABLE = "immutable-field"
_OTHER_THAN = "for fields other than "
_NAME = re.compile(r"'(\w+)'")


def narrowed(problems: Sequence[Problem], live: Mapping[str, Any], manifest: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Move the problems of immutable blocks to the fields in them that the live object has otherwise.

    Args:
        problems: what the server says against the manifest.
        live: the live object.
        manifest: the manifest.
    """
    return tuple(_narrowed(one, live, manifest) if one.rule == _IMMUTABLE else one for one in problems)


def _narrowed(problem: Problem, live: Mapping[str, Any], manifest: Mapping[str, Any]) -> Problem:
    """The problem at what all changed fields of its block have in common, or at the first of them."""
    depth = len(problem.path)
    _, _, others = problem.message.partition(_OTHER_THAN)
    allowed = frozenset(_NAME.findall(others))
    changed = _changed(value_at(manifest, problem.path), value_at(live, problem.path), problem.path, manifest)
    culprits = [path for path in changed if len(path) > depth and path[depth] not in allowed]
    if not culprits:
        return problem
    common = culprits[0]
    for path in culprits[1:]:
        length = next(
            (i for i, steps in enumerate(zip(common, path, strict=False)) if steps[0] != steps[1]), len(common)
        )
        common = common[:length]
    return replace(problem, path=common if len(common) > depth else culprits[0])


def _changed(new: Any, live: Any, path: FieldPath, manifest: Mapping[str, Any]) -> Iterator[FieldPath]:
    """The fields of the manifest that the live object has otherwise; what only the live object has says nothing."""
    if new is None or new is live:
        return
    if isinstance(new, dict) and isinstance(live, dict):
        for name, value in new.items():
            yield from _changed(value, live.get(name), (*path, name), manifest)
    elif isinstance(new, list) and isinstance(live, list) and len(new) == len(live):
        for index, (value, there) in enumerate(zip(new, live, strict=True)):
            yield from _changed(value, there, (*path, index), manifest)
    elif new != live and not same_value(str(manifest.get("kind")), path, new, live, custom=is_custom(manifest)):
        yield path

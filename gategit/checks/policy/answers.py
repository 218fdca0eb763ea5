"""What may be believed of a worker's answers: nothing that was not looked at first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gategit.checks.policy.api.declare import is_of_type
from gategit.checks.policy.load import PolicyInfo, PolicyParameter, PolicySource
from gategit.checks.policy.subjects import Hit, Refusal
from gategit.model import Level

_LONGEST_MESSAGE = 500
_LONGEST_TRACEBACK = 2000
_DEEPEST_PATH = 200
_LONGEST_STEP = 1000
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which no report could be written with


class LostError(Exception):
    """The worker is gone or not to be believed; the text says what happened."""


def is_count(value: object) -> bool:
    """Whether a value is a whole number from 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def believed_hit(policy: str, hit: object, indices: Sequence[int]) -> Hit:
    """A hit, if it is one.

    Args:
        policy: the policy that was asked.
        hit: what the worker answered.
        indices: the run's indices of the objects that were sent.

    Raises:
        LostError: it is not.
    """
    match hit:
        case [int(subject), "old" | "new" as side, list(path), str(message)] if (
            0 <= subject < len(indices)
            and not isinstance(subject, bool)
            and len(path) <= _DEEPEST_PATH
            and all(_is_step(step) for step in path)
        ):
            return Hit(policy, indices[subject], side, tuple(path), clean(message))
    raise LostError("it answered with a place or a message that cannot be one")


def _is_step(step: object) -> bool:
    if isinstance(step, str):
        return len(step) <= _LONGEST_STEP and not _SURROGATE.search(step)
    return isinstance(step, int) and not isinstance(step, bool) and 0 <= step < 1 << 31


def believed_crash(crash: object, indices: Sequence[int]) -> tuple[int, str, str]:
    """A crash, if it is one: the object, what happened, and the last calls.

    Raises:
        LostError: it is not.
    """
    match crash:
        case [int(subject), str(message), str(trace)] if 0 <= subject < len(indices):
            lines = (clean(line) for line in trace[:_LONGEST_TRACEBACK].splitlines())
            return indices[subject], clean(message), "\n".join(lines)
    raise LostError("it made the worker process answer something that is not an answer")


def believed_refusal(policy: str, refused: object) -> Refusal | None:
    """That a policy refuses a parameter, if it says so.

    Raises:
        LostError: it says something else.
    """
    match refused:
        case None:
            return None
        case [str(name), str(problem)]:
            return Refusal(policy, clean(name), clean(problem))
    raise LostError("it made the worker process answer something that is not an answer")


def clean(text: str, most: int = _LONGEST_MESSAGE) -> str:
    """One line without control or formatting characters (which could hide or reorder text), of bounded length."""
    text = " ".join(text[: most * 2].split())
    if not text.isascii() or not text.isprintable():
        text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def policy_info(source: PolicySource, answer: dict[str, Any], index: int) -> PolicyInfo:
    """What a policy declares, if it is what it should be.

    Raises:
        LostError: it is not.
    """
    match answer:
        case {
            "loaded": int(number),
            "line": int(line),
            "level": "error" | "warning" | "note" as level,
            "kinds": list(kinds),
            "security_severity": float() | None as severity,
            "sensitive": bool(sensitive),
            "within_namespace": bool(within_namespace),
            "view": "Manifest" | "Workload" | "Change" | "Changes" as view,
            "doc": str(doc),
            "inventory": list(inventory),
            "needs_request": bool(needs_request),
            "parameters": list(parameters),
        } if number == index and all(isinstance(name, str) for name in [*kinds, *inventory]):
            return PolicyInfo(
                source,
                line,
                Level(level),
                tuple(kinds),
                severity,
                view,
                doc,
                sensitive,
                tuple(inventory),
                needs_request,
                tuple(map(_parameter, parameters)),
                within_namespace,
            )
    raise LostError("it declares something that is not a policy")


def _parameter(declared: object) -> PolicyParameter:
    """A parameter, if it is one.

    Raises:
        LostError: it is not.
    """
    match declared:
        case [str(name), str(type_name), bool() | int() | float() | str() | list() as default]:
            value = tuple(default) if isinstance(default, list) else default
            if is_of_type(value, type_name):
                return PolicyParameter(name, type_name, value)
    raise LostError("it declares a parameter that is none")

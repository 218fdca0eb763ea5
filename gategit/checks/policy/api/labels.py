"""Labels and the selectors that choose by them.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

from gategit.checks.policy.api.fields import is_filled_in_later

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a selector chooses what has these labels.

    Args:
        selector: a LabelSelector (``matchLabels``, ``matchExpressions``), or the plain mapping of a Service or a
            ReplicationController. An empty one chooses everything; one that is absent, or is no mapping, nothing.
        labels: such as a pod template's.
    """
    if not isinstance(selector, dict):
        return False
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return _has_all(selector, labels)
    wanted, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    if not isinstance(wanted, dict) or not isinstance(expressions, list):
        return False
    return _has_all(wanted, labels) and all(_holds(expression, labels) for expression in expressions)


def unmet(wanted: tuple[str, ...], labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Which of the labels (or annotations) that are wanted are not there, or have another value.

    Args:
        wanted: each as a key, or as ``key=pattern`` with a regular expression for the whole value. A value that a
            variable fills in later is let through.
        labels: those that there are.

    Returns:
        The keys, each with what is wrong, to be put behind the key's name: ``is missing``.

    Raises:
        re.error: a pattern is no regular expression.
    """
    found: list[tuple[str, str]] = []
    for one in wanted:
        key, has_pattern, pattern = one.partition("=")
        value = labels.get(key)
        if value is None:
            found.append((key, "is missing"))
        elif has_pattern and not is_filled_in_later(value):
            import re  # noqa: PLC0415  few ask for a pattern

            if re.fullmatch(pattern, value) is None:
                found.append((key, f"is {value[:80]}, which does not match {pattern[:80]}"))
    return found


def _has_all(wanted: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in wanted.items())


def _holds(expression: Any, labels: Mapping[str, str]) -> bool:
    """Whether one requirement of ``matchExpressions`` is met; one that is malformed never is."""
    if not isinstance(expression, dict):
        return False
    key, operator, values = expression.get("key"), expression.get("operator"), expression.get("values") or []
    if not isinstance(key, str) or not isinstance(values, list):
        return False
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    if operator == "In":
        return labels.get(key) in values
    return operator == "NotIn" and labels.get(key) not in values

"""Refusals by a definition that gategit carries: which release of the project speaks, and whether another one differs.

Where nobody said which release the cluster runs, what one release refuses and another one takes may be right there. The
others are not asked: what they would say is worked out from their schemas, and of CEL rules it is known which of them
they have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gategit.checks.dry_run.plan import REJECTED
from gategit.checks.dry_run.values import Problem
from gategit.checks.schema.releases import how_to_pin, with_judge
from gategit.model import FieldPath, Level

if TYPE_CHECKING:
    from gategit.checks.schema.ecosystem import Choice
    from gategit.checks.schema.explain import Trouble
    from gategit.checks.schema.spec import KindSchema, Unusable

_BY_DEFINITION: Final = frozenset({REJECTED, "immutable-field"})
_RULES: Final = "x-kubernetes-validations"
_COMPARED: Final = 200
_FORBIDDEN: Final = " is forbidden: "
"""So speak quotas and admission policies, and never a definition."""

Rule = tuple[str, str]
"""A CEL rule: its expression, and what it says where it is broken."""


class Releases:
    """What is known of the releases of the projects whose definitions judge.

    Args:
        carried: the release that judges, by group and kind.
    """

    def __init__(self, carried: Mapping[tuple[str, str], Choice]) -> None:
        self._carried = carried
        self._read: dict[tuple[str, str, str, str], KindSchema | Unusable] = {}

    def judged(self, data: Mapping[str, Any], message: str) -> tuple[str, bool]:
        """What a server says of a whole object, with the release that speaks, and whether another one takes it."""
        choice = self._judge(data)
        if choice is None or _FORBIDDEN in message:
            return message, False
        taking = self._taking(choice, data, message)
        return with_judge(message, choice, taking), taking is not None

    def said(self, data: Mapping[str, Any], problems: Sequence[Problem]) -> tuple[Problem, ...]:
        """Problems of an object, each with the release that speaks where one does.

        What another release takes, that the cluster may as well run, is a warning.
        """
        choice = self._judge(data)
        if choice is None:
            return tuple(problems)
        return tuple(self._said(one, choice, data) if _is_by_definition(one) else one for one in problems)

    def _judge(self, data: Mapping[str, Any]) -> Choice | None:
        """The release that judges an object; None where its definition is not one that gategit carries."""
        group, _, name = str(data.get("apiVersion")).rpartition("/")
        choice = self._carried.get((group, str(data.get("kind"))))
        versions = choice.release.versions if choice is not None else ()
        version = next((one for one in versions if one.name == name), None)
        return None if choice is None or version is None else replace(choice, version=version)

    def _said(self, problem: Problem, choice: Choice, data: Any) -> Problem:
        taking = self._taking(choice, data, problem.message, problem.path)
        said = replace(problem, message=with_judge(problem.message, choice, taking))
        return said if taking is None else replace(said, help=how_to_pin(choice, taking), level=Level.WARNING)

    def _taking(self, choice: Choice, data: Any, message: str, path: FieldPath | None = None) -> str | None:
        """The newest other release that takes what one refuses; None where none does, or that cannot be told.

        Args:
            choice: the release that refuses.
            data: the object.
            message: what the server says.
            path: of which field; None where it speaks of the whole object.
        """
        others = list(choice.others())
        if not others:
            return None
        troubles = self._troubles(choice, data)
        if troubles is None:
            return None
        said = _plain(message)
        broken = {rule for rule, words in _rules(choice) if words in said}
        meant = [one for one in troubles if one.path == path]
        if not meant and (path is None or not broken):
            meant = troubles
        refused = {(one.rule, one.path) for one in meant}
        if not broken and not refused:
            return None
        for other in others:
            found = self._troubles(other, data)
            shared = found is None or not refused.isdisjoint((one.rule, one.path) for one in found)
            if not shared and broken.isdisjoint(rule for rule, _ in _rules(other)):
                return other.release.name
        return None

    def _troubles(self, choice: Choice, data: Any) -> list[Trouble] | None:
        """What a release's schema refuses of an object; None where that cannot be told."""
        from gategit.checks.schema.explain import explain  # noqa: PLC0415  imports jsonschema: only failures pay
        from gategit.checks.schema.spec import KindSchema, SchemaSet, SchemaSpec  # noqa: PLC0415  the same

        kind = choice.kind
        key = (kind.group, kind.kind, choice.version.name, choice.release.name)
        if key not in self._read:
            self._read[key] = SchemaSet(SchemaSpec()).read_release(choice)
        found = self._read[key]
        if not isinstance(found, KindSchema):
            return None
        try:
            return explain(found.schema, data, "")
        except RecursionError:
            return None


def _is_by_definition(problem: Problem) -> bool:
    """Whether a problem may come from the definition: what all objects have in common does not."""
    return problem.rule in _BY_DEFINITION and problem.path[:1] != ("metadata",)


def _rules(choice: Choice) -> Iterator[Rule]:
    """The CEL rules of a release's schema, each with the words in which the server says that it is broken."""
    waiting: list[Any] = [choice.kind.schema(choice.version)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            rules = node.get(_RULES)
            for one in rules if isinstance(rules, list) else ():
                yield one["rule"], _plain(one.get("message") or f"failed rule: {one['rule']}")[:_COMPARED]


def _plain(text: str) -> str:
    """Words as they can be compared, however a message writes them."""
    return " ".join(text.split()).casefold().rstrip(".")

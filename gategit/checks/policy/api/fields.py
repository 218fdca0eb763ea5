"""A value in an object, with the path that leads to it."""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take this name for true; the module typing costs more than the rest of this file
if TYPE_CHECKING:
    from typing import Any

    Path = tuple[str | int, ...]


def walk(value: Any, steps: tuple[str | int, ...]) -> Any:
    """The value under the steps, None where there is none."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def is_filled_in_later(value: Any) -> bool:
    """Whether a value holds a variable of Kustomize, Flux or Helm (``$TAG``, ``${TAG}``, ``{{ .tag }}``).

    What it will be is not known, so there is nothing to judge yet.
    """
    return isinstance(value, str) and ("$" in value or "{{" in value)


class Field:
    """A value in an object, with the path that leads to it.

    Attributes:
        value: the plain data, None where the field is absent or null (to the cluster that is the same).
        path: keys and list indices from the object's root.
        side: ``new`` for the object as the change leaves it, ``old`` for the one that it replaces.
    """

    __slots__ = ("path", "side", "value")

    def __init__(self, value: Any, path: Path = (), side: str = "new") -> None:
        self.value = value
        self.path = path
        self.side = side

    def __bool__(self) -> bool:
        """Whether the field is there; one that is there and empty, zero or false is."""
        return self.value is not None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def field(self, *steps: str | int) -> Field:
        """The field below this one; it may be absent, and knows its path even then."""
        return Field(walk(self.value, steps), self.path + steps, self.side)

    def get(self, *steps: str | int) -> Any:
        """The plain value below this field, None where it is absent: the cheapest way to look."""
        return walk(self.value, steps)

    def has(self, *steps: str | int) -> bool:
        """Whether the field below is there and not null."""
        return walk(self.value, steps) is not None

    def text(self, *steps: str | int) -> str:
        """The string below this field, "" where there is none or it is no string."""
        value = walk(self.value, steps)
        return value if isinstance(value, str) else ""

    def integer(self, *steps: str | int) -> int | None:
        """The whole number below this field, None where there is none or it is no whole number."""
        value = walk(self.value, steps)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def is_true(self, *steps: str | int) -> bool:
        """Whether the value below this field is the boolean true."""
        return walk(self.value, steps) is True

    def is_false(self, *steps: str | int) -> bool:
        """Whether the value below this field is the boolean false."""
        return walk(self.value, steps) is False

    def items(self, *steps: str | int) -> list[Field]:
        """The members of the list below this field; none where it is no list."""
        value = walk(self.value, steps)
        if not isinstance(value, list):
            return []
        path = self.path + steps
        return [Field(member, (*path, index), self.side) for index, member in enumerate(value)]

    def entries(self, *steps: str | int) -> list[tuple[str, Field]]:
        """The keys and values of the mapping below this field; none where it is no mapping."""
        value = walk(self.value, steps)
        if not isinstance(value, dict):
            return []
        path = self.path + steps
        return [(key, Field(member, (*path, key), self.side)) for key, member in value.items() if isinstance(key, str)]

    def strings(self, *steps: str | int) -> dict[str, str]:
        """The mapping below this field reduced to its strings: labels, annotations, selectors."""
        value = walk(self.value, steps)
        if not isinstance(value, dict):
            return {}
        return {key: text for key, text in value.items() if isinstance(key, str) and isinstance(text, str)}

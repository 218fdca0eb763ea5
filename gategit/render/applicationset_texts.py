"""How an ApplicationSet fills parameters into texts: as ``{{name}}``, or as a template of Go's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gategit.model import FieldPath
from gategit.render.gotemplate import NotUnderstoodError, TemplateError, go_text, numbers_as_go, render
from gategit.render.gotemplate_functions import FUNCTIONS, OTHERS, normalize

__all__ = ("Filler", "TextError", "UnknownTextError", "go_plain", "left_open", "normalize")

_TEMPLATED: Final = re.compile(r"\{\{.*\}\}")
_TAG: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class TextError(Exception):
    """A text that cannot be filled in.

    Attributes:
        message: the end of a sentence.
        path: where it stands in what was filled in.
    """

    def __init__(self, message: str, path: FieldPath = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class UnknownTextError(Exception):
    """A text of which nobody here knows what Argo CD makes; the message says what is not understood."""


@dataclass(frozen=True, slots=True)
class Filler:
    """Fills texts in.

    Attributes:
        go: whether texts are Go's templates.
        strict: whether a parameter that is not there is an error (``missingkey=error``).
    """

    go: bool
    strict: bool = False

    def text(self, text: str, parameters: Mapping[str, Any]) -> str:
        """A text filled in (``Render.Replace``).

        Raises:
            TextError: the controller refuses it.
            UnknownTextError: nobody here knows what comes of it.
        """
        if self.go:
            try:
                return render(text, parameters, FUNCTIONS, strict=self.strict, others=OTHERS)
            except TemplateError as error:
                raise TextError(f'the template "{_short(text)}" fails: {error}') from None
            except NotUnderstoodError as error:
                raise UnknownTextError(f'the template "{_short(text)}" uses {error}') from None
        if not _TEMPLATED.search(text):
            return text
        if "{{" in _TAG.sub("", text):
            raise TextError(f'the text "{_short(text)}" has a {{{{ without }}}}')
        return _TAG.sub(lambda found: self._tag(found, parameters), text)

    def _tag(self, found: re.Match[str], parameters: Mapping[str, Any]) -> str:
        value = parameters.get(found[1].strip())
        return value if isinstance(value, str) else found[0]

    def try_text(self, text: Any, parameters: Mapping[str, Any]) -> Any:
        """A text filled in where all its parameters are there, else as it is."""
        if not isinstance(text, str):
            return text
        try:
            return Filler(self.go, strict=True).text(text, parameters)
        except TextError:
            return text

    def deep(self, value: Any, parameters: Mapping[str, Any], path: FieldPath = ()) -> Any:
        """Every text of plain data filled in, keys too (``deeplyReplace``).

        Raises:
            TextError: the controller refuses one.
            UnknownTextError: nobody here knows what comes of one.
        """
        if isinstance(value, str):
            try:
                return self.text(value, parameters)
            except TextError as error:
                raise TextError(error.message, path) from None
        if isinstance(value, list):
            return [self.deep(one, parameters, (*path, index)) for index, one in enumerate(value)]
        if not isinstance(value, dict):
            return value
        found: dict[str, Any] = {}
        for key, one in value.items():
            name = self.deep(str(key), parameters, (*path, str(key))) if "{{" in str(key) else str(key)
            found[name] = self.deep(one, parameters, (*path, str(key)))
        return found


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:77]}..."


def go_plain(value: Any) -> str:
    """A value of data as the text that Go prints; a number without a fraction is one of JSON's."""
    if value is None:
        return "<nil>"
    return go_text(numbers_as_go(value))


def left_open(value: Any, path: FieldPath = ()) -> Iterator[tuple[FieldPath, str]]:
    """The texts of plain data in which a parameter is still asked for, each with what is asked for."""
    if isinstance(value, str):
        if "<no value>" in value:
            yield path, "<no value>"
        found = _TAG.search(value)
        if found:
            yield path, found[1].strip()
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from left_open(one, (*path, str(key)))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from left_open(one, (*path, index))

"""The exception tree. An expected error is one clear sentence and a way to mend it; it carries its exit code."""

from __future__ import annotations


class GategitError(Exception):
    """Something that a person can mend.

    Attributes:
        message: what is wrong, one sentence.
        hint: what to do next, or an empty string.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GategitError):
    """Wrong options or arguments: exit code 2."""

    exit_code = 2


class ConfigError(GategitError):
    """A configuration, waivers or policy file that cannot be used: exit code 2.

    ``file``, ``line`` and ``column`` (1-based, 0 where unknown) say where.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "", *, file: str = "", line: int = 0, column: int = 0) -> None:
        super().__init__(message, hint)
        self.file = file
        self.line = line
        self.column = column

    def __str__(self) -> str:
        where = ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])
        return f"{where}: {self.message}" if self.file else self.message


class UndecidedError(GategitError):
    """The gate could not look (a shallow clone, a missing commit, a program that did not answer): exit code 3."""

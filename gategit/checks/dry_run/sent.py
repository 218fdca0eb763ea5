"""The object that was sent to a server, with what turns the server's words about it into problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gategit.checks.dry_run.messages import LONGEST, Veil, one_line
from gategit.checks.dry_run.values import Problem
from gategit.model import FieldPath, format_path


class Sent:
    """One object of a request.

    Args:
        manifest: the object as it was declared.
    """

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self.manifest = manifest
        self.veil = Veil(manifest)

    @property
    def kind(self) -> str:
        """The object's kind."""
        return str(self.manifest.get("kind", ""))

    @property
    def name(self) -> str:
        """The object's name, "" where it has none."""
        metadata = self.manifest.get("metadata")
        return str(metadata.get("name") or "") if isinstance(metadata, dict) else ""

    def words(self, text: str, limit: int = LONGEST) -> str:
        """The server's words as one safe line."""
        return one_line(self.veil.hide(text), limit)

    def problem(self, rule: str, words: str, path: FieldPath = (), *, advice: str = "", named: bool = True) -> Problem:
        """A problem in the server's words; the field stands before them, unless they name it themselves."""
        where = one_line(format_path(path), LONGEST // 3) if named else ""
        said = self.words(words) or "the server gives no reason"
        return Problem(rule, f"{where}: {said}" if where else said, path, advice)

"""A table in Markdown that is printed row by row."""

from __future__ import annotations

from collections.abc import Sequence


class Table:
    """Collects rows and prints each as soon as it is known."""

    def __init__(self, heading: Sequence[str]) -> None:
        self.lines = [_line(heading), "|" + "---|" * len(heading)]
        print("\n" + "\n".join(self.lines), flush=True)

    def row(self, *cells: str) -> None:
        """Add a row."""
        # What a program says may stand in a cell.
        self.lines.append(_line([" ".join(cell.replace("|", "/").split()) for cell in cells]))
        print(self.lines[-1], flush=True)


def met_word(*, met: bool | None) -> str:
    """How a row says whether its aim is met; None where there is none, or nothing to compare with."""
    return {True: "yes", False: "**no**", None: ""}[met]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

"""The libraries behind Argo CD's patterns and templates, which gategit's are held to: a program beside this module.

It is built by ``make tools``, or here where it was not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.golang import BIN, GoProgram, bring

SOURCE = Path(__file__).parent / "go_argocd"


@dataclass(frozen=True, slots=True)
class GoArgocd:
    """The running program."""

    process: subprocess.Popen[str]

    def matches(self, kind: str, pattern: str, texts: Sequence[str], separator: str = "") -> list[bool] | None:
        """Which of the texts match a pattern; None where the library does not take it."""
        answer = self._ask({"kind": kind, "pattern": pattern, "texts": list(texts), "separator": separator})
        found: list[bool] = answer["matches"]
        return None if answer["refused"] else found

    def render(self, template: str, data: Mapping[str, Any], *, strict: bool = False) -> str | None:
        """What comes of a template; None where Go refuses it."""
        answer = self._ask({"kind": "template", "template": template, "data": dict(data), "strict": strict})
        text: str = answer["text"]
        return None if answer["refused"] else text

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


def built() -> Path:
    """The program, built if it was not."""
    return bring(GoProgram("go-argocd", ".", SOURCE, pinned="3.6.1"), BIN)


@contextmanager
def running() -> Iterator[GoArgocd]:
    """Run the program."""
    with subprocess.Popen([str(built())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield GoArgocd(process)


if __name__ == "__main__":
    sys.stdout.write(f"{built()}\n")

"""Flux's own expansion of variables, which gategit's is held to: a small program beside this module.

It is built by ``make tools``, or here where it was not.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.golang import BIN, GoProgram, bring

SOURCE = Path(__file__).parent / "go_envsubst"


@dataclass(frozen=True, slots=True)
class Answer:
    """What Flux makes of a text or an object.

    Attributes:
        refused: why it takes neither, or "".
        text: the text filled in; for an object the YAML that was filled in.
        object: the object, None for a text.
    """

    refused: str
    text: bytes
    object: Any


@dataclass(frozen=True, slots=True)
class GoEnvsubst:
    """The running program."""

    process: subprocess.Popen[str]

    def text(self, text: str, variables: Mapping[str, str]) -> Answer:
        """Fill in a text."""
        return self._ask({"text": text, "variables": dict(variables)})

    def object(self, data: Mapping[str, Any], variables: Mapping[str, str]) -> Answer:
        """Fill in an object."""
        return self._ask({"object": dict(data), "variables": dict(variables)})

    def _ask(self, question: Mapping[str, Any]) -> Answer:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return Answer(answer["refused"], base64.b64decode(answer["text"] or ""), answer["object"])


def built() -> Path:
    """The program, built if it was not."""
    return bring(GoProgram("go-envsubst", ".", SOURCE, pinned="1.7.1"), BIN)


@contextmanager
def running() -> Iterator[GoEnvsubst]:
    """Run the program."""
    with subprocess.Popen([str(built())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield GoEnvsubst(process)


if __name__ == "__main__":
    sys.stdout.write(f"{built()}\n")

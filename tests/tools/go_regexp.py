"""Go's own regular expressions, which gategit's are held to: a small program beside this module, built here."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.golang import compiler

SOURCE = Path(__file__).parent / "go_regexp"


@dataclass(frozen=True, slots=True)
class GoRegexp:
    """The running program."""

    process: subprocess.Popen[str]

    def matches(self, pattern: str, texts: Sequence[str]) -> list[bool] | None:
        """Which of the texts match a pattern; None where Go does not compile it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"pattern": pattern, "texts": list(texts)}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        found: list[bool] = answer["matches"]
        return None if answer["refused"] else found


@contextmanager
def running(folder: Path) -> Iterator[GoRegexp]:
    """Build the program in a folder and run it."""
    program = folder / "go_regexp"
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-buildvcs=false",
        "GOWORK": "off",
    }
    done = subprocess.run(
        [compiler(), "build", "-o", str(program), "."],
        cwd=SOURCE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield GoRegexp(process)

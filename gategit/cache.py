"""What was worked out once for a content is kept: one SQLite file in the user's own cache folder.

A key names everything that the value depends on (content, rules, versions), so an entry is never wrong, only unused.
The cache is a convenience: where it cannot be read or written the run goes on without it. Values are JSON, so a
damaged or foreign file can at worst fail to parse, and such an entry counts as missing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from gategit import __version__

_SCHEMA = "CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
_BATCH = 500
_LARGEST = 512 * 2**20


@cache
def program_id() -> str:
    """A name for this very program: its version, and the state of its files.

    The version alone would do for a release; in a checkout, where the code changes under the same version, what an
    earlier state of it worked out must not be taken for this one's.
    """
    package = Path(__file__).resolve().parent
    states = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in sorted(package.rglob("*.py"))]
    return blake2b("\n".join([__version__, *states]).encode(), digest_size=16).hexdigest()


class Cache:
    """A map from text keys to JSON values on disk.

    Args:
        file: where; None keeps nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self.hits = 0
        self.misses = 0
        self._connection = None if file is None else _open(file)

    @property
    def is_open(self) -> bool:
        """Whether what is written is kept."""
        return self._connection is not None

    def read(self, keys: Iterable[str]) -> dict[str, Any]:
        """The values of those keys that are there."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Any] = {}
        if self._connection is not None:
            try:
                for start in range(0, len(wanted), _BATCH):
                    batch = wanted[start : start + _BATCH]
                    marks = ",".join("?" * len(batch))
                    # Only question marks are spliced in; the keys are bound.
                    rows = self._connection.execute(
                        f"SELECT key, value FROM entry WHERE key IN ({marks})",  # noqa: S608  see above
                        batch,
                    )
                    found.update(_readable(rows))
            except sqlite3.Error:
                found = {}
        self.hits += len(found)
        self.misses += len(wanted) - len(found)
        return found

    def write(self, values: Mapping[str, Any]) -> None:
        """Keep values; the newest wins."""
        if self._connection is None or not values:
            return
        rows = [(key, json.dumps(value, separators=(",", ":"))) for key, value in values.items()]
        try:
            with self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", rows)
        except sqlite3.Error:
            self._connection = None

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _readable(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    """The values that are JSON; one that is damaged does not take the others with it."""
    for key, value in rows:
        with suppress(ValueError, TypeError, RecursionError):
            yield key, json.loads(value)


def _open(file: Path) -> sqlite3.Connection | None:
    """Open the file, or None where that cannot be done. A file that has grown too large starts afresh."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if file.exists() and file.stat().st_size > _LARGEST:
            file.unlink()
        connection = sqlite3.connect(file, timeout=2)
    except (OSError, sqlite3.Error):
        return None
    try:
        # A lost cache costs a second; waiting for the disk on each run costs more.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        return None
    return connection

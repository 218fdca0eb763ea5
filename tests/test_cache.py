"""The cache is a convenience: it remembers what it can and never fails a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gategit.cache import Cache, program_id

if TYPE_CHECKING:
    import pytest


def test_what_was_written_is_read_by_the_next_run(tmp_path: Path) -> None:
    """Values survive the process."""
    first = Cache(tmp_path / "a" / "cache.db")
    first.write({"k": [1, {"x": "é"}]})
    first.close()
    second = Cache(tmp_path / "a" / "cache.db")
    assert second.read(["k", "other"]) == {"k": [1, {"x": "é"}]}
    assert (second.hits, second.misses) == (1, 1)
    second.close()


def test_many_keys_are_read_at_once(tmp_path: Path) -> None:
    """There is no limit on the number of keys of one call."""
    cache = Cache(tmp_path / "cache.db")
    cache.write({str(n): n for n in range(1700)})
    assert len(cache.read(str(n) for n in range(2000))) == 1700
    cache.close()


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    """A file that is no database leaves the run without a cache, not without a result."""
    (tmp_path / "cache.db").write_bytes(b"not a database at all, but long enough to be read as one" * 40)
    cache = Cache(tmp_path / "cache.db")
    cache.write({"k": 1})
    assert cache.read(["k"]) == {}
    cache.close()


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """A folder's name taken by a file leaves the run without a cache."""
    (tmp_path / "taken").write_text("")
    cache = Cache(tmp_path / "taken" / "cache.db")
    cache.write({"k": 1})
    assert cache.read(["k"]) == {}


def test_without_a_file_nothing_is_kept() -> None:
    """`--no-cache` reads and writes nothing."""
    cache = Cache(None)
    cache.write({"k": 1})
    assert cache.read(["k"]) == {}


def test_another_state_of_the_program_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one release worked out is never taken for the next one's."""
    before = program_id()
    program_id.cache_clear()
    assert program_id() == before
    program_id.cache_clear()
    monkeypatch.setattr("gategit.cache.__version__", "999")
    assert program_id() != before
    program_id.cache_clear()

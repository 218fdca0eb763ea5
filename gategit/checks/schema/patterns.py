"""Regular expressions of schemas: Go's RE2, run by Rust's regex engine, whose time grows with the text alone.

What that engine does not compile (a mid-pattern ``(?i)``, a look-ahead) is never handed to Python's own engine, which
a hostile pattern could keep busy for hours.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import jsonschema_rs

_LONGEST: Final = 10_000
_COMPILED_BYTES: Final = 10 * 2**20


def compile_schema(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Compile a schema of the common form, with the linear-time regex engine.

    Raises:
        ValueError: the schema or one of its patterns cannot be compiled.
    """
    import jsonschema_rs as rs  # noqa: PLC0415  the import costs more than a small run without it

    return rs.Draft202012Validator(
        schema,
        validate_formats=False,
        pattern_options=rs.RegexOptions(size_limit=_COMPILED_BYTES, dfa_size_limit=_COMPILED_BYTES),
    )


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> jsonschema_rs.Draft202012Validator | None:
    """A validator of texts that match; None where the pattern does not compile."""
    if len(pattern) > _LONGEST:
        return None
    try:
        return compile_schema({"pattern": pattern})
    except Exception:  # noqa: BLE001  whatever the reason, such a pattern is not used, and that is counted
        return None

"""Regular expressions of schemas: Go's RE2, run by Rust's regex engine, whose time grows with the text alone.

A CustomResourceDefinition's pattern is translated first (``re2``), since the two read some of them differently. What is
not translated or does not compile (a look-ahead, a repetition that needs too much memory) is never handed to Python's
own engine, which a hostile pattern could keep busy for hours.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import jsonschema_rs

_LONGEST: Final = 100_000
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
    """A validator of texts that match a pattern of the common form; None where the engine does not compile it."""
    if len(pattern) > _LONGEST:
        return None
    try:
        return compile_schema({"pattern": pattern})
    except Exception:  # noqa: BLE001  whatever the reason, such a pattern is not used, and that is counted
        return None


@lru_cache(maxsize=4096)
def engine_pattern(written: str) -> str | None:
    """A CustomResourceDefinition's pattern as the common form has it; None where it cannot be applied here."""
    from gategit.checks.schema import re2  # noqa: PLC0415  only schemas with patterns need it

    try:
        pattern = re2.translate(written)
    except (re2.RefusedPatternError, re2.UncertainPatternError):
        return None
    return pattern if compile_pattern(pattern) is not None else None


def refusal(written: str) -> str:
    """Why the API server refuses a CustomResourceDefinition's pattern; "" where it does not, or may not."""
    from gategit.checks.schema import re2  # noqa: PLC0415  the same

    try:
        re2.translate(written)
    except re2.UncertainPatternError:
        return ""
    except re2.RefusedPatternError as reason:
        return str(reason)
    return ""

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

    from gategit.checks.schema import re2

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


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> jsonschema_rs.Draft202012Validator | None:
    """A validator of texts that match a pattern of the common form; None where the engine does not compile it."""
    return _compiled(pattern)


def engine_pattern(written: str) -> str | None:
    """A CustomResourceDefinition's pattern as the common form has it; None where it cannot be applied here."""
    translation = _translation(written)
    return None if isinstance(translation, str) or not _compiles(translation.pattern) else translation.pattern


def pattern_size(written: str) -> int:
    """About how much time and memory a CustomResourceDefinition's pattern takes, in characters of a plain text."""
    translation = _translation(written)
    return len(written) if isinstance(translation, str) else max(len(written), translation.size)


def refusal(written: str) -> str:
    """Why the API server refuses a CustomResourceDefinition's pattern; "" where it does not, or may not."""
    translation = _translation(written)
    return translation if isinstance(translation, str) else ""


@lru_cache(maxsize=4096)
def _translation(written: str) -> re2.Translation | str:
    """The translation, or why Go refuses the pattern, "" where that is not known."""
    from gategit.checks.schema import re2  # noqa: PLC0415  only schemas with patterns need it

    try:
        return re2.translate(written)
    except re2.UncertainPatternError:
        return ""
    except re2.RefusedPatternError as reason:
        return str(reason)


@lru_cache(maxsize=4096)
def _compiles(pattern: str) -> bool:
    # What is compiled may be large, and is not kept here: the schema that has the pattern compiles it again.
    return _compiled(pattern) is not None


def _compiled(pattern: str) -> jsonschema_rs.Draft202012Validator | None:
    try:
        return compile_schema({"pattern": pattern})
    except Exception:  # noqa: BLE001  whatever the reason, such a pattern is not used, and that is counted
        return None

"""What can go wrong while schemas are derived."""

from __future__ import annotations


class SchemasError(Exception):
    """Schemas cannot be derived; the message says of which source, and why."""

"""The HTTP library, imported for what it costs and no more.

aiohttp reads the system's certificates when it is imported, twice, and that takes longer than the rest of it. Every
connection of ours brings the certificates that it believes, so aiohttp's own are left empty: a request that names none
is believed by nobody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["aiohttp"]

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@contextmanager
def _without_certificates() -> Iterator[None]:
    """Let the system's certificates be found nowhere; OpenSSL looks where these variables point."""
    before = {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(dict.fromkeys(_VARIABLES, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


with _without_certificates():
    import aiohttp

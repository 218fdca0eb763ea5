"""The HTTP library believes nobody by itself, and the process looks for certificates where it did before."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

CODE = """
import json, os, ssl
import gategit.cluster.client
from aiohttp import connector
print(json.dumps({
    "library": connector._SSL_CONTEXT_VERIFIED.cert_store_stats()["x509_ca"],
    "own": len(ssl.create_default_context().get_ca_certs()),
    "variables": {name: os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")},
}))
"""


@pytest.mark.parametrize("variables", [{}, {"SSL_CERT_FILE": "/nowhere/own.pem"}], ids=["default", "own file"])
def test_certificates_are_looked_up_where_they_were_before(variables: dict[str, str]) -> None:
    """The library's own context is empty; the environment, and what a context made later finds by it, are untouched."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSL_CERT_")}

    def said(code: str) -> str:
        command = [sys.executable, "-c", code]
        return subprocess.run(command, env=environment | variables, capture_output=True, text=True, check=True).stdout

    own = int(said("import ssl; print(len(ssl.create_default_context().get_ca_certs()))"))
    assert json.loads(said(CODE)) == {
        "library": 0,
        "own": own,
        "variables": {"SSL_CERT_FILE": None, "SSL_CERT_DIR": None, **variables},
    }

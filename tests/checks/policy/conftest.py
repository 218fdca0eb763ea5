"""What the tests of policies share: policies and objects, made from a few words."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from gategit.checks.policy.load import PolicySource
from gategit.manifests.manifest import Manifest, Source

DOCSTRING = '''
    """A policy of the tests.

    What it asks:
        Something.

    Why:
        For a reason.

    How to fix:
        Somehow.

    Fails:
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: bad  # <-

    Passes:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: good}

    References:
        https://example.com/
    """
'''

MakePolicy = Callable[..., PolicySource]
MakeManifest = Callable[..., Manifest]


def policy_text(name: str, body: str, *, view: str = "Manifest", decorator: str = "", head: str = "") -> str:
    """The text of a policy file whose function has this body."""
    decorator = decorator or '@policy(level="error", kinds=("*",))'
    return (
        "from __future__ import annotations\n"
        "from gategit.checks.policy.api import *\n"
        f"{textwrap.dedent(head)}\n{decorator}\ndef {name}(thing: {view}) -> Violations:"
        f"{DOCSTRING}{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    )


@pytest.fixture
def make_policy() -> MakePolicy:
    """Make a repository's own policy from its name and its function's body."""

    def make(name: str, body: str, **parts: str) -> PolicySource:
        return PolicySource(name.replace("_", "-"), f"gate/{name}.py", policy_text(name, body, **parts).encode())

    return make


@pytest.fixture
def make_manifest() -> MakeManifest:
    """Make an object; its document in ``a.yaml`` tells it from others."""

    def make(name: str = "x", kind: str = "ConfigMap", api_version: str = "v1", **fields: Any) -> Manifest:
        data = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}
        return Manifest(api_version, kind, None, name, data, Source("a.yaml", 0))

    return make

"""Sandboxes for the tests, of the programs that the tests run with."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from gategit.sandbox.assets import Assets, find_assets
from gategit.sandbox.server import Sandbox, start
from tools.golang import built


@pytest.fixture(scope="session")
def assets() -> Assets:
    """The programs."""
    built("etcd")
    return find_assets(None, built("kube-apiserver").parent, os.environ)


@pytest.fixture(scope="module")
def sandbox(assets: Assets) -> Iterator[Sandbox]:
    """One sandbox for the tests of a module: what they fill it with must not get in each other's way."""
    with start(assets) as running:
        yield running

"""Texts of strangers, as a part of a sentence."""

from __future__ import annotations

import re
from typing import Final

from gategit.disk import show_path

_LONGEST: Final = 400
"""Nobody reads on in one sentence; templates may say as much as they like."""


_RELEASE: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\Z")
LONGEST_RELEASE: Final = 53

_KUBE_VERSION: Final = re.compile(r"v?\d{1,9}(?:\.\d{1,9}){0,2}(?:[-+][0-9A-Za-z.+-]*)?\Z")


def is_release_name(text: str) -> bool:
    """Whether Helm takes a text for the name of a release."""
    return len(text) <= LONGEST_RELEASE and _RELEASE.match(text) is not None


def is_kube_version(text: str) -> bool:
    """Whether Helm takes a text for a version of Kubernetes."""
    return _KUBE_VERSION.match(text) is not None


def sentence(text: str) -> str:
    """What somebody else wrote, as one line that is not too long and does nothing to a terminal."""
    line = " ".join(text[: 4 * _LONGEST].split())
    shown = show_path(line.removesuffix("."))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."

"""Which licence a text is: enough to see that a publication still has the licence that was written down for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tools.schemas.errors import SchemasError
from tools.schemas.modules import module_files
from tools.schemas.sources import Release

_FILES: Final = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING")

_TITLES: Final = (
    ("Elastic-2.0", r"\AElastic License 2\.0\b"),
    ("AGPL-3.0-only", r"\bGNU AFFERO GENERAL PUBLIC LICENSE\b.*?\bVersion 3, 19 November 2007\b"),
    ("Apache-2.0", r"\bApache License\W+Version 2\.0, January 2004\b"),
    ("MIT", r"\bPermission is hereby granted, free of charge, to any person obtaining a copy\b"),
    ("MPL-2.0", r"\bMozilla Public License,? [Vv]ersion 2\.0\b"),
    ("BSD-3-Clause", r"\bNeither the name of\b.*\bmay be used to endorse\b"),
)


def spdx(text: str) -> str:
    """The SPDX id of a licence's text; "" where it is none that is known here."""
    flat = " ".join(text.split())
    return next((name for name, title in _TITLES if re.search(title, flat)), "")


def check_licence(release: Release, text: str) -> None:
    """Compare a publication's licence with the one that is written down.

    Raises:
        SchemasError: it is another one.
    """
    found = spdx(text)
    if found != release.licence:
        raise SchemasError(f"{release} is published under {found or 'an unknown licence'}, not {release.licence}")


def check_module_licence(release: Release, archive: Path, module: str) -> None:
    """Compare a Go module's licence with the one that is written down.

    Args:
        release: the release that it is written down of.
        archive: the module's zip.
        module: the module's path.

    Raises:
        SchemasError: it is another one, or there is none at the module's root.
    """
    texts = [content.decode() for _, content in module_files(archive, _FILES.__contains__)]
    if not texts:
        raise SchemasError(f"{release} has no licence at the root of {module}")
    check_licence(release, texts[0])

"""The user's own cache folder, which no repository can choose or write to."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path | None:
    """``$XDG_CACHE_HOME/gategit`` or ``~/.cache/gategit``, made with mode 0700 where it is not there.

    None where there is no such folder and none can be made, or where it belongs to somebody else: a cache that others
    can write to would let them decide verdicts.
    """
    configured = os.environ.get("XDG_CACHE_HOME", "")
    try:
        parent = Path(configured) if Path(configured).is_absolute() else Path.home() / ".cache"
        folder = parent / "gategit"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return None
    if hasattr(os, "getuid") and (state.st_uid != os.getuid() or state.st_mode & 0o022):
        return None
    return folder

"""Where the folders stand that are there for one build: in memory where the system has a place for that.

Making and removing a folder takes a journalling disk up to a millisecond each: for a build of a few files, longer
than the build.
"""

from __future__ import annotations

import os
import tempfile
from typing import Final

_MEMORY: Final = "/dev/shm"  # noqa: S108  a folder of a name that nobody can foresee is made in it
_ENOUGH: Final = 2 << 30
"""How many bytes must be free there: containers often have a few megabytes alone."""


def make_private_folder(prefix: str) -> str:
    """Make an empty folder that only this user may look into, and return its real path.

    A user who names a folder for temporary files (``TMPDIR``) gets it there.

    Raises:
        OSError: there is no place for it.
    """
    parent = _MEMORY if not os.environ.get("TMPDIR") and _has_room() else None
    # What the system calls the temporary folder may be a link (/tmp on macOS); renderers speak of the real one.
    return os.path.realpath(tempfile.mkdtemp(prefix=prefix, dir=parent))


def _has_room() -> bool:
    try:
        status = os.statvfs(_MEMORY)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize >= _ENOUGH and os.access(_MEMORY, os.W_OK | os.X_OK)

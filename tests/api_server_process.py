"""The process that has the tests' API server: it starts it, says how to reach it, and ends with its last user.

A user holds the file ``users`` locked, shared; this process waits until it can lock it alone. The system lets go of a
lock when its holder ends, so the server ends also where pytest is killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from pathlib import Path

from gategit.cluster.access import Access

ACCESS = "access.json"
LOG = "log"
USERS = "users"


def read_access(folder: Path) -> tuple[Access, str]:
    """How to reach the server of a folder as its administrator, and the server's version."""
    said = json.loads((folder / ACCESS).read_text(encoding="utf-8"))
    access = Access(said["server"], said["name"], authority=said["authority"].encode(), token=said["token"])
    return access, said["version"]


def _write_access(folder: Path, access: Access, version: str) -> None:
    said = {"server": access.server, "name": access.name, "token": access.token, "version": version}
    said["authority"] = (access.authority or b"").decode()
    fresh = folder / f"{ACCESS}.fresh"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(said), encoding="utf-8")
    fresh.replace(folder / ACCESS)


def main(folder: Path) -> None:
    """Serve until nobody uses the server any more."""
    # Late, since the tests' processes read this module for its names.
    from gategit.sandbox.assets import find_assets  # noqa: PLC0415
    from gategit.sandbox.server import start  # noqa: PLC0415
    from tools.golang import built  # noqa: PLC0415

    built("etcd")
    assets = find_assets(None, built("kube-apiserver").parent, os.environ)
    with (folder / USERS).open("a") as users, start(assets, authorization="RBAC") as sandbox:
        _write_access(folder, sandbox.access, sandbox.version)
        fcntl.flock(users, fcntl.LOCK_EX)
        (folder / ACCESS).unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

# SPDX-License-Identifier: MIT
"""Folders in the user's cache, for what can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def folder(name: str) -> Path | None:
    """Ours alone; None where there is no such place, as where root has been given the home of another."""
    home = os.environ.get("HOME", "")
    cache = os.environ.get("XDG_CACHE_HOME") or (os.path.join(home, ".cache") if home else "")
    if not os.path.isabs(cache):
        return None
    found = Path(cache, "switchyard", name)
    try:
        found.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = found.lstat()
    except OSError:
        return None
    ours = about.st_uid == os.geteuid() and not about.st_mode & 0o022 and not found.is_symlink()
    return found if ours and found.parent.stat().st_uid == os.geteuid() else None

# SPDX-License-Identifier: MIT
"""Keeps the compiled modules of this package in the user's cache, so that the next call starts at once and the checkout
stays as it is. Modules of others are none of its business: they have their own."""

from __future__ import annotations

import importlib.machinery
import os
import sys
from pathlib import Path
from types import CodeType

PACKAGE = Path(__file__).resolve().parent


class _Loader(importlib.machinery.SourceFileLoader):
    folder = ""

    def get_code(self, fullname: str) -> CodeType | None:
        before = sys.pycache_prefix, sys.dont_write_bytecode
        sys.pycache_prefix, sys.dont_write_bytecode = self.folder, False
        try:
            return super().get_code(fullname)
        finally:
            sys.pycache_prefix, sys.dont_write_bytecode = before


def folder() -> Path | None:
    """Ours alone; None where there is no such place, as where root has been given the home of another."""
    home = os.environ.get("HOME", "")
    cache = os.environ.get("XDG_CACHE_HOME") or (os.path.join(home, ".cache") if home else "")
    if not os.path.isabs(cache):
        return None
    found = Path(cache, "switchyard", "bytecode")
    try:
        found.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = found.lstat()
    except OSError:
        return None
    ours = about.st_uid == os.geteuid() and not about.st_mode & 0o022 and not found.is_symlink()
    return found if ours and found.parent.stat().st_uid == os.geteuid() else None


def keep() -> None:
    place = folder()
    sys.dont_write_bytecode = True  # never into the checkout
    if place is None:
        return
    _Loader.folder = str(place)
    own = importlib.machinery.FileFinder.path_hook((_Loader, importlib.machinery.SOURCE_SUFFIXES))

    def hook(path: str) -> importlib.machinery.FileFinder:
        if Path(path) != PACKAGE and PACKAGE not in Path(path).parents:
            raise ImportError
        return own(path)  # type: ignore[return-value]

    sys.path_hooks.insert(0, hook)
    for known in [name for name in sys.path_importer_cache if name.startswith(str(PACKAGE))]:
        del sys.path_importer_cache[known]

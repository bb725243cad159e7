# SPDX-License-Identifier: MIT
"""How the modules of this package are imported: each when something of it is first used, so that `--help` does not wait for
numpy; and compiled into the user's cache, so that the next call starts at once and the checkout stays as it is. Modules of
others are none of its business: they have their own."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import CodeType

from yard import cache

PACKAGE = Path(__file__).resolve().parent


class _Loader(importlib.machinery.SourceFileLoader):
    folder = ""

    def get_code(self, fullname: str) -> CodeType | None:
        if not self.folder:
            return super().get_code(fullname)
        before = sys.pycache_prefix, sys.dont_write_bytecode
        sys.pycache_prefix, sys.dont_write_bytecode = self.folder, False
        try:
            return super().get_code(fullname)
        finally:
            sys.pycache_prefix, sys.dont_write_bytecode = before


def prepare() -> None:
    sys.dont_write_bytecode = True  # never into the checkout
    place = cache.folder("bytecode")
    _Loader.folder = str(place or "")
    lazy = importlib.util.LazyLoader.factory(_Loader)  # type: ignore[arg-type]
    details = (lazy, importlib.machinery.SOURCE_SUFFIXES)
    own = importlib.machinery.FileFinder.path_hook(details)  # type: ignore[arg-type]

    def hook(path: str) -> importlib.machinery.FileFinder:
        if Path(path) != PACKAGE and PACKAGE not in Path(path).parents:
            raise ImportError
        return own(path)  # type: ignore[return-value]

    sys.path_hooks.insert(0, hook)
    for known in [name for name in sys.path_importer_cache if name.startswith(str(PACKAGE))]:
        del sys.path_importer_cache[known]

# SPDX-License-Identifier: MIT
"""The version of the suite: CMakeLists.txt alone says it. Imports next to nothing, as every call of
the command line asks."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


def version(sources: Path = REPOSITORY) -> str:
    text = (sources / "CMakeLists.txt").read_text(encoding="utf-8")
    found = re.search(r"^project\(switchyard VERSION ([0-9.]+)", text, re.MULTILINE)
    return found[1] if found else "unknown"

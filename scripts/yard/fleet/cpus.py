# SPDX-License-Identifier: MIT
"""Sets of CPUs as Linux writes them (cpuset(7), list format): 0,2-4."""

from __future__ import annotations

import re

from yard.errors import UsageError

MOST = 8192


def parse(text: str) -> set[int]:
    """Throws UsageError for anything but a list such as 0,2-4."""
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,4})(?:-(\d{1,4}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last or last >= MOST:
            raise UsageError(f"'{text}' is no set of CPUs; write it as in 0,2-4")
        found.update(range(first, last + 1))
    return found

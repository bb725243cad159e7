# SPDX-License-Identifier: MIT
"""What tests see of other processes, and how they wait for it."""

import time
from pathlib import Path


def until(condition, limit_s=90):
    end = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return found


def family(pid):
    """All below a process."""
    try:
        own = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [one for child in own for one in (int(child), *family(int(child)))]


def cmdline(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""

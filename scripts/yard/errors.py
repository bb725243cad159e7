# SPDX-License-Identifier: MIT
"""Exit codes, and errors that carry one. The table stands in docs/methodology.md."""

from __future__ import annotations

import difflib
from typing import Iterable

OK, FAILED, INCONCLUSIVE, NOT_COMPARABLE, HARNESS, USAGE = 0, 1, 2, 3, 4, 64
INTERRUPTED = 130  # 128 + SIGINT, as shells report it; 143 after SIGTERM
MOST_NAMED = 30  # of what there is, in one line
READER_LEFT = 141  # 128 + SIGPIPE


class YardError(Exception):
    """One line that names the cause and the next step."""

    code = HARNESS


class UsageError(YardError):
    code = USAGE


class NotComparable(YardError):
    code = NOT_COMPARABLE


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean ...?` for a mistyped name, or all there is."""
    known = sorted(set(known))
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if not known:
        return "there is none"
    more = (
        f" and {len(known) - MOST_NAMED} more; scripts/switchyard list has the cells"
        if len(known) > MOST_NAMED
        else ""
    )
    return f"there is {', '.join(known[:MOST_NAMED])}{more}"

# SPDX-License-Identifier: MIT
"""Exit codes, and errors that carry one. The table stands in docs/methodology.md."""

from __future__ import annotations

from typing import Iterable

from yard.data.facts import EXIT_CODE

OK, FAILED, INCONCLUSIVE, NOT_COMPARABLE, HARNESS, USAGE, INTERRUPTED, READER_LEFT = (
    EXIT_CODE[name].code
    for name in (
        EXIT_CODE.ok,
        EXIT_CODE.failed,
        EXIT_CODE.inconclusive,
        EXIT_CODE.not_comparable,
        EXIT_CODE.harness,
        EXIT_CODE.usage,
        EXIT_CODE.interrupted,
        EXIT_CODE.reader_left,
    )
)
MOST_NAMED = 30  # of what there is, in one line


class YardError(Exception):
    """One line that names the cause and the next step."""

    code = HARNESS


class UsageError(YardError):
    code = USAGE


class NotComparable(YardError):
    code = NOT_COMPARABLE


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean ...?` for a mistyped name, or all there is."""
    import difflib

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

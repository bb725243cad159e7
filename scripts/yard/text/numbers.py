# SPDX-License-Identifier: MIT
"""Plain numbers in sentences and tables. With a unit they are written by units.py; nothing outside of this package
formats a number."""

from __future__ import annotations


def fixed(value: float, places: int = 0) -> str:
    return f"{value:.{places}f}"


def short(value: float, digits: int = 6) -> str:
    """As few digits as say it, at most so many: 20, 0.5, 1e+09."""
    return f"{value:.{digits}g}"


def length(seconds: float) -> str:
    """`75 s`, or minutes where that is easier to grasp."""
    return f"{fixed(seconds)} s" if seconds < 90 else minutes(seconds)


def percent(share: float, places: int = 0) -> str:
    """`12 %`, of a share of one."""
    return f"{100 * share:.{places}f} %"


def short_percent(share: float) -> str:
    """`2.5 %`, of a limit that somebody has written."""
    return f"{100 * share:g} %"


def change(share: float, places: int = 1) -> str:
    """`+1.2 %`."""
    return f"{100 * share:+.{places}f} %"


def short_change(share: float) -> str:
    """`+0.13 %`, of a change that is small or large."""
    return f"{100 * share:+.2g} %"


def changes(low: float, high: float) -> str:
    """`[+1.0, +1.4]`, the interval beside a change."""
    return f"[{100 * low:+.1f}, {100 * high:+.1f}]"


def column(value: float, width: int) -> str:
    """A whole number, right-aligned."""
    return f"{value:{width}.0f}"


def limits(low: float, high: float, places: int = 2) -> str:
    return f"[{low:.{places}f}, {high:.{places}f}]"


def ratio(value: float, low: float | None = None, high: float | None = None) -> str:
    """`1.25 [1.20, 1.31]`; alone where there is no interval."""
    beside = f" {limits(low, high)}" if low is not None and high is not None else ""
    return f"{value:.2f}{beside}"


def minutes(seconds: float, places: int = 0) -> str:
    return f"{seconds / 60:.{places}f} min"


def rounded(value: float, digits: int) -> float:
    """To so many significant digits, for data that somebody else draws."""
    return float(f"{value:.{digits}g}")

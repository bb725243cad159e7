# SPDX-License-Identifier: MIT
"""Numbers as people read them: three significant digits and a unit, one place for all outputs."""

from __future__ import annotations

import math
from typing import Optional

from yard.data.facts import METRIC
from yard.stats.estimates import Estimate

STEPS = {
    "ns": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")),
    "bytes": ((2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B")),
    "units/s": ((1e9, "G/s"), (1e6, "M/s"), (1e3, "k/s"), (1.0, "/s")),
    "count": ((1.0, ""),),
    "times": ((1.0, "×"),),
    "share": ((0.01, "%"),),
}


def step(value: float, unit: str) -> tuple[float, str]:
    """The divisor and the unit in which `value` is best written."""
    for size, name in STEPS[unit]:
        # 999.6 would be written as 1000: the next unit takes it.
        if abs(value) >= size * 0.9995:
            return size, name
    return STEPS[unit][-1]


def digits(value: float) -> str:
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")  # 0.9996 is 1.00, not 1.000
    places = max(0, 2 - math.floor(math.log10(abs(rounded)) + 1e-9))
    return f"{value:.{min(places, 4)}f}"


def text(value: Optional[float], unit: str) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    if unit == "share":
        return f"{100 * value:.0f} %"
    if not unit:  # nobody knows it
        return digits(value)
    if unit == "count":
        return f"{value:.0f}" if value >= 100 or value == int(value) else digits(value)
    size, name = step(value, unit)
    joint = "" if unit == "times" else " "
    return f"{digits(value / size)}{joint}{name}".strip()


def interval(estimate: Estimate, unit: str) -> str:
    """`[low, high]` in the unit of the value, or why there is none."""
    if estimate.low is None or estimate.high is None:
        return estimate.refused
    if unit == "share":
        return f"[{100 * estimate.low:.0f}, {100 * estimate.high:.0f}]"
    size = step(estimate.value, unit)[0] if unit != "count" else 1.0
    return f"[{digits(estimate.low / size)}, {digits(estimate.high / size)}]"


def of(metric: str, estimate: Optional[Estimate]) -> str:
    return text(estimate.value if estimate else None, METRIC[metric].unit)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers inside [low, high] for a linear axis."""
    if high <= low:
        return [low]
    rough = (high - low) / most
    power = 10 ** math.floor(math.log10(rough))
    size = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / size - 1e-9)
    return [size * i for i in range(first, math.floor(high / size + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 times powers of ten inside [low, high]; powers alone when there would be many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [
            s * 10.0**p
            for p in powers
            for s in steps
            if low * 0.999 <= s * 10.0**p <= high * 1.001
        ]
        if len(found) <= 7:
            break
    return found

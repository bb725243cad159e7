# SPDX-License-Identifier: MIT
"""What the suite says of itself: its own cost, and how far off it measures a known length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence

from yard.data.facts import METRIC
from yard.stats.estimates import Cell
from yard.text import numbers, units

LENGTH = "spin_us"  # the size that says how long an operation of known length takes


@dataclass(frozen=True)
class Suite:
    """What the suite adds to one iteration (`noop`) and how far off it measures a known length (`spin`)."""

    overhead_ns: Optional[float]
    spin_ns: Optional[float]
    nominal_ns: Optional[float]
    error: Optional[float]

    @property
    def measured(self) -> bool:
        return self.overhead_ns is not None and self.error is not None

    @property
    def good(self) -> bool:
        if self.overhead_ns is None or self.error is None:
            return False
        return self.overhead_ns <= 0.01e6 and abs(self.error) <= 0.01

    @property
    def words(self) -> str:
        overhead, spin, nominal = self.overhead_ns, self.spin_ns, self.nominal_ns
        if overhead is None or spin is None or nominal is None:
            return "Not measured in this run: the cells of the suite itself are missing."
        verdict = (
            "at most 1 % on a 1 ms operation" if self.good else "MORE than 1 % on a 1 ms operation"
        )
        return (
            f"{verdict}: an empty iteration costs {units.text(overhead, 'ns')} "
            f"({numbers.short(100 * overhead / 1e6, 2)} % of 1 ms), and {units.text(nominal, 'ns')} of spinning "
            f"are measured as {numbers.fixed(spin / nominal, 4)} times that ({numbers.short_change(spin / nominal - 1)})."
        )


def judged(cells: Sequence[Cell]) -> Suite:
    """Of the suite's own cells, the worst over all executables that were measured: the verdict
    must hold for each."""
    overheads = [
        c.estimates[METRIC.run_ns].value
        for c in cells
        if LENGTH not in c.at.sizes and METRIC.run_ns in c.estimates
    ]
    spins = []
    for cell in cells:
        nominal = cell.at.sizes.get(LENGTH)
        if nominal and METRIC.run_ns in cell.estimates:
            spins.append((cell.estimates[METRIC.run_ns].value, nominal * 1e3))
    worst = max(spins, key=lambda pair: abs(pair[0] / pair[1] - 1), default=None)
    return Suite(
        max(overheads, default=None),
        worst[0] if worst else None,
        worst[1] if worst else None,
        worst[0] / worst[1] - 1 if worst else None,
    )

# SPDX-License-Identifier: MIT
"""The highest rate that holds an objective, by a sequential search: which rate is tried next, and when is it decided?

It knows no server. A trial is one round at one rate, and holds the objective or fails it. A rate is decided when one
outcome is AHEAD of the other. Where the true share of rounds that hold is a quarter or less, a random walk with
steps of odds 1 to 3 reaches the wrong end with at most 1 / (1 + 3 ** AHEAD), 3.6 %, however long it is let go on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Optional

HOLDS, FAILS, UNKNOWN = "holds", "fails", "unknown"  # unknown: the trial says nothing of the server
AHEAD = 3
MOST_TRIALS = 15  # at one rate; then it stays undecided
TOLERANCE = 0.05  # the interval is not made narrower
UP, DOWN = 1.25, 2.0  # steps while only one end is known


@dataclass
class Rate:
    held: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def trials(self) -> int:
        return self.held + self.failed + self.unknown

    @property
    def state(self) -> Optional[str]:
        """None: more trials are wanted. UNKNOWN: they would not help."""
        if abs(self.held - self.failed) >= AHEAD:
            return HOLDS if self.held > self.failed else FAILS
        return UNKNOWN if self.trials >= MOST_TRIALS else None


@dataclass
class Search:
    start: int
    least: int
    most: int
    rates: dict[int, Rate] = field(default_factory=dict)

    def record(self, rate: int, outcome: str) -> None:
        seen = self.rates.setdefault(rate, Rate())
        seen.held += outcome == HOLDS
        seen.failed += outcome == FAILS
        seen.unknown += outcome == UNKNOWN

    @property
    def highest_held(self) -> Optional[int]:
        return max(self._in(HOLDS), default=None)

    @property
    def lowest_failed(self) -> Optional[int]:
        return min(self._in(FAILS), default=None)

    @property
    def trials(self) -> int:
        return sum(rate.trials for rate in self.rates.values())

    def next(self) -> Optional[int]:
        """The rate of the next trial; None when the search is over."""
        open_ones = self._in(None)
        if open_ones or not self.rates:
            return open_ones[0] if open_ones else self.start
        low, high, between = self.highest_held, self.lowest_failed, self._in(UNKNOWN)
        if low is None:
            rate = math.floor(min([*between, *([high] if high else [])]) / DOWN)
            return rate if rate >= self.least else None
        if high is None:
            rate = math.ceil(max([*between, low]) * UP)
            return rate if rate <= self.most else None
        for below, above in ((low, min([*between, high])), (max([*between, low]), high)):
            middle = round(math.sqrt(below * above))
            if above > below * (1 + TOLERANCE) and below < middle < above:
                return middle
        return None

    def _in(self, state: Optional[str]) -> list[int]:
        return [rate for rate, seen in self.rates.items() if seen.state == state]

# SPDX-License-Identifier: MIT
"""How much of a check's time is left."""

from __future__ import annotations

import time
from typing import Callable

from yard.text import numbers


class TimeBudget:
    def __init__(self, total_s: float, now: Callable[[], float] = time.monotonic):
        self.total_s, self._now, self._started = total_s, now, now()

    def used_s(self) -> float:
        return self._now() - self._started

    def left_s(self) -> float:
        return self.total_s - self.used_s()

    def left(self) -> str:
        return f"{numbers.minutes(max(self.left_s(), 0), 1)} of time left"

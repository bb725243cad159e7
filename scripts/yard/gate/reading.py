# SPDX-License-Identifier: MIT
"""What one process printed: numbers, and for everything that is no number the reason.

A reader hands over whatever stands in a field. Nothing is dropped here: `values` has what can be
judged, `refused` what cannot, and gate/absence.py says what that means for the verdict.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from yard.stats import inference
from yard.text import numbers
from yard.text.outside import readable

WHOLE = ""  # instead of a metric: the scenario as a whole
LONGEST = 60  # of what is quoted
_TIME = re.compile(r"time|(^|_)(wall|cpu|ns|us|ms|s|seconds|nanoseconds)$", re.IGNORECASE)
_KINDS = {bool: "true or false", type(None): "null", str: "text", list: "a list", dict: "nested"}

Values = dict[str, dict[str, float]]  # scenario -> metric -> value


class Failed(Exception):
    """A process as a whole gave nothing that can be read."""


class Refused(Exception):
    """A value that is no measurement; the text says why."""


def is_time(metric: str) -> bool:
    """A time of zero was not measured; a counter of zero may have been."""
    return bool(_TIME.search(metric))


def quoted(raw: Any) -> str:
    text = raw if isinstance(raw, str) else json.dumps(raw, default=str)
    text = readable(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def admitted(raw: Any, metric: str) -> float:
    """`raw` as a number that has a ratio to another one."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        raise Refused(f"{_KINDS.get(type(raw), 'no number')}: {quoted(raw)}")
    try:
        value = float(raw)
    except OverflowError:
        raise Refused(f"a number of {len(str(raw))} digits") from None
    if math.isnan(value):
        raise Refused("not a number (NaN)")
    if math.isinf(value):
        raise Refused("infinite")
    if value < 0:
        raise Refused(f"negative: {numbers.short(value)}")
    if value == 0 and is_time(metric):
        raise Refused("a time of zero")
    return value


class Reading:
    """Filled by a reader, value by value. A scenario that is printed several times was repeated:
    its median counts."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, list[float]]] = {}
        self.refused: dict[tuple[str, str], str] = {}
        self.unread: dict[str, str] = {}  # a place in the output that belongs to no scenario -> why

    def number(self, scenario: str, metric: str, raw: Any, scale: float = 1.0) -> None:
        scenario, metric = readable(scenario), readable(metric)
        self._numbers.setdefault(scenario, {})
        try:
            value = admitted(raw, metric) * scale
            if math.isinf(value):
                raise Refused("infinite")
            self._numbers[scenario].setdefault(metric, []).append(value)
        except Refused as why:
            self.refused[scenario, metric] = str(why)

    def refuse(self, scenario: str, metric: str, reason: str) -> None:
        """A number that means nothing, such as one in an unknown unit."""
        self.present(scenario)
        self.refused[readable(scenario), readable(metric)] = readable(reason)

    def present(self, scenario: str) -> None:
        """It was printed, with whatever metrics follow, or none."""
        self._numbers.setdefault(readable(scenario), {})

    def absent(self, scenario: str, reason: str) -> None:
        """It was skipped, it erred, or it gave nothing that can be judged. One bad repetition
        makes all of them bad."""
        self.refused[readable(scenario), WHOLE] = readable(reason)

    @property
    def values(self) -> Values:
        return {
            scenario: {
                metric: inference.median(found)
                for metric, found in metrics.items()
                if (scenario, metric) not in self.refused
            }
            for scenario, metrics in self._numbers.items()
            if (scenario, WHOLE) not in self.refused
        }

    @property
    def scenarios(self) -> list[str]:
        """In the order in which they were printed, with those that gave nothing."""
        return list(dict.fromkeys([*self._numbers, *(name for name, _ in self.refused)]))

    def metrics(self, scenario: str) -> set[str]:
        """All that it printed under this name, good or bad."""
        named = {metric for name, metric in self.refused if name == scenario and metric != WHOLE}
        return named | set(self._numbers.get(scenario, {}))

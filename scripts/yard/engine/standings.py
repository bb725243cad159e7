# SPDX-License-Identifier: MIT
"""What the samples so far say of each row: who leads in its headline metric, who is settled, who is
open."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any, Iterable, Mapping

from yard.data import samples
from yard.data.facts import METRIC
from yard.engine import plan as planning
from yard.engine.rows import Row
from yard.stats import estimates, inference, race
from yard.stats.rank import REFERENCE, headline

Sample = Mapping[str, Any]


class Standings:
    def __init__(self, tolerance: float = race.TOLERANCE):
        self.tolerance = tolerance
        self._samples: dict[planning.Place, list[dict[str, Any]]] = defaultdict(list)
        self._known: dict[planning.Place, race.Standing] = {}

    def add(self, found: Iterable[dict[str, Any]]) -> None:
        for sample in found:
            at = planning.place_of(sample)
            self._samples[at].append(sample)
            self._known.pop(at, None)

    def of(self, row: Row) -> race.Standing:
        if row.at not in self._known:
            own = samples.last_attempts(self._samples.get(row.at, ()))
            self._known[row.at] = race.standing(scores(own, row), self.tolerance)
        return self._known[row.at]


def scores(own: list[dict[str, Any]], row: Row) -> dict[str, dict[int, float]]:
    """ln(value) by round of all that can be ranked, greater is better; as the report ranks them."""
    cells = estimates.cells(own)
    judged = headline(cells, row.headline)
    sign = 1 if METRIC[judged.metric].better == "more" else -1
    found = {}
    for cell in cells:
        values = cell.values.get(judged.metric, {})
        if (
            cell.model != REFERENCE
            and cell.verdict in judged.accept
            and judged.metric in cell.estimates
            and len(values) >= inference.LEAST_ROUNDS
            and min(values.values()) > 0
        ):
            found[cell.contender] = {n: sign * math.log(value) for n, value in values.items()}
    return found

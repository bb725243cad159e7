# SPDX-License-Identifier: MIT
"""Which contender leads at one point, by how much, and which cannot be told apart.

Rounds are paired: what a round shares (a neighbour on the machine, the clock frequency) cancels in
the log ratio. All pairs of a point and metric form one family with simultaneous intervals:
`inference.all_pairs`, and where the values decided how many rounds each contender has,
`anytime.pairs`, each pair from the rounds that it shares."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Collection, Mapping, Optional, Sequence

import numpy as np

from yard.stats import anytime, inference
from yard.data.facts import METRIC, VERDICT
from yard.stats.estimates import Cell

REFERENCE = "floor"  # a measure, not a contender: shown beside the ranked and never ranked
PLATEAU, PLATEAU_MODELS = 0.03, 3  # so near to the best throughput are so many models
BUSY_CLIENT = 0.8  # of its CPU; the limit of the load generator's own guard


def least_floor(metric: str, cells: Sequence[Cell]) -> Optional[Cell]:
    """The floor variant that does best at this point: no model is excused by a weaker one."""
    found = [c for c in cells if c.model == REFERENCE and c.measured and metric in c.estimates]
    sign = -1 if METRIC[metric].better == "more" else 1
    return min(found, key=lambda cell: sign * cell.estimates[metric].value) if found else None


@dataclass(frozen=True)
class Lead:
    """How far `leader` is before `other`: the ratio of the two, at least 1 when `leader` is
    better."""

    leader: str
    other: str
    ratio: float
    low: float
    high: float

    @property
    def separated(self) -> bool:
        return self.low > 1


@dataclass(frozen=True)
class Place:
    contender: str
    rank: int
    not_separated_from: tuple[str, ...]


@dataclass(frozen=True)
class Ranking:
    metric: str
    rounds: int
    places: tuple[Place, ...]  # best first
    excluded: tuple[tuple[str, str], ...]  # contender, why
    runner_up: Optional[Lead]  # the first before the second
    leads: Mapping[tuple[str, str], Lead]

    @property
    def group(self) -> tuple[str, ...]:
        """The leader and all that are not separated from it."""
        if not self.places:
            return ()
        first = self.places[0]
        return (first.contender, *first.not_separated_from)

    def rank_of(self, contender: str) -> Optional[int]:
        return next((place.rank for place in self.places if place.contender == contender), None)


def rank(cells: Sequence[Cell], metric: str, accept: Collection[str] = (VERDICT.ok,)) -> Ranking:
    """Ranks the cells of one point. Contenders share a rank when none of them is separated from
    what is better: the rank is one more than the number of contenders that are surely better."""
    excluded: list[tuple[str, str]] = []
    values: dict[str, Mapping[int, float]] = {}
    for cell in cells:
        if cell.model == REFERENCE:
            continue
        found = cell.values.get(metric, {})
        why = ""
        if cell.verdict not in accept:
            why = cell.verdict
        elif metric not in cell.estimates:
            why = "no value"
        elif len(found) < inference.LEAST_ROUNDS:
            why = "too few rounds"
        elif min(found.values()) <= 0:
            why = "a value of zero has no ratio"
        if why:
            excluded.append((cell.contender, why))
        else:
            values[cell.contender] = found

    adaptive = any(cell.adaptive for cell in cells)
    shared = [] if adaptive else _shared_rounds(values, excluded)
    rounds = max(map(len, values.values()), default=0) if adaptive else len(shared)
    names = sorted(values)
    if len(names) < 2:
        places = tuple(Place(name, 1, ()) for name in names)
        return Ranking(metric, rounds, places, tuple(excluded), None, {})

    sign = 1 if METRIC[metric].better == "more" else -1
    scores = [{n: sign * math.log(value) for n, value in values[name].items()} for name in names]
    pairs: inference.AllPairs | anytime.AnytimePairs = (
        anytime.pairs(scores)
        if adaptive
        else inference.all_pairs(np.array([[own[n] for own in scores] for n in shared]))
    )
    order = sorted(range(len(names)), key=lambda i: (-pairs.location[i].mean(), names[i]))
    places = tuple(
        Place(
            names[i],
            1 + sum(bool(pairs.low[j, i] > 0) for j in range(len(names))),
            tuple(names[j] for j in order if j != i and not pairs.separated(i, j)),
        )
        for i in order
    )
    leads = {
        (names[i], names[j]): Lead(
            names[i],
            names[j],
            *(math.exp(m[i, j]) for m in (pairs.location, pairs.low, pairs.high)),
        )
        for i in order
        for j in order
        if i != j
    }
    return Ranking(
        metric, rounds, places, tuple(excluded), leads[names[order[0]], names[order[1]]], leads
    )


def _shared_rounds(
    values: dict[str, Mapping[int, float]], excluded: list[tuple[str, str]]
) -> list[int]:
    """The rounds that all have; drops the contender with the fewest until enough are shared."""
    while values:
        shared = set.intersection(*(set(found) for found in values.values()))
        if len(shared) >= inference.LEAST_ROUNDS:
            return sorted(shared)
        fewest = min(sorted(values), key=lambda name: len(values[name]))
        excluded.append((fewest, "too few rounds shared with the others"))
        del values[fewest]
    return []


@dataclass(frozen=True)
class Headline:
    """What a point is judged by, and what may take part."""

    metric: str
    accept: tuple[str, ...]
    note: str


def headline(
    cells: Sequence[Cell], declared: str = METRIC.throughput, reason: str = ""
) -> Headline:
    """What the workload declares, or throughput; except where the load generator set the pace.
    Memory that was looked at is the headline in runs that declare nothing, too."""
    if declared != METRIC.throughput and any(declared in cell.estimates for cell in cells):
        return Headline(declared, (VERDICT.ok,), reason)
    if any(METRIC.waiting_bytes in cell.estimates for cell in cells):
        return Headline(METRIC.waiting_bytes, (VERDICT.ok,), reason)
    if any(cell.verdict == VERDICT.rig_limited for cell in cells):
        return Headline(
            METRIC.cpu_per_unit_ns,
            (VERDICT.ok, VERDICT.rig_limited),
            "The load generator, not the model, limited the throughput of at least one cell: "
            "CPU per operation is the headline here.",
        )
    if found := plateau(cells):
        return Headline(
            METRIC.cpu_per_unit_ns,
            (VERDICT.ok, VERDICT.rig_limited),
            f"{', '.join(found)} reach the same throughput while the load generator is busy: that may be its ceiling "
            "and not theirs. CPU per operation is the headline here.",
        )
    return Headline(METRIC.throughput, (VERDICT.ok,), "")


def plateau(cells: Sequence[Cell]) -> list[str]:
    """The contenders of at least three models that share the best throughput of a point with a busy
    load generator. Each window alone looks sound, for its server was busy too; but models that
    differ do not agree by chance.
    """
    busy = {
        cell.contender: cell
        for cell in cells
        if cell.measured and cell.model != REFERENCE and METRIC.throughput in cell.estimates
    }
    best = max((cell.estimates[METRIC.throughput].value for cell in busy.values()), default=0.0)
    found = [
        cell
        for cell in busy.values()
        if cell.estimates[METRIC.throughput].value >= best * (1 - PLATEAU)
        and METRIC.client_cpu_share in cell.estimates
        and cell.estimates[METRIC.client_cpu_share].value >= BUSY_CLIENT
    ]
    many = len({cell.model for cell in found}) >= PLATEAU_MODELS
    return sorted(cell.contender for cell in found) if many else []

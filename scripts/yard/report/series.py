# SPDX-License-Identifier: MIT
"""Everything that a report draws or tells, computed once; the renderers only put it on a page."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import Mapping, Optional, Sequence

import numpy as np

from yard.stats import estimates
from yard.data.facts import METRIC, VERDICT
from yard.stats.estimates import Cell, PointKey, Ratio, paired_ratio
from yard.stats.rank import Headline, Ranking, least_floor
from yard.data import hdr_histogram
from yard.text import units
from yard.report.environment import Environment
from yard.report.pulse import Pulse
from yard.report.suite import Suite

CHARTED = (
    METRIC.throughput,
    METRIC.cpu_per_unit_ns,
    METRIC.p99_ns,
    METRIC.waiting_bytes,
    METRIC.pss_bytes,
)
RANKED = (METRIC.throughput, METRIC.cpu_per_unit_ns, METRIC.p99_ns)
TABLED = (
    METRIC.throughput,
    METRIC.time_per_unit_ns,
    METRIC.cpu_per_unit_ns,
    METRIC.user_per_unit_ns,
    METRIC.system_per_unit_ns,
    METRIC.busiest_thread_share,
    METRIC.working_threads,
    METRIC.p50_ns,
    METRIC.p90_ns,
    METRIC.p99_ns,
    METRIC.p999_ns,
    METRIC.max_ns,
    METRIC.switches_per_unit,
    METRIC.faults_per_unit,
    METRIC.allocations_per_unit,
    METRIC.system_calls_per_unit,
    METRIC.waiting_bytes,
    METRIC.pss_bytes,
    METRIC.peak_rss_bytes,
    METRIC.make_ns,
    METRIC.destroy_ns,
    "threads",
    "processes",
)
MERGED_MOST = (
    32  # histograms behind a percentile curve: more than that moves no line that an eye can see
)


@dataclass(frozen=True)
class Bar:
    """One row of a chart: a value with its interval, and what to think of it."""

    contender: str
    model: str
    value: float
    low: Optional[float]
    high: Optional[float]
    text: str
    interval: str
    rank: Optional[int]
    mark: str  # verdict if not ok, "too few rounds", or ""


@dataclass(frozen=True)
class Line:
    contender: str
    model: str
    x: list[float]
    y: list[float]
    low: list[Optional[float]] = field(default_factory=list)
    high: list[Optional[float]] = field(default_factory=list)


def working_threads(cell: Cell) -> str:
    """`2 threads`: how many worked, as measured, whatever the budget or the cell asked for."""
    found = cell.estimates.get(METRIC.working_threads)
    if found is None:
        return ""
    count = round(found.value)
    return "1 thread" if count == 1 else f"{count} threads"


@dataclass(frozen=True)
class Entry:
    """A cell of the matrix. Ratios say how many times worse, in the point's headline metric."""

    contender: str
    state: str  # a verdict, "not measured" or "no such cell"
    reason: str
    value: str
    interval: str
    to_best: Optional[float]
    to_floor: Optional[Ratio]
    rank: Optional[int]
    threads: str = ""  # how many worked, measured; "" where that is not known


@dataclass
class Point:
    key: PointKey
    label: str
    unit: str
    cells: list[Cell]
    headline: Headline
    rankings: dict[str, Ranking]
    command: str

    @property
    def title(self) -> str:
        return f"{self.key.workload}, {self.label}"

    @property
    def params(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.key.sizes.items())

    @property
    def samples(self) -> int:
        return sum(cell.samples for cell in self.cells)

    @property
    def rounds(self) -> int:
        return max((cell.rounds for cell in self.cells), default=0)

    def cell(self, contender: str) -> Optional[Cell]:
        return next((cell for cell in self.cells if cell.contender == contender), None)

    def oversubscribed(self, cell: Cell) -> bool:
        """More workers than CPUs: they take turns, and what is measured is the turn-taking as well."""
        return bool(cell.cpus and cell.workers and cell.workers > cell.cpus)

    def bars(self, metric: str) -> list[Bar]:
        """Best first; what is not ranked keeps its place by value and carries its mark."""
        ranking = self.rankings.get(metric)
        unit = METRIC[metric].unit
        bars = []
        for cell in self.cells:
            found = cell.estimates.get(metric)
            if found is None or not cell.measured:
                continue
            mark = cell.verdict if cell.verdict != VERDICT.ok else found.refused
            bars.append(
                Bar(
                    cell.contender,
                    cell.model,
                    found.value,
                    found.low,
                    found.high,
                    units.text(found.value, unit),
                    units.interval(found, unit),
                    ranking.rank_of(cell.contender) if ranking else None,
                    mark,
                )
            )
        return sorted(bars, key=lambda bar: bar.value, reverse=METRIC[metric].better == "more")

    @functools.cached_property
    def percentiles(self) -> list[Line]:
        """Latency against the share of operations beyond it, rounds together, as far as 20 operations lie
        beyond a point."""
        lines = []
        for cell in self.cells:
            merged = _merged(cell) if cell.measured else None
            if merged is None or merged.total < 200:
                continue
            reached = np.cumsum(merged.counts)
            furthest = 1 - 20 / merged.total
            nines = np.linspace(0, -np.log10(1 - furthest), 80)
            shares = 1 - 10**-nines
            place = np.searchsorted(reached, np.maximum(1, np.ceil(shares * merged.total - 1e-9)))
            lines.append(
                Line(cell.contender, cell.model, nines.tolist(), merged.values[place].tolist())
            )
        return lines


def _length(point: Point) -> float:
    return min(
        (c.estimates[METRIC.run_ns].value for c in point.cells if METRIC.run_ns in c.estimates),
        default=0.0,
    )


def _merged(cell: Cell) -> Optional[hdr_histogram.Histogram]:
    good = []
    step = max(1, -(-len(cell.histograms) // MERGED_MOST))
    for payload in cell.histograms[::step]:
        try:
            good.append(hdr_histogram.decode(payload))
        except hdr_histogram.NotAHistogram:
            continue  # the quantiles beside it in the sample are still used; old runs may have none
    return hdr_histogram.merge(good)


@dataclass(frozen=True)
class Missing:
    contender: str
    workload: str
    label: str
    state: str
    reason: str


@dataclass(frozen=True)
class Caveat:
    contender: str
    workload: str
    label: str
    verdict: str
    text: str


@dataclass
class Report:
    run_id: str
    points: list[Point]
    contenders: list[str]
    models: list[str]
    missing: list[Missing]
    caveats: list[Caveat]
    suite: Suite
    environment: Environment
    processes: int
    samples: int
    unreadable: int
    rounds: int
    preset: str
    pulse: Optional[Pulse] = None
    open_rows: list[str] = field(default_factory=list)  # for lack of time

    def workloads(self) -> list[tuple[str, list[Point]]]:
        return [
            (name, list(group))
            for name, group in groupby(self.points, key=lambda p: p.key.workload)
        ]

    def point(self, workload: str, pick: Mapping[str, int] | None = None) -> Optional[Point]:
        """The point of a workload nearest to `pick`, or the last one that has an ok cell."""
        points = [
            p
            for p in self.points
            if p.key.workload == workload and any(c.measured for c in p.cells)
        ]
        if not points:
            return None
        if not pick:
            return points[-1]
        wanted = dict(pick)

        def distance(point: Point) -> float:
            params = point.key.sizes
            return math.fsum(
                abs(math.log1p(params.get(name, 0)) - math.log1p(value))
                for name, value in wanted.items()
            )

        return min(points, key=distance)

    def standing(self, workload: str) -> Optional[Point]:
        """The point that a workload stands by: the one nearest to what it prefers, or the one
        with the longest runs."""
        preferred = self.environment.workload(workload).preferred
        own = [point for point in self.points if point.key.workload == workload]
        if preferred or not own:
            return self.point(workload, preferred)
        return max(own, key=_length)

    def entry(self, point: Point, contender: str) -> Entry:
        cell = point.cell(contender)
        if cell is None:
            reason = self.environment.declined(contender, point.key.workload)
            if reason:
                return Entry(contender, "declined", reason, "–", "", None, None, None)
            has = self.environment.claims(contender, point.key.workload)
            state = "not measured" if has else "no such cell"
            return Entry(contender, state, "", "", "", None, None, None)
        metric = point.headline.metric
        found = cell.estimates.get(metric)
        reason = "; ".join(
            f"{r} ({n} of {cell.rounds} rounds)" for (_, r), n in cell.reasons.most_common(3)
        )
        if found is None:
            return Entry(contender, cell.verdict, reason, "–", "", None, None, None)
        better, own = METRIC[metric].better, cell.values[metric]

        def worse_than(other: Optional[Cell]) -> Optional[Ratio]:
            if other is None or metric not in other.values:
                return None
            pair = (other.values[metric], own)
            return paired_ratio(*(pair if better == "more" else pair[::-1]))

        ranking = point.rankings[metric]
        best = point.cell(ranking.places[0].contender) if ranking.places else None
        floor = least_floor(metric, point.cells)
        to_best = worse_than(best)
        unit = METRIC[metric].unit
        return Entry(
            contender,
            cell.verdict if cell.verdict != VERDICT.ok else (found.refused or VERDICT.ok),
            reason,
            units.text(found.value, unit),
            units.interval(found, unit),
            to_best.value if to_best else None,
            worse_than(floor),
            ranking.rank_of(contender),
            working_threads(cell),
        )

    def scaling(self, points: Sequence[Point], metric: str) -> Optional[tuple[str, list[Line]]]:
        """A metric along the one field in which three or more points of a workload differ."""
        varied = varied_fields(points)
        if len(varied) != 1 or len(points) < 3:
            return None
        by: dict[tuple[str, str], list[tuple[float, estimates.Estimate]]] = defaultdict(list)
        for point in points:
            x = point.key.sizes[varied[0]]
            for cell in point.cells:
                if cell.measured and metric in cell.estimates and x > 0:
                    by[cell.contender, cell.model].append((x, cell.estimates[metric]))
        lines = [
            Line(
                name,
                model,
                [x for x, _ in seen],
                [e.value for _, e in seen],
                [e.low for _, e in seen],
                [e.high for _, e in seen],
            )
            for (name, model), seen in by.items()
            if len(seen) > 1
        ]
        return (varied[0], lines) if lines else None


def varied_fields(points: Sequence[Point] | Sequence[PointKey]) -> list[str]:
    """The sizes in which points of a workload differ; the number of workers may be one."""
    keys = [p.key if isinstance(p, Point) else p for p in points]
    return [name for name in keys[0].sizes if len({key.sizes.get(name) for key in keys}) > 1]

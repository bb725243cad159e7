# SPDX-License-Identifier: MIT
"""Curves over workers, task size and number of units: speed-up with a fit of the universal scalability law, the task
size from which a contender is efficient, and memory per unit as a slope."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Callable, Iterator, Optional, Sequence

import numpy as np

from yard.data.facts import METRIC
from yard.stats import estimates
from yard.stats.estimates import Cell, Estimate, paired_ratio
from yard.report.series import Line, Point, Report, varied_fields

EFFICIENT = 0.9
IDEAL = "all cores used"
LEAST_FIT = 3  # numbers of workers: two parameters need more than two
ALIVE = {
    "units": METRIC.waiting_tree_bytes,
    "connections": METRIC.pss_bytes,
}  # sizes that say how much was alive when memory was read
LEAST_SPREAD = 4.0  # most units over fewest: below that a slope is noise


@dataclass(frozen=True)
class Law:
    """Gunther: N / (1 + contention (N - 1) + coherency N (N - 1)) times the speed of one worker."""

    contention: float
    coherency: float
    oversubscribed: bool  # points with more workers than CPUs had to be used

    @property
    def peak(self) -> Optional[float]:
        """Workers beyond which it gets slower; None if never."""
        if self.contention >= 1:
            return 1.0
        return math.sqrt((1 - self.contention) / self.coherency) if self.coherency > 1e-9 else None


@dataclass(frozen=True)
class Curve:
    line: Line  # speed-up over its own single worker, with intervals
    efficiency: Line  # of the CPUs that so many workers can use
    marks: tuple[bool, ...]  # more workers than CPUs
    law: Optional[Law]


@dataclass(frozen=True)
class Scaling:
    title: str
    workload: str
    cpus: int
    curves: list[Curve]


def law(workers: Sequence[float], speed_up: Sequence[float], cpus: int) -> Optional[Law]:
    """Fitted within the CPUs where that gives enough points, else through all of them."""
    from scipy.optimize import curve_fit

    inside = [(n, s) for n, s in zip(workers, speed_up) if n <= cpus]
    used = inside if len(inside) >= LEAST_FIT else list(zip(workers, speed_up))
    if len(used) < LEAST_FIT:
        return None
    n, s = (np.array(column, float) for column in zip(*used))
    try:
        found, _ = curve_fit(
            lambda n, a, b: n / (1 + a * (n - 1) + b * n * (n - 1)),
            n,
            s,
            p0=(0.05, 0.001),
            bounds=([0, 0], [np.inf, np.inf]),
            sigma=s,
        )
    except RuntimeError:
        return None
    return Law(float(found[0]), float(found[1]), len(used) > len(inside))


def _groups(report: Report, field: str, alone: bool = True) -> Iterator[tuple[str, list[Point]]]:
    """Points of a workload that differ in `field`, in its order, and, if `alone`, in nothing else."""
    for workload, points in report.workloads():
        fields = varied_fields(points)
        if field not in fields:
            continue
        held = [name for name in fields if name != field]
        if not alone and len({p.key.sizes.get(field) for p in points}) == len(points):
            held = []
        groups: dict[tuple[int, ...], list[Point]] = defaultdict(list)
        for point in points:
            groups[tuple(point.key.sizes.get(name, 0) for name in held)].append(point)
        for values, own in groups.items():
            own = sorted(own, key=lambda p: p.key.sizes.get(field, 0))
            if len({p.key.sizes.get(field) for p in own}) > 1:
                named = ", ".join(f"{name} {value}" for name, value in zip(held, values))
                yield f"{workload}{', ' if named else ''}{named}", own


def _cells(points: Sequence[Point], metric: str) -> Iterator[tuple[str, list[tuple[Point, Cell]]]]:
    names = dict.fromkeys(cell.contender for point in points for cell in point.cells)
    for name in names:
        found = [
            (p, c)
            for p in points
            if (c := p.cell(name)) is not None and c.measured and metric in c.estimates
        ]
        if len(found) > 1:
            yield name, found


def scalings(report: Report) -> list[Scaling]:
    found = []
    for title, points in _groups(report, "workers"):
        curves = []
        for name, own in _cells(points, METRIC.throughput):
            first = own[0]
            if first[0].key.workers != 1:
                continue
            base = first[1].values[METRIC.throughput]
            gains = [
                (float(p.key.workers), ratio)
                for p, c in own
                if (ratio := paired_ratio(c.values[METRIC.throughput], base)) is not None
            ]
            xs = [workers for workers, _ in gains]
            ys = [ratio.value for _, ratio in gains]
            cpus = first[1].cpus or 1
            shares = [1 / min(n, cpus) for n in xs]
            lows, highs = [r.low for _, r in gains], [r.high for _, r in gains]

            def scaled(
                values: Sequence[Optional[float]], by: Sequence[float] = shares
            ) -> list[Optional[float]]:
                return [None if v is None else v * share for v, share in zip(values, by)]

            curves.append(
                Curve(
                    Line(name, first[1].model, xs, ys, lows, highs),
                    Line(
                        name,
                        first[1].model,
                        xs,
                        [y * share for y, share in zip(ys, shares)],
                        scaled(lows),
                        scaled(highs),
                    ),
                    tuple(n > cpus for n in xs),
                    law(xs, ys, cpus),
                )
            )
        if curves:
            cpus = max((c.cpus for p in points for c in p.cells), default=1)
            found.append(Scaling(title, points[0].key.workload, cpus, curves))
    return found


@dataclass(frozen=True)
class Granularity:
    title: str
    by_size: bool  # x is the length of a task in ns; else the grain itself
    lines: list[Line]
    reached: list[
        tuple[str, Optional[float]]
    ]  # x from which a contender keeps 90 % of its own best


def granularities(report: Report) -> list[Granularity]:
    found = []
    for title, points in _groups(report, "grain"):
        if len(points) < 3:
            continue
        size = _task_size(points)
        lines, reached = [], []
        for name, own in _cells(points, METRIC.run_ns):
            best = min((c for _, c in own), key=lambda c: c.estimates[METRIC.run_ns].value)
            if len(own) < 3:
                continue
            ratios = [
                paired_ratio(best.values[METRIC.run_ns], c.values[METRIC.run_ns]) for _, c in own
            ]
            rows = sorted(
                (size(p), r.value, r.low, r.high)
                for (p, _), r in zip(own, ratios)
                if r is not None and size(p) > 0
            )
            line = Line(name, best.model, *(list(column) for column in zip(*rows)))
            lines.append(line)
            reached.append((name, _reaches(line.x, line.y)))
        if lines:
            order = sorted(reached, key=lambda pair: math.inf if pair[1] is None else pair[1])
            found.append(Granularity(title, size is not _grain, lines, order))
    return found


def _grain(point: Point) -> float:
    return float(point.key.sizes["grain"])


def _task_size(points: Sequence[Point]) -> Callable[[Point], float]:
    """How long a task of a point computes: the work, as the quickest serial run of the group did it, over the tasks.
    Where no serial run or no number of tasks is there, the grain stands for itself."""
    serial = [
        c.estimates[METRIC.run_ns].value
        for p in points
        for c in p.cells
        if c.model == "serial" and METRIC.run_ns in c.estimates
    ]
    tasks: dict[int, float] = {}
    for p in points:
        for c in p.cells:
            if (
                p.unit in ("task", "block")
                and METRIC.run_ns in c.estimates
                and METRIC.time_per_unit_ns in c.estimates
            ):
                tasks[id(p)] = (
                    c.estimates[METRIC.run_ns].value / c.estimates[METRIC.time_per_unit_ns].value
                )
    if not serial or len(tasks) < len(points):
        return _grain
    work = min(serial)
    return lambda point: work / tasks[id(point)]


def _reaches(xs: Sequence[float], ys: Sequence[float]) -> Optional[float]:
    """The least x from which on y stays at 90 %, between the points along the logarithm of x."""
    last = max((i for i, y in enumerate(ys) if y < EFFICIENT), default=-1)
    if last == len(ys) - 1:
        return None
    if last < 0:
        return xs[0]
    share = (EFFICIENT - ys[last]) / (ys[last + 1] - ys[last])
    return math.exp(math.log(xs[last]) + share * (math.log(xs[last + 1]) - math.log(xs[last])))


@dataclass(frozen=True)
class Memory:
    """Bytes a unit, the slope of memory over the number of units; `size` is the one along which it was taken."""

    title: str
    size: str
    lines: list[Line]
    slopes: list[tuple[str, Estimate]]  # least first


def memories(report: Report) -> list[Memory]:
    found = []
    for field, metric in ALIVE.items():
        for title, points in _groups(report, field, alone=False):
            xs = [p.key.sizes[field] for p in points]
            if not xs[0] or xs[-1] / xs[0] < LEAST_SPREAD:
                continue
            lines, slopes = [], []
            for name, own in _cells(points, metric):
                counts = [float(p.key.sizes[field]) for p, _ in own]
                if counts[-1] / counts[0] < LEAST_SPREAD:
                    continue
                seen = [c.estimates[metric] for _, c in own]
                lines.append(
                    Line(
                        name,
                        own[0][1].model,
                        counts,
                        [e.value for e in seen],
                        [e.low for e in seen],
                        [e.high for e in seen],
                    )
                )
                slope = _slope(counts, [c for _, c in own], metric)
                if slope is not None:
                    slopes.append((name, slope))
            if lines:
                found.append(
                    Memory(title, field, lines, sorted(slopes, key=lambda pair: pair[1].value))
                )
    return found


def _slope(counts: Sequence[float], cells: Sequence[Cell], metric: str) -> Optional[Estimate]:
    """In each round, then the median. `idle` has looked at several sizes in one process, which is without the
    harness's own memory for more units."""
    if METRIC.waiting_bytes in cells[-1].estimates:
        return cells[-1].estimates[METRIC.waiting_bytes]
    rounds = set.intersection(*(set(c.values[metric]) for c in cells))
    values = {
        r: float(np.polyfit(counts, [c.values[metric][r] for c in cells], 1)[0]) for r in rounds
    }
    return estimates.estimate(values) if values else None


def ideal(scaling: Scaling) -> Line:
    xs = sorted({x for curve in scaling.curves for x in curve.line.x})
    return Line(IDEAL, "", xs, [min(x, scaling.cpus) for x in xs])

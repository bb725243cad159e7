# SPDX-License-Identifier: MIT
"""The winner map: who leads at which concurrency, CPU per request and wait, and where nobody does; and what latency a
contender has at which throughput. Both from points that a run has; `run --sweep` makes more of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Iterator, Optional

from yard.data.facts import METRIC, VERDICT
from yard.stats.rank import Lead, Ranking, rank
from yard.text import units
from yard.report.series import Line, Point, Report

CONCURRENCY = ("connections", "in_flight", "waits")
WAITING, COMPUTING = ("delay_us", "longest_us"), ("burn_us", "dear_percent", "hash_us")
LOAD_FIELDS = ("messages", "requests", "rate_per_s", "poisson", *CONCURRENCY, *WAITING, *COMPUTING)


@dataclass(frozen=True)
class Field:
    """One place of the map; `group` is the leader and all that are not separated from it."""

    title: str
    metric: str
    group: tuple[str, ...]
    ranked: int
    lead: Optional[Lead]

    @property
    def nobody(self) -> bool:
        """Not one that was ranked is behind: there is no winner here."""
        return self.ranked > 1 and len(self.group) == self.ranked


@dataclass(frozen=True)
class Map:
    workload: str
    columns: list[int]  # concurrency
    rows: list[
        tuple[tuple[str, str, str], list[list[Field]]]
    ]  # wait, CPU a request, what else differs; fields by column


def cpu_per_request_us(sizes: dict[str, int]) -> float:
    """What the contract says a request computes, on average."""
    if "burn_us" in sizes:
        return sizes["burn_us"] * sizes.get("dear_percent", 100) / 100
    return float(sizes.get("hash_us", 0))


def _wait_us(sizes: dict[str, int]) -> int:
    return next((sizes[name] for name in WAITING if name in sizes), 0)


def _judged(point: Point) -> tuple[str, Optional[Ranking]]:
    """Throughput says nothing where the load sets it: there the tail of the latency is compared."""
    if point.key.sizes.get("rate_per_s") and any(
        METRIC.p99_ns in cell.estimates for cell in point.cells
    ):
        return METRIC.p99_ns, point.rankings.get(METRIC.p99_ns) or rank(point.cells, METRIC.p99_ns)
    return point.headline.metric, point.rankings.get(point.headline.metric)


def maps(report: Report) -> list[Map]:
    found = []
    for workload, points in report.workloads():
        concurrency = next((n for n in CONCURRENCY if n in points[0].key.sizes), None)
        knows = set(points[0].key.sizes) & {*WAITING, *COMPUTING}
        if concurrency is None or not knows:
            continue
        columns = sorted({p.key.sizes[concurrency] for p in points})
        rows: dict[tuple[int, float, str], dict[int, list[Field]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for point in points:
            sizes = point.key.sizes
            metric, ranking = _judged(point)
            if ranking is None or not ranking.places:
                continue
            field = Field(
                point.title, metric, ranking.group, len(ranking.places), ranking.runner_up
            )
            at = (_wait_us(sizes), cpu_per_request_us(sizes), _besides(point, points))
            rows[at][sizes[concurrency]].append(field)
        named = [(_row(*at), [cells[c] for c in columns]) for at, cells in sorted(rows.items())]
        if named:
            found.append(Map(workload, columns, named))
    return (
        found if sum(len(fields) for m in found for _, row in m.rows for fields in row) > 1 else []
    )


def _besides(point: Point, own: list[Point]) -> str:
    names = [
        n
        for n in point.key.sizes
        if n not in LOAD_FIELDS and len({p.key.sizes.get(n) for p in own}) > 1
    ]
    words = [f"{name} {point.key.sizes[name]}" for name in names]
    rate = point.key.sizes.get("rate_per_s")
    return ", ".join([*words, *([f"{rate} a second"] if rate else [])])


def _row(wait_us: int, cpu_us: float, besides: str) -> tuple[str, str, str]:
    wait, cpu = (units.text(us * 1e3, "ns") if us else "none" for us in (wait_us, cpu_us))
    return wait, cpu, besides


@dataclass(frozen=True)
class LoadCurve:
    """Latency at the throughput that was reached, one point an offered rate; beyond the knee it goes up."""

    title: str
    quantile: str
    lines: list[Line]  # x in operations a second, y in ns


def load_curves(report: Report) -> Iterator[LoadCurve]:
    for workload, points in report.workloads():
        offered = [
            p
            for p in points
            if p.key.sizes.get("rate_per_s") and p.key.sizes.get("surge_percent", 100) == 100
        ]
        groups: dict[tuple[tuple[str, int], ...], list[Point]] = defaultdict(list)
        for point in offered:
            held = {
                n: v
                for n, v in point.key.sizes.items()
                if n not in ("rate_per_s", "messages", "requests")
            }
            groups[tuple(sorted(held.items()))].append(point)
        for own in groups.values():
            own = sorted(own, key=lambda p: p.key.sizes["rate_per_s"])
            for metric in (METRIC.p50_ns, METRIC.p99_ns):
                lines = _load_lines(own, metric)
                if lines:
                    yield LoadCurve(workload, metric.removesuffix("_ns"), lines)


def _load_lines(points: list[Point], metric: str) -> list[Line]:
    by: dict[
        tuple[str, str], list[tuple[float, float, Optional[float], Optional[float]]]
    ] = defaultdict(list)
    ended: set[str] = set()
    for point in points:
        for cell in point.cells:
            # The first overloaded rate ends a curve; what more of it measures is how long the queue was let grow.
            if cell.contender in ended:
                continue
            if cell.measured and metric in cell.estimates and METRIC.throughput in cell.estimates:
                ended.update([cell.contender] if cell.verdict == VERDICT.overloaded else [])
                e = cell.estimates[metric]
                by[cell.contender, cell.model].append(
                    (cell.estimates[METRIC.throughput].value, e.value, e.low, e.high)
                )
    return [
        Line(name, model, *(list(column) for column in zip(*rows)))
        for (name, model), rows in by.items()
        if len(rows) > 2
    ]

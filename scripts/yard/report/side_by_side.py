# SPDX-License-Identifier: MIT
"""Several runs or machines side by side: what each measured for the same cell. No ratio is judged across runs: they
were not interleaved, and the difference may be the machine's or the hour's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Optional, Sequence

from yard.data import link
from yard.data.facts import METRIC
from yard.text import units
from yard.report.choose import short_list
from yard.report.series import Point, Report


@dataclass(frozen=True)
class Side:
    """A column: one run."""

    run_id: str
    host: str
    machine: str
    preset: str
    rounds: int
    link: str


@dataclass(frozen=True)
class Seen:
    value: str
    interval: str
    rank: Optional[int]
    verdict: str


@dataclass(frozen=True)
class Row:
    contender: str
    seen: list[Optional[Seen]]  # by column


@dataclass(frozen=True)
class Shared:
    """One point that two or more of the runs have."""

    title: str
    metric: str
    groups: list[str]  # who leads, by column
    rows: list[Row]


def columns(reports: Sequence[Report]) -> list[Side]:
    return [
        Side(
            r.run_id,
            r.environment.host,
            r.environment.machine,
            r.preset,
            r.rounds,
            link.name_of(r.environment.meta),
        )
        for r in reports
    ]


def _identity(point: Point) -> tuple[Any, ...]:
    """The same work with the same budget: the preset's name does not matter."""
    workers = max((cell.workers or 0 for cell in point.cells), default=0)
    return point.key.workload, tuple(sorted(point.key.params)), workers


def shared(reports: Sequence[Report]) -> list[Shared]:
    points: dict[tuple[Any, ...], dict[int, Point]] = defaultdict(dict)
    for number, report in enumerate(reports):
        for point in report.points:
            points[_identity(point)][number] = point
    found = []
    for own in points.values():
        if len(own) < 2:
            continue
        first = next(iter(own.values()))
        # The same number in all columns, or they are not side by side: CPU if the runs are not judged alike.
        metrics = {point.headline.metric for point in own.values()}
        metric = metrics.pop() if len(metrics) == 1 else METRIC.cpu_per_unit_ns
        names = dict.fromkeys(cell.contender for point in own.values() for cell in point.cells)
        rows = [
            Row(name, [_seen(own.get(i), name, metric) for i in range(len(reports))])
            for name in names
        ]
        groups = []
        for i in range(len(reports)):
            ranking = own[i].rankings.get(metric) if i in own else None
            groups.append(short_list(ranking.group) if ranking and ranking.places else "–")
        found.append(Shared(first.title, metric, groups, [row for row in rows if any(row.seen)]))
    return found


def _seen(point: Optional[Point], name: str, metric: str) -> Optional[Seen]:
    cell = point.cell(name) if point else None
    if cell is None or point is None:
        return None
    estimate = cell.estimates.get(metric)
    if estimate is None:
        return Seen("–", "", None, cell.verdict)
    unit = METRIC[metric].unit
    ranking = point.rankings.get(metric)
    return Seen(
        units.text(estimate.value, unit),
        units.interval(estimate, unit),
        ranking.rank_of(name) if ranking else None,
        cell.verdict,
    )

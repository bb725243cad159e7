# SPDX-License-Identifier: MIT
"""The summary: one line a workload that says which contenders to take, how far the rest is behind, and how far they
are from the floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from yard.data.facts import METRIC
from yard.stats.estimates import Cell, paired_ratio
from yard.stats.rank import least_floor
from yard.text import units
from yard.report.series import Point, Report
from yard.text.leads import advantage

KINDS = {
    "lesson": "waiting",
    "io_bound": "waiting and serving",
    "mixed": "both",
    "cpu_bound": "computing",
    "primitive": "primitives",
}
MOST_NAMED = 2


@dataclass(frozen=True)
class Choice:
    kind: str
    workload: str
    at: str
    metric: str
    group: tuple[
        str, ...
    ]  # the leader and all that are not separated from it; empty if nothing is ranked
    value: str
    behind: str
    floor: str

    @property
    def named(self) -> str:
        return short_list(self.group)


def short_list(names: tuple[str, ...]) -> str:
    if len(names) <= MOST_NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"


def choices(report: Report) -> list[Choice]:
    found = []
    for workload, point in points(report).items():
        found.append(_choice(point, KINDS.get(report.environment.workload(workload).group, "")))
    order = list(KINDS.values())
    return sorted(found, key=lambda c: order.index(c.kind) if c.kind in order else len(order))


def points(report: Report) -> dict[str, Point]:
    """The point that each workload stands by."""
    found = ((workload, report.standing(workload)) for workload, _ in report.workloads())
    return {workload: point for workload, point in found if point is not None}


def _choice(point: Point, kind: str) -> Choice:
    metric = point.headline.metric
    title = METRIC[metric].title
    ranking = point.rankings[metric]
    head = (kind, point.key.workload, point.label, title)
    if not ranking.places:
        why = next((why for _, why in ranking.excluded), "nothing can be ranked")
        return Choice(*head, (), "", why.replace("_", " "), "")
    group = ranking.group
    leader = point.cell(group[0])
    rest = [place.contender for place in ranking.places if place.contender not in group]
    behind = "–" if len(ranking.places) > 1 else "nobody: it alone is ranked"
    if rest:
        lead = ranking.leads[group[0], rest[0]]
        behind = f"{rest[0]} by {advantage(lead.ratio, lead.low, lead.high)}"
    value = units.of(metric, leader.estimates[metric]) if leader else ""
    return Choice(*head, group, value, behind, _floor(point, leader, metric))


def _floor(point: Point, leader: Optional[Cell], metric: str) -> str:
    floor = least_floor(metric, point.cells)
    if floor is None or leader is None or metric not in floor.values or metric not in leader.values:
        return ""
    pair = (leader, floor) if METRIC[metric].better != "more" else (floor, leader)
    ratio = paired_ratio(pair[0].values[metric], pair[1].values[metric])
    return units.text(ratio.value, "times") if ratio else ""

# SPDX-License-Identifier: MIT
"""Is the ranking over a link the ranking on loopback? Times of the two are never compared: what is
compared is who comes before whom, and only where both runs can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Sequence

from yard.data import link
from yard.data.facts import METRIC
from yard.report.series import Point, Report
from yard.stats.rank import Ranking

# A link is given fewer messages of the same load.
NOT_OF_THE_LOAD = {"messages"}


@dataclass(frozen=True)
class Order:
    """One point. A pair is (better, worse)."""

    title: str
    metric: str
    over: str  # the link
    same: tuple[tuple[str, str], ...]  # on both
    turned: tuple[tuple[str, str], ...]  # as on loopback; the other way round over the link
    unseparated: int  # pairs that are not separated on one of them

    @property
    def words(self) -> str:
        if self.turned:
            pairs = ", ".join(f"{better} before {worse}" for better, worse in self.turned)
            return f"no: on loopback {pairs}; over {self.over} the other way round"
        if not self.same:
            return "cannot be said: no two contenders are separated on both"
        count = len(self.same)
        pairs = "pair is" if count == 1 else "pairs are"
        rest = f"; {self.unseparated} not separated on one of them" if self.unseparated else ""
        return f"yes: {count} {pairs} separated on both, in the same order{rest}"


def orders(reports: Sequence[Report]) -> list[Order]:
    """Of each point that a run on loopback and one over a link have."""
    by_link: dict[str, list[Report]] = {}
    for report in reports:
        by_link.setdefault(link.name_of(report.environment.meta), []).append(report)
    plain = [point for report in by_link.pop(link.LOOPBACK, []) for point in report.points]
    found = []
    for over, own in by_link.items():
        for point in (point for report in own for point in report.points):
            other = next((p for p in plain if _load(p) == _load(point)), None)
            order = _order(over, other, point) if other else None
            if order:
                found.append(order)
    return found


def _load(point: Point) -> tuple[Any, ...]:
    """The same load, however long it was kept up."""
    params = [pair for pair in sorted(point.key.params) if pair[0] not in NOT_OF_THE_LOAD]
    return point.key.workload, tuple(params), max((c.workers or 0 for c in point.cells), default=0)


def _order(over: str, on_loopback: Point, over_link: Point) -> Optional[Order]:
    metrics = {on_loopback.headline.metric, over_link.headline.metric}
    metric = metrics.pop() if len(metrics) == 1 else METRIC.cpu_per_unit_ns
    first, second = on_loopback.rankings.get(metric), over_link.rankings.get(metric)
    if first is None or second is None:
        return None
    before, after = _separated(first), _separated(second)
    ranked = {place.contender for place in first.places} & {p.contender for p in second.places}
    if len(ranked) < 2:
        return None
    before, after = ({p for p in pairs if set(p) <= ranked} for pairs in (before, after))
    same = before & after
    turned = {pair for pair in before if pair[::-1] in after}
    all_pairs = len(ranked) * (len(ranked) - 1) // 2
    return Order(
        over_link.title,
        metric,
        over,
        tuple(sorted(same)),
        tuple(sorted(turned)),
        all_pairs - len(same) - len(turned),
    )


def _separated(ranking: Ranking) -> set[tuple[str, str]]:
    return {pair for pair, lead in ranking.leads.items() if lead.separated}

# SPDX-License-Identifier: MIT
"""Why one contender costs more CPU than another, from what both were seen to do per operation.

User and system CPU are measured. How much of them an event explains is its count times a nominal price, which is a
rule of thumb and only orders the reasons: counts are facts, prices are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Sequence

from yard.data.facts import METRIC
from yard.stats import inference
from yard.stats.estimates import Cell, Ratio, paired_ratio
from yard.report import series
from yard.text import numbers, units

CPU = METRIC.cpu_per_unit_ns
NOTICED = 1.05  # a smaller difference is not explained
LEAST_SHARE = 0.05  # of the difference: a smaller reason is not named
# metric, words for one and many, nominal price in ns, the CPU that pays it
EVENTS = (
    (METRIC.voluntary_per_unit, "wait that switches", "waits that switch", 1_500.0, "system"),
    (METRIC.involuntary_per_unit, "preemption", "preemptions", 1_500.0, "system"),
    (METRIC.faults_per_unit, "page fault", "page faults", 700.0, "system"),
    (METRIC.system_calls_per_unit, "system call", "system calls", 250.0, "system"),
    (METRIC.allocations_per_unit, "allocation", "allocations", 60.0, "user"),
)


@dataclass(frozen=True)
class Reason:
    metric: str
    words: str
    cost_ns: float  # nominal for events, measured for the rest


@dataclass(frozen=True)
class Explained:
    point: str
    slow: str
    fast: str
    ratio: Ratio
    more_ns: float
    reasons: tuple[Reason, ...]  # the greatest first

    @property
    def sentence(self) -> str:
        ratio = numbers.ratio(self.ratio.value, self.ratio.low, self.ratio.high)
        remark = "; ".join(reason.words for reason in self.reasons) or "nothing that was counted"
        return f"{self.slow} takes {ratio} times the CPU of {self.fast}, because of {remark}."


def unrecorded(report: series.Report) -> list[str]:
    """What no cell of this run has counted, so that it cannot be a reason."""
    seen = {metric for point in report.points for cell in point.cells for metric in cell.values}
    return [many for metric, _, many, _, _ in EVENTS if metric not in seen]


def table(report: series.Report) -> list[Explained]:
    """Each point's contenders against the one that takes the least CPU."""
    found = []
    for point in report.points:
        cells = [
            c
            for c in point.cells
            if c.measured and CPU in c.estimates and c.estimates[CPU].value > 0
        ]
        if len(cells) < 2:
            continue
        least = min(cells, key=lambda c: c.estimates[CPU].value)
        for cell in sorted(cells, key=lambda c: -c.estimates[CPU].value):
            explained = explain(point.title, cell, least) if cell is not least else None
            if explained is not None:
                found.append(explained)
    return found


def first(found: Sequence[Explained], points: Sequence[str], most: int = 2) -> list[Explained]:
    """Of these points the differences of those nearest to the least: the choice that a reader has."""
    return [e for point in points for e in [e for e in found if e.point == point][-most:]]


def explain(title: str, slow: Cell, fast: Cell) -> Optional[Explained]:
    """None where the difference is small or may be chance."""
    ratio = paired_ratio(slow.values.get(CPU, {}), fast.values.get(CPU, {}))
    if ratio is None or ratio.value < NOTICED or (ratio.low is not None and ratio.low <= 1):
        return None
    more = {name: _more(slow, fast, f"{name}_per_unit_ns") for name in ("cpu", "user", "system")}
    left = {name: value or 0.0 for name, value in more.items()}
    reasons = []
    for metric, one, many, price_ns, payer in EVENTS:
        extra = _more(slow, fast, metric)
        if extra is None or extra <= 0:
            continue
        left[payer] -= extra * price_ns
        words = f"{units.digits(extra)} more {one if extra == 1 else many} (nominally {units.text(extra * price_ns, 'ns')})"
        reasons.append(Reason(metric, words, extra * price_ns))
    for name, place in (("user", "in the program itself"), ("system", "in the kernel")):
        measured = more[name]
        if left[name] > 0 and measured:
            rest = "more" if left[name] >= 0.999 * measured else "more besides"
            reasons.append(
                Reason(
                    f"{name}_per_unit_ns",
                    f"{units.text(left[name], 'ns')} {rest} {place}",
                    left[name],
                )
            )
    least = LEAST_SHARE * max(left["cpu"], 0.0)
    reasons = sorted((r for r in reasons if r.cost_ns >= least), key=lambda r: -r.cost_ns)
    return Explained(title, slow.contender, fast.contender, ratio, left["cpu"], tuple(reasons[:4]))


def _more(slow: Cell, fast: Cell, metric: str) -> Optional[float]:
    """How much more per operation; None if one of the two was not counted."""
    a, b = slow.values.get(metric), fast.values.get(metric)
    if not a or not b:
        return None
    return _centre(a) - _centre(b)


def _centre(values: Mapping[int, float]) -> float:
    return inference.median(list(values.values()))

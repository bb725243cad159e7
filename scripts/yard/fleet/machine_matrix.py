# SPDX-License-Identifier: MIT
"""Machine x contender x workload: each number a ratio to the floor of its own machine, never a time of several machines.

A ratio above 1 costs more than the floor (or does less). What a contender does holds where it was seen: its relation to
the floor is `above`, `below` or `level` on a machine, and `holds on 2 of 3` counts the machines that show it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Mapping, Optional, Sequence

from yard.data import samples, workloads
from yard.stats import estimates, rank
from yard.data.facts import METRIC, VERDICT
from yard.data.workloads import Workload
from yard.stats.estimates import Cell, PointKey, Ratio
from yard.text.leads import listed

FALLBACK = METRIC.cpu_per_unit_ns


@dataclass(frozen=True)
class Entry:
    """A contender at a point on one machine."""

    machine: str
    verdict: str
    reason: str
    ratio: Optional[Ratio]
    value: Optional[float]

    @property
    def relation(self) -> str:
        """above, below or level: the interval of the ratio against 1; open where it has none."""
        if self.ratio is None or self.ratio.low is None or self.ratio.high is None:
            return "open"
        if self.ratio.low > 1:
            return "above"
        return "below" if self.ratio.high < 1 else "level"


@dataclass(frozen=True)
class Row:
    workload: str
    sizes: tuple[tuple[str, int], ...]
    metric: str
    contender: str
    entries: tuple[Entry, ...]  # one a machine, in the order of the machines

    @property
    def claim(self) -> str:
        """`above the floor: holds on 2 of 3, level on arm1`."""
        seen = [entry for entry in self.entries if entry.relation != "open"]
        if not seen:
            return "open: too few rounds, or no floor beside it"
        counts: dict[str, list[str]] = defaultdict(list)
        for entry in seen:
            counts[entry.relation].append(entry.machine)
        most = max(counts, key=lambda relation: (len(counts[relation]), relation))
        words = {"above": "above the floor", "below": "below the floor", "level": "level with it"}
        text = f"{words[most]}: holds on {len(counts[most])} of {len(self.entries)}"
        others = [f"{relation} on {', '.join(counts[relation])}" for relation in counts]
        text += "".join(f"; {words}" for words in others if not words.startswith(most))
        missing = [entry.machine for entry in self.entries if entry.relation == "open"]
        return text + (f"; open on {', '.join(missing)}" if missing else "")

    @property
    def differs(self) -> bool:
        """Two machines that contradict each other: above on one, below on the other."""
        return {"above", "below"} <= {entry.relation for entry in self.entries}


@dataclass(frozen=True)
class Leader:
    """Who leads at a point, machine by machine."""

    workload: str
    sizes: tuple[tuple[str, int], ...]
    metric: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]  # machine, contenders that nobody surely beats

    @property
    def claim(self) -> str:
        groups = [set(group) for _, group in self.groups if group]
        if not groups:
            return "open: no ranking on any machine"
        shared = set.intersection(*groups)
        if shared:
            names = listed(sorted(shared), most=4)
            return f"{names}: nobody is surely better, on {len(groups)} of {len(self.groups)}"
        return "the machines differ: no contender is among the first on all of them"


@dataclass(frozen=True)
class Matrix:
    machines: tuple[str, ...]
    rows: tuple[Row, ...]
    leaders: tuple[Leader, ...]


def build(runs: Mapping[str, samples.Run]) -> Matrix:
    """Of the runs of several machines, by the machine's name."""
    machines = tuple(sorted(runs))
    cells: dict[PointKey, dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for machine in machines:
        adaptive = bool((runs[machine].plan or {}).get("adaptive"))
        for cell in estimates.cells(runs[machine].samples, adaptive=adaptive):
            cells[cell.at][machine].append(cell)
    declared = {
        name: workload
        for machine in machines
        for name, workload in workloads.of_run(runs[machine].meta or {}).items()
    }
    rows, leaders = [], []
    for at in sorted(cells):
        metric = _metric(declared.get(at.workload) or Workload(at.workload), cells[at])
        rows += _rows(at, metric, machines, cells[at])
        leaders.append(_leader(at, metric, machines, cells[at]))
    return Matrix(machines, tuple(rows), tuple(leaders))


def _metric(workload: Workload, by_machine: Mapping[str, list[Cell]]) -> str:
    """One metric for all machines: their common headline, or CPU per unit."""
    found = {rank.headline(cells, workload.headline).metric for cells in by_machine.values()}
    return found.pop() if len(found) == 1 else FALLBACK


def _rows(
    at: PointKey, metric: str, machines: Sequence[str], by_machine: Mapping[str, list[Cell]]
) -> list[Row]:
    contenders = sorted({cell.contender for cells in by_machine.values() for cell in cells})
    rows = []
    for contender in contenders:
        entries = tuple(
            entry(machine, contender, metric, by_machine.get(machine, [])) for machine in machines
        )
        rows.append(Row(at.workload, tuple(at.sizes.items()), metric, contender, entries))
    return rows


def entry(machine: str, contender: str, metric: str, cells: Sequence[Cell]) -> Entry:
    own = next((cell for cell in cells if cell.contender == contender), None)
    if own is None:
        return Entry(machine, "absent", "not measured on this machine", None, None)
    reason = next((text for (_, text), _ in own.reasons.most_common(1)), "")
    floor = rank.least_floor(metric, cells)
    estimate = own.estimates.get(metric) if own.measured else None
    ratio = None
    if estimate is not None and floor is not None and floor is not own:
        above, below = own.values.get(metric, {}), floor.values.get(metric, {})
        if METRIC[metric].better == "more":
            above, below = below, above
        ratio = estimates.paired_ratio(above, below)
    return Entry(machine, own.verdict, reason, ratio, estimate.value if estimate else None)


def _leader(
    at: PointKey, metric: str, machines: Sequence[str], by_machine: Mapping[str, list[Cell]]
) -> Leader:
    groups = []
    for machine in machines:
        cells = [c for c in by_machine.get(machine, []) if c.model != rank.REFERENCE and c.measured]
        ranking = rank.rank(cells, metric, (VERDICT.ok, VERDICT.rig_limited)) if cells else None
        groups.append((machine, ranking.group if ranking else ()))
    return Leader(at.workload, tuple(at.sizes.items()), metric, tuple(groups))

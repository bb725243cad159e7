# SPDX-License-Identifier: MIT
"""Which scenarios both sides have, how large a slot of each is, and which of them the time budget has room for."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any, Mapping, Sequence

from yard.gate.absence import Absent
from yard.engine import plan as planning
from yard.data.models import Catalogue

SLOT_S = 0.3  # measured time of a slot; shorter only where the budget has no room
LEAST_SLOT_S = 0.1
MOST_ITERATIONS = 2000
LEAST_OPERATIONS = 2000  # of a server's slot, if the point has so many: fewer have no p99
SCREEN_SHARE = 0.6  # of the time budget; the rest is for confirming suspects


@dataclass(frozen=True)
class Scenario:
    """A cell at a point. `settings` and `iterations` are the same for both sides."""

    id: str
    model: str
    variant: str
    workload: str
    preset: str
    point: int
    params: Mapping[str, int]
    role: str
    budget: Mapping[str, Any]
    iterations: int = 1
    warm_up: int = 1
    settings: Mapping[str, int] = field(default_factory=dict)
    run_s: float = 0.0  # one iteration, once tried
    around_s: float = 0.0  # what a process takes beside its measured iterations

    @property
    def slot_s(self) -> float:
        return self.around_s + self.iterations * self.run_s


@dataclass
class Matched:
    scenarios: list[Scenario]
    not_compared: dict[str, str]  # id or cell -> why, such as "new: head only"
    absent: list[Absent] = field(default_factory=list)  # of what was to be compared


def match(
    base: Catalogue,
    head: Catalogue,
    options: planning.Options,
    cpus: Sequence[int],
    only: Sequence[str] = (),
) -> Matched:
    """Cells that both sides support, at equal points. `options` chooses on the head's side."""
    here, there = _cells(head, options, cpus), _cells(base, options, cpus)
    if only:
        planning._known("--only", only, [*here, *there])
        here = {id: s for id, s in here.items() if id in only}
        there = {id: s for id, s in there.items() if id in only}
    both = [here[id] for id in here if id in there]
    absent = [Absent(id, "", True, "removed: base only") for id in there if id not in here]
    absent += [
        Absent(s.id, "", False, "changed: other sizes at this point")
        for s in both
        if there[s.id].params != s.params
    ]
    gone = {one.scenario for one in absent}
    new = {id: "new: head only" for id in here if id not in there}
    return Matched([s for s in both if s.id not in gone], new, absent)


def _cells(found: Catalogue, options: planning.Options, cpus: Sequence[int]) -> dict[str, Scenario]:
    here = {}
    # A name that only the other side knows is no mistake here.
    mine = replace(
        options,
        models=tuple(m for m in options.models if m in found.describe) or options.models,
        workloads=tuple(w for w in options.workloads if w in found.workloads) or options.workloads,
    )
    for model, cell in planning.selected(found, mine):
        workload = found.workloads.get(cell["workload"])
        if workload is None or (workload["group"] == "self" and model not in mine.models):
            continue  # the harness' own overhead is the same harness on both sides
        for point, params, _ in planning._points(workload, mine):
            name = "/".join(part for part in (model, cell["workload"], cell["variant"]) if part)
            here[f"{name}@{point}"] = Scenario(
                f"{name}@{point}",
                model,
                cell["variant"],
                workload["name"],
                mine.preset,
                point,
                params,
                workload["role"],
                planning.budget(workload, cpus, mine.workers),
                settings=dict(mine.set),
                warm_up=planning.WARM_UP[workload["role"]],
            )
    return here


def shortened(scenario: Scenario) -> Scenario:
    """For the first try: a server, which serves once in its life, with few of what there is most of."""
    if scenario.role != "server":
        return scenario
    sizes = {
        name: value
        for name, value in scenario.params.items()
        if _counts(name) and name not in scenario.settings
    }
    most = max(sizes, key=lambda name: sizes[name], default="")
    least = _least(scenario, most)
    return (
        replace(scenario, settings={**scenario.settings, most: least})
        if most and least < sizes[most]
        else scenario
    )


def _counts(name: str) -> bool:
    return not name.endswith(("_bytes", "_per_s", "_us", "_ns"))


def _least(scenario: Scenario, counted: str) -> int:
    """Enough operations for a p99, and two for each of whatever else there is many of, such as connections."""
    others = [value for name, value in scenario.params.items() if name != counted and _counts(name)]
    return max(LEAST_OPERATIONS, 2 * max(others, default=0))


def sized(scenario: Scenario, run_s: float, wall_s: float, units: int, slot_s: float) -> Scenario:
    """From one process with one iteration: enough iterations for a slot, of a server enough operations instead."""
    around_s = max(wall_s - run_s, 0.001)
    if scenario.role != "server":
        count = max(1, min(MOST_ITERATIONS, round(slot_s / max(run_s, 1e-9))))
        return replace(scenario, run_s=run_s, around_s=around_s, iterations=count)
    tried = {**scenario.params, **scenario.settings}
    counted = [name for name in scenario.params if tried[name] == units and _counts(name)]
    if len(counted) != 1:
        return replace(scenario, run_s=run_s, around_s=around_s)
    wanted = max(int(units * slot_s / max(run_s, 1e-9)), _least(scenario, counted[0]))
    wanted = min(wanted, max(scenario.params[counted[0]], units))
    # The load generator warms up with a tenth, which is in `around_s` and grows and shrinks as well.
    return replace(
        scenario,
        settings={**scenario.settings, counted[0]: wanted},
        run_s=run_s * wanted / units,
        around_s=max(around_s - 0.1 * run_s * (1 - wanted / units), 0.001),
    )


@dataclass
class Fit:
    scenarios: list[Scenario]
    slot_s: float
    left_out: list[str]


def fit(
    tried: Mapping[str, tuple[Scenario, float, float, int]], pairs: int, budget_s: float, seed: int
) -> Fit:
    """`tried`: id -> (scenario, run_s, wall_s, units). Shorter slots first; then only one point a cell, drawn by the
    seed; then fewer cells, dearest first, and each that is left out is told."""

    def cost(chosen: Sequence[Scenario]) -> float:
        # One more for the control, and a tenth for pairs that are measured again.
        return (
            1.1
            * sum(2 * pairs * s.slot_s for s in chosen)
            * (len(chosen) + 1)
            / max(len(chosen), 1)
        )

    def fitting(slot_s: float, ids: Sequence[str]) -> list[Scenario]:
        return [sized(*tried[id], slot_s) for id in ids]

    room = budget_s * SCREEN_SHARE
    ids = sorted(tried)
    for slot_s in (SLOT_S, 0.2, 0.15, LEAST_SLOT_S):
        chosen = fitting(slot_s, ids)
        if cost(chosen) <= room:
            return Fit(chosen, slot_s, [])
    order = random.Random(f"points {seed}")
    drawn = sorted(ids)
    order.shuffle(drawn)
    one_each = sorted({id.rpartition("@")[0]: id for id in drawn}.values())
    kept = fitting(LEAST_SLOT_S, one_each)
    while kept and cost(kept) > room:
        kept.remove(max(kept, key=lambda s: s.slot_s))
    for scenario in fitting(LEAST_SLOT_S, [id for id in drawn if id not in one_each]):
        if cost([*kept, scenario]) <= room:
            kept.append(scenario)
    names = {s.id for s in kept}
    return Fit(
        sorted(kept, key=lambda s: s.id), LEAST_SLOT_S, [id for id in ids if id not in names]
    )

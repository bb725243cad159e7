# SPDX-License-Identifier: MIT
"""One process of each side and scenario before the pairs: does it run, and how long does it take?"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Callable, Sequence

from yard.data.facts import ABSENT
from yard.gate import scenarios
from yard.gate.absence import Absent
from yard.gate.scenarios import Fit, Scenario
from yard.gate.slot import Bench, Moved
from yard.gate.time_budget import TimeBudget

MOST_SHARE = 0.15  # of the time budget


@dataclass
class Trial:
    fit: Fit
    not_compared: dict[str, str] = field(default_factory=dict)
    absent: list[Absent] = field(default_factory=list)
    suspicious: list[Scenario] = field(
        default_factory=list
    )  # failed on a side: pairs will tell whether always


def run(
    bench: Bench,
    chosen: Sequence[Scenario],
    pairs: int,
    seed: int,
    time: TimeBudget,
    say: Callable[[str, int, int], None] = lambda *_: None,
) -> Trial:
    tried: dict[str, tuple[Scenario, float, float, int]] = {}
    missing: dict[str, str] = {}
    suspicious = []
    absent: list[Absent] = []
    until_s = time.left_s() - MOST_SHARE * time.total_s
    # In random order: where time is short, no model is left out because of its name.
    order = [scenarios.shortened(scenario) for scenario in chosen]
    random.Random(f"trial {seed}").shuffle(order)
    for count, scenario in enumerate(order):
        if time.left_s() < until_s:
            missing[scenario.id] = "no time was left to try it; --time-budget gives more"
            continue
        say(scenario.id, count, len(chosen))
        results = {name: bench.slot(name, scenario, Moved(seed)) for name in ("base", "head")}
        base, head = results["base"], results["head"]
        left = {name: r for name, r in results.items() if r.verdict in ABSENT}
        if left:
            name, result = next(iter(left.items()))
            if len(left) == 1:
                why = f"only the {name} {result.verdict} it: {result.reason}"
                absent.append(Absent(scenario.id, "", name == "head", why))
            else:
                missing[scenario.id] = f"{result.verdict} on both sides: {result.reason}"
        elif base.failed or head.failed:
            suspicious.append(scenario)
        else:
            run_s = (base.run_s + head.run_s) / 2
            wall_s = (base.wall_s + head.wall_s) / 2
            tried[scenario.id] = (scenario, run_s, wall_s, base.units)
    fit = scenarios.fit(tried, pairs, time.total_s, seed)
    missing |= {
        id: "left out: the time budget has no room; --time-budget gives more" for id in fit.left_out
    }
    return Trial(fit, missing, absent, suspicious)

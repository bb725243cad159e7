# SPDX-License-Identifier: MIT
"""One process of each side and scenario before the pairs: does it run, and how long does it take?"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Mapping, Sequence

from yard.gate import scenarios, slot
from yard.gate.scenarios import Fit, Scenario
from yard.gate.slot import Result, Side

UNMEASURED = ("declined", "skipped")
MOST_SHARE = 0.15  # of the time budget


@dataclass
class Trial:
    fit: Fit
    not_compared: dict[str, str] = field(default_factory=dict)
    suspicious: list[Scenario] = field(
        default_factory=list
    )  # failed on a side: pairs will tell whether always


def run(
    sides: Mapping[str, Side],
    chosen: Sequence[Scenario],
    pairs: int,
    budget_s: float,
    seed: int,
    timeout_s: float,
    scratch: Path,
    say: Callable[[str, int, int], None] = lambda *_: None,
    seconds_left: Callable[[], float] = lambda: 1e9,
    measure: Callable[..., Result] = slot.run,
) -> Trial:
    tried: dict[str, tuple[Scenario, float, float, int]] = {}
    missing: dict[str, str] = {}
    suspicious = []
    until = seconds_left() - MOST_SHARE * budget_s
    # In random order: where time is short, no model is left out because of its name.
    order = [scenarios.shortened(scenario) for scenario in chosen]
    random.Random(f"trial {seed}").shuffle(order)
    for count, scenario in enumerate(order):
        if seconds_left() < until:
            missing[scenario.id] = "no time was left to try it; --time-budget gives more"
            continue
        say(scenario.id, count, len(chosen))
        results = {
            name: measure(sides[name], scenario, seed, 0, timeout_s, scratch)
            for name in ("base", "head")
        }
        base, head = results["base"], results["head"]
        left = {name: r for name, r in results.items() if r.verdict in UNMEASURED}
        if left:
            if len(left) == 1:
                name, result = next(iter(left.items()))
                missing[scenario.id] = f"{name} alone {result.verdict} it: {result.reason}"
        elif base.failed or head.failed:
            suspicious.append(scenario)
        else:
            run_s, wall_s = (
                (getattr(base, name) + getattr(head, name)) / 2 for name in ("run_s", "wall_s")
            )
            tried[scenario.id] = (scenario, run_s, wall_s, base.units)
    fit = scenarios.fit(tried, pairs, budget_s, seed)
    missing |= {
        id: "left out: the time budget has no room; --time-budget gives more" for id in fit.left_out
    }
    return Trial(fit, missing, suspicious)

# SPDX-License-Identifier: MIT
"""Counters that need no statistics: allocations and the bytes asked for, in processes of their own that measure nothing.

A counter counts only where three processes of base agree to the last digit. It is red when three of head are all above
what is tolerated and five more of each side say the same: one that agreed by chance does not agree eight times.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Mapping, Sequence

from .. import models
from . import slot, values
from .scenarios import Scenario
from .slot import Result, Side

LIBRARY = "lib" + models.PREFIX + "count.so"
TOLERATED, UNITS = 0.005, 1.0  # both must be exceeded
FIRST, MORE = 3, 5
ITERATIONS = 2
Measure = Callable[..., Result]


@dataclass
class Counted:
    red: list[str] = field(default_factory=list)
    compared: int = 0  # counters that agree on base
    fewer: list[str] = field(default_factory=list)
    left_out: int = 0  # scenarios for which no time was left


def run(sides: Mapping[str, Side], scenarios: Sequence[Scenario], library: Path, seed: int, timeout_s: float, scratch: Path,
        seconds_left: Callable[[], float], say: Callable[[str], None] = lambda _: None,
        measure: Measure = slot.run) -> Counted:  # fmt: skip
    found = Counted()
    # In random order: where time is short, nothing is left out because of its name.
    for scenario in random.Random(f"counters {seed}").sample(list(scenarios), len(scenarios)):
        if seconds_left() <= 0:
            found.left_out += 1
            continue
        say(scenario.id)
        short = replace(scenario, iterations=1 if scenario.role == "server" else ITERATIONS)

        def count(side: Side, short: Scenario = short) -> dict[str, float]:
            done = measure(side, short, seed, 0, timeout_s, scratch, {"LD_PRELOAD": str(library)})
            return values.counters(done.samples)

        _scenario(found, sides, short, count)
    return found


def _scenario(found: Counted, sides: Mapping[str, Side], scenario: Scenario,
              count: Callable[[Side], dict[str, float]]) -> None:  # fmt: skip
    base = [count(sides["base"])]
    for _ in range(FIRST - 1):
        if not _agreeing(base):
            return
        base.append(count(sides["base"]))
    names = _agreeing(base)
    if not names:
        return
    found.compared += len(names)
    head = [count(sides["head"]) for _ in range(FIRST)]
    grown = [name for name in names if _all_above(base[0][name], head, name)]
    found.fewer += [f"{scenario.id} {name}: {base[0][name]:g} -> {head[0][name]:g}" for name in names
                    if name in _agreeing(head) and head[0][name] < base[0][name] * (1 - TOLERATED) - UNITS]  # fmt: skip
    if grown:
        base += [count(sides["base"]) for _ in range(MORE)]
        head += [count(sides["head"]) for _ in range(MORE)]
        for name in grown:
            if name in _agreeing(base) and _all_above(base[0][name], head, name):
                least = min(each[name] for each in head)
                found.red.append(f"{scenario.id} {name}: {base[0][name]:g} -> {least:g} in a run, in {len(head)} of "
                                 f"{len(head)} processes")  # fmt: skip


def _agreeing(processes: Sequence[Mapping[str, float]]) -> list[str]:
    first = processes[0]
    return sorted(name for name in first if all(each.get(name) == first[name] for each in processes))


def _all_above(base: float, head: Sequence[Mapping[str, float]], name: str) -> bool:
    return all(name in each and each[name] > base * (1 + TOLERATED) and each[name] > base + UNITS for each in head)

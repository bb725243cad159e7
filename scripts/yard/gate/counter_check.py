# SPDX-License-Identifier: MIT
"""Counters that need no statistics: allocations, the bytes asked for - those of the first run, which fills the pools, are
the bytes of the frames - and system calls, in processes of their own that measure nothing.

One process of each side tells most: what does not differ is done. What differs is a counter only where three processes of
base agree: allocations and bytes to the last digit, system calls within a thousandth or one, for how often a loop finds
several events at once is the machine's doing. It is red when three of head are all above what is tolerated and five more
of each side say the same: one that agreed by chance does not agree eight times.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Callable, Mapping, Sequence

from yard.data.facts import FIELD
from yard.engine.command import Counter
from yard.gate import values
from yard.gate.outcome import Grown
from yard.gate.scenarios import Scenario, shortened
from yard.gate.slot import Bench, Moved
from yard.text import numbers

TOLERATED, UNITS = 0.005, 1.0  # both must be exceeded
SPREAD = {
    FIELD.system_calls: (0.001, 1.0)
}  # share and units, the greater of both; none for the others
FIRST, MORE = 3, 5
ITERATIONS = 2


@dataclass
class Counted:
    red: list[Grown] = field(default_factory=list)
    compared: int = 0
    fewer: list[str] = field(default_factory=list)
    left_out: int = 0  # scenarios for which no time was left


def run(
    bench: Bench,
    scenarios: Sequence[Scenario],
    counter: Counter,
    seed: int,
    seconds_left: Callable[[], float],
    say: Callable[[str], None] = lambda _: None,
) -> Counted:
    found = Counted()
    # In random order: where time is short, nothing is left out because of its name.
    for scenario in random.Random(f"counters {seed}").sample(list(scenarios), len(scenarios)):
        if seconds_left() <= 0:
            found.left_out += 1
            continue
        say(scenario.id)
        short = replace(
            shortened(replace(scenario, settings={})),
            iterations=1 if scenario.role == "server" else ITERATIONS,
        )

        def count(side: str, short: Scenario = short) -> dict[str, float]:
            return values.counters(bench.slot(side, short, Moved(seed), counter).samples)

        _scenario(found, short.id, count)
    return found


def _scenario(found: Counted, id: str, count: Callable[[str], dict[str, float]]) -> None:
    base, head = [count("base")], [count("head")]
    names = sorted(base[0].keys() & head[0].keys())
    found.compared += len(names)
    names = [name for name in names if _all_above(base, head, name) or _all_below(base, head, name)]
    while names and len(base) < FIRST:
        base.append(count("base"))
        names = [name for name in names if name in _agreeing(base)]
    if not names:
        return
    head += [count("head") for _ in range(FIRST - 1)]
    grown = [name for name in names if _all_above(base, head, name)]
    found.fewer += [
        f"{id} {name}: {numbers.short(_least(base, name))} -> {numbers.short(_most(head, name))}"
        for name in names
        if name in _agreeing(head) and _all_below(base, head, name)
    ]
    if grown:
        base += [count("base") for _ in range(MORE)]
        head += [count("head") for _ in range(MORE)]
        found.red += [
            Grown(id, name, _most(base, name), _least(head, name), len(head))
            for name in grown
            if name in _agreeing(base) and _all_above(base, head, name)
        ]


Process = Mapping[str, float]


def _agreeing(processes: Sequence[Process]) -> list[str]:
    def agree(name: str) -> bool:
        share, units = SPREAD.get(name, (0.0, 0.0))
        least = _least(processes, name)
        return _most(processes, name) - least <= max(share * least, units)

    return sorted(
        name for name in processes[0] if all(name in each for each in processes) and agree(name)
    )


def _all_above(base: Sequence[Process], head: Sequence[Process], name: str) -> bool:
    most = _most(base, name)
    return all(each.get(name, 0.0) > max(most * (1 + TOLERATED), most + UNITS) for each in head)


def _all_below(base: Sequence[Process], head: Sequence[Process], name: str) -> bool:
    least = _least(base, name)
    return all(each.get(name, least) < min(least * (1 - TOLERATED), least - UNITS) for each in head)


def _least(processes: Sequence[Process], name: str) -> float:
    return min(each[name] for each in processes)


def _most(processes: Sequence[Process], name: str) -> float:
    return max(each[name] for each in processes)

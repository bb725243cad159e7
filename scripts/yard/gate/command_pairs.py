# SPDX-License-Identifier: MIT
"""Any two commands as the two sides: Google Benchmark binaries, or programs that print JSON lines.

A Google Benchmark binary is asked for its list and then for one benchmark at a time. Any other
command is run whole; each line of its output that is a JSON object is a scenario: one of our
samples, or {"scenario": "name", "metrics": {"time": 1.5, ...}}. What a side does not give goes into
the ledger (gate/absence.py) and never ends the others.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Collection, Mapping, Sequence

from yard.errors import UsageError
from yard.gate import absence, rule, values
from yard.gate.pairs import CONTROL, MOST_REPEATED, STEAL, Disturbed
from yard.gate.reading import WHOLE
from yard.gate.rule import Metric
from yard.gate.scenarios import SLOT_S
from yard.gate.side_command import Command, Gave, Slot
from yard.text.outside import readable

MORE_IS_BETTER = ("items_per_second", "bytes_per_second")
TOLERATED, MUST_FIND = 0.02, 0.05
SIDES = ("base", "head")
NO_RATIO = math.log(1000)  # between zero and more: worse by far, and a finite number


def is_rate(metric: str) -> bool:
    return metric in MORE_IS_BETTER


@dataclass(frozen=True)
class Wanted:
    """--metric NAME[:more]."""

    name: str
    more: bool = False


def wanted(flags: Sequence[str], more: Callable[[str], bool] = is_rate) -> list[Wanted]:
    found: dict[str, Wanted] = {}
    for flag in flags:
        name, colon, direction = flag.rpartition(":")
        if not colon or direction not in ("more", "less"):
            name, direction = flag, ""  # a colon may be part of a name
        if not name or flag.startswith(":") or flag.endswith((":up", ":down", ":")):
            raise UsageError(
                f"--metric {readable(flag)}: write NAME, NAME:less or NAME:more (more is better)"
            )
        better = direction == "more" if direction else more(name)
        if found.get(readable(name), Wanted(name, better)).more != better:
            raise UsageError(f"--metric {readable(flag)}: it is asked for in both directions")
        found[readable(name)] = Wanted(readable(name), better)
    return list(found.values())


def as_metrics(names: Sequence[str]) -> dict[str, Metric]:
    known = rule.metrics()
    return {
        name: known[name] if name in known else Metric(name, "gating", TOLERATED, MUST_FIND)
        for name in names
    }


class CommandSource:
    """A `sequential.Source`. A command that prints many scenarios is run once for all that a
    round asks for."""

    def __init__(
        self,
        commands: Mapping[str, Command],
        asked: Sequence[Wanted],
        seed: int,
        scratch: Path,
        record: Callable[[dict[str, Any]], None],
    ):
        self.commands, self.asked, self.scratch, self.record = commands, asked, scratch, record
        self.kept = scratch
        self.directions: Mapping[str, bool] = {}  # metric -> is more better?, as the project says
        self.metrics: Mapping[str, Metric] = {}
        self.slot_s = SLOT_S
        self.names: list[str] = []
        self.disturbed = Disturbed()
        self.values: dict[tuple[str, str], list[tuple[float, float]]] = {}
        self.not_compared: dict[str, str] = {}
        self.ledger = absence.Ledger()
        self._random = random.Random(f"coins {seed}")
        self._waiting: dict[str, dict[str, float]] = {}
        self._troubles: set[str] = set()
        self.control_of = ""
        self.controls: list[str] = []  # to take instead, where base does not give that one

    @property
    def whole(self) -> bool:
        """Does one process print all scenarios?"""
        return self.commands["base"].names is None

    def scenarios(self) -> Sequence[str]:
        names = [
            name
            for name in self.names
            if self.ledger.weight(name) < 2 * absence.CERTAIN or self.whole
        ]
        return [*names, CONTROL] if names and self.control_of else names

    def pair(self, scenario: str) -> Mapping[str, float]:
        if scenario == CONTROL:
            name = self.control_of
            return self._pairs(name, control=True).get(name, {})
        if scenario not in self._waiting:
            self._waiting = self._pairs(scenario)
        return self._waiting.pop(scenario, {})

    def once(self, side: str, scenario: str, padding: int = 0) -> Gave:
        slot = Slot(self.scratch, self.slot_s, self.kept, padding)
        return self.commands[side].once(side, scenario, slot)

    def _pairs(self, scenario: str, control: bool = False) -> dict[str, dict[str, float]]:
        """One process of each side, or in the control two of base."""
        while True:
            self.disturbed.pairs += 1
            order = ("base", "head") if self._random.random() < 0.5 else ("head", "base")
            padding = self._random.randrange(4096)
            gave = {
                side: self.once("base" if control else side, scenario, padding) for side in order
            }
            steal = max(one.steal for one in gave.values())
            self.disturbed.steal.append(steal)
            if steal <= STEAL or self.disturbed.repeated >= MOST_REPEATED * self.disturbed.pairs:
                break
            self.disturbed.repeated += 1
        self.record(
            {
                "scenario": CONTROL if control else "all" if self.whole else scenario,
                "first": order[0],
                **{side: one.reading.values for side, one in gave.items()},
                "refused": {
                    side: {f"{n} {m}".strip(): why for (n, m), why in one.reading.refused.items()}
                    | ({"": one.trouble} if one.trouble else {})
                    for side, one in gave.items()
                    if one.reading.refused or one.trouble
                },
            }
        )
        names = self.names if self.whole else [scenario]
        if control:
            return {scenario: self._controlled(gave)}
        found = {name: self._compared(name, gave) for name in names}
        self._unattributed(gave, names)
        return {name: differences for name, differences in found.items() if differences}

    def _unattributed(self, gave: Mapping[str, Gave], names: Collection[str]) -> None:
        """Trouble that belongs to no scenario: a line that cannot be read, a command that fails
        after its last line."""
        lacks: dict[str, dict[str, str]] = {}
        for side, one in gave.items():
            for place, why in one.reading.unread.items():
                lacks.setdefault(place, {})[side] = why
            if one.trouble and all(not one.lacks(name) for name in names):
                lacks.setdefault("(the command)", {})[side] = one.trouble
        self._troubles |= set(lacks)
        for name in self._troubles:
            self.ledger.pair(name, WHOLE, lacks.get(name, {}))

    def _compared(self, name: str, gave: Mapping[str, Gave]) -> dict[str, float]:
        """What both sides have; what they lack is noted."""
        lacks = {side: why for side, one in gave.items() if (why := one.lacks(name))}
        self.ledger.pair(name, WHOLE, lacks, any(one.hung for one in gave.values()))
        if lacks:
            return {}
        found = {}
        printed = {metric for one in gave.values() for metric in one.reading.metrics(name)}
        for one in self.asked:
            if self._is_expected(name, one.name, printed):
                lacks = _lacking(name, one, gave)
                self.ledger.pair(name, one.name, lacks)
                if not lacks:
                    base, head = (gave[side].reading.values[name][one.name] for side in SIDES)
                    self.values.setdefault((name, one.name), []).append((base, head))
                    found[one.name] = _ratio(base, head, one, self.metrics[one.name])
        if not printed & {one.name for one in self.asked}:
            why = f"it prints none of: {', '.join(one.name for one in self.asked)}"
            self.ledger.pair(name, WHOLE, dict.fromkeys(SIDES, why))
        return found

    def _is_expected(self, name: str, metric: str, printed: Collection[str]) -> bool:
        """A scenario need not have every metric; but what it had once, and the times of Google
        Benchmark, it has always."""
        form = self.commands["base"].format
        always = form is not None and metric in form.always
        return always or metric in printed or self.ledger.seen(name, metric)

    def _controlled(self, gave: Mapping[str, Gave]) -> dict[str, float]:
        """Base against itself. A scenario that base does not give is replaced by another."""
        name = self.control_of
        if lacks := [why for one in gave.values() if (why := one.lacks(name))]:
            if self.controls:
                self.control_of = self.controls.pop()
            else:
                self.not_compared[CONTROL] = lacks[0]
            return {}
        base, head = (gave[side].reading.values[name] for side in SIDES)
        return {
            one.name: _ratio(base[one.name], head[one.name], one, self.metrics[one.name])
            for one in self.asked
            if one.name in base and one.name in head
        }


def _lacking(name: str, one: Wanted, gave: Mapping[str, Gave]) -> dict[str, str]:
    """Side -> why it has no value of this metric."""
    readings = {side: g.reading for side, g in gave.items()}
    found = {side: reading.values[name].get(one.name) for side, reading in readings.items()}
    if found["base"] != found["head"] and found["base" if one.more else "head"] == 0:
        if None not in found.values():  # better by an infinite factor
            return dict.fromkeys(SIDES, "zero, as of a benchmark that measures nothing any more")
    return {
        side: readings[side].refused.get((name, one.name), "it is not printed")
        for side, number in found.items()
        if number is None
    }


def _ratio(base: float, head: float, one: Wanted, metric: Metric) -> float:
    if not metric.absolute and (base == 0) != (head == 0):
        return NO_RATIO if (head == 0) == one.more else -NO_RATIO
    d = values.log_ratio(base, head, metric)
    return -d if one.more else d

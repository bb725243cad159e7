# SPDX-License-Identifier: MIT
"""What was to be compared and was not: absence is never success.

One rule for a whole scenario and for one metric of it, whatever the reason (it vanished, was
skipped, erred, hung, printed aggregates alone, or a value that is no measurement). docs/check.md
has it as a table. Per pair a thing is absent on head alone, on base alone or on both; the count
over all pairs decides.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Callable, Mapping

CERTAIN = 10  # pairs in which head alone lacks it: 2^-10 if it were chance
RARE = 3  # so many pairs and more are not "now and then"
HUNG = 5  # a pair that ran into the time limit counts for so many: that is no chance
BOTH, HEAD, BASE = "both", "head", "base"


@dataclass(frozen=True)
class Absent:
    """`red`: it stopped measuring on head. If not, it leaves the check inconclusive; accepted,
    it decides nothing."""

    scenario: str
    metric: str  # "" : the whole scenario
    red: bool
    reason: str
    accepted: str = ""  # why

    @property
    def name(self) -> str:
        return f"{self.scenario} {self.metric}".strip()


@dataclass
class _Count:
    pairs: int = 0
    alone: Counter[str] = field(default_factory=Counter)  # side, or both -> pairs
    weight: int = 0  # of those on head alone
    reason: dict[str, str] = field(default_factory=dict)  # side -> the newest

    @property
    def lacking(self) -> int:
        return self.alone.total()


class Ledger:
    """Of all pairs: what each side lacked, and why."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], _Count] = {}
        self._listed: dict[str, Absent] = {}

    def pair(
        self, scenario: str, metric: str, lacks: Mapping[str, str], hung: bool = False
    ) -> None:
        """`lacks`: side -> why it has no value; empty if both have one."""
        count = self._counts.setdefault((scenario, metric), _Count())
        count.pairs += 1
        if lacks:
            alone = BOTH if len(lacks) == 2 else next(iter(lacks))
            count.alone[alone] += 1
            count.reason |= lacks
            if alone == HEAD:
                count.weight += HUNG if hung else 1

    def vanished(self, scenario: str, reason: str) -> None:
        """No pair can be measured, because head does not have it any more."""
        self._listed[scenario] = Absent(scenario, "", True, reason)

    def weight(self, scenario: str) -> int:
        """How certain it is that this scenario fails."""
        count = self._counts.get((scenario, ""), _Count())
        return max(count.weight, count.lacking)

    def seen(self, scenario: str, metric: str) -> bool:
        return (scenario, metric) in self._counts

    def judged(self) -> tuple[list[Absent], list[str]]:
        """What decides, and notes on what was rare."""
        decided, notes = list(self._listed.values()), []
        for (scenario, metric), count in self._counts.items():
            if not count.lacking:
                continue
            name = f"{scenario} {metric}".strip()
            if count.lacking < RARE and count.pairs - count.lacking >= CERTAIN:
                notes.append(f"{name}: {_in_words(count)}; the other pairs are judged")
                continue
            red = count.weight >= CERTAIN and not count.alone[BASE] and not count.alone[BOTH]
            decided.append(Absent(scenario, metric, red, _in_words(count)))
        return decided, notes


def _in_words(count: _Count) -> str:
    words = []
    for place in (HEAD, BASE, BOTH):
        if pairs := count.alone[place]:
            sides = "both sides" if place == BOTH else f"{place} alone"
            why = count.reason[HEAD if place == BOTH else place]
            words.append(f"no value on {sides} in {pairs} of {count.pairs} pairs: {why}")
    return "; ".join(words)


def accepted(found: list[Absent], covers: Callable[[str, str], bool], reason: str) -> list[Absent]:
    """With those that somebody wants absent marked so."""
    return [
        Absent(a.scenario, a.metric, a.red, a.reason, f"accepted: {reason}")
        if not a.accepted and covers(a.scenario, a.metric)
        else a
        for a in found
    ]

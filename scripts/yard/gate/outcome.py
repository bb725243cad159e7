# SPDX-License-Identifier: MIT
"""What a job of the gate found, and the exit code that follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Sequence

from yard.data.facts import METRIC
from yard.errors import FAILED, INCONCLUSIVE, NOT_COMPARABLE, OK
from yard.gate import rule
from yard.gate.absence import Absent
from yard.gate.rule import Verdict
from yard.text import numbers

BLIND_SHARE = 0.02  # of the scenarios may say nothing: so many slow-downs may be missed
# These show a slow-down of every operation late or not at all: a scenario that can see nothing else is blind.
NO_SIGHT = (METRIC.peak_anonymous_bytes, METRIC.p99_ns)


@dataclass
class CellResult:
    scenario: str
    metric: rule.Metric
    screen: list[float] = field(default_factory=list)
    fresh: list[float] = field(default_factory=list)  # stage 2 only; never mixed with `screen`
    suspect: bool = False
    verdict: Verdict = Verdict.OK
    alpha: float = rule.ALPHA
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.scenario} {self.metric.name}"

    def rules_out(self) -> bool:
        """Does its interval leave out the slow-down that must be found? A slow-down that is
        known is no doubt."""
        known = self.verdict in (Verdict.REGRESSION, Verdict.ACCEPTED)
        return known or self.limit() < self.metric.must_find

    def limit(self) -> float:
        """A slow-down of more than this is ruled out."""
        return rule.ruled_out(self.fresh if len(self.fresh) > 1 else self.screen)

    def estimate(self) -> rule.Estimate:
        """From fresh pairs where there are some: the screen's pairs chose the suspect and flatter it."""
        return rule.estimate(
            self.fresh if len(self.fresh) > 1 else self.screen, self.metric, self.alpha
        )


@dataclass(frozen=True)
class Grown:
    """A counter of a run that is above base in each of so many processes: the most of base, the least of head."""

    scenario: str
    counter: str
    base: float
    head: float
    processes: int
    accepted: str = ""  # why

    @property
    def name(self) -> str:
        return f"{self.scenario} {self.counter}"

    @property
    def text(self) -> str:
        share = f" ({numbers.change(self.head / self.base - 1)})" if self.base else ""
        return (
            f"{self.name}: {numbers.short(self.base)} -> {numbers.short(self.head)}{share} in a run, in {self.processes} of {self.processes} "
            "processes"
        )


@dataclass
class Outcome:
    profile: rule.Profile
    control: str = ""  # the scenario that compares base with itself
    cells: list[CellResult] = field(default_factory=list)
    suite: dict[str, bool] = field(default_factory=dict)  # metric -> regressed
    suite_medians: dict[str, list[float]] = field(default_factory=dict)  # metric -> one a round
    counters: list[Grown] = field(default_factory=list)  # exact ones
    absent: list[Absent] = field(default_factory=list)  # what was to be compared and was not
    control_broken: str = ""  # why the control could not be measured
    stopped_early: str = ""  # why it ended before its looks, "" if it did not
    interrupted: bool = False

    @property
    def judged(self) -> list[CellResult]:
        return [cell for cell in self.cells if cell.scenario != self.control]

    @property
    def gating(self) -> list[CellResult]:
        return [cell for cell in self.judged if cell.metric.tier == "gating" and cell.screen]

    @property
    def regressions(self) -> list[CellResult]:
        return [cell for cell in self.judged if cell.verdict is Verdict.REGRESSION]

    @property
    def grown(self) -> list[Grown]:
        return [counter for counter in self.counters if not counter.accepted]

    @property
    def broken(self) -> list[Absent]:
        """What stopped measuring on head alone."""
        return [one for one in self.absent if one.red and not one.accepted]

    @property
    def doubtful(self) -> list[Absent]:
        """What could not be compared, without being head's fault for sure."""
        return [one for one in self.absent if not one.red and not one.accepted]

    @property
    def control_failed(self) -> list[CellResult]:
        return [
            c for c in self.cells if c.scenario == self.control and c.verdict is Verdict.REGRESSION
        ]

    @property
    def compared(self) -> int:
        return len(self.gating)

    def blind_scenarios(self) -> list[str]:
        """Those in which each cell's interval hides the slow-down that must be found. What is
        promised is that a slow scenario is found, and its quietest cell finds it."""
        by_scenario: dict[str, list[CellResult]] = {}
        for cell in self.gating:
            by_scenario.setdefault(cell.scenario, []).append(cell)
        # Where nothing else was asked for, they are what has to see.
        looking = {
            name: [c for c in cells if c.metric.name not in NO_SIGHT] or cells
            for name, cells in by_scenario.items()
        }
        return sorted(
            name for name, cells in looking.items() if not any(cell.rules_out() for cell in cells)
        )

    def too_blind(self) -> bool:
        return len(self.blind_scenarios()) > BLIND_SHARE * len(
            {cell.scenario for cell in self.gating}
        )

    def why(self) -> tuple[int, str]:
        """The exit code and the reason for it in one line."""
        red = len(self.regressions) + sum(self.suite.values()) + len(self.grown) + len(self.broken)
        if self.control_failed:
            return NOT_COMPARABLE, (
                "the control, base against itself, differs: this machine cannot compare anything "
                "now; try again when it is quieter"
            )
        if red:
            named = [c.name for c in self.regressions] + [one.name for one in self.broken]
            named += [counter.name for counter in self.grown]
            named += [f"the whole suite's {name}" for name, slow in self.suite.items() if slow]
            stopped = f", {len(self.broken)} of them stopped measuring" if self.broken else ""
            return FAILED, f"{red} regression{'s' if red > 1 else ''}{stopped}: {few(named)}"
        if self.interrupted:
            return INCONCLUSIVE, "interrupted; what was measured is kept"
        if self.stopped_early:
            return INCONCLUSIVE, f"{self.stopped_early}; give it more time with --time-budget"
        if self.control_broken:
            return INCONCLUSIVE, (
                f"the control, base against itself, could not be measured ({self.control_broken}); try again, "
                "and if it stays so repair that scenario"
            )
        if not self.gating:
            return NOT_COMPARABLE, "no cell was compared; see what was not compared and why"
        if self.doubtful:
            return INCONCLUSIVE, (
                f"{few([one.name for one in self.doubtful])} could not be compared "
                f"({self.doubtful[0].reason}); repair that, leave it out with --only, or accept it"
            )
        unresolved = [cell for cell in self.gating if cell.verdict is Verdict.UNRESOLVED]
        unsure = [
            cell.name
            for cell in unresolved
            if len(cell.fresh) >= self.profile.looks[-1]
            and cell.estimate().slowdown > cell.metric.must_find
        ]
        if unsure:
            return (
                INCONCLUSIVE,
                f"unresolved after all pairs: {few(unsure)}; try again when it is quieter",
            )
        if self.too_blind():
            return INCONCLUSIVE, (
                f"{few(self.blind_scenarios())} are too noisy: {self.sight()}; try again when it is "
                "quieter, or give more --time-budget"
            )
        return OK, self.sight()

    def sight(self) -> str:
        """What was ruled out, and what could not be."""
        sizes = sorted({cell.metric.must_find for cell in self.gating})
        size = " to ".join(numbers.short_percent(s) for s in dict.fromkeys((sizes[0], sizes[-1])))
        limits = [cell.limit() for cell in self.gating if not cell.rules_out()]
        clear = self.compared - len(limits)
        text = f"nothing above {size} in {clear} of {self.compared} cell{'s' * (self.compared > 1)}"
        if not limits:
            return text
        most = max(limits)
        only = (
            f"only rule out {numbers.percent(most)}" if math.isfinite(most) else "rule out nothing"
        )
        return f"{text}; {len(limits)} cell{'s' * (len(limits) > 1)} could {only}"

    def exit_code(self) -> int:
        """0 ok, 1 regression, 2 inconclusive, 3 not comparable."""
        return self.why()[0]


def few(names: Sequence[str], most: int = 6) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest

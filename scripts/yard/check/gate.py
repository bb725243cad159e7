# SPDX-License-Identifier: MIT
"""One job of the gate: screen every scenario, confirm the suspects on fresh pairs, judge.

The gate asks a `Source` for pairs and knows nothing of processes or time but a deadline function, so
that the simulation in the tests and a real check run the same code.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Callable, Mapping, Protocol, Sequence

import numpy as np

from .. import stats
from . import rule
from .rule import Verdict

SUITE_METRICS = ("cpu_per_unit", "time_per_unit", "p50", "p99")


class Source(Protocol):
    """Where pairs come from."""

    def scenarios(self) -> Sequence[str]: ...

    def pair(self, scenario: str) -> Mapping[str, float]:
        """One pair: d = ln(head / base) by metric; a metric that this scenario lacks is absent."""
        ...


@dataclass
class CellResult:
    scenario: str
    metric: rule.Metric
    screen: list[float] = field(default_factory=list)
    fresh: list[float] = field(default_factory=list)  # stage 2 only; never mixed with `screen`
    suspect: bool = False
    verdict: Verdict = Verdict.OK
    alpha: float = rule.ALPHA

    @property
    def name(self) -> str:
        return f"{self.scenario} {self.metric.name}"

    def estimate(self) -> rule.Estimate:
        """From fresh pairs where there are some: the screen's pairs chose the suspect and flatter it."""
        return rule.estimate(self.fresh or self.screen, self.metric, self.alpha)


@dataclass
class Outcome:
    cells: list[CellResult]
    suite: dict[str, bool]  # metric -> regressed
    profile: rule.Profile
    stopped_early: str = ""  # why stage 2 ended before its looks, "" if it did not

    @property
    def regressions(self) -> list[CellResult]:
        return [cell for cell in self.cells if cell.verdict is Verdict.REGRESSION]

    @property
    def compared(self) -> int:
        return sum(1 for cell in self.cells if cell.metric.tier == "gating" and cell.screen)

    def exit_code(self) -> int:
        """0 ok, 1 regression, 2 inconclusive, 3 nothing was compared."""
        gating = [cell for cell in self.cells if cell.metric.tier == "gating" and cell.screen]
        if not gating:
            return 3
        if self.regressions or any(self.suite.values()):
            return 1
        if self.stopped_early:
            return 2
        unresolved = [cell for cell in gating if cell.verdict is Verdict.UNRESOLVED]
        if any(cell.estimate().slowdown > cell.metric.must_find for cell in unresolved):
            return 2
        blind = sum(1 for cell in gating if cell.estimate().high >= 2 * cell.metric.must_find)
        return 2 if blind > 0.1 * len(gating) else 0


def run(source: Source, profile: rule.Profile, seed: int,
        seconds_left: Callable[[], float] = lambda: math.inf, alpha: float = rule.ALPHA) -> Outcome:
    generator = random.Random(seed)
    cells = _screen(source, profile, generator)
    outcome = Outcome(list(cells.values()), _judge_suite(cells, profile), profile)
    suspects = [cell for cell in outcome.cells if cell.suspect]
    outcome.stopped_early = _confirm(source, profile, suspects, cells, generator, seconds_left, alpha)
    _list_improvements(outcome)
    return outcome


def _measure(source: Source, scenarios: Sequence[str], generator: random.Random,
             keep: Callable[[str, str, float], None]) -> None:
    """One round: each scenario once, in fresh random order."""
    order = list(scenarios)
    generator.shuffle(order)
    for scenario in order:
        for metric, difference in source.pair(scenario).items():
            if math.isfinite(difference):
                keep(scenario, metric, difference)


def _screen(source: Source, profile: rule.Profile,
            generator: random.Random) -> dict[tuple[str, str], CellResult]:
    known = rule.metrics()
    cells: dict[tuple[str, str], CellResult] = {}

    def keep(scenario: str, metric: str, difference: float) -> None:
        if metric in known:
            cell = cells.setdefault((scenario, metric), CellResult(scenario, known[metric]))
            cell.screen.append(difference)

    for _ in range(profile.screen_pairs):
        _measure(source, source.scenarios(), generator, keep)
    for cell in cells.values():
        cell.suspect = cell.metric.tier == "gating" and rule.is_suspect(cell.screen)
    return cells


def _judge_suite(cells: Mapping[tuple[str, str], CellResult], profile: rule.Profile) -> dict[str, bool]:
    judged = {}
    for metric in SUITE_METRICS:
        rows = [cell.screen for cell in cells.values()
                if cell.metric.name == metric and len(cell.screen) == profile.screen_pairs]
        # Of few scenarios the median is one scenario: that is what the cells are for.
        if len(rows) >= 5:
            medians = np.median(np.array(rows), axis=0)
            judged[metric] = rule.suite_regressed(list(medians), len(SUITE_METRICS))
    return judged


def _confirm(source: Source, profile: rule.Profile, suspects: Sequence[CellResult],
             cells: Mapping[tuple[str, str], CellResult], generator: random.Random,
             seconds_left: Callable[[], float], alpha: float) -> str:
    live = list(suspects)
    count = len(suspects)
    for cell in suspects:
        cell.alpha = rule.spent_alpha(profile, len(profile.looks) - 1, count, alpha)

    def keep(scenario: str, metric: str, difference: float) -> None:
        cell = cells.get((scenario, metric))
        if cell is not None:
            cell.fresh.append(difference)

    measured = 0
    for look, pairs in enumerate(profile.looks):
        while live and measured < pairs:
            if seconds_left() <= 0:
                for cell in live:
                    cell.verdict = Verdict.UNRESOLVED
                return f"the time limit came after {measured} of {profile.looks[-1]} fresh pairs"
            _measure(source, sorted({cell.scenario for cell in live}), generator, keep)
            measured += 1
        still = []
        for cell in live:
            verdict = rule.judge_look(cell.fresh, cell.metric, profile, look, count, alpha)
            if verdict is None:
                still.append(cell)
            else:
                cell.verdict = verdict
        live = still
        if not live:
            break
    return ""


def _list_improvements(outcome: Outcome) -> None:
    better = {
        cell.name: stats.signed_rank_p_greater(-np.asarray(cell.screen) - math.log1p(cell.metric.tolerated))
        for cell in outcome.cells
        if cell.metric.tier == "gating" and cell.verdict is Verdict.OK and cell.screen
    }
    listed = set(rule.improvements(better))
    for cell in outcome.cells:
        if cell.name in listed:
            cell.verdict = Verdict.IMPROVED

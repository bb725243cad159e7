# SPDX-License-Identifier: MIT
"""One job of the gate: screen every scenario, confirm the suspects on fresh pairs, judge.

The gate asks a `Source` for pairs and knows nothing of processes or time but functions that tell how much of it is
left, so that the simulation in the tests and a real check run the same code.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Callable, Mapping, Protocol, Sequence

import numpy as np

from yard.data.facts import METRIC
from yard.stats import inference
from yard.gate import rule
from yard.gate.outcome import CellResult, Outcome, few
from yard.gate.rule import Metric, Profile, Verdict

SUITE_METRICS = (METRIC.cpu_per_unit_ns, METRIC.time_per_unit_ns, METRIC.p50_ns, METRIC.p99_ns)
MOST_SCREENS = (
    4  # rounds of the screen, in multiples of the profile's, while it is blind and has time
)
Cells = dict[tuple[str, str], CellResult]
Clock = Callable[[], float]


class Source(Protocol):
    """Where pairs come from."""

    def scenarios(self) -> Sequence[str]:
        """Those that can still be measured: one that broke is no longer among them."""
        ...

    def pair(self, scenario: str) -> Mapping[str, float]:
        """One pair: d = ln(head / base) by metric; a metric that this scenario lacks is absent."""
        ...


def for_ever() -> float:
    return math.inf


def no_time() -> float:
    return 0.0


@dataclass(frozen=True)
class Screening:
    """`extra_s`: time left for more rounds of the screen where it can say too little. `after_round`: called with the
    rounds that are done; the source may then drop scenarios for which there is no time."""

    extra_s: Clock = no_time
    after_round: Callable[[int], None] = lambda done: None


def run(
    source: Source,
    profile: Profile,
    seed: int,
    seconds_left: Clock = for_ever,
    metrics: Mapping[str, Metric] | None = None,
    control: str = "",
    screening: Screening = Screening(),
) -> Outcome:
    """`control` names the scenario that compares base with itself. Ctrl-C ends it with what there is."""
    job = _Job(
        source, profile, random.Random(seed), seconds_left, metrics or rule.metrics(), control
    )
    try:
        job.screen(screening)
        job.confirm(rule.ALPHA)
        job.relieve()
    except KeyboardInterrupt:
        job.outcome.stopped_early, job.outcome.interrupted = "interrupted", True
        for cell in job.live:
            cell.verdict = Verdict.UNRESOLVED
    _list_improvements(job.outcome)
    return job.outcome


class _Job:
    def __init__(
        self,
        source: Source,
        profile: Profile,
        generator: random.Random,
        seconds_left: Clock,
        metrics: Mapping[str, Metric],
        control: str,
    ):
        self.source, self.profile, self.generator, self.seconds_left = (
            source,
            profile,
            generator,
            seconds_left,
        )
        self.metrics = metrics
        self.cells: Cells = {}
        self.live: list[CellResult] = []
        self.blocks = MOST_SCREENS
        self.pair_s: dict[str, float] = {}  # scenario -> what its newest pair took
        self.outcome = Outcome(profile, control)

    def _round(self, scenarios: Sequence[str], keep: Callable[[str, str, float], None]) -> None:
        """Each scenario once, in fresh random order."""
        order = list(scenarios)
        self.generator.shuffle(order)
        for scenario in order:
            before_s = self.seconds_left()
            found = self.source.pair(scenario)
            if math.isfinite(before_s):
                self.pair_s[scenario] = before_s - self.seconds_left()
            for metric, difference in found.items():
                if math.isfinite(difference):
                    keep(scenario, metric, difference)

    def screen(self, screening: Screening) -> None:
        def keep(scenario: str, metric: str, difference: float) -> None:
            if metric in self.metrics:
                if (scenario, metric) not in self.cells:
                    cell = CellResult(scenario, self.metrics[metric])
                    self.cells[scenario, metric] = cell
                    self.outcome.cells.append(cell)
                self.cells[scenario, metric].screen.append(difference)

        for count in range(self.profile.screen_pairs):
            if self.seconds_left() <= 0:
                self.outcome.stopped_early = (
                    f"the time limit came after {count} of {self.profile.screen_pairs} rounds"
                )
                break
            self._round(self.source.scenarios(), keep)
            screening.after_round(count + 1)
        self._see_more(screening.extra_s, keep)
        for cell in self.outcome.cells:
            cell.suspect = cell.metric.tier == "gating" and rule.is_suspect(cell.screen)
        self._judge_suite()

    def _judge_suite(self) -> None:
        rounds = self.profile.screen_pairs
        for metric in SUITE_METRICS:
            rows = [
                cell.screen[:rounds]
                for cell in self.outcome.judged
                if cell.metric.name == metric and len(cell.screen) >= rounds
            ]
            # Of few scenarios the median is one scenario: that is what the cells are for.
            if len(rows) >= 5:
                medians = list(np.median(np.array(rows), axis=0))
                self.outcome.suite[metric] = rule.suite_regressed(
                    medians, len(SUITE_METRICS), self.profile
                )
                self.outcome.suite_medians[metric] = medians

    def confirm(self, alpha: float) -> None:
        """Every suspect goes from look to look by its own count of fresh pairs, so that which of
        them is measured next is free to depend on what was seen at the last look."""
        suspects = [cell for cell in self.outcome.cells if cell.suspect]
        self.live = list(suspects)
        for cell in suspects:
            cell.alpha = rule.spent_alpha(
                self.profile, len(self.profile.looks) - 1, len(suspects), alpha
            )
        looks = dict.fromkeys((cell.name for cell in suspects), 0)
        while self.live:
            batch = self._affordable(looks)
            if not self._to_next_look(batch, looks):
                return self._out_of_time(looks, len(suspects), alpha)
            alive = set(self.source.scenarios())
            self.live = [cell for cell in self.live if cell.scenario in alive]
            for cell in list(self.live):
                look = looks[cell.name]
                if len(cell.fresh) < self.profile.looks[look]:
                    continue
                looks[cell.name] += 1
                verdict = rule.judge_look(
                    cell.fresh, cell.metric, self.profile, look, len(suspects), alpha
                )
                if verdict is not None:
                    cell.verdict = verdict
                    self.live.remove(cell)

    def _affordable(self, looks: Mapping[str, int]) -> list[CellResult]:
        """Those that the time that is left is forecast to decide; those for whose slow-down
        something speaks come first, then what is cheap. All of them, if all fit or if none does."""
        if not self.pair_s or not all(len(cell.fresh) > 1 for cell in self.live):
            return self.live
        left_s = self.seconds_left()
        chosen: list[CellResult] = []
        cost_s: dict[str, float] = {}

        def need_s(cell: CellResult) -> float:
            needed = rule.needed_pairs(cell.fresh, cell.metric, cell.alpha)
            target = min(max(needed, self.profile.looks[looks[cell.name]]), self.profile.looks[-1])
            return (target - len(cell.fresh)) * self.pair_s.get(cell.scenario, 0.0)

        def urgency(cell: CellResult) -> tuple[bool, float]:
            return not rule.in_doubt(cell.fresh, cell.metric), need_s(cell)

        for cell in sorted(self.live, key=urgency):
            together = {**cost_s, cell.scenario: max(cost_s.get(cell.scenario, 0.0), need_s(cell))}
            if sum(together.values()) <= left_s:
                cost_s = together
                chosen.append(cell)
        return chosen or self.live

    def _to_next_look(self, batch: Sequence[CellResult], looks: Mapping[str, int]) -> bool:
        """Measures until one of them has the pairs of its next look. False: there was no time."""

        def keep(scenario: str, metric: str, difference: float) -> None:
            if (scenario, metric) in self.cells:
                self.cells[scenario, metric].fresh.append(difference)

        def short() -> list[CellResult]:
            alive = set(self.source.scenarios())
            return [
                cell
                for cell in batch
                if cell.scenario in alive and len(cell.fresh) < self.profile.looks[looks[cell.name]]
            ]

        wanted = short()
        target = min(
            (self.profile.looks[looks[cell.name]] - len(cell.fresh) for cell in wanted), default=0
        )
        for _ in range(target):
            if self.seconds_left() <= 0:
                return False
            self._round(sorted({cell.scenario for cell in short()}), keep)
        return True

    def relieve(self) -> None:
        """What time is left goes to scenarios that can say too little."""
        self._see_more(self.seconds_left, self._keep_unsuspected)

    def _see_more(self, left_s: Clock, keep: Callable[[str, str, float], None]) -> None:
        """More pairs of the screen for scenarios that are blind. For who is not a suspect they need
        no alpha, and suspects are confirmed on others. In blocks: whoever looks after every pair is
        right by luck in the end.
        """
        while self.blocks > 1 and not self.outcome.stopped_early and self.outcome.too_blind():
            alive = set(self.source.scenarios())
            blind = [name for name in self.outcome.blind_scenarios() if name in alive]
            self.blocks -= 1
            for _ in range(self.profile.screen_pairs):
                if left_s() <= 0 or not blind:
                    return
                self._round(blind, keep)

    def _keep_unsuspected(self, scenario: str, metric: str, difference: float) -> None:
        cell = self.cells.get((scenario, metric))
        if cell is not None:
            (cell.fresh if cell.suspect else cell.screen).append(difference)

    def _out_of_time(self, looks: Mapping[str, int], suspects: int, alpha: float) -> None:
        """A last look with all the error probability that is left. When the time is over does not depend on which of two
        slots was whose, so that the coins stay fair. Who surely has no slow-down of the size that must be found is OK;
        of the rest, those for whose slow-down something still speaks make the job inconclusive."""
        for cell in self.live:
            left = rule.left_alpha(self.profile, looks[cell.name], suspects, alpha)
            if rule.p_above(cell.fresh, cell.metric.tolerated) <= left:
                cell.verdict = Verdict.REGRESSION
            elif not rule.rules_out(cell.fresh, cell.metric):
                cell.verdict = Verdict.UNRESOLVED
        doubtful = [
            cell
            for cell in self.live
            if cell.verdict is Verdict.UNRESOLVED and rule.in_doubt(cell.fresh, cell.metric)
        ]
        if doubtful:
            self.outcome.stopped_early = (
                f"the time limit came after {min(len(cell.fresh) for cell in doubtful)} of "
                f"{self.profile.looks[-1]} fresh pairs, "
                f"with doubt about {few([cell.name for cell in doubtful])}"
            )


def _list_improvements(outcome: Outcome) -> None:
    better = {
        cell.name: inference.signed_rank_p_greater(
            -np.asarray(cell.screen) - math.log1p(cell.metric.tolerated)
        )
        for cell in outcome.judged
        if cell.metric.tier == "gating" and cell.verdict is Verdict.OK and cell.screen
    }
    listed = set(rule.improvements(better))
    for cell in outcome.cells:
        if cell.name in listed:
            cell.verdict = Verdict.IMPROVED

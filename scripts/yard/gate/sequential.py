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
        self.outcome = Outcome(profile, control)

    def _round(self, scenarios: Sequence[str], keep: Callable[[str, str, float], None]) -> None:
        """Each scenario once, in fresh random order."""
        order = list(scenarios)
        self.generator.shuffle(order)
        for scenario in order:
            for metric, difference in self.source.pair(scenario).items():
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
        extra = (MOST_SCREENS - 1) * self.profile.screen_pairs
        while (
            extra > 0
            and not self.outcome.stopped_early
            and self.outcome.too_blind()
            and screening.extra_s() > 0
        ):
            # More pairs for who is not a suspect need no alpha: suspects are confirmed on others.
            blind = set(self.outcome.blind_scenarios())
            self._round([name for name in self.source.scenarios() if name in blind], keep)
            extra -= 1
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
        suspects = [cell for cell in self.outcome.cells if cell.suspect]
        self.live = list(suspects)
        for cell in suspects:
            cell.alpha = rule.spent_alpha(
                self.profile, len(self.profile.looks) - 1, len(suspects), alpha
            )

        def keep(scenario: str, metric: str, difference: float) -> None:
            if (scenario, metric) in self.cells:
                self.cells[scenario, metric].fresh.append(difference)

        measured = 0
        for look, pairs in enumerate(self.profile.looks):
            while self.live and measured < pairs:
                if self.seconds_left() <= 0:
                    return self._out_of_time(measured, look, len(suspects), alpha)
                alive = set(self.source.scenarios())
                self._round(sorted({cell.scenario for cell in self.live} & alive), keep)
                self.live = [
                    cell for cell in self.live if cell.scenario in set(self.source.scenarios())
                ]
                measured += 1
            still = []
            for cell in self.live:
                verdict = rule.judge_look(
                    cell.fresh, cell.metric, self.profile, look, len(suspects), alpha
                )
                if verdict is None:
                    still.append(cell)
                else:
                    cell.verdict = verdict
            self.live = still
            if not self.live:
                break

    def _out_of_time(self, measured: int, look: int, suspects: int, alpha: float) -> None:
        """A last look with all the error probability that is left. When the time is over does not depend on which of two
        slots was whose, so that the coins stay fair. Who surely has no slow-down of the size that must be found is OK;
        of the rest, those for whose slow-down something still speaks make the job inconclusive."""
        left = rule.left_alpha(self.profile, look, suspects, alpha)
        for cell in self.live:
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
                f"the time limit came after {measured} of {self.profile.looks[-1]} fresh pairs, "
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

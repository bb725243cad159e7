# SPDX-License-Identifier: MIT
"""One check of this suite, from two builds to a verdict: copies to equal-length paths, trial, pairs, counters."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any, Mapping, Sequence

from yard.data import cpu_quota, host
from yard.data.store import make_folder
from yard.engine import counters
from yard.errors import NotComparable
from yard.gate import counter_check, scenarios, sequential, sides, trial
from yard.gate.check_progress import Progress
from yard.gate.found import Found
from yard.gate.outcome import Outcome
from yard.gate.pair_log import PairLog
from yard.gate.pairs import CONTROL, PairSource
from yard.gate.request import Request, chosen_metrics
from yard.gate.rule import Metric, Verdict
from yard.gate.scenarios import Scenario
from yard.gate.sequential import Screening
from yard.gate.sides import Builds
from yard.gate.slot import Bench
from yard.gate.time_budget import TimeBudget
from yard.text import numbers

RESERVED = 0.25  # of the time budget is kept for confirming
SHED_AFTER = (1, 3, 6)  # rounds of the screen after which what does not fit is left out
COUNTING_S, COUNTING_SHARE = 60.0, 0.08  # of the budget, the lesser, is kept for the counters
TIMEOUT_S = 20.0  # of one slot; a cell that hangs must not eat the job


def run(builds: Builds, request: Request, progress: Progress) -> Found:
    """Raw pairs go to `request.out`/pairs.jsonl as they come."""
    time = TimeBudget(request.budget_s)
    metrics = chosen_metrics(request.metrics)
    matched = scenarios.match(
        builds.catalogues["base"],
        builds.catalogues["head"],
        request.options,
        cpu_quota.usable_cpus(host.read),
        request.only,
    )
    notes = [*builds.notes, *sides.differences(builds.catalogues)]
    if not matched.scenarios and not (request.only and matched.absent):
        reasons = "; ".join(f"{id}: {why}" for id, why in sorted(matched.not_compared.items())[:3])
        raise NotComparable(
            f"the two sides share no scenario{': ' + reasons if reasons else ''}. Choose others, or another base"
        )
    used = {scenario.model for scenario in matched.scenarios}
    make_folder(request.cache)
    with tempfile.TemporaryDirectory(prefix="run-", dir=request.cache) as folder:
        bench = Bench(sides.copied(builds, used, Path(folder)), Path(folder), TIMEOUT_S)
        first = trial.run(
            bench,
            matched.scenarios,
            request.profile.screen_pairs,
            request.seed,
            time,
            lambda id, done, total: progress.step(f"trying {done}/{total}: {id}"),
        )
        control = _control(first.fit.scenarios, request.seed)
        found = Found(
            Outcome(request.profile, absent=[*builds.absent, *matched.absent, *first.absent]),
            dict(builds.labels),
            {s.id: s for s in (*first.fit.scenarios, *first.suspicious)},
            not_compared={**matched.not_compared, **first.not_compared},
            notes=notes,
            control_of=control.id if control else "",
            slot_s=first.fit.slot_s,
        )
        if not found.scenarios:
            return found
        progress.say(_announced(request, found))
        session = _Session(request, metrics, bench, time, progress, found)
        session.pairs(control)
        session.counters()
    found.minutes = time.used_s() / 60
    return found


def _announced(request: Request, found: Found) -> str:
    profile = request.profile
    return (
        f"{len(found.scenarios)} scenarios, {numbers.fixed(found.slot_s, 2)} s slots, {profile.screen_pairs} pairs each, then "
        f"up to {profile.looks[-1]} fresh pairs for suspects; at most {numbers.minutes(request.budget_s)}"
    )


class _Session:
    """What is measured once the scenarios are chosen."""

    def __init__(
        self,
        request: Request,
        metrics: Mapping[str, Metric],
        bench: Bench,
        time: TimeBudget,
        progress: Progress,
        found: Found,
    ):
        self.request, self.metrics, self.bench = request, metrics, bench
        self.time, self.progress, self.found = time, progress, found
        self.begun_s = time.left_s()
        self.alive: list[Scenario] = []

    def pairs(self, control: Scenario | None) -> None:
        request, time, found = self.request, self.time, self.found
        chosen = list(found.scenarios.values())
        kept_s = min(COUNTING_S, COUNTING_SHARE * time.total_s)
        with PairLog(request.out, self._step) as log:
            source = PairSource(self.bench, chosen, self.metrics, request.seed, log.record, control)
            self._source = source
            outcome = sequential.run(
                source,
                request.profile,
                request.seed,
                lambda: time.left_s() - kept_s,
                self.metrics,
                CONTROL if control else "",
                Screening(extra_s(time), self._shed),
            )
        absent, notes = source.absent()
        outcome.absent = [*found.outcome.absent, *absent]
        if CONTROL in source.failed:
            outcome.control_broken = source.failed[CONTROL].reason
        # What was left out on the way has too few pairs to say anything.
        gone = set(source.not_compared) | set(source.failed)
        outcome.cells = [
            c for c in outcome.cells if c.scenario not in gone or c.verdict is Verdict.REGRESSION
        ]
        found.notes += notes
        found.outcome, found.values, found.disturbed = outcome, source.values, source.disturbed
        found.not_compared |= source.not_compared
        alive = set(source.scenarios())
        self.alive = [s for s in chosen if s.id in alive]

    def _step(self, line: dict[str, Any]) -> None:
        screen = self.request.profile.screen_pairs * (len(self.found.scenarios) + 1)
        done = self._source.disturbed.pairs
        stage = (
            f"screening, {done}/{screen} pairs"
            if done <= screen
            else f"confirming, {done - screen} fresh pairs"
        )
        self.progress.step(f"{stage}, {self.time.left()}: {line['scenario']}")

    def _shed(self, rounds: int) -> None:
        """The trial saw a quieter machine: leave out, by the seed and never by the values, what does not fit."""
        request, source = self.request, self._source
        alive = [id for id in source.scenarios() if id != CONTROL]
        used_s = self.begun_s - self.time.left_s()
        room_s = self.begun_s - RESERVED * self.time.total_s - used_s
        rest_s = used_s / rounds * (request.profile.screen_pairs - rounds)
        fitting = int(len(alive) * room_s / max(rest_s, 1e-9))
        if rounds in SHED_AFTER and fitting < len(alive):
            random.Random(f"shed {request.seed} {rounds}").shuffle(alive)
            for id in alive[max(fitting, 1) :]:
                source.not_compared[
                    id
                ] = "left out: the machine is slower than when it was tried; --time-budget gives more"

    def counters(self) -> None:
        outcome, found = self.found.outcome, self.found
        counter = counters.beside(self.bench.sides["head"].executables)
        if outcome.interrupted or counter is None:
            return
        try:
            counted = counter_check.run(
                self.bench,
                self.alive,
                counter,
                self.request.seed,
                self.time.left_s,
                lambda id: self.progress.step(f"counting: {id}"),
            )
        except KeyboardInterrupt:
            outcome.interrupted, outcome.stopped_early = True, "interrupted"
            return
        outcome.counters = counted.red
        found.notes += [counter.note] if counter.note else []
        found.notes.append(
            f"{counted.compared} exact counters compared"
            + (f", {len(counted.fewer)} fell" if counted.fewer else "")
            + (f"; no time for {counted.left_out} scenarios" if counted.left_out else "")
        )


def extra_s(time: TimeBudget) -> sequential.Clock:
    """Time that the screen may still use; the rest is for confirming."""
    return lambda: time.left_s() - (1 - scenarios.SCREEN_SHARE) * time.total_s


def _control(chosen: Sequence[Scenario], seed: int) -> Scenario | None:
    """One scenario, drawn by the seed, that is also measured as base against itself."""
    return (
        random.Random(f"control {seed}").choice(sorted(chosen, key=lambda s: s.id))
        if chosen
        else None
    )

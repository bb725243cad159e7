# SPDX-License-Identifier: MIT
"""Which block is measured next, within a time budget: a pure function of the plan and of what was
executed.

The rows that answer a question of a report's first page come first, each to the rounds that a
report needs. Then those of them that are undecided race on for a while; then come the other rows,
as many as fit in whole; then whatever is undecided races on. In a race only the leader and who may
still pass it are measured. A row that cannot reach the rounds that a report needs is not begun: a
few rounds of everything would answer nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

from yard.engine import plan as planning
from yard.engine.executed import Contender, Seen
from yard.engine.rows import GUESS_S, Job, Row, contender_of, drawn_order, rows_of
from yard.stats import estimates, inference
from yard.stats.race import OPEN, Standing
from yard.stats.rank import REFERENCE

LEAST, RACE = "least", "race"  # stages: what a report needs; what decides who leads
RACED_FIRST = 10  # rounds to which the first page's rows race before others are begun
REFERENCE_ROUNDS = 7  # the floor takes part in so many, while the row is measured
COMMITTED = 2  # rounds after which a row is finished before another is begun
SPARE = 1.1  # of its forecast is free where a row is begun


StandingOf = Callable[[Row], Standing]


def unknown(row: Row) -> Standing:
    """Before anything is measured: everybody may lead."""
    return Standing({estimates.contender(*contender_of(job)): OPEN for job in row.jobs}, 1)


@dataclass(frozen=True)
class Block:
    row: Row
    round: int
    stage: str
    contenders: tuple[Contender, ...]


@dataclass(frozen=True)
class Open:
    """A row that lacks rounds or is undecided, and what it would take."""

    row: str
    rounds: int
    why: str
    minutes: float


class Schedule:
    def __init__(self, plan: Mapping[str, Any], described: Sequence[Mapping[str, Any]]):
        self.rows = rows_of(plan, described)
        self.budget_s = plan.get("time_budget_s") or math.inf
        self.most_rounds = plan["rounds"]
        self.least_rounds = min(planning.LEAST_ROUNDS, self.most_rounds)
        self.seed = plan["seed"]
        self.expected_s = {
            (row.at, contender_of(job)): job["expected_s"]
            for row in self.rows
            for job in row.jobs
            if job.get("expected_s")
        }

    def left_s(self, seen: Seen) -> float:
        return self.budget_s - seen.spent_s

    def slot_s(self, seen: Seen, at: planning.Place, contender: Contender) -> float:
        """What one more slot is forecast to take: as the earlier ones, or as others."""
        own = seen.costs_s.get((at, contender))
        if own:
            return inference.median(own)
        if (at, contender) in self.expected_s:
            return float(self.expected_s[at, contender])
        return seen.spent_s / seen.slots if seen.slots else GUESS_S

    def block_s(self, seen: Seen, row: Row, contenders: Sequence[Contender] = ()) -> float:
        own = contenders or [contender_of(job) for job in row.jobs]
        return math.fsum(self.slot_s(seen, row.at, contender) for contender in own)

    def has_time_for(self, seen: Seen, job: Job) -> bool:
        """Asked before each slot, so that the budget is exceeded by what one slot takes at most."""
        left_s = self.left_s(seen)
        at = planning.place_of(job)
        return left_s > 0 and (
            seen.slots == 0 or self.slot_s(seen, at, contender_of(job)) <= left_s
        )

    def next(self, seen: Seen, standing: StandingOf = unknown) -> Block | None:
        if self.left_s(seen) <= 0:
            return None
        lacking = [r for r in self.within(seen) if seen.rounds[r.at] < self.least_rounds]
        first = [row for row in lacking if row.first]
        if first:
            return self._least(seen, first)
        own = [row for row in self.rows if row.first]
        block = self._race(seen, own, standing, min(RACED_FIRST, self.most_rounds))
        if block:
            return block
        if lacking:
            return self._least(seen, lacking)
        for rows in (own, self.rows):
            if block := self._race(seen, rows, standing, self.most_rounds):
                return block
        if any(seen.rounds[row.at] >= self.least_rounds for row in self.rows):
            return None
        fitting = [row for row in self.rows if self.block_s(seen, row) <= self.left_s(seen)]
        begun = fitting[:1] or (self.rows[:1] if not seen.slots else [])
        return self._least(seen, begun) if begun else None

    def _least(self, seen: Seen, rows: Sequence[Row]) -> Block:
        """A round of everybody, of the row that has the fewest."""
        row = self._drawn(seen, rows)
        everybody = tuple(contender_of(job) for job in row.jobs)
        return Block(row, seen.rounds[row.at], LEAST, everybody)

    def _race(
        self, seen: Seen, rows: Sequence[Row], standing: StandingOf, most_rounds: int
    ) -> Block | None:
        """A round of those of a row who may still lead it, where that is undecided."""
        racing: dict[planning.Place, tuple[Contender, ...]] = {}
        for row in rows:
            rounds = seen.rounds[row.at]
            if self.least_rounds <= rounds < most_rounds:
                own = self._racing(row, rounds, standing(row))
                if own and self.block_s(seen, row, own) <= self.left_s(seen):
                    racing[row.at] = own
        if not racing:
            return None
        row = self._drawn(seen, [row for row in rows if row.at in racing])
        return Block(row, seen.rounds[row.at], RACE, racing[row.at])

    @staticmethod
    def _racing(row: Row, rounds: int, standing: Standing) -> tuple[Contender, ...]:
        if standing.decided:
            return ()
        own = set(standing.racing)
        return tuple(
            contender_of(job)
            for job in row.jobs
            if estimates.contender(*contender_of(job)) in own
            or (job["model"] == REFERENCE and rounds < REFERENCE_ROUNDS)
        )

    def _drawn(self, seen: Seen, rows: Sequence[Row]) -> Row:
        """The row with the fewest rounds; between equals the seed decides."""
        fewest = min(seen.rounds[row.at] for row in rows)
        drawn = drawn_order(self.rows, self.seed, fewest)
        return min((r for r in rows if seen.rounds[r.at] == fewest), key=lambda r: drawn[r.at])

    def within(self, seen: Seen) -> list[Row]:
        """Rows that lack rounds and for which the time that is left is enough, in order of
        importance."""
        left_s, found = self.left_s(seen), []

        def importance(row: Row) -> tuple[bool, bool]:
            return not row.first, not COMMITTED <= seen.rounds[row.at] < self.least_rounds

        for row in sorted(self.rows, key=importance):
            rounds = seen.rounds[row.at]
            need_s = max(0, self.least_rounds - rounds) * self.block_s(seen, row)
            spare = 1 if rounds >= COMMITTED else SPARE
            if need_s and need_s * spare <= left_s:
                left_s -= need_s
                found.append(row)
        return found

    def still_open(self, seen: Seen, standing: StandingOf = unknown) -> list[Open]:
        """What was not measured or not decided for lack of time, with the minutes that it would
        take."""
        found = []
        for row in self.rows:
            rounds = seen.rounds[row.at]
            if rounds < self.least_rounds:
                need_s = (self.least_rounds - rounds) * self.block_s(seen, row)
                why = "not measured" if rounds == 0 else "too few rounds"
                found.append(Open(row.title, rounds, why, need_s / 60))
                continue
            own = standing(row)
            if own.decided or standing is unknown:
                continue
            racing = self._racing(row, REFERENCE_ROUNDS, own)
            need_s = own.rounds_needed * self.block_s(seen, row, racing)
            names = [name for name, said in own.said.items() if said == OPEN]
            why = f"{', '.join(names)} may lead"
            found.append(Open(row.title, rounds, why, need_s / 60))
        return found

    def slots_ahead(self, seen: Seen) -> int:
        """How many slots still fit, for a line of progress."""
        left_s = self.left_s(seen)
        if math.isinf(left_s):
            return 0
        mean_s = seen.spent_s / seen.slots if seen.slots else GUESS_S
        rest = sum((self.most_rounds - seen.rounds[row.at]) * len(row.jobs) for row in self.rows)
        return min(rest, max(1, int(left_s / max(mean_s, 1e-3))))

# SPDX-License-Identifier: MIT
"""Which block is measured next, within a time budget: a pure function of the plan and of what was executed.

The rows that answer a question of a report's first page come first, each to the rounds that a report needs,
then the others, as many as fit in whole; what time is left goes to more rounds. A row that cannot reach the
rounds that a report needs is not begun: a few rounds of everything would answer nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from yard.engine import plan as planning
from yard.engine.executed import Contender, Seen
from yard.engine.rows import GUESS_S, Job, Row, contender_of, drawn_order, rows_of
from yard.stats import inference

LEAST, MORE = "least", "more"  # stages: what a report needs; what narrows its intervals
COMMITTED = 2  # rounds after which a row is finished before another is begun
SPARE = 1.1  # of its forecast is free where a row is begun


@dataclass(frozen=True)
class Block:
    row: Row
    round: int
    stage: str
    contenders: tuple[Contender, ...]


@dataclass(frozen=True)
class Open:
    """A row that lacks rounds, and what they would take."""

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

    def block_s(self, seen: Seen, row: Row) -> float:
        return math.fsum(self.slot_s(seen, row.at, contender_of(job)) for job in row.jobs)

    def has_time_for(self, seen: Seen, job: Job) -> bool:
        """Asked before each slot, so that the budget is exceeded by what one slot takes at most."""
        left_s = self.left_s(seen)
        at = planning.place_of(job)
        return left_s > 0 and (
            seen.slots == 0 or self.slot_s(seen, at, contender_of(job)) <= left_s
        )

    def next(self, seen: Seen) -> Block | None:
        if self.left_s(seen) <= 0:
            return None
        lacking = [r for r in self.within(seen) if seen.rounds[r.at] < self.least_rounds]
        if lacking:
            return self._block(seen, lacking, LEAST)
        fitting = [row for row in self.rows if self.block_s(seen, row) <= self.left_s(seen)]
        more = [
            row for row in fitting if self.least_rounds <= seen.rounds[row.at] < self.most_rounds
        ]
        if more:
            return self._block(seen, more, MORE)
        if any(seen.rounds[row.at] >= self.least_rounds for row in self.rows):
            return None
        begun = fitting[:1] or (self.rows[:1] if not seen.slots else [])
        return self._block(seen, begun, LEAST) if begun else None

    def within(self, seen: Seen) -> list[Row]:
        """Rows that lack rounds and for which the time that is left is enough, in order of importance."""
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

    def _block(self, seen: Seen, rows: Sequence[Row], stage: str) -> Block:
        """Of the row with the fewest rounds; what answers a question of the first page goes first."""
        eligible = [row for row in rows if row.first] or rows
        fewest = min(seen.rounds[row.at] for row in eligible)
        drawn = drawn_order(self.rows, self.seed, fewest)
        row = min((r for r in eligible if seen.rounds[r.at] == fewest), key=lambda r: drawn[r.at])
        return Block(row, fewest, stage, tuple(contender_of(job) for job in row.jobs))

    def still_open(self, seen: Seen) -> list[Open]:
        """What was not measured for lack of time, with the minutes that it would take."""
        found = []
        for row in self.rows:
            rounds = seen.rounds[row.at]
            if rounds < self.least_rounds:
                need_s = (self.least_rounds - rounds) * self.block_s(seen, row)
                why = "not measured" if rounds == 0 else "too few rounds"
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

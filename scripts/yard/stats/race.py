# SPDX-License-Identifier: MIT
"""Which questions about a point are decided, and who need not be measured again.

The question is who leads: it is decided when every other contender is surely behind somebody, or
equal to the leader within a stated tolerance. The intervals hold at any number of rounds
(`anytime`), so that whoever stops when they decide is not right by luck."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Mapping, Sequence

import numpy as np

from yard.stats import anytime

TOLERANCE = 0.03  # within so much two contenders count as equal
BEHIND, EQUAL, OPEN, LEADS = "behind", "equal", "open", "leads"
Scores = Mapping[int, float]  # round -> ln(value), greater is better


@dataclass(frozen=True)
class Standing:
    """Of one point: what is said of each contender, and the rounds that the rest would take."""

    said: Mapping[str, str]  # contender -> LEADS, BEHIND, EQUAL or OPEN
    rounds_needed: int  # of each that is open, beyond what was measured; 0 if none is

    @property
    def decided(self) -> bool:
        return OPEN not in self.said.values()

    @property
    def racing(self) -> tuple[str, ...]:
        """Who is measured on: those who are open, and the leader they are compared with."""
        return tuple(name for name, what in self.said.items() if what in (OPEN, LEADS))


def standing(scores: Mapping[str, Scores], tolerance: float = TOLERANCE) -> Standing:
    """Who was dropped from the race stays in `scores`, with fewer rounds: the family is the same to
    its end."""
    names = list(scores)
    if len(names) < 2:
        return Standing({name: LEADS for name in names}, 0)
    return judged(names, anytime.pairs([scores[name] for name in names]), tolerance)


def judged(names: Sequence[str], pairs: anytime.AnytimePairs, tolerance: float) -> Standing:
    leader = leader_of(pairs)
    said, needed = {}, 0
    for place, name in enumerate(names):
        if place == leader:
            said[name] = LEADS
        elif (pairs.low[:, place] > 0).any():
            said[name] = BEHIND
        elif is_equal(pairs.low[leader, place], pairs.high[leader, place], tolerance):
            said[name] = EQUAL
        else:
            said[name] = OPEN
            needed = max(needed, _rounds_needed(pairs, leader, place, tolerance))
    return Standing(said, needed)


def is_equal(low: float, high: float, tolerance: float) -> bool:
    """Of a log ratio: neither may be so much better than the other."""
    limit = math.log1p(tolerance)
    return -limit <= low and high <= limit


def leader_of(pairs: anytime.AnytimePairs) -> int:
    """Of those whom nobody is surely before, the one that is ahead of the others on average."""
    everybody = range(len(pairs.location))
    free = [i for i in everybody if not (pairs.low[:, i] > 0).any()] or list(everybody)
    ahead = pairs.location[np.ix_(free, free)].mean(axis=1)
    return free[int(np.argmax(ahead))]


def _rounds_needed(pairs: anytime.AnytimePairs, leader: int, other: int, tolerance: float) -> int:
    """Until the interval is as narrow as either answer asks, if what was seen of noise and lead
    stays."""
    lead = abs(float(pairs.location[leader, other]))
    half = (float(pairs.high[leader, other]) - float(pairs.low[leader, other])) / 2
    rounds = int(pairs.rounds[leader, other])
    if not math.isfinite(half) or rounds == 0:
        return anytime.LEAST_ROUNDS
    wanted = max(lead, math.log1p(tolerance) - lead)
    return max(1, math.ceil(rounds * (half / wanted) ** 2) - rounds)

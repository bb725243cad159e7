# SPDX-License-Identifier: MIT
"""The search for the commit that made a cell slower, and the test at each of its steps.

`slow` of a commit means: against the first one, the cell is more than half as much slower as the
last one is. The invariant is a commit that is not slow before one that is; so a commit at which it
becomes slow lies between them, however many changes there are. A step is an exact signed-rank test
at planned looks, in both directions. ALPHA is divided over all steps that the search may need, both
directions and all looks: the union bound holds for the whole search.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from typing import Callable, Sequence

import numpy as np

from yard.stats import inference

ALPHA = 0.05  # that any step of the search is wrong
LOOKS = (12, 16, 24, 32, 64, 128)


class Verdict(enum.Enum):
    FAST = "fast"
    SLOW = "slow"
    UNSURE = "unsure"  # after the last look
    SKIPPED = "skipped"  # it does not build, or has no such cell


@dataclass(frozen=True)
class Judged:
    verdict: Verdict
    reason: str = ""
    pairs: int = 0
    change: float = 0.0  # ratio to the first commit, minus one


@dataclass
class Found:
    """`first_slow` - `last_fast` is 1 if nothing between them was skipped. `stopped`: a commit
    that stayed unsure."""

    last_fast: int
    first_slow: int
    skipped: list[int] = field(default_factory=list)
    stopped: int | None = None

    @property
    def candidates(self) -> list[int]:
        return list(range(self.last_fast + 1, self.first_slow + 1))


def steps(commits: int) -> int:
    """Tests that a search over so many commits may make: the first one, which asks whether there
    is anything to find, and one a halving; a skipped commit costs none."""
    return 1 + math.ceil(math.log2(max(commits, 2)))


def decided(differences: Sequence[float], half: float, look: int, tests: int) -> Verdict | None:
    """d = ln(commit / first). None: measure on, until the last look."""
    each = ALPHA / tests / 2 / len(LOOKS)
    d = np.asarray(differences, dtype=float) - half
    if inference.signed_rank_p_greater(d) <= each:
        return Verdict.SLOW
    if inference.signed_rank_p_greater(-d) <= each:
        return Verdict.FAST
    return Verdict.UNSURE if look + 1 == len(LOOKS) else None


def judge(pair: Callable[[], float | None], half: float, tests: int) -> tuple[Verdict, list[float]]:
    """Measures until it is decided. A pair that has no value decides nothing; too many of them
    end it."""
    differences: list[float] = []
    for look, count in enumerate(LOOKS):
        lacking = 0
        while len(differences) < count and lacking < count:
            d = pair()
            if d is None or not math.isfinite(d):
                lacking += 1
            else:
                differences.append(d)
        if len(differences) < count:
            return Verdict.SKIPPED, differences
        if verdict := decided(differences, half, look, tests):
            return verdict, differences
    return Verdict.UNSURE, differences


def search(commits: int, judge_commit: Callable[[int], Judged]) -> Found:
    """`commits`: their number after the first, which is number 0 and fast; the last is slow."""
    found = Found(0, commits)
    skipped: set[int] = set()
    while True:
        left = [i for i in range(found.last_fast + 1, found.first_slow) if i not in skipped]
        if not left:
            break
        middle = (found.last_fast + found.first_slow) / 2
        chosen = min(left, key=lambda i: abs(i - middle))
        verdict = judge_commit(chosen).verdict
        if verdict is Verdict.SLOW:
            found.first_slow = chosen
        elif verdict is Verdict.FAST:
            found.last_fast = chosen
        elif verdict is Verdict.SKIPPED:
            skipped.add(chosen)
        else:
            found.stopped = chosen
            break
    found.skipped = sorted(i for i in skipped if found.last_fast < i < found.first_slow)
    return found

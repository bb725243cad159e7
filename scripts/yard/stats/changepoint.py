# SPDX-License-Identifier: MIT
"""Where did a series of numbers change? E-divisive means: divide where the two sides differ most in energy distance, as
long as a permutation test says that chance would hardly do it; then the same inside each part. A pulse hides its first
edge from a test of the whole series, so that candidates are found generously and each must then stand the strict test
between its neighbours.

Pure functions; the permutations are seeded, so that the same history gives the same change points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Sequence

import numpy as np

LEAST_SIDE = 5  # points on either side of a change: fewer are a spike
PERMUTATIONS = 1999
CANDIDATE = 0.05
SIGNIFICANCE = 0.001
LEAST_CHANGE = 0.01
SEED = 20_201_110


@dataclass(frozen=True)
class Change:
    at: int  # index of the first point after it
    before: float  # medians of the neighbouring parts
    after: float
    p: float

    @property
    def change(self) -> float:
        return self.after / self.before - 1


def changes(
    values: Sequence[float], significance: float = SIGNIFICANCE, least_side: int = LEAST_SIDE
) -> list[Change]:
    """Of positive values, such as ratios to a reference; judged on their logarithms."""
    if any(not math.isfinite(v) or v <= 0 for v in values):
        raise ValueError("only positive finite values have change points")
    if len(values) < 2 * least_side:
        return []
    series = np.log(np.asarray(values, dtype=float))
    draw = np.random.default_rng(SEED)
    candidates: list[int] = []
    _divide(series, 0, len(series), CANDIDATE, least_side, draw, candidates)
    found = _strict(series, sorted(candidates), significance, least_side, draw)
    edges = [0, *sorted(found), len(series)]
    medians = [float(np.median(series[a:b])) for a, b in zip(edges, edges[1:])]
    told = [
        Change(at, math.exp(medians[i]), math.exp(medians[i + 1]), found[at])
        for i, at in enumerate(sorted(found))
    ]
    return [change for change in told if abs(change.change) >= LEAST_CHANGE]


def _divide(
    series: np.ndarray,
    start: int,
    end: int,
    significance: float,
    least: int,
    draw: np.random.Generator,
    found: list[int],
) -> None:
    part = series[start:end]
    if len(part) < 2 * least:
        return
    statistic, at = _best(part, least)
    if at == 0 or _p(part, statistic, least, significance, draw) > significance:
        return
    found.append(start + at)
    _divide(series, start, start + at, significance, least, draw, found)
    _divide(series, start + at, end, significance, least, draw, found)


def _strict(
    series: np.ndarray,
    candidates: list[int],
    significance: float,
    least: int,
    draw: np.random.Generator,
) -> dict[int, float]:
    """Leaves the weakest out until each stands between its neighbours: at -> p."""
    while True:
        edges = [0, *candidates, len(series)]
        tested = {}
        for before, at, after in zip(edges, candidates, edges[2:]):
            part = series[before:after]
            tested[at] = _p(part, _best(part, least)[0], least, significance, draw)
        weakest = max(tested, key=lambda at: tested[at], default=None)
        if weakest is None or tested[weakest] <= significance:
            return tested
        candidates = [at for at in candidates if at != weakest]


def _best(part: np.ndarray, least: int) -> tuple[float, int]:
    """The greatest Q = m n / (m + n) * (2 E|X-Y| - E|X-X'| - E|Y-Y'|) over all divisions, and where."""
    n = len(part)
    between = np.abs(part[:, None] - part[None, :])
    # Sums over the upper left and lower right squares, for every division at once.
    rows = np.concatenate(
        ([0.0], np.cumsum(np.cumsum(between, axis=0).diagonal() * 2 - between.diagonal()))
    )
    total = float(between.sum())
    below = between.sum(axis=1)
    heads = np.concatenate(([0.0], np.cumsum(below)))
    best, place = 0.0, 0
    for m in range(least, n - least + 1):
        left = rows[m]  # sum within the first m, both orders
        cross = heads[m] - left  # between first and rest, once
        right = total - left - 2 * cross
        k = n - m
        q = m * k / n * (2 * cross / (m * k) - left / (m * m) - right / (k * k))
        if q > best:
            best, place = q, m
    return best, place


def _p(
    part: np.ndarray, statistic: float, least: int, significance: float, draw: np.random.Generator
) -> float:
    """Share of permutations that divide as well; stops once it can no longer be significant."""
    beaten = 0
    for _ in range(PERMUTATIONS):
        if _best(draw.permutation(part), least)[0] >= statistic:
            beaten += 1
            if (beaten + 1) / (PERMUTATIONS + 1) > significance:
                break
    return (beaten + 1) / (PERMUTATIONS + 1)

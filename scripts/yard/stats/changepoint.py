# SPDX-License-Identifier: MIT
"""Where did a series of numbers change? E-divisive means: divide where the two sides differ most in
energy distance, as long as a permutation test says that chance would hardly do it; then the same
inside each part. A pulse hides its first edge from a test of the whole series, so that candidates
are found generously and each must then stand the strict test between its neighbours.

The test takes the ranks of the numbers: what chance does to ranks depends on how many there are
alone, so that one table of permutations serves every series of that length, and thousands of series
are judged in seconds.

Pure functions; the permutations are seeded, so that the same history gives the same change points.
"""

from __future__ import annotations

import functools
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
EXACT = 64  # points up to which each length has its own table; of longer ones it hardly depends on the length
AT_ONCE = 100_000  # numbers that are computed with at once: what fits into a cache
STEP = 1.25  # between the lengths of the tables beyond


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
    candidates: list[int] = []
    _divide(series, 0, len(series), least_side, candidates)
    found = _strict(series, sorted(candidates), significance, least_side)
    edges = [0, *sorted(found), len(series)]
    medians = [float(np.median(series[a:b])) for a, b in zip(edges, edges[1:])]
    all_changes = [
        Change(at, math.exp(medians[i]), math.exp(medians[i + 1]), found[at])
        for i, at in enumerate(sorted(found))
    ]
    return [change for change in all_changes if abs(change.change) >= LEAST_CHANGE]


def _divide(series: np.ndarray, start: int, end: int, least: int, found: list[int]) -> None:
    part = series[start:end]
    if len(part) < 2 * least:
        return
    if _p(part, least) > CANDIDATE:
        return
    at = _best(part, least)[1]
    if at == 0:
        return
    found.append(start + at)
    _divide(series, start, start + at, least, found)
    _divide(series, start + at, end, least, found)


def _strict(
    series: np.ndarray, candidates: list[int], significance: float, least: int
) -> dict[int, float]:
    """Leaves the weakest out until each stands between its neighbours: at -> p."""
    while True:
        edges = [0, *candidates, len(series)]
        tested = {
            at: _p(series[before:after], least)
            for before, at, after in zip(edges, candidates, edges[2:])
        }
        weakest = max(tested, key=lambda at: tested[at], default=None)
        if weakest is None or tested[weakest] <= significance:
            return tested
        candidates = [at for at in candidates if at != weakest]


def _divisions(parts: np.ndarray, least: int) -> np.ndarray:
    """Q = m n / (m + n) * (2 E|X-Y| - E|X-X'| - E|Y-Y'|) of every division of every row, the
    first after `least`."""
    count, n = parts.shape
    between = _scratch(count, n)
    np.abs(np.subtract(parts[:, :, None], parts[:, None, :], out=between), out=between)
    # Of each point to those before it, and so sums over upper left squares, for every division at
    # once.
    before = np.einsum("pij,ij->pi", between, _earlier(n))
    m = np.arange(least, n - least + 1)
    k = n - m
    left = 2 * np.cumsum(before, axis=1)[:, m - 1]  # sum within the first m, both orders
    heads = np.cumsum(between.sum(axis=2), axis=1)
    cross = heads[:, m - 1] - left  # between first and rest, once
    right = heads[:, -1:] - left - 2 * cross
    return m * k / n * (2 * cross / (m * k) - left / (m * m) - right / (k * k))


def _statistics(parts: np.ndarray, least: int) -> np.ndarray:
    return np.maximum(_divisions(parts, least).max(axis=1), 0.0)


def _best(part: np.ndarray, least: int) -> tuple[float, int]:
    """The greatest Q over all divisions, and where."""
    q = _divisions(part[None, :], least)[0]
    place = int(np.argmax(q))
    return (float(q[place]), place + least) if q[place] > 0 else (0.0, 0)


@functools.lru_cache(maxsize=32)
def _scratch(rows: int, count: int) -> np.ndarray:
    """A fresh array of each call would cost more than all that is computed in it."""
    return np.empty((rows, count, count))


@functools.lru_cache(maxsize=32)
def _earlier(count: int) -> np.ndarray:
    return np.tri(count, k=-1)


def _ranks(part: np.ndarray) -> np.ndarray:
    """From 0 to 1; equal numbers share the middle of theirs."""
    _, place, counts = np.unique(part, return_inverse=True, return_counts=True)
    return ((np.cumsum(counts) - (counts + 1) / 2)[place] + 0.5) / len(part)


def _table_length(count: int) -> int:
    if count <= EXACT:
        return count
    return int(EXACT * STEP ** int(math.log(count / EXACT, STEP) + 1e-9))


@functools.lru_cache(maxsize=None)
def _chance(count: int, least: int) -> np.ndarray:
    """The statistic of `PERMUTATIONS` random orders of the ranks of `count` points, sorted."""
    draw = np.random.default_rng(SEED)
    ranks = (np.arange(count) + 0.5) / count
    orders = draw.permuted(np.tile(ranks, (PERMUTATIONS, 1)), axis=1)
    at_once = max(1, AT_ONCE // count**2)
    parts = (orders[i : i + at_once] for i in range(0, PERMUTATIONS, at_once))
    return np.sort(np.concatenate([_statistics(part, least) for part in parts]))


def _p(part: np.ndarray, least: int) -> float:
    """Share of random orders that divide as well."""
    statistic = _best(_ranks(part), least)[0]
    chance = _chance(_table_length(len(part)), least)
    # Sums of the same terms in another order differ in their last digits.
    beaten = len(chance) - int(np.searchsorted(chance, statistic * (1 - 1e-9)))
    return (beaten + 1) / (PERMUTATIONS + 1)

# SPDX-License-Identifier: MIT
"""The only place of statistics: pure functions of numbers, no samples, no files, no clock.

Every random draw is seeded, so that the same input gives the same output on any day. Why each method was
chosen is in docs/methodology.md, section "Statistics".
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Sequence, Union

import numpy as np

Values = Union[Sequence[float], np.ndarray]

LEAST_ROUNDS = 5
CONFIDENCE = 0.95

# The simultaneous intervals are calibrated a little below 1 - CONFIDENCE: the room pays for models whose
# noise differs (one model four times as noisy as the rest costs about one point).
FAMILY_ERROR = 0.04
CALIBRATION_DRAWS = 20_000
CALIBRATION_SEED = 20_201_110
TRIM = 0.2
TRIM_FROM = 7  # with fewer rounds trimming costs more power than outliers do


@dataclass(frozen=True)
class Interval:
    low: float
    high: float
    coverage: float  # what the interval really covers; below CONFIDENCE only if no wider one exists


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)  # numpy takes ten times as long for the few values of a cell
    n = len(ordered)
    return float(ordered[n // 2]) if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2


def quantile(values: Values, q: float) -> float:
    return float(np.quantile(np.asarray(values, dtype=float), q))


@functools.lru_cache(maxsize=None)
def _median_interval_place(n: int, confidence: float) -> tuple[int, float]:
    """How many order statistics may be left off at each end, and the coverage that remains."""
    place, tail = 0, 0.5**n
    while 2 * place + 2 < n:
        longer = tail + math.comb(n, place + 1) * 0.5**n
        if 1 - 2 * longer < confidence:
            break
        place, tail = place + 1, longer
    return place, 1 - 2 * tail


def median_interval(values: Values, confidence: float = CONFIDENCE) -> Interval:
    """The narrowest symmetric pair of order statistics that covers the median: no distribution assumed.

    Five values can only give [least, greatest], which covers 93.75 %.
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    place, coverage = _median_interval_place(len(ordered), confidence)
    return Interval(float(ordered[place]), float(ordered[-1 - place]), coverage)


@functools.lru_cache(maxsize=None)
def _signed_rank_counts(n: int) -> np.ndarray:
    """Of 2^n sign patterns, how many have the rank sum w, w = 0 .. n(n+1)/2."""
    counts = np.zeros(n * (n + 1) // 2 + 1)
    counts[0] = 1
    for rank in range(1, n + 1):
        counts[rank:] = counts[rank:] + counts[:-rank]
    return counts


def _signed_rank_tails(differences: Values) -> tuple[float, float]:
    """P(W+ <= w) and P(W+ >= w), exact; zeros dropped, ties by midranks."""
    d = np.asarray(differences, dtype=float)
    d = d[d != 0]
    if len(d) == 0:
        return 1.0, 1.0
    size = np.abs(d)
    # Doubled midranks are integers, so that the recursion over sign patterns stays exact with ties.
    ordered = np.sort(size)
    doubled = np.searchsorted(ordered, size, "left") + np.searchsorted(ordered, size, "right") + 1
    counts = np.zeros(int(doubled.sum()) + 1)
    counts[0] = 1
    for rank in doubled:
        counts[rank:] = counts[rank:] + counts[:-rank].copy()
        counts /= 2
    plus = int(doubled[d > 0].sum())
    return float(counts[: plus + 1].sum()), float(min(1.0, counts[plus:].sum()))


def signed_rank_p_greater(differences: Values) -> float:
    """One-sided exact p of Wilcoxon's signed-rank test: small when the differences lie above zero."""
    return _signed_rank_tails(differences)[1]


def normal_quantile(probability: float) -> float:
    return NormalDist().inv_cdf(probability)


def hodges_lehmann(differences: Values) -> float:
    """The median of all pairwise means: as robust as a median, nearly as sharp as a mean."""
    return float(np.median(_walsh(differences)))


def _walsh(differences: Values) -> np.ndarray:
    d = np.asarray(differences, dtype=float)
    i, j = np.triu_indices(len(d))
    return (d[i] + d[j]) / 2


def signed_rank_interval(differences: Values, confidence: float = CONFIDENCE) -> Interval:
    """The shifts that the exact signed-rank test does not reject, around `hodges_lehmann`."""
    walsh = np.sort(_walsh(differences))
    tail = np.cumsum(_signed_rank_counts(len(differences))) / 2.0 ** len(differences)
    place = max(int(np.searchsorted(tail, (1 - confidence) / 2, side="right")) - 1, 0)
    return Interval(float(walsh[place]), float(walsh[-1 - place]), float(1 - 2 * tail[place]))


@functools.lru_cache(maxsize=None)
def _rank_sum_tail(m: int, n: int) -> np.ndarray:
    """P(U <= u) of the Mann-Whitney statistic under equality, u = 0 .. m n."""
    counts = np.zeros(m * n + 1)
    counts[0] = 1
    for i in range(1, m + 1):  # Gaussian binomial: multiply by (1 - q^(n+i)), divide by (1 - q^i)
        if n + i <= m * n:
            counts[n + i :] = counts[n + i :] - counts[: -(n + i)].copy()
        for u in range(i, m * n + 1):
            counts[u] += counts[u - i]
    return np.cumsum(counts) / math.comb(m + n, m)


def shift(first: Values, second: Values) -> float:
    """Hodges and Lehmann's shift of two unpaired samples: the median of all differences second - first."""
    return float(np.median(np.subtract.outer(np.asarray(second, float), np.asarray(first, float))))


def shift_interval(first: Values, second: Values, confidence: float = CONFIDENCE) -> Interval:
    """The shifts that the exact Mann-Whitney test does not reject, around `shift`."""
    differences = np.sort(
        np.subtract.outer(np.asarray(second, float), np.asarray(first, float)).ravel()
    )
    tail = _rank_sum_tail(len(first), len(second))
    place = max(int(np.searchsorted(tail, (1 - confidence) / 2, side="right")) - 1, 0)
    return Interval(
        float(differences[place]), float(differences[-1 - place]), float(1 - 2 * tail[place])
    )


def _trimmed(n: int) -> int:
    return int(TRIM * n) if n >= TRIM_FROM else 0


def locations_and_errors(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per draw and pair of columns a < b: the location of column a - column b over the rows and its
    standard error. `values` is draws x rounds x models.

    The location is a trimmed mean, the error Yuen's, from the winsorised variance. Each pair's variance is
    raised to the average of its own and the family's mean, because a handful of rounds estimates a variance
    badly; it is never lowered, so that a noisy model keeps its noise.
    """
    draws, n, models = values.shape
    a, b = np.triu_indices(models, 1)
    cut = _trimmed(n)
    kept = n - 2 * cut
    differences = values[:, :, a] - values[:, :, b]
    if cut:
        differences = np.sort(differences, axis=1)
        location = differences[:, cut : n - cut].mean(axis=1)
        differences = np.clip(
            differences, differences[:, cut : cut + 1], differences[:, n - cut - 1 : n - cut]
        )
    else:
        location = differences.mean(axis=1)
    variance = differences.var(axis=1, ddof=1) * (n - 1) / (kept * (kept - 1))
    variance = np.maximum(variance, (variance + variance.mean(axis=1, keepdims=True)) / 2)
    return location, np.sqrt(variance)


@functools.lru_cache(maxsize=None)
def critical_value(n: int, models: int, family_error: float = FAMILY_ERROR) -> float:
    """The quantile of the greatest |location / error| over all pairs when all models are equal.

    The ratio does not change with the scale of the noise or with anything that a round shares, so one
    simulation of standard normal rounds serves every cell of this shape.
    """
    generator = np.random.default_rng(CALIBRATION_SEED)
    pairs = models * (models - 1) // 2
    block = max(1, min(CALIBRATION_DRAWS, 4_000_000 // (n * pairs)))
    greatest: list[np.ndarray] = []
    left = CALIBRATION_DRAWS
    while left > 0:
        draws = min(block, left)
        location, error = locations_and_errors(generator.standard_normal((draws, n, models)))
        greatest.append(np.abs(location / error).max(axis=1))
        left -= draws
    return float(np.quantile(np.concatenate(greatest), 1 - family_error))


@dataclass(frozen=True)
class AllPairs:
    """Location of row-paired differences column a - column b, for all a, b, with simultaneous limits."""

    location: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def separated(self, a: int, b: int) -> bool:
        return bool(self.low[a, b] > 0 or self.high[a, b] < 0)


def all_pairs(values: np.ndarray, family_error: float = FAMILY_ERROR) -> AllPairs:
    """Simultaneous intervals for all differences of columns; `values` is rounds x models."""
    matrix = np.asarray(values, dtype=float)
    n, models = matrix.shape
    if n < LEAST_ROUNDS or models < 2:
        raise ValueError(
            f"all_pairs needs {LEAST_ROUNDS} rounds and 2 models, not {n} and {models}"
        )
    location, error = locations_and_errors(matrix[np.newaxis])
    half = critical_value(n, models, family_error) * error[0]
    result = [np.zeros((models, models)) for _ in range(3)]
    for (a, b), centre, width in zip(zip(*np.triu_indices(models, 1)), location[0], half):
        for target, forth, back in zip(
            result,
            (centre, centre - width, centre + width),
            (-centre, -centre - width, -centre + width),
        ):
            target[a, b], target[b, a] = forth, back
    return AllPairs(*result)

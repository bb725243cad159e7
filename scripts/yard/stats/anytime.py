# SPDX-License-Identifier: MIT
"""Simultaneous intervals for all pairs of contenders that hold at any number of rounds.

Location and error of a pair are those of `inference.all_pairs`, and the error is raised further
where a model is noisy in all of its pairs (`_raised`). The critical value is greater: in at most
FAMILY_ERROR of simulated families of equal models does the greatest |location / error| exceed it at
any number of rounds at all, so that a run may look after every round and stop when it likes. At
each number of rounds the same share of families exceeds it, which is Pocock's way to spend an error
probability."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Mapping, Sequence

import numpy as np

from yard.stats import inference
from yard.stats.inference import LEAST_ROUNDS

LOOKS = (5, 6, 7, 8, 9, 10, 12, 14, 17, 20, 24, 30, 40, 60)

# models -> the critical value at each of LOOKS, as `calibrated` gives it.
CRITICAL: Mapping[int, tuple[float, ...]] = {
    2: (5.49, 4.64, 6.01, 5.03, 4.35, 5.24, 4.09, 3.78, 3.68, 3.63, 3.34, 3.22, 3.06, 3.00),
    3: (4.61, 4.22, 4.56, 4.21, 4.03, 4.20, 3.85, 3.62, 3.63, 3.60, 3.41, 3.38, 3.27, 3.24),
    4: (4.61, 4.32, 4.55, 4.27, 4.11, 4.23, 3.98, 3.77, 3.76, 3.74, 3.63, 3.58, 3.50, 3.44),
    5: (4.72, 4.41, 4.59, 4.43, 4.23, 4.45, 4.14, 4.03, 3.84, 3.85, 3.73, 3.69, 3.65, 3.56),
    6: (4.64, 4.39, 4.62, 4.40, 4.25, 4.42, 4.22, 4.14, 4.06, 4.05, 3.91, 3.81, 3.71, 3.64),
    8: (4.78, 4.54, 4.72, 4.62, 4.47, 4.54, 4.28, 4.20, 4.14, 4.13, 4.05, 4.02, 3.94, 3.84),
    10: (4.76, 4.64, 4.79, 4.70, 4.50, 4.72, 4.45, 4.35, 4.30, 4.36, 4.18, 4.09, 3.98, 3.97),
    12: (5.00, 4.78, 4.90, 4.73, 4.64, 4.76, 4.52, 4.49, 4.39, 4.37, 4.26, 4.27, 4.19, 4.09),
    16: (5.11, 4.93, 5.07, 4.96, 4.90, 4.96, 4.77, 4.63, 4.61, 4.56, 4.43, 4.37, 4.25, 4.24),
    24: (5.19, 5.20, 5.25, 5.03, 5.15, 5.12, 4.91, 4.76, 4.64, 4.69, 4.62, 4.46, 4.53, 4.47),
}


@dataclass(frozen=True)
class AnytimePairs:
    """Of row-paired differences a - b, for all a, b, each from the rounds that both have."""

    location: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rounds: np.ndarray

    def separated(self, a: int, b: int) -> bool:
        return bool(self.low[a, b] > 0 or self.high[a, b] < 0)


@functools.lru_cache(maxsize=None)
def critical_value(rounds: int, models: int) -> float:
    """Between the simulated ones by interpolation, over the logarithm of rounds and of the pairs;
    beyond the last rounds the last one, which is too wide, and beyond the most models a straight
    line."""
    at = math.log(min(max(rounds, LOOKS[0]), LOOKS[-1]))
    sizes = sorted(CRITICAL)
    over = [float(np.interp(at, np.log(LOOKS), CRITICAL[size])) for size in sizes]
    places = [math.log(size * (size - 1) / 2) for size in sizes]
    wanted = math.log(models * (models - 1) / 2)
    if wanted > places[-1]:
        slope = (over[-1] - over[-2]) / (places[-1] - places[-2])
        return over[-1] + slope * (wanted - places[-1])
    return float(np.interp(wanted, places, over))


def pairs(scores: Sequence[Mapping[int, float]]) -> AnytimePairs:
    """`scores`: ln(value) by round of each contender; they may have different rounds. A pair with
    fewer shared rounds than LEAST_ROUNDS has a location and no limits."""
    rounds = sorted(set().union(*scores)) or [0]
    table = np.full((1, len(rounds), len(scores)), math.nan)
    for column, own in enumerate(scores):
        for row, number in enumerate(rounds):
            table[0, row, column] = own.get(number, math.nan)
    location, half, shared = pairs_of_families(table)
    return square(len(scores), location[0], half[0], shared[0])


def square(models: int, location: np.ndarray, half: np.ndarray, shared: np.ndarray) -> AnytimePairs:
    """Square matrices, of the pairs a < b."""
    a, b = np.triu_indices(models, 1)
    found = [np.zeros((models, models)) for _ in range(3)]
    for target, values, sign in zip(found, (location, half, shared), (-1, 1, 1)):
        target[a, b], target[b, a] = values, sign * values
    return AnytimePairs(found[0], found[0] - found[1], found[0] + found[1], found[2])


def pairs_of_families(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of many families at once, families x rounds x models with NaN where a model was not measured:
    location, half width of the interval, and shared rounds of each pair a < b."""
    families, rounds, models = values.shape
    a, b = np.triu_indices(models, 1)
    differences = values[:, :, a] - values[:, :, b]
    shared = rounds - np.isnan(differences).sum(axis=1)
    ordered = np.sort(differences, axis=1)  # NaN comes last
    cut = np.where(shared >= inference.TRIM_FROM, (inference.TRIM * shared).astype(int), 0)
    place = np.arange(rounds)[np.newaxis, :, np.newaxis]
    lowest, highest = (
        np.take_along_axis(ordered, np.clip(edge, 0, rounds - 1)[:, np.newaxis], axis=1)
        for edge in (cut, shared - cut - 1)
    )
    there = place < shared[:, np.newaxis]
    kept = there & (place >= cut[:, np.newaxis]) & (place < (shared - cut)[:, np.newaxis])
    count = np.maximum(shared - 2 * cut, 1)
    location = np.where(kept, ordered, 0.0).sum(axis=1) / count
    held = np.where(there, np.clip(ordered, lowest, highest), 0.0)
    mean = held.sum(axis=1) / np.maximum(shared, 1)
    squares = np.where(there, (held - mean[:, np.newaxis]) ** 2, 0.0).sum(axis=1)
    spread = squares / np.maximum(shared - 1, 1)
    known = shared >= LEAST_ROUNDS
    spread = _raised(spread, known, models)
    # Yuen: from the winsorised variance of a difference to that of the trimmed mean.
    error = np.sqrt(spread * (shared - 1) / (count * np.maximum(count - 1, 1)))
    critical = np.array([critical_value(n, models) for n in range(rounds + 1)])
    return location, np.where(known, critical[shared] * error, math.inf), shared


def _raised(spread: np.ndarray, known: np.ndarray, models: int) -> np.ndarray:
    """A handful of rounds estimates a variance badly, and of many pairs some estimate is far too
    small. Each is raised to the average of its own and the family's mean, and to the sum of what
    the two models show in all of their pairs: a noisy model is noisy in each. It is never
    lowered."""
    total = np.where(known, spread, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    raised = np.maximum(spread, (spread + total[:, np.newaxis]) / 2)
    if models < 3:
        return raised
    a, b = np.triu_indices(models, 1)
    filled = np.where(known, spread, total[:, np.newaxis])
    own = np.zeros((len(spread), models))
    for model in range(models):
        own[:, model] = filled[:, (a == model) | (b == model)].sum(axis=1)
    whole = own.sum(axis=1, keepdims=True) / (2 * (models - 1))
    each = np.maximum((own - whole) / (models - 2), 0.0)
    return np.maximum(raised, each[:, a] + each[:, b])


def calibrated(models: int, draws: int) -> tuple[float, ...]:
    """A row of CRITICAL: the values that `draws` families of equal models exceed at any of LOOKS in
    FAMILY_ERROR of all, each value being exceeded by as many families as the others."""
    generator = np.random.default_rng(inference.CALIBRATION_SEED)
    columns = models * (models - 1) // 2
    block = max(1, min(draws, 1_000_000 // (LOOKS[-1] * columns)))
    found, left = [], draws
    while left > 0:
        values = generator.standard_normal((min(block, left), LOOKS[-1], models))
        left -= len(values)
        greatest = []
        for n in LOOKS:
            location, error = inference.locations_and_errors(values[:, :n])
            greatest.append(np.abs(location / error).max(axis=1))
        found.append(np.array(greatest).T)
    families = np.concatenate(found)
    place = np.argsort(np.argsort(-families, axis=0), axis=0)  # 0: the greatest at this look
    spent = int(np.quantile(place.min(axis=1), inference.FAMILY_ERROR))
    return tuple(float(value) for value in -np.sort(-families, axis=0)[spent])

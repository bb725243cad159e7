# SPDX-License-Identifier: MIT
"""From the samples of one process to one number per metric; bigger is always worse."""

from __future__ import annotations

import math
from typing import Any, Mapping, Sequence

import numpy as np

from yard.data.facts import FIELD, METRIC, PART, SHOWN
from yard.stats.estimates import OVER_ITERATIONS
from yard.data import hdr_histogram
from yard.gate.rule import Metric

LEAST_BEYOND = 20  # a quantile q needs LEAST_BEYOND / (1 - q) operations
COUNTERS = tuple(field.name for field in FIELD.values() if field.counter)
FIRST_RUN = "first_run_bytes"
Sample = Mapping[str, Any]


def of_process(samples: Sequence[Sample]) -> dict[str, float]:
    """Timed metrics of a process whose measured iterations are `samples`; a metric without a value is absent."""
    good = [
        s
        for s in samples
        if not s.get(FIELD.warm) and s[FIELD.verdict] in SHOWN and s.get(FIELD.units)
    ]
    if not good:
        return {}
    found = {}
    for metric in METRIC.values():
        if not metric.gate or metric.gate.iterations == "pooled":
            continue
        numbers = [value for value in map(metric.read, good) if value is not None]
        # The peak of a process is that of whatever iteration tells it; all else needs every iteration.
        if numbers and (len(numbers) == len(good) or metric.iterations == "maximum"):
            over = OVER_ITERATIONS[metric.gate.iterations or metric.iterations]
            found[metric.id] = over(numbers)
    return {**found, **_latencies(good)}


def counters(samples: Sequence[Sample]) -> dict[str, float]:
    """Counters of the last measured iteration: the first ones may still grow a buffer. What the first of all, a warm-up,
    asked for is a counter too: it fills the pools from which later ones take their frames."""
    valid = [s for s in samples if s[FIELD.verdict] in SHOWN]
    good = [s for s in valid if not s.get(FIELD.warm)]
    found = {
        name: float(good[-1][name])
        for name in COUNTERS
        if good and all(s.get(name) is not None for s in good)
    }
    if good and valid[0].get(FIELD.warm) and valid[0].get(FIELD.allocated_bytes) is not None:
        found[FIRST_RUN] = float(valid[0][FIELD.allocated_bytes])
    return found


def log_ratio(base: float, head: float, metric: Metric) -> float:
    """d = ln(head / base). Differences of at most `absolute` are none; it also keeps a zero from being infinite."""
    if abs(head - base) <= metric.absolute:
        return 0.0
    if base <= 0 or head <= 0:
        least = metric.absolute or 1.0
        return math.log((head + least) / (base + least))
    return math.log(head / base)


def _latencies(samples: Sequence[Sample]) -> dict[str, float]:
    """Quantiles of all operations of the process together: an iteration alone may have too few."""
    texts = [s[FIELD.latency].get(PART.hdr) for s in samples if s.get(FIELD.latency)]
    if len(texts) != len(samples) or not all(texts):
        return {}
    try:
        merged = hdr_histogram.merge(map(hdr_histogram.decode, texts))
    except hdr_histogram.NotAHistogram:
        return {}
    if merged is None:
        return {}
    return {
        metric.id: _interpolated(merged, metric.quantile)
        for metric in METRIC.values()
        if metric.gate and metric.gate.iterations == "pooled" and metric.quantile
        if merged.total * (1 - metric.quantile) >= LEAST_BEYOND - 1e-6
    }


def _interpolated(merged: hdr_histogram.Histogram, q: float) -> float:
    """Inside the bucket, so that a shift smaller than a bucket is not a tie."""
    reached = np.cumsum(merged.counts)
    target = q * reached[-1]
    bucket = int(np.searchsorted(reached, target))
    upper = float(merged.values[bucket])
    # Buckets are at most 0.1 % wide; an empty neighbour would stretch this one.
    lower = max(float(merged.values[bucket - 1]) if bucket else 0.0, upper * (1 - 1e-3))
    before = float(reached[bucket - 1]) if bucket else 0.0
    return lower + (upper - lower) * (target - before) / float(merged.counts[bucket])

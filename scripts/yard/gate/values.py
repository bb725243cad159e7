# SPDX-License-Identifier: MIT
"""From the samples of one process to one number per metric; bigger is always worse."""

from __future__ import annotations

import math
from typing import Any, Mapping, Sequence

import numpy as np

from yard.stats import inference
from yard.stats.estimates import MARKED
from yard.data import hdr_histogram
from yard.gate.rule import Metric

SUB_WINDOW_QUANTILE = (
    0.25  # of the iterations' times: nearly as deaf to stalls as the minimum, and less whimsical
)
QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999))
LEAST_BEYOND = 20  # a quantile q needs LEAST_BEYOND / (1 - q) operations
COUNTERS = ("allocations", "allocated_bytes", "system_calls")
FIRST_RUN = "first_run_bytes"
Sample = Mapping[str, Any]


def of_process(samples: Sequence[Sample]) -> dict[str, float]:
    """Timed metrics of a process whose measured iterations are `samples`; a metric without a value is absent."""
    good = [
        s
        for s in samples
        if not s.get("warm") and s["verdict"] in ("ok", *MARKED) and s.get("units")
    ]
    if not good:
        return {}
    found: dict[str, float] = {}
    found["time_per_unit"] = inference.quantile(
        [s["run_ns"] / s["units"] for s in good], SUB_WINDOW_QUANTILE
    )
    if all(s.get("cpu_ns") is not None for s in good):
        found["cpu_per_unit"] = inference.median([s["cpu_ns"] / s["units"] for s in good])
    switches = [_sum(s, "voluntary_switches", "involuntary_switches") for s in good]
    if None not in switches:
        found["switches_per_unit"] = sum(filter(None, switches)) / sum(s["units"] for s in good)
    # Not the pages of files: how many of an executable's the kernel maps in at a fault depends on how that copy of it
    # lies in the page cache, 1.7 % of a small process between two copies of one file.
    peaks = [
        max(s["peak_rss_bytes"] - (s.get("file_rss_bytes") or 0), 0)
        for s in good
        if s.get("peak_rss_bytes") is not None
    ]
    if peaks:
        found["peak_rss"] = max(peaks)
    return {**found, **_latencies(good)}


def counters(samples: Sequence[Sample]) -> dict[str, float]:
    """Counters of the last measured iteration: the first ones may still grow a buffer. What the first of all, a warm-up,
    asked for is a counter too: it fills the pools from which later ones take their frames."""
    valid = [s for s in samples if s["verdict"] in ("ok", *MARKED)]
    good = [s for s in valid if not s.get("warm")]
    found = {
        name: float(good[-1][name])
        for name in COUNTERS
        if good and all(s.get(name) is not None for s in good)
    }
    if good and valid[0].get("warm") and valid[0].get("allocated_bytes") is not None:
        found[FIRST_RUN] = float(valid[0]["allocated_bytes"])
    return found


def log_ratio(base: float, head: float, metric: Metric) -> float:
    """d = ln(head / base). Differences of at most `absolute` are none; it also keeps a zero from being infinite."""
    if abs(head - base) <= metric.absolute:
        return 0.0
    if base <= 0 or head <= 0:
        least = metric.absolute or 1.0
        return math.log((head + least) / (base + least))
    return math.log(head / base)


def _sum(sample: Sample, *names: str) -> float | None:
    values = [sample[name] for name in names if sample.get(name) is not None]
    return sum(values) if len(values) == len(names) else None


def _latencies(samples: Sequence[Sample]) -> dict[str, float]:
    """Quantiles of all operations of the process together: an iteration alone may have too few."""
    texts = [s["latency"].get("hdr") for s in samples if s.get("latency")]
    if len(texts) != len(samples) or not all(texts):
        return {}
    try:
        merged = hdr_histogram.merge(map(hdr_histogram.decode, texts))
    except hdr_histogram.NotAHistogram:
        return {}
    if merged is None:
        return {}
    return {
        name: _interpolated(merged, q)
        for name, q in QUANTILES
        if merged.total * (1 - q) >= LEAST_BEYOND - 1e-6
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

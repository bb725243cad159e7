# SPDX-License-Identifier: MIT
"""Whether the pulse of the machine explains the noise of what was measured between two of its
beats. For a pair of contenders that share rounds, the log ratio of a metric is the value and the
log ratio of the pulse the control variate."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Optional, Sequence

import numpy as np

from yard.data.facts import FIELD, METRIC, PART, RANKED
from yard.stats import inference
from yard.stats.estimates import point_key

Sample = Mapping[str, Any]
PARTS = (PART.arithmetic_ns, PART.system_calls_ns, PART.wake_ups_ns, PART.loopback_ns)
ALL = "all of it"


def pulse_of(sample: Sample) -> Optional[dict[str, float]]:
    """The logarithm of each part, as the mean of both edges; None where an edge is missing."""
    edges = [sample.get(FIELD.pulse_before), sample.get(FIELD.pulse_after)]
    found = {}
    for part in PARTS:
        values = [float(edge.get(part) or 0) for edge in edges if isinstance(edge, Mapping)]
        if len(values) != len(edges) or min(values) <= 0:
            return None
        found[part] = sum(math.log(value) for value in values) / len(values)
    return {**found, ALL: sum(found.values()) / len(found)}


def _slope_without(r: np.ndarray, z: np.ndarray) -> np.ndarray:
    """For each round the slope of r on z in the others."""
    n = len(r) - 1
    sum_r, sum_z = r.sum() - r, z.sum() - z
    above = (r @ z - r * z) - sum_r * sum_z / n
    below = (z @ z - z * z) - sum_z * sum_z / n
    return np.divide(above, below, out=np.zeros_like(r), where=below > 1e-15)


def adjusted(ratios: inference.Values, pulse: inference.Values) -> np.ndarray:
    """Log ratios less what the pulse foretells of them. The slope of a round comes from the
    other rounds alone, so a round never explains itself. Exchanging the contenders turns every
    sign and no slope: of two copies of one model the adjusted ratios lie around zero as the raw
    ones do."""
    r, z = np.asarray(ratios, float), np.asarray(pulse, float)
    return r - _slope_without(r, z) * z


@dataclass(frozen=True)
class Removed:
    """How much of the variance of paired log ratios the pulse takes away; below zero it adds to
    it."""

    workload: str
    metric: str
    part: str
    share: float
    pairs: int
    rounds: int


def removed(
    samples: Iterable[Sample], metrics: Sequence[str], parts: Sequence[str] = (*PARTS, ALL)
) -> list[Removed]:
    """Over all pairs of contenders with enough shared rounds, for each workload, metric and part
    of the pulse."""
    points = _by_point(samples, metrics)
    before: dict[tuple[str, str, str], float] = defaultdict(float)
    after: dict[tuple[str, str, str], float] = defaultdict(float)
    pairs: dict[tuple[str, str, str], int] = defaultdict(int)
    rounds: dict[tuple[str, str, str], int] = defaultdict(int)
    for (workload, _), contenders in points.items():
        for first, second in itertools.combinations(sorted(contenders), 2):
            a, b = contenders[first], contenders[second]
            shared = sorted(set(a) & set(b))
            for metric, part in itertools.product(metrics, parts):
                found = [_pair(a[i], b[i], metric, part) for i in shared]
                known = [pair for pair in found if pair is not None]
                if len(known) < inference.LEAST_ROUNDS:
                    continue
                r, z = (np.array(column) for column in zip(*known))
                cell_metric = (workload, metric, part)
                before[cell_metric] += float(np.var(r, ddof=1))
                after[cell_metric] += float(np.var(adjusted(r, z), ddof=1))
                pairs[cell_metric] += 1
                rounds[cell_metric] = max(rounds[cell_metric], len(known))
    return [
        Removed(
            *cell_metric, 1 - after[cell_metric] / total, pairs[cell_metric], rounds[cell_metric]
        )
        for cell_metric, total in before.items()
        if total > 0
    ]


Process = tuple[dict[str, float], dict[str, float]]  # metric -> value, part -> pulse


def _by_point(
    samples: Iterable[Sample], metrics: Sequence[str]
) -> dict[tuple[str, Any], dict[str, dict[int, Process]]]:
    """(workload, point) -> contender -> round: values and pulse of each process."""
    lines: dict[Any, list[Sample]] = defaultdict(list)
    for sample in samples:
        if not sample.get(FIELD.warm) and sample.get(FIELD.verdict) in RANKED:
            who = f"{sample.get('model')}/{sample.get('variant') or ''}"
            lines[point_key(sample), who, int(sample.get("round") or 0)].append(sample)
    points: dict[tuple[str, Any], dict[str, dict[int, Process]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for (point, who, number), own in lines.items():
        pulse = pulse_of(own[0])
        if pulse is None:
            continue
        values = {}
        for id in metrics:
            read = [value for value in map(METRIC[id].read, own) if value is not None]
            if len(read) == len(own) and min(read) > 0:
                values[id] = inference.median(read)
        points[point.workload, point][who][number] = (values, pulse)
    return points


def _pair(a: Process, b: Process, metric: str, part: str) -> Optional[tuple[float, float]]:
    if metric not in a[0] or metric not in b[0]:
        return None
    return math.log(a[0][metric] / b[0][metric]), a[1][part] - b[1][part]

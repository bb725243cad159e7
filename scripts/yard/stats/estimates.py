# SPDX-License-Identifier: MIT
"""From samples to estimates: one value per round (the process is the unit), then the median over rounds
with a distribution-free interval. Nothing measured is dropped; a cell that is not `ok` says so."""

from __future__ import annotations

import functools
import math
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping, Optional

from yard.data.compact import CompactSample
from yard.data.facts import FIELD, MARKED, METRIC, SHOWN, VERDICT, Metric, gravest, is_void
from yard.stats import inference

MARKED_SHARE = 0.25  # more marked rounds than this mark the cell

Sample = Mapping[str, Any]

# How one number of a process is made of those of its iterations.
OVER_ITERATIONS: Mapping[str, Callable[[list[float]], float]] = {
    "median": lambda values: inference.median(values),
    "maximum": max,
    "mean": statistics.fmean,
    # Nearly as deaf to stalls as the minimum, and less whimsical.
    "lower_quartile": lambda values: inference.quantile(values, 0.25),
}
COUNTED = tuple(metric.id for metric in METRIC.values() if metric.counted)


@dataclass(frozen=True)
class Estimate:
    """The median over rounds. `low` and `high` are None, and `refused` says why, with too few rounds."""

    value: float
    low: Optional[float]
    high: Optional[float]
    coverage: Optional[float]
    rounds: int
    refused: str = ""


@dataclass(frozen=True, order=True)
class PointKey:
    """One size of a workload: a row of the matrix. `workers` is 0 unless the run varies them at this size."""

    workload: str
    preset: str
    point: int
    params: tuple[tuple[str, int], ...]
    workers: int = 0

    @property
    def sizes(self) -> dict[str, int]:
        """The params, and the workers where they are one of the things that the run varies."""
        return {**dict(self.params), **({"workers": self.workers} if self.workers else {})}


@dataclass
class Cell:
    """All rounds of one contender (model and variant) at one point."""

    at: PointKey
    model: str
    variant: str
    unit: str = ""
    workers: Optional[int] = None
    cpus: int = 0  # that the model was pinned to
    verdict: str = VERDICT.ok
    counts: Counter[str] = field(default_factory=Counter)  # verdict -> rounds
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: int = 0
    values: dict[str, dict[int, float]] = field(default_factory=dict)
    estimates: dict[str, Estimate] = field(default_factory=dict)
    histograms: list[str] = field(default_factory=list)  # HdrHistogram V2 payloads
    adaptive: bool = False  # how many rounds it has was decided from their values
    peers: set[str] = field(default_factory=set)  # "client", "backend": who stood at the other end

    @property
    def contender(self) -> str:
        return contender(self.model, self.variant)

    @property
    def rounds(self) -> int:
        return sum(self.counts.values())

    @property
    def measured(self) -> bool:
        return self.verdict in SHOWN


def contender(model: str, variant: str) -> str:
    return f"{model}/{variant}" if variant else model


def verdict_of(counts: Mapping[str, int]) -> str:
    """The verdict of a cell from its rounds': one void round is enough to void it, while marked rounds
    mark it when they are more than `MARKED_SHARE`. Fewer stay in the estimate and are told."""
    worst = gravest(sorted(verdict for verdict, count in counts.items() if count))
    if is_void(worst):
        return worst
    rounds = sum(counts.values())
    marked = {verdict: counts.get(verdict, 0) for verdict in MARKED}
    if rounds and sum(marked.values()) > MARKED_SHARE * rounds:
        return max(marked, key=lambda verdict: marked[verdict])
    return VERDICT.ok


def estimate(values: Mapping[int, float]) -> Estimate:
    numbers = list(values.values())
    centre = inference.median(numbers)
    if len(numbers) < inference.LEAST_ROUNDS:
        return Estimate(centre, None, None, None, len(numbers), "too few rounds")
    interval = inference.median_interval(numbers)
    return Estimate(centre, interval.low, interval.high, interval.coverage, len(numbers))


def point_key(sample: Sample, workers: int = 0) -> PointKey:
    params = sample.get("params") or {}
    return _point_key(
        str(sample.get("workload", "")),
        str(sample.get("preset") or ""),
        int(sample["point"]) if sample.get("point") is not None else -1,
        tuple(params.items()),
        workers,
    )


@functools.lru_cache(maxsize=10_000)
def _point_key(
    workload: str, preset: str, point: int, params: tuple[tuple[Any, Any], ...], workers: int
) -> PointKey:
    named = tuple((str(name), value) for name, value in params)
    return PointKey(workload, preset, point, named, workers)


def _by_workers(samples: Iterable[Sample], keys: Iterable[PointKey]) -> set[PointKey]:
    """Points that were measured with more than one number of workers."""
    seen: dict[PointKey, set[Any]] = defaultdict(set)
    for sample, key in zip(samples, keys):
        seen[key].add(sample.get("workers"))
    return {key for key, workers in seen.items() if len(workers - {None}) > 1}


def cells(
    samples: Iterable[Sample], counted: Iterable[Sample] = (), adaptive: bool = False
) -> list[Cell]:
    """All cells that have a sample, in the order of point and contender. Warm-up iterations give no number;
    one that is void voids its process all the same. `counted` are samples that give `COUNTED` and nothing else.
    """
    rounds: dict[tuple[PointKey, str, str], dict[int, list[Sample]]] = defaultdict(
        lambda: defaultdict(list)
    )
    samples = list(samples)
    keys = [point_key(sample) for sample in samples]
    split = _by_workers(samples, keys)
    for sample, at in zip(samples, keys):
        if sample.get("warm") and sample.get(FIELD.verdict) in SHOWN:
            continue
        at = point_key(sample, int(sample.get("workers") or 0)) if at in split else at
        key = (at, str(sample.get("model", "")), str(sample.get("variant") or ""))
        rounds[key][int(sample.get("round") or 0)].append(sample)
    found = {key: _cell(*key, rounds[key]) for key in sorted(rounds)}
    for own in found.values():
        own.adaptive = adaptive
    for sample in counted:
        at = point_key(sample)
        at = point_key(sample, int(sample.get("workers") or 0)) if at in split else at
        cell = found.get((at, str(sample.get("model", "")), str(sample.get("variant") or "")))
        for id in COUNTED:
            value = METRIC[id].read(sample)
            if cell is not None and cell.measured and value is not None:
                cell.values[id] = {0: value}
                cell.estimates[id] = Estimate(value, None, None, None, 1, "counted once")
    return list(found.values())


def _read_all(place: int, metric: Metric, samples: list[Sample]) -> Optional[list[float]]:
    """None where an iteration has no value, as for too few operations."""
    found = []
    for sample in samples:
        value = sample.metric(place) if type(sample) is CompactSample else metric.read(sample)
        if value is None:
            return None
        found.append(value)
    return found


def _cell(at: PointKey, model: str, variant: str, rounds: Mapping[int, list[Sample]]) -> Cell:
    cell = Cell(at, model, variant)
    values: dict[str, dict[int, float]] = defaultdict(dict)
    for number in sorted(rounds):
        samples = rounds[number]
        # A process is as good as its worst iteration.
        verdict = gravest(str(s.get(FIELD.verdict) or VERDICT.crashed) for s in samples)
        cell.counts[verdict] += 1
        for finding in sorted(
            {(str(s.get("verdict")), str(s.get("reason") or "")) for s in samples}
        ):
            if finding[0] != VERDICT.ok:
                cell.reasons[finding] += 1
        cell.samples += len(samples)
        first = samples[0]
        cell.unit = cell.unit or str(first.get("unit") or "")
        cell.workers = first.get("workers") if cell.workers is None else cell.workers
        cell.cpus = cell.cpus or len(first.get("cpus") or ())
        if is_void(verdict):
            continue
        for place, metric in enumerate(METRIC.values()):
            read = _read_all(place, metric, samples)
            if read is not None:
                values[metric.id][number] = OVER_ITERATIONS[metric.iterations](read)
        for sample in samples:
            cell.peers.update(peer for peer in (FIELD.client, FIELD.backend) if sample.get(peer))
            latency = sample.get(FIELD.latency)
            if isinstance(latency, Mapping) and isinstance(latency.get("hdr"), str):
                cell.histograms.append(latency["hdr"])
    cell.verdict = verdict_of(cell.counts)
    cell.values = dict(values)
    if cell.measured:
        # A metric that only some rounds have is one that the sizes are too small for.
        good = sum(cell.counts[verdict] for verdict in SHOWN)
        cell.estimates = {id: estimate(v) for id, v in values.items() if 2 * len(v) > good}
    return cell


@dataclass(frozen=True)
class Ratio:
    value: float
    low: Optional[float]
    high: Optional[float]


def paired_ratio(above: Mapping[int, float], below: Mapping[int, float]) -> Optional[Ratio]:
    """above / below from the rounds that both have, by Hodges and Lehmann on log ratios, with the interval
    of the exact signed-rank test; None without a shared round or with a value that has no logarithm.
    """
    shared = sorted(set(above) & set(below))
    if not shared or any(above[r] <= 0 or below[r] <= 0 for r in shared):
        return None
    logs = [math.log(above[r] / below[r]) for r in shared]
    value = math.exp(inference.hodges_lehmann(logs))
    if len(shared) < inference.LEAST_ROUNDS:
        return Ratio(value, None, None)
    interval = inference.signed_rank_interval(logs)
    return Ratio(value, math.exp(interval.low), math.exp(interval.high))

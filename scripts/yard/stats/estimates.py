# SPDX-License-Identifier: MIT
"""From samples to estimates: one value per round (the process is the unit), then the median over rounds
with a distribution-free interval. Nothing measured is dropped; a cell that is not `ok` says so."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping, Optional

from yard.stats import inference

# A void sample has no numbers; a marked one has numbers that something else than the model has shaped.
VOID = ("wrong", "crashed", "timeout", "over_budget", "skipped", "declined")
MARKED = ("rig_limited", "overloaded", "unstable")
KNOWN = {"ok", *MARKED, *VOID}  # a verdict of a later version is void here
MARKED_SHARE = 0.25  # more marked rounds than this mark the cell

Sample = Mapping[str, Any]
Read = Callable[[Sample], Optional[float]]


@dataclass(frozen=True)
class Metric:
    id: str
    label: str
    unit: str  # "ns", "bytes", "units/s", "share", "count"
    better: str  # "more", "less" or "" where neither is better
    read: Read
    over_iterations: Callable[[list[float]], float] = inference.median


def _number(value: Any) -> Optional[float]:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _field(name: str) -> Read:
    return lambda sample: _number(sample.get(name))


def _ratio(above: Read, below: Read, scale: float = 1.0) -> Read:
    def read(sample: Sample) -> Optional[float]:
        a, b = above(sample), below(sample)
        return None if a is None or not b else scale * a / b

    return read


def _latency(name: str) -> Read:
    def read(sample: Sample) -> Optional[float]:
        latency = sample.get("latency")
        return _number(latency.get(name)) if isinstance(latency, Mapping) else None

    return read


def _inner(outer: str, name: str) -> Read:
    def read(sample: Sample) -> Optional[float]:
        found = sample.get(outer)
        return _number(found.get(name)) if isinstance(found, Mapping) else None

    return read


def _switches(sample: Sample) -> Optional[float]:
    voluntary = _number(sample.get("voluntary_switches"))
    involuntary = _number(sample.get("involuntary_switches"))
    return None if voluntary is None or involuntary is None else voluntary + involuntary


def _faults(sample: Sample) -> Optional[float]:
    minor, major = _number(sample.get("minor_faults")), _number(sample.get("major_faults"))
    return None if minor is None else minor + (major or 0.0)


def _tree_at_the_last_look(sample: Sample) -> Optional[float]:
    waiting = sample.get("waiting")
    looks = waiting.get("looks") if isinstance(waiting, Mapping) else None
    if not looks:
        return None
    parts = [
        _number(looks[-1].get(name))
        for name in ("pss_bytes", "page_table_bytes", "kernel_stack_bytes")
    ]
    return None if None in parts else sum(part for part in parts if part is not None)


_units, _run = _field("units"), _field("run_ns")
METRICS = (
    Metric("throughput", "throughput", "units/s", "more", _ratio(_units, _run, 1e9)),
    Metric("run_ns", "time of a run", "ns", "less", _run),
    Metric("time_per_unit_ns", "time per unit", "ns", "less", _ratio(_run, _units)),
    Metric("cpu_per_unit_ns", "CPU per unit", "ns", "less", _ratio(_field("cpu_ns"), _units)),
    Metric(
        "user_per_unit_ns", "user CPU per unit", "ns", "less", _ratio(_field("user_ns"), _units)
    ),
    Metric(
        "system_per_unit_ns",
        "system CPU per unit",
        "ns",
        "less",
        _ratio(_field("system_ns"), _units),
    ),
    Metric(
        "busiest_thread_share",
        "busiest thread",
        "share",
        "",
        _ratio(_field("busiest_thread_ns"), _run),
    ),
    Metric("p50_ns", "latency p50", "ns", "less", _latency("p50_ns")),
    Metric("p90_ns", "latency p90", "ns", "less", _latency("p90_ns")),
    Metric("p99_ns", "latency p99", "ns", "less", _latency("p99_ns")),
    Metric("p999_ns", "latency p99.9", "ns", "less", _latency("p999_ns")),
    Metric("max_ns", "latency maximum", "ns", "less", _latency("max_ns"), max),
    Metric(
        "switches_per_unit", "context switches per unit", "count", "less", _ratio(_switches, _units)
    ),
    Metric(
        "voluntary_per_unit",
        "waits that switch, per unit",
        "count",
        "less",
        _ratio(_field("voluntary_switches"), _units),
    ),
    Metric(
        "involuntary_per_unit",
        "preemptions per unit",
        "count",
        "less",
        _ratio(_field("involuntary_switches"), _units),
    ),
    Metric("faults_per_unit", "page faults per unit", "count", "less", _ratio(_faults, _units)),
    Metric(
        "allocations_per_unit",
        "allocations per unit",
        "count",
        "less",
        _ratio(_field("allocations"), _units),
    ),
    Metric(
        "system_calls_per_unit",
        "system calls per unit",
        "count",
        "less",
        _ratio(_field("system_calls"), _units),
    ),
    Metric("peak_rss_bytes", "peak RSS", "bytes", "less", _field("peak_rss_bytes"), max),
    Metric("pss_bytes", "PSS of the process tree", "bytes", "less", _field("pss_bytes")),
    Metric(
        "waiting_bytes",
        "memory per waiting unit",
        "bytes",
        "less",
        _inner("waiting", "bytes_per_unit"),
    ),
    Metric(
        "waiting_tree_bytes",
        "memory with all units waiting",
        "bytes",
        "less",
        _tree_at_the_last_look,
    ),
    Metric("make_ns", "make", "ns", "less", _field("make_ns")),
    Metric("destroy_ns", "destroy", "ns", "less", _field("destroy_ns")),
    Metric("threads", "threads", "count", "", _field("threads")),
    Metric("processes", "processes", "count", "", _field("processes")),
)
METRIC = {metric.id: metric for metric in METRICS}
COUNTED = ("allocations_per_unit", "system_calls_per_unit")


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
    verdict: str = "ok"
    counts: Counter[str] = field(default_factory=Counter)  # verdict -> rounds
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: int = 0
    values: dict[str, dict[int, float]] = field(default_factory=dict)
    estimates: dict[str, Estimate] = field(default_factory=dict)
    histograms: list[str] = field(default_factory=list)  # HdrHistogram V2 payloads
    peers: set[str] = field(default_factory=set)  # "client", "backend": who stood at the other end

    @property
    def contender(self) -> str:
        return contender(self.model, self.variant)

    @property
    def rounds(self) -> int:
        return sum(self.counts.values())

    @property
    def measured(self) -> bool:
        return self.verdict == "ok" or self.verdict in MARKED


def contender(model: str, variant: str) -> str:
    return f"{model}/{variant}" if variant else model


def verdict_of(counts: Mapping[str, int]) -> str:
    """The verdict of a cell from its rounds': one void round is enough to void it, while marked rounds
    mark it when they are more than `MARKED_SHARE`. Fewer stay in the estimate and are told."""
    for verdict in (*sorted(set(counts) - KNOWN), *VOID):
        if counts.get(verdict):
            return verdict
    rounds = sum(counts.values())
    marked = {verdict: counts.get(verdict, 0) for verdict in MARKED}
    if rounds and sum(marked.values()) > MARKED_SHARE * rounds:
        return max(marked, key=lambda verdict: marked[verdict])
    return "ok"


def round_verdict(verdicts: Iterable[str]) -> str:
    """A process is as good as its worst iteration."""
    order = VOID + MARKED + ("ok",)
    return min(verdicts, key=lambda v: order.index(v) if v in order else -1)


def estimate(values: Mapping[int, float]) -> Estimate:
    numbers = list(values.values())
    centre = inference.median(numbers)
    if len(numbers) < inference.LEAST_ROUNDS:
        return Estimate(centre, None, None, None, len(numbers), "too few rounds")
    interval = inference.median_interval(numbers)
    return Estimate(centre, interval.low, interval.high, interval.coverage, len(numbers))


def point_key(sample: Sample, workers: int = 0) -> PointKey:
    params = sample.get("params") or {}
    return PointKey(
        str(sample.get("workload", "")),
        str(sample.get("preset") or ""),
        int(sample["point"]) if sample.get("point") is not None else -1,
        tuple((str(name), value) for name, value in params.items()),
        workers,
    )


def _by_workers(samples: Iterable[Sample], keys: Iterable[PointKey]) -> set[PointKey]:
    """Points that were measured with more than one number of workers."""
    seen: dict[PointKey, set[Any]] = defaultdict(set)
    for sample, key in zip(samples, keys):
        seen[key].add(sample.get("workers"))
    return {key for key, workers in seen.items() if len(workers - {None}) > 1}


def cells(samples: Iterable[Sample], counted: Iterable[Sample] = ()) -> list[Cell]:
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
        if sample.get("warm") and sample.get("verdict") in ("ok", *MARKED):
            continue
        at = point_key(sample, int(sample.get("workers") or 0)) if at in split else at
        key = (at, str(sample.get("model", "")), str(sample.get("variant") or ""))
        rounds[key][int(sample.get("round") or 0)].append(sample)
    found = {key: _cell(*key, rounds[key]) for key in sorted(rounds)}
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


def _cell(at: PointKey, model: str, variant: str, rounds: Mapping[int, list[Sample]]) -> Cell:
    cell = Cell(at, model, variant)
    values: dict[str, dict[int, float]] = defaultdict(dict)
    for number in sorted(rounds):
        samples = rounds[number]
        verdict = round_verdict(str(sample.get("verdict") or "crashed") for sample in samples)
        cell.counts[verdict] += 1
        for told in sorted({(str(s.get("verdict")), str(s.get("reason") or "")) for s in samples}):
            if told[0] != "ok":
                cell.reasons[told] += 1
        cell.samples += len(samples)
        first = samples[0]
        cell.unit = cell.unit or str(first.get("unit") or "")
        cell.workers = first.get("workers") if cell.workers is None else cell.workers
        cell.cpus = cell.cpus or len(first.get("cpus") or ())
        if verdict in VOID or verdict not in KNOWN:
            continue
        for metric in METRICS:
            read = [value for value in map(metric.read, samples) if value is not None]
            if len(read) == len(
                samples
            ):  # an iteration without the value (too few operations): none
                values[metric.id][number] = metric.over_iterations(read)
        for sample in samples:
            cell.peers.update(peer for peer in ("client", "backend") if sample.get(peer))
            latency = sample.get("latency")
            if isinstance(latency, Mapping) and isinstance(latency.get("hdr"), str):
                cell.histograms.append(latency["hdr"])
    cell.verdict = verdict_of(cell.counts)
    cell.values = dict(values)
    if cell.measured:
        # A metric that only some rounds have is one that the sizes are too small for.
        good = sum(cell.counts[verdict] for verdict in ("ok", *MARKED))
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

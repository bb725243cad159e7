# SPDX-License-Identifier: MIT
"""Two runs, or two models inside one run, cell by cell.

Inside a run the rounds are paired and the exact signed-rank test applies. Two stored runs share no rounds:
their machine has had another hour, and what they say together is not a verdict. Runs that differ in what
was measured or where are not compared at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence

from yard.data import link
from yard.stats import inference
from yard.data.facts import METRIC, VERDICT
from yard.stats.estimates import Cell, PointKey, cells, contender
from yard.report.environment import Environment
from yard.text import numbers, units

METRICS = (METRIC.throughput, METRIC.cpu_per_unit_ns, METRIC.p99_ns, METRIC.pss_bytes)
MOST_ROUND_TRIP_RATIO = 3.0  # of one link at two hours
NOT_A_VERDICT = (
    "Not a verdict: the two runs were not interleaved, so that a difference may be the hour's and not the code's. "
    "To judge a change measure both sides in one run: scripts/switchyard check."
)


@dataclass(frozen=True)
class Difference:
    """`change` is second / first - 1, with its interval; `better` is "" where the interval holds no change."""

    at: PointKey
    first: str
    second: str
    metric: str
    first_value: float
    second_value: float
    change: Optional[float]
    low: Optional[float]
    high: Optional[float]
    rounds: int
    better: str
    note: str = ""


def fingerprint(run: Any) -> dict[str, Any]:
    """What must be equal before two runs may be laid side by side. The commit may differ: that is the point."""
    environment = Environment(run.meta or {}, run.plan or {}, run.samples)
    describes = environment.meta.get("describe") or {}
    builds = {
        str((d.get("build") or {}).get(key))
        for d in describes.values()
        for key in ("compiler", "flags")
    }
    harness = {str((d.get("build") or {}).get("type")) for d in describes.values()}
    return {
        "CPU model": environment.find("cpu_model", "model_name"),
        "kernel": environment.find("kernel", "kernel_release", "release"),
        "CPUs": environment.find("allowed_cpus", "cpus_allowed", "cpus_online", "cpus"),
        "compiler and flags": sorted(builds),
        "build type": sorted(harness),
        "harness": {
            "schema": sorted({s.get("schema") for s in run.samples}),
            "sources": environment.meta.get("harness_sha256", "")[:12],
            "benchmark library": environment.find("libbenchmark1debian", "libbenchmark1.7.1"),
        },
        "link": link.name_of(environment.meta),
        "budget": sorted({(str(s.get("workers")), str(s.get("cpus"))) for s in run.samples}),
    }


def apples_and_oranges(first: Any, second: Any) -> list[str]:
    """Why two runs must not be compared; empty if they may."""
    a, b = fingerprint(first), fingerprint(second)
    reasons = [
        f"{name} differs: {_short(a[name])} and {_short(b[name])}"
        for name in a
        if name != "budget" and a[name] != b[name]
    ]
    reasons += _round_trips(first.meta or {}, second.meta or {})
    keys_a, keys_b = ({_identity(c) for c in cells(run.samples)} for run in (first, second))
    if not keys_a & keys_b:
        by_workload = {k[2] for k in keys_a} & {k[2] for k in keys_b}
        why = (
            f"the params of {', '.join(sorted(by_workload))} differ"
            if by_workload
            else "no workload is in both"
        )
        reasons.append(f"no cell is in both runs: {why}")
    return reasons


def _round_trips(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """A link of one name may have become another link: a detour shows in its round trip."""
    both = [
        (meta.get("link") or {}).get("round_trip", {}).get("median_ns") for meta in (first, second)
    ]
    if None in both or max(both) <= MOST_ROUND_TRIP_RATIO * min(both):
        return []
    shown = " and ".join(units.text(value, "ns") for value in both)
    return [f"the link's round trip differs: {shown}"]


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _identity(cell: Cell) -> tuple[Any, ...]:
    """Cells of two runs are the same if the work and the budget are: the preset's name does not matter."""
    return cell.model, cell.variant, cell.at.workload, tuple(sorted(cell.at.params)), cell.workers


def two_runs(first: Any, second: Any) -> list[Difference]:
    others = {_identity(cell): cell for cell in cells(second.samples)}
    found = []
    for cell in cells(first.samples):
        other = others.get(_identity(cell))
        if other is not None:
            found += _differences(cell, other, paired=False)
    return found


def two_models(run: Any, names: Sequence[str]) -> list[Difference]:
    """`names` are a model or model/variant each; a model alone stands for its only variant at a point."""
    found = []
    by_point: dict[PointKey, list[Cell]] = {}
    for cell in cells(run.samples):
        by_point.setdefault(cell.at, []).append(cell)
    for at in sorted(by_point):
        sides = [[c for c in by_point[at] if name in (c.contender, c.model)] for name in names]
        for first in sides[0]:
            for second in sides[1]:
                found += _differences(first, second, paired=True)
    return found


def contenders(run: Any) -> set[str]:
    names = {(str(s.get("model")), str(s.get("variant") or "")) for s in run.samples}
    return {model for model, _ in names} | {contender(*name) for name in names}


def _differences(first: Cell, second: Cell, paired: bool) -> list[Difference]:
    found = []
    for metric in METRICS:
        a, b = first.estimates.get(metric), second.estimates.get(metric)
        if a is None or b is None:
            continue
        marks = sorted({c.verdict for c in (first, second)} - {VERDICT.ok})
        found.append(_difference(first, second, metric, (a.value, b.value), marks, paired))
    return found


def _difference(
    first: Cell,
    second: Cell,
    metric: str,
    both: tuple[float, float],
    marks: Sequence[str],
    paired: bool,
) -> Difference:
    one, two = first.values[metric], second.values[metric]
    start = (first.at, first.contender, second.contender, metric, *both)
    shared = sorted(set(one) & set(two))
    rounds = len(shared) if paired else min(len(one), len(two))
    if min([*one.values(), *two.values()]) <= 0:
        return Difference(*start, None, None, None, rounds, "", "a value of zero has no ratio")
    if rounds < inference.LEAST_ROUNDS:
        return Difference(*start, None, None, None, rounds, "", "too few rounds")
    if paired:
        logs = [math.log(two[r] / one[r]) for r in shared]
        centre, interval = inference.hodges_lehmann(logs), inference.signed_rank_interval(logs)
    else:
        x, y = ([math.log(v) for v in values.values()] for values in (one, two))
        centre, interval = inference.shift(x, y), inference.shift_interval(x, y)
    better = ""
    if not marks and (interval.low > 0 or interval.high < 0):
        up = centre > 0
        better = second.contender if up == (METRIC[metric].better == "more") else first.contender
        if not paired:
            better = "second" if up == (METRIC[metric].better == "more") else "first"
    change, low, high = (math.expm1(v) for v in (centre, interval.low, interval.high))
    return Difference(*start, change, low, high, rounds, better, ", ".join(marks))


def words(difference: Difference) -> str:
    change, low, high = difference.change, difference.low, difference.high
    if change is None or low is None or high is None:
        return difference.note
    text = f"{numbers.change(change)} {numbers.changes(low, high)}"
    return f"{text} {difference.note}".strip()


def as_json(differences: Sequence[Difference]) -> list[Mapping[str, Any]]:
    return [
        {
            "workload": d.at.workload,
            "point": d.at.point,
            "params": dict(d.at.params),
            "first": d.first,
            "second": d.second,
            "metric": d.metric,
            "unit": METRIC[d.metric].unit,
            "first_value": d.first_value,
            "second_value": d.second_value,
            "change": d.change,
            "low": d.low,
            "high": d.high,
            "rounds": d.rounds,
            "better": d.better,
            "note": d.note,
        }
        for d in differences
    ]

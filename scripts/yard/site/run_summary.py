# SPDX-License-Identifier: MIT
"""What the site keeps of a run for ever: each cell's estimates, their ratios to the floor of the
same run, verdicts, and what two runs must share before a difference means anything. Raw samples
may go."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Mapping, Optional, Sequence

from yard.data import link, samples
from yard.data import workloads
from yard.data.facts import METRIC
from yard.data.workloads import Workload
from yard.fleet import machine_matrix
from yard.report import comparison
from yard.report.history_store import METRICS
from yard.site import cell_key
from yard.stats import estimates, rank
from yard.stats.estimates import Cell
from yard.text import numbers as written

# The same number upside down: a series is of what it costs.
AS_COST = {METRIC.throughput: METRIC.time_per_unit_ns}
# Of a metric in a summary.
VALUE, LOW, HIGH, RATIO, RATIO_LOW, RATIO_HIGH = range(6)


def of_run(run: samples.Run) -> dict[str, Any]:
    own, known = workloads.of_suite(run.meta or {}), workloads.of_run(run.meta or {})
    found = [c for c in estimates.cells(run.samples) if not own(c.model, c.at.workload)]
    by_point: dict[Any, list[Cell]] = defaultdict(list)
    for cell in found:
        by_point[cell.at].append(cell)
    over = link.name_of(run.meta)
    machine = samples.machine_of(run.meta)
    ended = run.meta.get("ended")
    return {
        "schema": 1,
        "kind": "run",
        "slug": cell_key.slug(f"{run.meta['run']}-{machine}"),
        "run": run.meta["run"],
        "machine": machine,
        "utc": str(run.meta.get("started_utc") or run.meta["run"]),
        "revision": run.meta["commit"],
        "preset": run.meta["preset"],
        "rounds": run.meta.get("rounds"),
        "command": run.meta["command"],
        "complete": bool(ended),
        "verdicts": dict(ended["verdicts"]) if ended else {},
        "facts": _facts(run, over),
        "cells": [
            row for cells in by_point.values() for row in _cells(machine, over, cells, known)
        ],
    }


def _facts(run: samples.Run, over: str) -> dict[str, str]:
    """What separates two runs, each as one line."""
    shown = {name: _line(value) for name, value in comparison.fingerprint(run).items()}
    shown |= {"link": over, "governor": _line(run.meta["host"].get("governor"))}
    return {"commit": _line(run.meta["commit"]), **shown}


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_line(own)}" for name, own in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_line, value))
    return "unknown" if value is None else str(value)


def _cells(
    machine: str, over: str, cells: Sequence[Cell], known: Mapping[str, Workload]
) -> list[dict[str, Any]]:
    workload = known.get(cells[0].at.workload)
    headline = rank.headline(cells, workload.headline if workload else METRIC.throughput).metric
    headline = AS_COST.get(headline, headline)
    rows = []
    for cell in cells:
        metrics = {}
        for metric in dict.fromkeys((headline, *METRICS)):
            if cell.measured and metric in cell.estimates:
                metrics[metric] = _numbers(machine, metric, cell, cells)
        reason = next((text for (_, text), _ in cell.reasons.most_common(1)), "")
        rows.append(
            {
                **cell_key.of_cell(cell, over).as_json(),
                "verdict": cell.verdict,
                "reason": reason,
                "headline": headline,
                "metrics": metrics,
            }
        )
    return rows


def _numbers(machine: str, metric: str, cell: Cell, cells: Sequence[Cell]) -> list[Optional[float]]:
    own = cell.estimates[metric]
    ratio = machine_matrix.entry(machine, cell.contender, metric, cells).ratio
    numbers = [own.value, own.low, own.high]
    numbers += [ratio.value, ratio.low, ratio.high] if ratio else [None] * 3
    return [short(number) for number in numbers]


def short(value: Optional[float]) -> Optional[float]:
    """Five digits: more than any interval leaves."""
    return None if value is None else written.rounded(value, 5)

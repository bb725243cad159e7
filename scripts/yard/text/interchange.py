# SPDX-License-Identifier: MIT
"""A run in the formats of others: the same estimates and intervals as in the report, void cells
left out."""

from __future__ import annotations

import json
from typing import Any, Callable, Iterable, Mapping

from yard.data import link
from yard.data.facts import METRIC
from yard.data.samples import machine_of
from yard.stats.estimates import Cell, Estimate

EXPORTED = tuple(metric for metric in METRIC.values() if metric.openmetrics)
# A tool that compares is told once which direction is better.
SMALLER = tuple(metric.id for metric in EXPORTED if metric.better == "less")
SCALED = {"ns": ("seconds", 1e-9), "bytes": ("bytes", 1.0)}  # others have no unit there


def name_of(cell: Cell) -> str:
    parts = "/".join(part for part in (cell.model, cell.at.workload, cell.variant) if part)
    return " ".join([parts, *(f"{name}={value}" for name, value in cell.at.sizes.items())])


def _series_name(cell: Cell, meta: Mapping[str, Any]) -> str:
    """The name of a series where the format has no labels: the same cell on another machine, or
    over another link, is another series."""
    over = link.name_of(meta)
    return f"{name_of(cell)} on {machine_of(meta)}" + (
        "" if over == link.LOOPBACK else f" over {over}"
    )


def _numbers(cell: Cell, metrics: Iterable[str]) -> list[tuple[str, Estimate]]:
    return [(m, cell.estimates[m]) for m in metrics if m in cell.estimates] if cell.measured else []


def bencher(cells: list[Cell], meta: Mapping[str, Any]) -> str:
    """Bencher Metric Format: benchmark, measure, value and bounds. https://bencher.dev"""
    entries: dict[str, dict[str, dict[str, float]]] = {}
    for cell in cells:
        for metric, found in _numbers(cell, (metric.id for metric in EXPORTED)):
            value = {"value": found.value}
            if found.low is not None and found.high is not None:
                value.update(lower_value=found.low, upper_value=found.high)
            entries.setdefault(_series_name(cell, meta), {})[metric.replace("_", "-")] = value
    return json.dumps(entries, indent=1) + "\n"


def github_action_benchmark(cells: list[Cell], meta: Mapping[str, Any]) -> str:
    """The input of github-action-benchmark with `tool: customSmallerIsBetter`."""
    entries = []
    for cell in cells:
        for metric, found in _numbers(cell, SMALLER):
            entry = {
                "name": f"{_series_name(cell, meta)}: {METRIC[metric].label}",
                "unit": METRIC[metric].unit,
                "value": found.value,
                "extra": f"run {meta.get('run', '')} on {machine_of(meta)}, {found.rounds} rounds, median; verdict {cell.verdict}",
            }
            if found.low is not None and found.high is not None:
                entry["range"] = f"[{found.low:.6g}, {found.high:.6g}]"
            entries.append(entry)
    return json.dumps(entries, indent=1) + "\n"


def _label(value: Any) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def openmetrics(cells: list[Cell], meta: Mapping[str, Any]) -> str:
    """OpenMetrics text. `bound` is median, low or high; times are in seconds, as the format asks
    for."""
    lines, over = [], link.name_of(meta)
    for metric in EXPORTED:
        name, (unit, scale) = metric.openmetrics, SCALED.get(metric.unit, ("", 1.0))
        points = [(cell, found) for cell in cells for _, found in _numbers(cell, (metric.id,))]
        if not points:
            continue
        lines += [
            f"# TYPE {name} gauge",
            *([f"# UNIT {name} {unit}"] if unit else []),
            f"# HELP {name} {metric.label}, median over rounds",
        ]
        for cell, found in points:
            labels = {
                "run": meta.get("run", ""),
                "host": machine_of(meta),
                "link": "" if over == link.LOOPBACK else over,
                "model": cell.model,
                "variant": cell.variant,
                "workload": cell.at.workload,
                "verdict": cell.verdict,
                **{f"size_{k}": v for k, v in cell.at.sizes.items()},
            }
            text = ",".join(
                f'{key}="{_label(value)}"' for key, value in labels.items() if value != ""
            )
            for bound, value in (("median", found.value), ("low", found.low), ("high", found.high)):
                if value is not None:
                    lines.append(f'{name}{{{text},bound="{bound}"}} {value * scale:.9g}')
    return "\n".join([*lines, "# EOF"]) + "\n"


FORMATS: dict[str, Callable[[list[Cell], Mapping[str, Any]], str]] = {
    "bencher": bencher,
    "github-action-benchmark": github_action_benchmark,
    "openmetrics": openmetrics,
}

# SPDX-License-Identifier: MIT
"""The data of the interactive charts: the same series as the static ones, for Chart.js. The drawing is in
explorer.js; the library is Debian's libjs-chart.js, put into the page whole, so that the page needs no network."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any, Optional, Sequence

from yard.data.facts import METRIC, VERDICT
from yard.stats.estimates import Cell
from yard.report import palette, series
from yard.text.words import better_words
from yard.text import numbers, units

PACKAGE = "libjs-chart.js"
PLACES = tuple(
    Path(folder) / "chart.min.js"
    for folder in (
        "/usr/share/javascript/chart.js",
        "/usr/share/nodejs/chart.js/dist",
        "/usr/share/nodejs/chart.js",
    )
)
MOST_CURVES = 400  # percentile curves in one page; beyond that the static ones must do


def library(places: Sequence[Path] = PLACES) -> Optional[str]:
    """The text of Chart.js, or None where its package is not installed."""
    for place in places:
        if place.is_file():
            text = place.read_text(encoding="utf-8")
            return None if "</script" in text.lower() else text
    return None


def safe_json(value: Any) -> str:
    """JSON that cannot leave a script element, whatever names it holds."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def data(report: series.Report) -> dict[str, Any]:
    colours, variants = palette.colours(report.models), palette.variants(report.contenders)
    place = {name: number for number, name in enumerate(report.contenders)}
    curves = itertools.count()
    workloads = [_workload(name, points, place, curves) for name, points in report.workloads()]
    used = {metric for workload in workloads for metric in workload["metrics"]}
    return {
        "run": report.run_id,
        "light": palette.LIGHT,
        "contenders": [
            {
                "name": name,
                "colour": colours.get(name.partition("/")[0], 1),
                "variant": variants[name],
            }
            for name in report.contenders
        ],
        "metrics": {
            m.id: {
                "label": m.title,
                "unit": m.unit,
                "better": better_words(m.id),
            }
            for m in METRIC.values()
            if m.id in used
        },
        "units": units.STEPS,
        "workloads": [workload for workload in workloads if workload["metrics"]],
    }


def _workload(
    name: str, points: Sequence[series.Point], place: dict[str, int], curves: Any
) -> dict[str, Any]:
    metrics: dict[str, dict[int, list[Any]]] = {}
    marks: dict[int, list[str]] = {}
    for number, point in enumerate(points):
        for cell in point.cells:
            if not cell.measured:
                continue
            who = place[cell.contender]
            marks.setdefault(who, [""] * len(points))[number] = _mark(point, cell)
            for metric, found in cell.estimates.items():
                row = metrics.setdefault(metric, {}).setdefault(who, [None] * len(points))
                row[number] = [_short(found.value), _short(found.low), _short(found.high)]
    first = [points[-1].headline.metric, *series.CHARTED] if points else []
    order = [m for m in dict.fromkeys((*first, *METRIC)) if m in metrics]
    return {
        "name": name,
        "unit": points[-1].unit,
        "fields": series.varied_fields(points),
        "points": [
            {
                "label": p.label,
                "sizes": p.key.sizes,
                "rounds": p.rounds,
                "command": p.command,
                "curves": _curves(p, place, curves),
            }
            for p in points
        ],
        "metrics": order,
        "values": metrics,
        "marks": marks,
    }


def _mark(point: series.Point, cell: Cell) -> str:
    remarks = [cell.verdict.replace("_", " ")] if cell.verdict != VERDICT.ok else []
    if point.oversubscribed(cell):
        remarks.append("more workers than CPUs")
    return ", ".join(remarks)


def _curves(point: series.Point, place: dict[str, int], count: Any) -> dict[int, Any]:
    """Latency at evenly spaced nines: the last nine, and the values."""
    found = {}
    for line in point.percentiles:
        if next(count) >= MOST_CURVES:
            break
        found[place[line.contender]] = [_short(line.x[-1]), [_short(y) for y in line.y]]
    return found


def _short(value: Optional[float]) -> Optional[float]:
    """Five digits: more than any interval leaves."""
    if value is None:
        return None
    rounded = numbers.rounded(value, 5)
    return int(rounded) if rounded.is_integer() else rounded

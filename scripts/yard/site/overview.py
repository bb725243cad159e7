# SPDX-License-Identifier: MIT
"""The newest number of each cell on each machine, as rows of ratios to that machine's own floor.
What a row claims is decided by the fleet's matrix."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Optional, Sequence

from yard.data.facts import METRIC
from yard.fleet import machine_matrix
from yard.fleet.machine_matrix import Entry
from yard.site import cell_key
from yard.site.cell_key import CellKey
from yard.site.run_summary import HIGH, LOW, RATIO, RATIO_HIGH, RATIO_LOW, VALUE
from yard.stats import rank
from yard.stats.estimates import Ratio
from yard.text import units

Newest = Mapping[str, Mapping[str, Mapping[str, Any]]]  # machine -> slug of the cell -> its newest
ABSENT = "absent"


@dataclass(frozen=True)
class Shown:
    """An entry of a machine; `text` is the ratio, the value where there is none, or the verdict."""

    machine: str
    entry: Entry
    text: str
    interval: str
    run: str


@dataclass(frozen=True)
class Row:
    key: CellKey
    slug: str
    metric: str
    entries: tuple[Shown, ...]
    claim: str
    differs: bool


@dataclass(frozen=True)
class Point:
    workload: str
    at: str
    metric: str
    rows: tuple[Row, ...]


def points(newest: Newest, machines: Sequence[str]) -> list[Point]:
    """Every point, its rows by contender with the floor first."""
    cells: dict[Any, dict[str, CellKey]] = {}
    for machine in machines:
        for slug, own in newest[machine].items():
            key = cell_key.of_json(own)
            cells.setdefault(key.point, {})[slug] = key
    return [_point(cells[at], newest, machines) for at in sorted(cells)]


def _point(keys: Mapping[str, CellKey], newest: Newest, machines: Sequence[str]) -> Point:
    heads = {
        newest[machine][slug]["headline"]
        for machine in machines
        for slug in keys
        if slug in newest[machine]
    }
    metric = heads.pop() if len(heads) == 1 else machine_matrix.FALLBACK
    order = sorted(keys, key=lambda slug: (keys[slug].model != "floor", keys[slug].contender))
    rows = tuple(_row(slug, keys[slug], metric, newest, machines) for slug in order)
    first = keys[order[0]]
    return Point(first.workload, first.at, metric, rows)


def _row(slug: str, key: CellKey, metric: str, newest: Newest, machines: Sequence[str]) -> Row:
    shown = tuple(_shown(machine, newest[machine].get(slug), metric) for machine in machines)
    row = machine_matrix.Row(
        key.workload, key.sizes, metric, key.contender, tuple(one.entry for one in shown)
    )
    claim = "a measure, not a contender" if key.model == rank.REFERENCE else row.claim
    return Row(key, slug, metric, shown, claim, row.differs)


def _shown(machine: str, own: Optional[Mapping[str, Any]], metric: str) -> Shown:
    if own is None:
        reason = "not measured on this machine"
        return Shown(machine, Entry(machine, ABSENT, reason, None, None), "–", "", "")
    numbers = own["metrics"].get(metric)
    ratio, text, interval = None, own["verdict"].replace("_", " "), ""
    value = numbers[VALUE] if numbers else None
    if numbers and numbers[RATIO] is not None:
        ratio = Ratio(numbers[RATIO], numbers[RATIO_LOW], numbers[RATIO_HIGH])
        text = units.text(ratio.value, "times")
        if ratio.low is not None and ratio.high is not None:
            interval = f"{units.digits(ratio.low)}–{units.digits(ratio.high)}"
    elif numbers:
        unit = METRIC[metric].unit
        text = units.text(value, unit)
        if numbers[LOW] is not None:
            size = units.step(numbers[VALUE], unit)[0] if unit != "count" else 1.0
            interval = "–".join(units.digits(numbers[i] / size) for i in (LOW, HIGH))
    entry = Entry(machine, own["verdict"], own["reason"], ratio, value)
    return Shown(machine, entry, text, interval, own["run"])


COLUMNS = (
    "workload",
    "sizes",
    "contender",
    "metric",
    "machine",
    "run",
    "verdict",
    "value",
    "times_floor",
    "low",
    "high",
)


def _flat(row: Row, one: Shown) -> tuple[Any, ...]:
    ratio = one.entry.ratio
    numbers = (ratio.value, ratio.low, ratio.high) if ratio else (None,) * 3
    head = (row.key.workload, row.key.at, row.key.contender, row.metric, one.machine, one.run)
    return (*head, one.entry.verdict, one.entry.value, *numbers)


def as_json(found: Iterable[Point]) -> list[dict[str, Any]]:
    return [
        {
            **row.key.as_json(),
            "metric": row.metric,
            "history": f"history/{row.slug}.html",
            "claim": row.claim,
            "machines": {
                one.machine: dict(zip(COLUMNS[5:], _flat(row, one)[5:])) for one in row.entries
            },
        }
        for point in found
        for row in point.rows
    ]


def as_csv(found: Iterable[Point]) -> str:
    lines = (_flat(row, one) for point in found for row in point.rows for one in row.entries)
    return csv_of(COLUMNS, lines)


def csv_of(columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """A text that a spreadsheet would take for a formula gets a quote in front."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for line in lines:
        writer.writerow(
            "" if v is None else f"'{v}" if isinstance(v, str) and v[:1] in "=+-@\t" and v else v
            for v in line
        )
    return out.getvalue()

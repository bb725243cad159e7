# SPDX-License-Identifier: MIT
"""Google Benchmark: --benchmark_format=json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping, Sequence

from yard.gate import google_benchmark
from yard.gate.formats.output_format import Format, Invocation, parsed
from yard.gate.google_benchmark import numbered
from yard.gate.reading import Failed, Reading, quoted

JUDGED = ("cpu_time", "real_time")
TIME_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
# Of a row of Google Benchmark: what describes it and measures nothing.
DESCRIBING = (
    "name run_name run_type family_index per_family_instance_index repetitions repetition_index threads "
    "time_unit label error_occurred error_message skipped skip_message aggregate_name aggregate_unit "
    "cpu_coefficient real_coefficient big_o rms"
).split()


class GoogleBenchmark(Format):
    name, title = "google-benchmark", "Google Benchmark JSON"
    judged = JUDGED
    always = JUDGED
    units = {name: "ns" for name in JUDGED}
    one_at_a_time = True

    def recognises(self, text: str) -> bool:
        try:
            value = parsed(self.title, text, "")
        except Failed:
            return False
        rows = value.get("benchmarks") if isinstance(value, dict) else None
        return isinstance(rows, list) and not any(
            isinstance(r, dict) and "stats" in r for r in rows
        )

    def one(self, words: Sequence[str], scenario: str, scratch: Path, slot_s: float) -> Invocation:
        return Invocation(google_benchmark.words(words, scenario, slot_s))

    def read(self, text: str) -> Reading:
        return _read(text)


def _read(text: str) -> Reading:
    """One value per benchmark and metric: the median of its repetitions. Benchmarks that share a
    name are kept apart: the second is NAME#2."""
    reading, aggregates = Reading(), set()
    places: dict[str, list[Any]] = {}
    for number, row in enumerate(_rows(text), 1):
        name = row.get("run_name", row.get("name")) if isinstance(row, Mapping) else None
        if not isinstance(name, str) or not isinstance(row, Mapping):
            reading.unread[f"(row {number})"] = f"a benchmark without a name: {quoted(row)}"
            continue
        place = json.dumps([row.get("family_index"), row.get("per_family_instance_index")])
        same = places.setdefault(name, [])
        same += [] if place in same else [place]
        unique = numbered(name, same.index(place) + 1)
        kind = row.get("run_type", "iteration")
        if kind == "aggregate":
            aggregates.add(unique)
        elif kind != "iteration":
            reading.absent(unique, f"its run_type is {quoted(kind)}")
        else:
            _row(reading, unique, row)
    for name in aggregates - set(reading.scenarios):
        reading.absent(name, "prints only aggregates, and no run of its own")
    return reading


def _rows(text: str) -> list[Any]:
    """The first JSON object with benchmarks; a program may print lines of its own around it."""
    start = 0 if text.startswith("{") else text.find("\n{") + 1
    while text[start : start + 1] == "{":
        try:
            found, _ = json.JSONDecoder().raw_decode(text[start:])
            if isinstance(found.get("benchmarks"), list):
                return list(found["benchmarks"])
        except (ValueError, RecursionError):
            pass
        following = text.find("\n{", start)
        start = following + 1 if following >= 0 else len(text)
    raise Failed("printed no Google Benchmark JSON")


def _row(reading: Reading, name: str, row: Mapping[str, Any]) -> None:
    if row.get("error_occurred", False) is not False:
        return reading.absent(name, f"erred: {quoted(row.get('error_message', 'no reason given'))}")
    if row.get("skipped", False) is not False:
        return reading.absent(
            name, f"skipped: {quoted(row.get('skip_message', 'no reason given'))}"
        )
    runs = row.get("iterations", 1)
    if isinstance(runs, bool) or not isinstance(runs, (int, float)) or not 1 <= runs < 2**64:
        return reading.absent(name, f"ran {quoted(runs)} iterations")
    unit = row.get("time_unit")
    scale = TIME_NS.get(unit) if isinstance(unit, str) else None
    reading.present(name)
    for key, value in row.items():
        if key in JUDGED and scale is None:
            reading.refuse(name, key, f"{quoted(value)} in the unit {quoted(unit)}")
        elif key not in DESCRIBING:
            reading.number(name, key, value, scale or 1.0 if key in JUDGED else 1.0)
    return None

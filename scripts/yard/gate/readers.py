# SPDX-License-Identifier: MIT
"""What a command printed, as a Reading: the JSON of Google Benchmark, or lines of JSON."""

from __future__ import annotations

import json
from typing import Any, Mapping

from yard.data import schema
from yard.gate import values
from yard.gate.reading import Failed, Reading, Values, quoted

__all__ = ["Failed", "GOOGLE_DEFAULT", "Values", "parse_google", "parse_lines"]

GOOGLE_DEFAULT = ("cpu_time", "real_time")
TIME_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
# Of a row of Google Benchmark: what describes it and measures nothing.
GOOGLE_WORDS = (
    "name run_name run_type family_index per_family_instance_index repetitions repetition_index threads "
    "time_unit label error_occurred error_message skipped skip_message aggregate_name aggregate_unit "
    "cpu_coefficient real_coefficient big_o rms"
).split()


def parse_google(text: str) -> Reading:
    """One value per benchmark and metric: the median of its repetitions. Benchmarks that share a
    name are kept apart: the second is NAME#2."""
    reading, aggregates = Reading(), set()
    places: dict[str, list[Any]] = {}
    for number, row in enumerate(_google_rows(text), 1):
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
            _google_row(reading, unique, row)
    for name in aggregates - set(reading.scenarios):
        reading.absent(name, "prints only aggregates, and no run of its own")
    return reading


def numbered(name: str, count: int) -> str:
    return name if count == 1 else f"{name}#{count}"


def _google_rows(text: str) -> list[Any]:
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


def _google_row(reading: Reading, name: str, row: Mapping[str, Any]) -> None:
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
        if key in GOOGLE_DEFAULT and scale is None:
            reading.refuse(name, key, f"{quoted(value)} in the unit {quoted(unit)}")
        elif key not in GOOGLE_WORDS:
            reading.number(name, key, value, scale or 1.0 if key in GOOGLE_DEFAULT else 1.0)
    return None


def parse_lines(text: str) -> Reading:
    """Lines that do not begin like JSON are the program's own business."""
    reading = Reading()
    samples: dict[str, list[dict[str, Any]]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith("{"):
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            reading.unread[f"(line {number})"] = f"begins like JSON and is none: {quoted(line)}"
            continue
        if isinstance(value.get("scenario"), str) and "metrics" in value:
            _line(reading, value["scenario"], value["metrics"])
        elif not (why := schema.violation("sample", value)):
            name = "/".join(p for p in (value["model"], value["workload"], value["variant"]) if p)
            samples.setdefault(f"{name}@{value['point']}", []).append(value)
        else:
            reading.unread[
                f"(line {number})"
            ] = f'neither a sample nor {{"scenario": ..., "metrics": ...}}: {quoted(why)}'
    for name, own in samples.items():
        _samples(reading, name, own)
    if not reading.scenarios and not reading.unread:
        raise Failed('printed no line such as {"scenario": "name", "metrics": {"time": 1.5}}')
    return reading


def _line(reading: Reading, scenario: str, metrics: Any) -> None:
    if not isinstance(metrics, dict):
        return reading.absent(scenario, f"its metrics are {quoted(metrics)}")
    if not metrics:
        return reading.absent(scenario, "it has no metrics")
    for name, value in metrics.items():
        reading.number(scenario, name, value)
    return None


def _samples(reading: Reading, scenario: str, own: list[dict[str, Any]]) -> None:
    found = values.of_process(own)
    if not found:
        said = next((f"{s['verdict']}: {s['reason']}" for s in own if s.get("reason")), "no units")
        return reading.absent(scenario, f"no iteration of it counts: {quoted(said)}")
    for name, value in found.items():
        reading.number(scenario, name, value)
    return None

# SPDX-License-Identifier: MIT
"""Lines of JSON: {"scenario": "name", "metrics": {"time": 1.5}}, or samples of this suite."""

from __future__ import annotations

import json
from typing import Any

from yard.data import schema
from yard.gate import values
from yard.gate.formats.output_format import Format
from yard.gate.reading import Failed, Reading, quoted


class JsonLines(Format):
    name, title = "lines", "lines of JSON"

    def recognises(self, text: str) -> bool:
        return any(_is_object(line) for line in text.splitlines())

    def read(self, text: str) -> Reading:
        return _read(text)


def _is_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and ("scenario" in value or "workload" in value)


def _read(text: str) -> Reading:
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

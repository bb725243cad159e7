# SPDX-License-Identifier: MIT
"""What a command printed, as numbers: the JSON of Google Benchmark, or lines of JSON."""

from __future__ import annotations

import json
from typing import Any

from yard.data import schema
from yard.gate import values

GOOGLE_DEFAULT = ("cpu_time", "real_time")
TIME_S = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
Values = dict[str, dict[str, float]]  # scenario -> metric -> value, bigger is worse


class Failed(Exception):
    """A command did not give what was asked for."""


def parse_google(text: str) -> Values:
    """One value per benchmark and metric: the median of its repetitions if there are several."""
    try:
        rows = json.loads(text)["benchmarks"]
    except (ValueError, KeyError, TypeError):
        raise Failed("printed no Google Benchmark JSON") from None
    collected: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        if row.get("run_type", "iteration") != "iteration":
            continue
        name = row.get("run_name", row["name"])
        if row.get("error_occurred"):
            raise Failed(f"told of an error in {name}: {row.get('error_message', 'error')}")
        scale = TIME_S.get(row.get("time_unit", "ns"), 1.0)
        for key, value in row.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                timed = scale if key in GOOGLE_DEFAULT else 1.0
                collected.setdefault(name, {}).setdefault(key, []).append(value * timed)
    return {
        name: {key: sorted(found)[len(found) // 2] for key, found in metrics.items()}
        for name, metrics in collected.items()
    }


def parse_lines(text: str) -> Values:
    found: Values = {}
    samples: dict[str, list[dict[str, Any]]] = {}
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        try:
            value = json.loads(line)
        except ValueError:
            raise Failed(f"printed a line that begins like JSON and is none: {line[:80]}") from None
        if isinstance(value.get("scenario"), str) and isinstance(value.get("metrics"), dict):
            numbers = {
                k: v
                for k, v in value["metrics"].items()
                if isinstance(v, (int, float)) and not isinstance(v, bool)
            }
            found.setdefault(value["scenario"], {}).update(numbers)
        elif not (why := schema.violation("sample", value)):
            name = "/".join(p for p in (value["model"], value["workload"], value["variant"]) if p)
            samples.setdefault(f"{name}@{value['point']}", []).append(value)
        else:
            raise Failed(
                f'printed a line that is neither a sample nor {{"scenario": ..., "metrics": ...}}: {why}'
            )
    for name, own in samples.items():
        found[name] = values.of_process(own)
    if not found:
        raise Failed('printed no line such as {"scenario": "name", "metrics": {"time": 1.5}}')
    return found

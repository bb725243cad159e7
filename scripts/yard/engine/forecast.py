# SPDX-License-Identifier: MIT
"""How long a plan will take, from what its cells took in earlier runs on this machine."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from yard.data import samples
from yard.data.facts import FIELD
from yard.stats import inference
from yard.data.store import SAMPLES
from yard.text import numbers

RUNS = 5  # the newest that are read
START_S = 0.15  # a process, its rig and its checks


def _key(of: dict[str, Any]) -> tuple[Any, ...]:
    return of["model"], of["variant"], of["workload"], tuple(sorted(of["params"].items()))


def _seconds(raw: Path) -> dict[tuple[Any, ...], list[float]]:
    """What one process of a cell took, by the phases that it noted."""
    found: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    files = sorted(raw.glob(f"*/{SAMPLES}"), key=lambda file: file.parent.name)
    for file in files[-RUNS:]:
        processes: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
        for sample in samples.read_lines(file)[0]:
            processes[sample["round"], _key(sample)].append(sample)
        for (_, key), own in processes.items():
            once = (own[0].get(FIELD.make_ns) or 0) + (own[0].get(FIELD.destroy_ns) or 0)
            found[key].append((once + sum(sample.get(FIELD.run_ns) or 0 for sample in own)) / 1e9)
    return found


def words(plan: dict[str, Any], raw: Path) -> str:
    known = _seconds(raw)
    first = [process for process in plan["processes"] if process["round"] == 0]
    spent = [inference.median(known[_key(p)]) + START_S for p in first if _key(p) in known]
    budget = (
        f"; the budget is {numbers.fixed(plan['time_budget_s'])} s"
        if plan.get("time_budget_s")
        else ""
    )
    if not spent:
        return f"Time: unknown, no earlier run on this machine has these cells{budget}."
    # Cells that were never measured here are taken to be as long as the others.
    total = sum(spent) / len(spent) * len(first) * plan["rounds"]
    rest = (
        f", of which {len(first) - len(spent)} were never measured here"
        if len(spent) < len(first)
        else ""
    )
    return f"Time: about {_length(total)} for {len(first)} processes a round{rest}{budget}."


def _length(seconds: float) -> str:
    return f"{numbers.fixed(seconds)} s" if seconds < 90 else numbers.minutes(seconds)

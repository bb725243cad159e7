# SPDX-License-Identifier: MIT
"""How long a plan will take, and how far a time budget reaches, from what its cells took in earlier
runs on this machine."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any, Mapping, Sequence

from yard.data import schema
from yard.data.facts import FIELD
from yard.data.store import SAMPLES
from yard.engine import executed
from yard.engine import plan as planning
from yard.engine.rows import contender_of
from yard.engine.schedule import Open, Schedule
from yard.errors import UsageError
from yard.stats import inference
from yard.text import numbers

RUNS = 5  # the newest that are read
START_S = 0.15  # a process, its rig and its checks
NAMED = 5  # rows; the others are counted
Key = tuple[planning.Place, tuple[str, str]]


def _key(of: Mapping[str, Any]) -> Key:
    return planning.place_of(of), contender_of(of)


def _seconds(raw: Path) -> dict[Key, list[float]]:
    """What one process of a cell took, in the newest runs."""
    found: dict[Key, list[float]] = defaultdict(list)
    folders = sorted((file.parent for file in raw.glob(f"*/{SAMPLES}")), key=lambda f: f.name)
    for folder in folders[-RUNS:]:
        slots = [line for line in executed.read(folder) if "seconds" in line]
        if slots:
            for line in slots:
                found[_key(line)].append(line["seconds"])
        else:
            _from_samples(folder / SAMPLES, found)
    return found


def _from_samples(file: Path, found: dict[Key, list[float]]) -> None:
    """Runs of 0.2.0 and before did not note how long a slot took: by the phases that a process noted."""
    processes: dict[tuple[Any, Key], list[dict[str, Any]]] = defaultdict(list)
    with open(file, "rb") as lines:
        for line in lines:
            sample, _ = schema.parse_line(line)
            try:
                if sample is not None:
                    processes[sample["round"], _key(sample)].append(sample)
            except (KeyError, TypeError, AttributeError):
                continue
    for (_, key), own in processes.items():
        once = (own[0].get(FIELD.make_ns) or 0) + (own[0].get(FIELD.destroy_ns) or 0)
        ran = sum(sample.get(FIELD.run_ns) or 0 for sample in own)
        found[key].append(START_S + (once + ran) / 1e9)


def expect(plan: dict[str, Any], raw: Path) -> int:
    """Notes in each process of the plan what it is expected to take; returns of how many nothing is
    known."""
    known, unknown = _seconds(raw), 0
    for process in plan["processes"]:
        seconds = known.get(_key(process))
        if seconds:
            process["expected_s"] = round(max(inference.median(seconds), 1e-3), 3)
        else:
            unknown += 1
    return unknown


def rehearse(plan: Mapping[str, Any], described: Sequence[Mapping[str, Any]]) -> executed.Seen:
    """Carries an adaptive plan out on paper, each slot as long as it is expected to be, and no race
    ever decided."""
    schedule, seen = Schedule(plan, described), executed.Seen()
    while (block := schedule.next(seen)) is not None:
        workload, params, workers = block.row.at
        line = {"workload": workload, "params": dict(params), "workers": workers}
        seen.add({**line, "block": 0, "round": block.round})
        for model, variant in block.contenders:
            seconds = schedule.slot_s(seen, block.row.at, (model, variant))
            seen.add({**line, "model": model, "variant": variant, "seconds": seconds})
            if schedule.left_s(seen) <= 0:
                break
    return seen


def words(plan: Mapping[str, Any], described: Sequence[Mapping[str, Any]], unknown: int) -> str:
    """What a reader should know before; UsageError where a time budget is sure to answer
    nothing."""
    first = [process for process in plan["processes"] if process["round"] == 0]
    budget_s = plan.get("time_budget_s")
    budget = f"; the budget is {numbers.fixed(budget_s)} s" if budget_s else ""
    if unknown >= len(plan["processes"]):
        return f"Time: unknown, no earlier run on this machine has these cells{budget}."
    spent = [process["expected_s"] for process in first if "expected_s" in process]
    # Cells that were never measured here are taken to be as long as the others.
    round_s = math.fsum(spent) / len(spent) * len(first)
    rest = (
        f", of which {len(first) - len(spent)} were never measured here"
        if len(spent) < len(first)
        else ""
    )
    if not plan.get("adaptive"):
        total = numbers.length(round_s * plan["rounds"])
        return f"Time: about {total} for {len(first)} processes a round{rest}."
    text = f"Time: {numbers.length(round_s)} for one round of {len(first)} processes{rest}{budget}."
    return text if not budget_s else f"{text} {_reach(plan, described, unknown == 0)}"


def _reach(plan: Mapping[str, Any], described: Sequence[Mapping[str, Any]], known: bool) -> str:
    schedule = Schedule(plan, described)
    missing = schedule.still_open(rehearse(plan, described))
    if known and len(missing) == len(schedule.rows):
        least_s = min(schedule.block_s(executed.Seen(), row) for row in schedule.rows)
        raise UsageError(
            f"--time-budget: no row can reach the {schedule.least_rounds} rounds that a report "
            "needs in "
            f"{numbers.fixed(plan['time_budget_s'])} s; the shortest takes about "
            f"{numbers.length(least_s * schedule.least_rounds)}. Give more, or name fewer "
            "--models or --workloads"
        )
    if not missing:
        return f"All {len(schedule.rows)} rows fit in."
    return (
        f"At least {len(schedule.rows) - len(missing)} of {len(schedule.rows)} rows fit in; "
        f"at worst these stay open: {open_words(missing)}."
    )


def open_words(missing: Sequence[Open]) -> str:
    shown = [f"{row.row} ({numbers.length(60 * row.minutes)})" for row in missing[:NAMED]]
    if len(missing) > NAMED:
        rest_s = 60 * math.fsum(row.minutes for row in missing[NAMED:])
        shown.append(f"{len(missing) - NAMED} more ({numbers.length(rest_s)})")
    return "; ".join(shown)

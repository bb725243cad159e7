# SPDX-License-Identifier: MIT
"""Short tables on the terminal. The report tells with which confidence; these only what was seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from rich.table import Table

from yard.data import samples
from yard.data.facts import METRIC, VERDICT, gravest
from yard.stats import estimates
from yard.text import units
from yard.text.matrix import rendered
from yard.data.samples import cell_name


def _params(params: Any) -> str:
    return " ".join(f"{name}={value}" for name, value in params)


def plan_text(plan: dict[str, Any]) -> str:
    first = [process for process in plan["processes"] if process["round"] == 0]
    grid = Table("order", "cell@point", "params", "workers", "cpus", box=None, pad_edge=False)
    for job in first:
        grid.add_row(
            str(job["order"]),
            f"{cell_name(job)}@{job['point']}",
            _params(job["params"].items()),
            str(job["workers"]),
            ",".join(map(str, job["cpus"])),
        )
    rounds = "1 round" if plan["rounds"] == 1 else f"each of {plan['rounds']} rounds"
    if plan.get("adaptive"):
        rounds = f"each round, at most {plan['rounds']} as far as time goes"
    head = (
        f"preset {plan['preset']}, seed {plan['seed']}: {len(first)} processes in {rounds}. "
        "Round 1, in order:"
    )
    return f"{head}\n{rendered(grid)}"


def table(folder: Path) -> str:
    """Medians over rounds; without intervals, which are the report's."""
    run = samples.read_run(folder)
    grid = Table(
        "workload",
        "params",
        "model",
        "verdict",
        "rounds",
        "time/unit",
        "CPU/unit",
        box=None,
        pad_edge=False,
    )
    cells = sorted(estimates.cells(run.samples), key=lambda cell: (cell.at, cell.contender))
    last = None
    for cell in cells:
        shown = [
            units.text(cell.estimates[name].value, "ns") if name in cell.estimates else ""
            for name in (METRIC.time_per_unit_ns, METRIC.cpu_per_unit_ns)
        ]
        head = (cell.at.workload, _params(cell.at.sizes.items())) if cell.at != last else ("", "")
        grid.add_row(*head, cell.contender, cell.verdict, str(cell.rounds), *shown)
        last = cell.at
    reasons = Counter(
        (c.contender, c.at.workload, v, why)
        for c in cells
        if c.verdict != VERDICT.ok
        for v, why in c.reasons
    )
    remarks = [
        f"{verdict}: {who} {workload}: {why}"
        for who, workload, verdict, why in sorted(reasons)
        if verdict != VERDICT.ok
    ]
    broken = (
        [f"{run.unreadable} lines of samples.jsonl cannot be read and were left out"]
        if run.unreadable
        else []
    )
    return "\n".join([rendered(grid), *remarks, *broken])


def verdicts(folder: Path) -> list[dict[str, Any]]:
    run = samples.read_run(folder)
    by_cell: dict[str, list[dict[str, Any]]] = {}
    for sample in run.samples:
        by_cell.setdefault(cell_name(sample), []).append(sample)
    remarks = []
    for name, own in sorted(by_cell.items()):
        verdict = gravest([sample["verdict"] for sample in own])
        reason = next((sample["reason"] for sample in own if sample["verdict"] == verdict), "")
        remarks.append({"cell": name, "verdict": verdict, "reason": reason})
    return remarks


def verdict_table(rows: list[dict[str, Any]]) -> str:
    grid = Table("cell", "verdict", "reason", box=None, pad_edge=False)
    for row in rows:
        grid.add_row(row["cell"], row["verdict"], row["reason"])
    return rendered(grid)

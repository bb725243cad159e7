# SPDX-License-Identifier: MIT
"""One slot: one process of one side, and what it gave."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping

from yard.data import host, schema
from yard.engine import process
from yard.engine.counters import Counter
from yard.engine.runner import FAILURES, worst
from yard.gate import values
from yard.gate.scenarios import Scenario

GRACE_S = 5.0


@dataclass(frozen=True)
class Side:
    """`label` is what a person calls it; `executables` by model."""

    name: str  # base, head or control
    label: str
    executables: Mapping[str, Path]


@dataclass
class Result:
    metrics: dict[str, float] = field(default_factory=dict)
    verdict: str = "ok"
    reason: str = ""
    samples: list[dict[str, Any]] = field(default_factory=list)
    wall_s: float = 0.0
    steal: float = 0.0  # share of the machine's time that a hypervisor took

    @property
    def failed(self) -> bool:
        return self.verdict in FAILURES

    @property
    def run_s(self) -> float:
        measured = [
            s["run_ns"] for s in self.samples if not s.get("warm") and s.get("run_ns") is not None
        ]
        return min(measured) / 1e9 if measured else 0.0

    @property
    def units(self) -> int:
        return next((s["units"] for s in self.samples if s.get("units")), 1)


def command(
    side: Side, scenario: Scenario, seed: int, timeout_s: float, samples: Path
) -> list[str]:
    cell = scenario.workload + (f"/{scenario.variant}" if scenario.variant else "")
    budget = scenario.budget
    words = [
        str(side.executables[scenario.model]),
        "--cell",
        cell,
        "--preset",
        scenario.preset,
        "--point",
        str(scenario.point),
        "--workers",
        str(budget["workers"]),
        "--cpus",
        ",".join(map(str, budget["cpus"])),
        "--client-cpus",
        ",".join(map(str, budget["client_cpus"])),
        "--seed",
        str(seed),
        "--iterations",
        str(scenario.iterations),
        "--warm-up",
        str(scenario.warm_up),
        "--timeout",
        f"{timeout_s:g}",
        "--samples",
        str(samples),
        "--tag",
        "run=check",
        "--tag",
        "round=0",
        "--tag",
        "order=0",
    ]
    for name, value in scenario.settings.items():
        words += ["--set", f"{name}={value}"]
    return words


def run(
    side: Side,
    scenario: Scenario,
    seed: int,
    padding: int,
    timeout_s: float,
    scratch: Path,
    counter: Counter | None = None,
) -> Result:
    """`padding` moves the stack, by the same for both sides of a pair. `counter`: it counts and does not measure."""
    samples, log = scratch / "samples.jsonl", scratch / "stderr.txt"
    samples.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "SWITCHYARD_PADDING": "x" * padding,
        **(counter.environment if counter else {}),
    }
    ticks, started = host.cpu_times(), time.monotonic()
    with open(log, "wb") as stderr:
        words = [
            *(counter.before if counter else ()),
            *command(side, scenario, seed, timeout_s, samples),
        ]
        ending = process.run(words, environment, stderr, timeout_s + GRACE_S)
    wall_s = time.monotonic() - started
    steal = host.shares(ticks, host.cpu_times(), 0.0)["steal_share"] or 0.0
    found = _read(samples)
    said = process.last_line(log)
    own = worst([sample["verdict"] for sample in found])
    if ending.timed_out:
        return Result(verdict="timeout", reason="hung and was killed", wall_s=wall_s, steal=steal)
    if ending.signal_name and (not found or own not in FAILURES):
        return Result(
            verdict="crashed",
            reason=f"died of {ending.signal_name}: {said}",
            wall_s=wall_s,
            steal=steal,
        )
    if not found or ending.exit_code not in (0, 1, None):
        why = f"ended with {ending.exit_code}" + (f": {said}" if said else " and without a sample")
        return Result(verdict="crashed", reason=why, wall_s=wall_s, steal=steal)
    reason = next((sample["reason"] for sample in found if sample["verdict"] == own), "")
    metrics = {} if own in FAILURES else values.of_process(found)
    return Result(metrics, own, reason, found, wall_s, steal)


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        lines = file.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    # Only the first is held to the schema: an executable that obeys it once does so in every iteration.
    if not lines or schema.parse_sample(lines[0])[0] is None:
        return []
    return [json.loads(line) for line in lines if line.endswith(b"\n")]

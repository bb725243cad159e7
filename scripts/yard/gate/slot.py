# SPDX-License-Identifier: MIT
"""One slot: one process of one side, and what it gave."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Mapping

from yard.data import host
from yard.data.facts import FAILURES, FIELD
from yard.engine import judge, process
from yard.engine.command import CellProcess, Counter
from yard.gate import values
from yard.gate.scenarios import Scenario

GRACE_S = 5.0


@dataclass(frozen=True)
class Side:
    """`label` is what a person calls it; `executables` by model."""

    name: str  # base, head or control
    label: str
    executables: Mapping[str, Path]


@dataclass(frozen=True)
class Moved:
    """What a pair shares and the next pair has anew: the source of all randomness, and how far the stack is moved."""

    seed: int
    padding_bytes: int = 0


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
            s[FIELD.run_ns]
            for s in self.samples
            if not s.get("warm") and s.get(FIELD.run_ns) is not None
        ]
        return min(measured) / 1e9 if measured else 0.0

    @property
    def units(self) -> int:
        return next((s["units"] for s in self.samples if s.get("units")), 1)


@dataclass(frozen=True)
class Bench:
    """The sides of a check, where their slots run and how long one may take."""

    sides: Mapping[str, Side]  # base, head, and base again as control
    scratch: Path
    timeout_s: float

    def process(self, side: str, scenario: Scenario, moved: Moved) -> CellProcess:
        budget = scenario.budget
        return CellProcess(
            self.sides[side].executables[scenario.model],
            scenario.workload,
            scenario.variant,
            scenario.preset,
            scenario.point,
            budget["workers"],
            budget["cpus"],
            budget[FIELD.client_cpus],
            moved.seed,
            scenario.iterations,
            scenario.warm_up,
            self.timeout_s,
            self.scratch / "samples.jsonl",
            moved.padding_bytes,
            settings=scenario.settings,
            tags={"run": "check", "round": 0, "order": 0},
        )

    def slot(
        self, side: str, scenario: Scenario, moved: Moved, counter: Counter | None = None
    ) -> Result:
        """`counter`: the process counts and does not measure."""
        cell = replace(self.process(side, scenario, moved), counter=counter)
        log = self.scratch / "stderr.txt"
        cell.samples.unlink(missing_ok=True)
        ticks, started = host.cpu_times(), time.monotonic()
        with open(log, "wb") as stderr:
            limit_s = self.timeout_s + GRACE_S
            ending = process.run(cell.command(), cell.environment(), stderr, limit_s)
        wall_s = time.monotonic() - started
        steal = host.shares(ticks, host.cpu_times(), 0.0)[FIELD.steal_share] or 0.0
        written = judge.read(_lines(cell.samples), every=False)
        found = judge.judge(ending, written, process.last_line(log))
        good = found.verdict not in FAILURES
        metrics = values.of_process(written.samples) if good else {}
        return Result(metrics, found.verdict, found.reason, written.samples, wall_s, steal)


def _lines(file: Path) -> list[bytes]:
    try:
        return file.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []

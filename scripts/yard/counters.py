# SPDX-License-Identifier: MIT
"""Allocations of each cell of a run, from one process a cell that measures nothing else: bench/count is preloaded,
which costs time, so that its samples stand in a file of their own and never become a time."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Callable, Mapping

from . import models, process, samples
from .store import write_atomically

FILE = "counters.jsonl"
LIBRARY = "lib" + models.PREFIX + "count.so"


def library(executables: Mapping[str, Path]) -> Path | None:
    """The one beside the executables; without it nothing is counted."""
    return next((file for e in executables.values() if (file := e.parent / LIBRARY).is_file()), None)


def record(folder: Path, plan: Mapping[str, Any], executables: Mapping[str, Path],
           command: Callable[[Mapping[str, Any], Path, Path], list[str]], grace_s: float,
           say: Callable[[str], None] = lambda _: None) -> int:  # fmt: skip
    """Counts each cell of the first round once, and says how many told a number."""
    preload = library(executables)
    if preload is None:
        say(f"allocations are not counted: {LIBRARY} is not beside the executables; build the target switchyard-count")
        return 0
    lines, told = [], 0
    with tempfile.TemporaryDirectory(prefix="switchyard-counters-") as scratch:
        for job in (p for p in plan["processes"] if p["round"] == 0):
            own = Path(scratch) / "samples.jsonl"
            words = command({**job, "iterations": 1}, own, Path(scratch) / "benchmark.json")
            environment = {**os.environ, "LD_PRELOAD": str(preload)}
            with open(Path(scratch) / "log", "wb") as stderr:
                process.run(words, environment, stderr, job["timeout_s"] + grace_s)
            good = [s for s in samples.read_lines(own)[0] if not s["warm"] and s["verdict"] == "ok"]
            counted = [s for s in good if s.get("allocations") is not None]
            told += bool(counted)
            lines += own.read_text(encoding="utf-8").splitlines(keepends=True) if counted else []
            own.unlink(missing_ok=True)
    write_atomically(folder / FILE, "".join(lines))
    return told

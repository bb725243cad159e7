# SPDX-License-Identifier: MIT
"""Allocations and system calls, from processes that measure nothing else: bench/count is preloaded into them and stands
before them, which costs time, so that their samples stand in a file of their own and never become a time."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping

from yard.data import models, samples
from yard.engine import process
from yard.data.store import write_atomically

FILE = "counters.jsonl"
LIBRARY = "lib" + models.PREFIX + "count.so"
TRACER = models.PREFIX + "calls"


@dataclass(frozen=True)
class Counter:
    """How a process is made to count: words before its command, and what is added to its environment."""

    before: tuple[str, ...]
    environment: Mapping[str, str]
    note: str = ""  # why system calls are not counted


def beside(executables: Mapping[str, Path]) -> Counter | None:
    """The counters beside the executables; without the library nothing is counted."""
    library = next(
        (file for e in executables.values() if (file := e.parent / LIBRARY).is_file()), None
    )
    if library is None:
        return None
    environment = {"LD_PRELOAD": str(library)}
    why = _cannot_trace(library.with_name(TRACER))
    return (
        Counter((), environment, f"system calls are not counted: {why}")
        if why
        else Counter((str(library.with_name(TRACER)),), environment)
    )


def _cannot_trace(tracer: Path) -> str:
    """Some containers forbid ptrace(2)."""
    if not tracer.is_file():
        return f"{TRACER} is not beside the executables; build that target"
    try:
        done = subprocess.run(
            [tracer, "true"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (
        ""
        if done.returncode == 0
        else (done.stderr.strip() or f"{TRACER} ends with {done.returncode}")
    )


def record(
    folder: Path,
    plan: Mapping[str, Any],
    executables: Mapping[str, Path],
    command: Callable[[Mapping[str, Any], Path, Path], list[str]],
    grace_s: float,
    say: Callable[[str], None] = lambda _: None,
) -> int:
    """Counts each cell of the first round once, and says how many told a number."""
    counter = beside(executables)
    if counter is None:
        say(
            f"nothing is counted: {LIBRARY} is not beside the executables; build the target switchyard-count"
        )
        return 0
    if counter.note:
        say(counter.note)
    lines, told = [], 0
    with tempfile.TemporaryDirectory(prefix="switchyard-counters-") as scratch:
        for job in (p for p in plan["processes"] if p["round"] == 0):
            own = Path(scratch) / "samples.jsonl"
            words = [
                *counter.before,
                *command({**job, "iterations": 1}, own, Path(scratch) / "benchmark.json"),
            ]
            environment = {**os.environ, **counter.environment}
            with open(Path(scratch) / "log", "wb") as stderr:
                process.run(words, environment, stderr, job["timeout_s"] + grace_s)
            good = [s for s in samples.read_lines(own)[0] if not s["warm"] and s["verdict"] == "ok"]
            counted = [s for s in good if s.get("allocations") is not None]
            told += bool(counted)
            lines += own.read_text(encoding="utf-8").splitlines(keepends=True) if counted else []
            own.unlink(missing_ok=True)
    write_atomically(folder / FILE, "".join(lines))
    return told

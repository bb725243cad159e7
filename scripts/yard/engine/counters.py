# SPDX-License-Identifier: MIT
"""Allocations and system calls, from processes that measure nothing else: bench/count is preloaded into them and stands
before them, which costs time, so that their samples stand in a file of their own and never become a time."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from yard.data import models
from yard.data.facts import RANKED
from yard.engine import judge, process
from yard.engine.command import CellProcess, Counter
from yard.data.store import write_atomically

FILE = "counters.jsonl"
LIBRARY = "lib" + models.PREFIX + "count.so"
TRACER = models.PREFIX + "calls"


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
    jobs: Sequence[Mapping[str, Any]],
    process_of: Callable[[Mapping[str, Any]], CellProcess],
    grace_s: float,
    say: Callable[[str], None] = lambda _: None,
) -> int:
    """Counts each cell of the first round once; returns how many have given a number."""
    first = [(job, process_of(job)) for job in jobs if job["round"] == 0]
    counter = beside({job["model"]: cell.executable for job, cell in first})
    if counter is None:
        say(
            f"nothing is counted: {LIBRARY} is not beside the executables; build the target switchyard-count"
        )
        return 0
    if counter.note:
        say(counter.note)
    lines, counted = [], 0
    with tempfile.TemporaryDirectory(prefix="switchyard-counters-") as scratch:
        own = Path(scratch) / "samples.jsonl"
        for _, cell in first:
            own.unlink(missing_ok=True)
            written = _count(cell.counting(counter, own), Path(scratch) / "log", grace_s)
            counted += bool(written)
            lines += written
    write_atomically(folder / FILE, "".join(lines))
    return counted


def _count(cell: CellProcess, log: Path, grace_s: float) -> list[str]:
    """The lines of one process, if it has counted."""
    with open(log, "wb") as stderr:
        limit_s = cell.timeout_s + grace_s
        ending = process.run(cell.command(), cell.environment(), stderr, limit_s)
    if not cell.samples.exists():
        return []
    lines = cell.samples.read_bytes().splitlines(keepends=True)
    written = judge.read(lines)
    if not judge.judge(ending, written).written:
        return []
    good = (s for s in written.samples if not s["warm"] and s["verdict"] in RANKED)
    counted = any(sample.get("allocations") is not None for sample in good)
    return [line.decode() for line in lines] if counted else []

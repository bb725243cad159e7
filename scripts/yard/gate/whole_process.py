# SPDX-License-Identifier: MIT
"""A command as a whole, from its start to its end: wall and CPU time, its children included."""

from __future__ import annotations

import os
import select
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Sequence

from yard.engine import process
from yard.gate.formats.output_format import ONLY
from yard.gate.reading import Reading

JUDGED = ("wall_time", "cpu_time")
UNITS = dict.fromkeys((*JUDGED, "user_time", "system_time"), "ns")
MOST_RUNS = 200  # of one slot; a command of a millisecond is not started more often


@dataclass(frozen=True)
class Start:
    """How the command is started."""

    words: Sequence[str]
    environment: dict[str, str]
    folder: Path | None
    timeout_s: float


@dataclass(frozen=True)
class Run:
    ending: process.Ending
    wall_ns: int
    user_s: float
    system_s: float


def slot(start: Start, stderr: IO[bytes], slot_s: float) -> tuple[Reading, process.Ending]:
    """Runs of one command until the slot is full, at least one; the reading keeps their medians.
    A run that fails ends it."""
    reading, began = Reading(), time.monotonic()
    for _ in range(MOST_RUNS):
        run = once(start, stderr)
        if run.ending.exit_code != 0:
            return Reading(), run.ending
        reading.number(ONLY, "wall_time", run.wall_ns)
        # A CPU time of zero is possible where the kernel counts in ticks; it is no measurement
        # then.
        reading.number(ONLY, "cpu_time", run.user_s + run.system_s, 1e9)
        reading.number(ONLY, "user_time", run.user_s, 1e9)
        reading.number(ONLY, "system_time", run.system_s, 1e9)
        if time.monotonic() - began >= slot_s:
            break
    return reading, run.ending


def once(start: Start, stderr: IO[bytes]) -> Run:
    """No preexec_fn, which would make Python copy its page tables within the time that is taken."""
    began = time.perf_counter_ns()
    child = subprocess.Popen(
        start.words,
        cwd=start.folder,
        env=start.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,
    )
    timed_out = True
    try:
        # Popen.wait would look every 50 ms.
        descriptor = os.pidfd_open(child.pid)
        try:
            waiting = select.poll()
            waiting.register(descriptor, select.POLLIN)
            timed_out = not waiting.poll(1000 * start.timeout_s)
        finally:
            os.close(descriptor)
        wall_ns = time.perf_counter_ns() - began
    finally:
        process.kill_session(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if timed_out:
        ending = process.Ending(None, timed_out=True, limit_s=start.timeout_s)
    else:
        ending = process.ended(child.returncode)
    return Run(ending, wall_ns, usage.ru_utime, usage.ru_stime)

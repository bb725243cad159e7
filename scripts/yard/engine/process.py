# SPDX-License-Identifier: MIT
"""One model process: started in a session of its own, waited for, and ended with everything it started."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Sequence

PR_SET_PDEATHSIG = 1
SETTLE_S = 5.0
_prctl = ctypes.CDLL(None).prctl


def _die_with_the_runner() -> None:
    """A runner that is killed must not leave a process behind that writes into its folder."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass(frozen=True)
class Ending:
    exit_code: int | None  # None: died of a signal, or was killed after the time limit
    signal_name: str = ""
    timed_out: bool = False
    limit_s: float = 0.0  # after which it would have been killed


def _members(session: int) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as stat:
                state, _, _, own = stat.read().rpartition(b")")[2].split()[:4]
        except (OSError, ValueError):
            continue  # it has ended meanwhile
        if int(own) == session and state not in (b"Z", b"X"):
            found.append(int(entry))
    return found


def kill_session(leader: int) -> None:
    """Everything that the process started, also what left its group; then waits, so that none of it disturbs the
    next process."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    patience = time.monotonic() + SETTLE_S
    while (members := _members(leader)) and time.monotonic() < patience:
        for member in members:
            try:
                os.kill(member, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os.sched_yield()


def run(
    command: Sequence[str],
    environment: dict[str, str],
    stderr: IO[bytes],
    timeout_s: float,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
    folder: Path | None = None,
) -> Ending:
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=_die_with_the_runner,
    )
    try:
        code = child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return Ending(None, timed_out=True, limit_s=timeout_s)
    finally:
        kill_session(child.pid)
        child.wait()
    return ended(code)


def ended(code: int) -> Ending:
    """`code` as Popen has it: below zero for a signal."""
    if code >= 0:
        return Ending(code)
    try:
        return Ending(None, signal.Signals(-code).name)
    except ValueError:
        return Ending(None, f"signal {-code}")


def last_line(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:300] if lines else ""

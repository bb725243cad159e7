# SPDX-License-Identifier: MIT
"""One model process: started in a session of its own, waited for, and ended with everything it started."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Sequence

PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl


def _die_with_the_runner() -> None:
    """A runner that is killed must not leave a process behind that writes into its folder."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass(frozen=True)
class Ending:
    exit_code: int | None  # None: died of a signal, or was killed after the time limit
    signal_name: str = ""
    timed_out: bool = False


def kill_session(leader: int) -> None:
    """The group first, then whatever left the group but not the session."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as stat:
                fields = stat.read().rpartition(b")")[2].split()
            if int(fields[3]) == leader:
                os.kill(int(entry), signal.SIGKILL)
        except (OSError, IndexError):
            continue


def run(command: Sequence[str], environment: dict[str, str], stderr: IO[bytes], timeout_s: float) -> Ending:
    child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=stderr, start_new_session=True, preexec_fn=_die_with_the_runner)  # fmt: skip
    try:
        code = child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return Ending(None, timed_out=True)
    finally:
        kill_session(child.pid)
        child.wait()
    if code < 0:
        try:
            return Ending(None, signal.Signals(-code).name)
        except ValueError:
            return Ending(None, f"signal {-code}")
    return Ending(code)


def last_line(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:300] if lines else ""

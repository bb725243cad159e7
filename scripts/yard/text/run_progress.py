# SPDX-License-Identifier: MIT
"""What a run shows while it measures: one line that redraws on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from yard.data.facts import FAILURES
from yard.data.samples import cell_name

QUIET_S = 10.0  # between plain lines


def _left(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d} left"


class _Clock:
    def __init__(self) -> None:
        self.started, self.first = time.monotonic(), -1

    def left_s(self, done: int, total: int) -> float | None:
        """From this sitting's pace; unknown until a few processes have ended."""
        if self.first < 0:
            self.first = done
        here = done - self.first
        return None if here < 3 else (time.monotonic() - self.started) / here * (total - done)


def _title(job: Mapping[str, Any]) -> str:
    return f"round {job['round'] + 1}, {cell_name(job)}"


class Bar:
    """Redrawn only between processes: nothing of the runner runs while a process is measured."""

    def __init__(self) -> None:
        self.console, self.clock = Console(stderr=True), _Clock()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self.console,
            auto_refresh=False,
            transient=True,
        )
        self.task = self.bar.add_task("", total=None, left="")

    def __enter__(self) -> Bar:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def begin(self, job: Mapping[str, Any], done: int, total: int) -> None:
        left = self.clock.left_s(done, total)
        self.bar.update(
            self.task,
            description=_title(job),
            completed=done,
            total=total,
            left="" if left is None else _left(left),
            refresh=True,
        )

    def end(self, job: Mapping[str, Any], verdict: str, reason: str, seconds: float) -> None:
        if verdict in FAILURES:
            self.say(f"{_title(job)}: {verdict}: {reason}")

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False)


class Lines:
    def __init__(self, verbose: bool = False) -> None:
        self.clock, self.verbose, self.last = _Clock(), verbose, 0.0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begin(self, job: Mapping[str, Any], done: int, total: int) -> None:
        left, now = self.clock.left_s(done, total), time.monotonic()
        if now - self.last >= QUIET_S:
            self.last = now
            self.say(
                f"{done}/{total} processes, round {job['round'] + 1}"
                + ("" if left is None else f", {_left(left)}")
            )

    def end(self, job: Mapping[str, Any], verdict: str, reason: str, seconds: float) -> None:
        if verdict in FAILURES or self.verbose:
            params = ",".join(f"{name}={value}" for name, value in job["params"].items())
            self.say(
                f"{_title(job)} {params}: {verdict} in {seconds:.2f} s"
                + (f": {reason}" if reason else "")
            )

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class Silent:
    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begin(self, job: Mapping[str, Any], done: int, total: int) -> None:
        pass

    def end(self, job: Mapping[str, Any], verdict: str, reason: str, seconds: float) -> None:
        pass

    def say(self, text: str) -> None:
        pass


def watcher(quiet: bool, verbose: bool) -> Bar | Lines | Silent:
    if quiet:
        return Silent()
    return Bar() if sys.stderr.isatty() and not verbose else Lines(verbose)

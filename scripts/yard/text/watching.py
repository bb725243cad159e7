# SPDX-License-Identifier: MIT
"""`run --watch`: the table of what has been measured so far, while the run goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Mapping, Protocol

from yard.text import summary

EVERY_S = 10.0
MOST_SHARE = 0.05  # of the time, at most, goes into reading what was measured


class Watcher(Protocol):
    def begin(self, job: Mapping[str, Any], done: int, total: int) -> None:
        ...

    def end(self, job: Mapping[str, Any], verdict: str, reason: str, seconds: float) -> None:
        ...

    def say(self, text: str) -> None:
        ...


class Watching:
    """Shows the table between two processes: nothing of this program runs while one is measured."""

    def __init__(self, shown: Watcher, folder: Path, every_s: float = EVERY_S):
        self.shown, self.folder, self.every_s = shown, folder, every_s
        self.next, self.ended = time.monotonic() + every_s, 0

    def begin(self, job: Mapping[str, Any], done: int, total: int) -> None:
        started = time.monotonic()
        if self.ended and started >= self.next:
            self.shown.say(f"\n{summary.table(self.folder)}\n")
            took = time.monotonic() - started
            self.next = time.monotonic() + max(self.every_s, took / MOST_SHARE)
        self.shown.begin(job, done, total)

    def end(self, job: Mapping[str, Any], verdict: str, reason: str, seconds: float) -> None:
        self.ended += 1
        self.shown.end(job, verdict, reason, seconds)

    def say(self, text: str) -> None:
        self.shown.say(text)

# SPDX-License-Identifier: MIT
"""The plan that was really executed: a line for each block that was begun, and one for each slot in
it.

`executed.jsonl` and the samples are all that a decision depends on, so that a run that is resumed
decides as one that was not interrupted, and anyone can repeat each decision."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

from yard.data import json_text
from yard.data.store import explained
from yard.engine import plan as planning
from yard.engine.rows import contender_of

FILE = "executed.jsonl"
Line = dict[str, Any]
Job = Mapping[str, Any]
Contender = tuple[str, str]


class Seen:
    """What the lines say: how much time is spent, how far each row is, and what a slot of each cell
    takes."""

    def __init__(self, lines: Iterable[Line] = ()):
        self.spent_s = 0.0
        self.slots = 0
        self.rounds: Counter[planning.Place] = Counter()
        self.costs_s: dict[tuple[planning.Place, Contender], list[float]] = defaultdict(list)
        self.open: Line | None = None  # the block that was begun last
        for line in lines:
            self.add(line)

    def add(self, line: Line) -> None:
        at = planning.place_of(line)
        if "block" in line:
            self.rounds[at] = line["round"] + 1
            self.open = line
        elif "seconds" in line:
            self.spent_s += line["seconds"]
            self.slots += 1
            self.costs_s[at, contender_of(line)].append(line["seconds"])


def read(folder: Path) -> list[Line]:
    """Lines that cannot be read are left out: a process that was killed may have cut off the
    last."""
    try:
        data = (folder / FILE).read_bytes()
    except OSError:
        return []
    found = []
    for text in data.splitlines():
        try:
            line = json_text.parse(text)
            hash(planning.place_of(line))
            is_whole = _is_block(line) if "block" in line else _is_slot(line)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if is_whole:
            found.append(line)
    return found


def _is_block(line: Line) -> bool:
    return (
        _is_count(line["round"])
        and isinstance(line["contenders"], list)
        and all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(n, str) for n in pair)
            for pair in line["contenders"]
        )
    )


def _is_slot(line: Line) -> bool:
    seconds = line["seconds"]
    return (
        isinstance(seconds, (int, float))
        and not isinstance(seconds, bool)
        and 0 <= seconds < math.inf
        and all(isinstance(name, str) for name in contender_of(line))
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def jobs_of(plan: Mapping[str, Any], block: Line) -> list[dict[str, Any]]:
    """The processes of a block, in the order in which they were to be measured."""
    at, takes_part = planning.place_of(block), {(m, v) for m, v in block["contenders"]}
    return [
        job
        for job in planning.round_of(plan, block["round"])
        if planning.place_of(job) == at and contender_of(job) in takes_part
    ]


class Executed:
    """The file while it is written."""

    def __init__(self, folder: Path):
        self.file = folder / FILE
        self.lines = read(folder)
        self.seen = Seen(self.lines)
        try:
            torn = self.file.exists() and not self.file.read_bytes().endswith(b"\n")
            if torn and self.file.stat().st_size:
                self._write(b"\n")
        except OSError as error:
            raise explained(error, f"cannot read {self.file}") from None

    def begin(
        self, at: planning.Place, round: int, stage: str, contenders: Sequence[Contender]
    ) -> Line:
        workload, params, workers = at
        return self._add(
            {
                "block": sum("block" in line for line in self.lines),
                "workload": workload,
                "params": dict(params),
                "workers": workers,
                "round": round,
                "stage": stage,
                "contenders": [list(pair) for pair in contenders],
            }
        )

    def slot(self, job: Job, verdict: str, seconds: float) -> None:
        self._add(
            {
                "slot": self.seen.slots,
                **{name: job[name] for name in ("workload", "params", "workers", "round")},
                "model": job["model"],
                "variant": job["variant"],
                "verdict": verdict,
                "seconds": round(seconds, 4),
            }
        )

    def _add(self, line: Line) -> Line:
        self._write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
        self.lines.append(line)
        self.seen.add(line)
        return line

    def _write(self, data: bytes) -> None:
        try:
            with open(self.file, "ab", buffering=0) as out:
                out.write(data)
        except OSError as error:
            raise explained(error, f"cannot write {self.file}") from None

# SPDX-License-Identifier: MIT
"""perf stat -x,: one line an event."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Sequence

from yard.gate.formats.output_format import (
    ONLY,
    Format,
    Invocation,
    Malformed,
    has_flag,
    program_at,
)
from yard.gate.reading import Reading

REMEDY = "write it with perf stat -x, -o FILE"
EVENT = re.compile(r"^[A-Za-z][A-Za-z0-9_.:/=\-]*(\{.*\})?$")
NOT_THERE = ("<not counted>", "<not supported>")
SCALE = {"msec": 1e6, "ns": 1.0, "": 1.0}
FIELDS = 4  # value, unit, event, time it was counted for, ...


class PerfStat(Format):
    name, title = "perf-stat", "perf stat -x,"
    units = {"task-clock": "ns", "cpu-clock": "ns", "duration_time": "ns"}

    def recognises(self, text: str) -> bool:
        lines = _events(text)
        return bool(lines) and all(
            len(fields) >= FIELDS and EVENT.match(fields[2]) and _is_value(fields[0])
            for _, fields in lines
        )

    def starts(self, words: Sequence[str]) -> bool:
        return program_at(words, "perf", "stat") >= 0

    def whole(self, words: Sequence[str], scratch: Path, slot_s: float) -> Invocation:
        place = program_at(words, "perf", "stat")
        if place < 0 or has_flag(words, "-o", "--output"):
            return Invocation(words)
        file, place = scratch / "perf.csv", place + 2
        file.unlink(missing_ok=True)
        own = ["-o", str(file)]
        if not any(word.startswith(("-x", "--field-separator")) for word in words[place:]):
            own += ["-x,"]
        return Invocation([*words[:place], *own, *words[place:]], output=file)

    def read(self, text: str) -> Reading:
        reading = Reading()
        for line, fields in _events(text):
            if len(fields) < FIELDS or not EVENT.match(fields[2]):
                raise Malformed(self.title, line, "it is no line of an event", REMEDY)
            value, unit, event = fields[:3]
            name = event.rpartition(":")[0] if event.endswith((":u", ":k")) else event
            try:
                reading.number(ONLY, name, float(value), SCALE.get(unit, 1.0))
            except ValueError:  # <not counted>, <not supported>
                reading.number(ONLY, name, value)
        if not reading.scenarios:
            raise Malformed(self.title, 0, "it has no event", REMEDY)
        return reading


def _events(text: str) -> list[tuple[int, list[str]]]:
    return [
        (number, line.split(","))
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]


def _is_value(text: str) -> bool:
    return text in NOT_THERE or re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) is not None

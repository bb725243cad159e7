# SPDX-License-Identifier: MIT
"""hyperfine --export-json: the runs of each command. Its command lines cannot be split, so that
each pair runs it whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

from yard.gate.formats.output_format import (
    ONLY,
    Format,
    Invocation,
    Malformed,
    has_flag,
    line_of,
    parsed,
    program_at,
)
from yard.gate.reading import Reading, quoted

RUNS = 3  # of a command in one slot
REMEDY = "write it with hyperfine --export-json"


class Hyperfine(Format):
    name, title = "hyperfine", "hyperfine JSON"
    judged = ("wall_time", "cpu_time")
    always = ("wall_time",)
    units = {"wall_time": "ns", "cpu_time": "ns"}

    def recognises(self, text: str) -> bool:
        try:
            value = parsed(self.title, text, REMEDY)
        except Malformed:
            return False
        rows = value.get("results") if isinstance(value, dict) else None
        return isinstance(rows, list) and all(
            isinstance(r, dict) and "command" in r and ("mean" in r or "times" in r) for r in rows
        )

    def starts(self, words: Sequence[str]) -> bool:
        return program_at(words, "hyperfine") >= 0

    def whole(self, words: Sequence[str], scratch: Path, slot_s: float) -> Invocation:
        file, place = scratch / "hyperfine.json", program_at(words, "hyperfine") + 1
        file.unlink(missing_ok=True)
        own = ["--style", "none", "--export-json", str(file)]
        if not has_flag(words, "-r", "--runs", "-m", "--min-runs", "-M", "--max-runs"):
            own += ["--runs", str(RUNS)]
        if place == 0:  # another program that writes hyperfine's format
            return Invocation(words)
        return Invocation([*words[:place], *own, *words[place:]], output=file)

    def read(self, text: str) -> Reading:
        value = parsed(self.title, text, REMEDY)
        rows = value.get("results") if isinstance(value, dict) else None
        if not isinstance(rows, list) or not rows:
            raise Malformed(self.title, 1, "it has no list 'results'", REMEDY)
        reading = Reading()
        for row in rows:
            if not isinstance(row, dict) or not isinstance(row.get("command"), str):
                raise Malformed(self.title, 1, "a result has no 'command'", REMEDY)
            name = ONLY if len(rows) == 1 else _name(row)
            self._row(reading, name, row, line_of(text, row["command"]))
        return reading

    def _row(self, reading: Reading, name: str, row: dict[str, Any], line: int) -> None:
        times = row.get("times")
        codes = row.get("exit_codes")
        if isinstance(codes, list) and any(code != 0 for code in codes):
            return reading.absent(name, f"ended with {quoted(codes)} in its runs")
        if times is None:  # an export without the single runs
            reading.number(name, "wall_time", row.get("median", row.get("mean")), 1e9)
        elif isinstance(times, list) and times:
            for time in times:
                reading.number(name, "wall_time", time, 1e9)
        else:
            raise Malformed(self.title, line, f"times of '{name}' has no run", REMEDY)
        if "user" in row or "system" in row:
            reading.number(name, "cpu_time", _sum(row.get("user"), row.get("system")), 1e9)
        return None


def _sum(user: Any, system: Any) -> Any:
    """Whatever is no number stays what it is, and is refused as such."""
    for part in (user, system):
        if isinstance(part, bool) or not isinstance(part, (int, float)):
            return part
    return user + system


def _name(row: dict[str, Any]) -> str:
    parameters = row.get("parameters")
    if not isinstance(parameters, dict) or not parameters:
        return str(row["command"])
    return f"{row['command']} [{', '.join(f'{k}={v}' for k, v in sorted(parameters.items()))}]"

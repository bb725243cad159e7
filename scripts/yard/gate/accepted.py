# SPDX-License-Identifier: MIT
"""Slow-downs that somebody wants: accepted.toml beside this file. An entry expires by itself, once its base is history."""

from __future__ import annotations

import datetime
import fnmatch
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Sequence

from yard.data.facts import metric_named
from yard.errors import UsageError
from yard.gate import absence
from yard.gate.outcome import Outcome
from yard.gate.rule import Verdict
from yard.text import numbers

FILE = Path("scripts") / "yard" / "gate" / "accepted.toml"
FIELDS: dict[str, Any] = {"cell": str, "metric": str, "most": (int, float), "reason": str}
ABSENT_FIELDS: dict[str, Any] = {"cell": str, "absent": bool, "reason": str}


@dataclass(frozen=True)
class Entry:
    """`base`: the last base without the change. `until`: a day, for checks that know no revisions."""

    cell: str
    reason: str
    metric: str = "*"
    most: float = 1.0  # ratio head / base
    absent: bool = False  # instead of a ratio: it need not be measured
    base: str = ""
    until: datetime.date | None = None


def read(file: Path) -> list[Entry]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    try:
        return entries(file, tomllib.loads(text).get("accepted", []))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is no TOML: {error}") from None


def entries(file: Path, tables: Sequence[object]) -> list[Entry]:
    try:
        return [_entry(number, table) for number, table in enumerate(tables, 1)]
    except ValueError as error:
        raise UsageError(f"{file}: {error}; docs/check.md shows an entry") from None


def _entry(number: int, entry: object) -> Entry:
    if not isinstance(entry, dict):
        raise ValueError("accepted is a list of tables: [[accepted]]")
    fields = ABSENT_FIELDS if "absent" in entry else FIELDS
    for name, kind in fields.items():
        if not isinstance(entry.get(name), kind) or isinstance(entry.get(name), bool) != (
            kind is bool
        ):
            raise ValueError(f"entry {number} has no proper '{name}'")
    unknown = set(entry) - set(fields) - {"base", "until", "metric"}
    if unknown:
        raise ValueError(f"entry {number} has an unknown field '{sorted(unknown)[0]}'")
    if not entry.get("base") and not isinstance(entry.get("until"), datetime.date):
        raise ValueError(
            f'entry {number} never expires: give it base = "REV" or until = 2030-01-31'
        )
    if not entry["reason"].strip():
        raise ValueError(f"entry {number} has an empty reason")
    if not isinstance(entry.get("metric", "*"), str) or entry.get("absent") is False:
        raise ValueError(f"entry {number}: metric is a name, and absent = true or not there")
    if "most" in entry and not 1 < entry["most"] < 100:
        raise ValueError(f"entry {number}: most = {entry['most']} is no ratio above 1")
    return Entry(**entry)


def apply(
    outcome: Outcome,
    entries: Sequence[Entry],
    base_is_within: Callable[[str], bool],
    today: datetime.date,
) -> list[str]:
    """Turns the reds that an entry covers into ACCEPTED; what expired is told. `base_is_within(rev)`: is the base of this
    check `rev` or older?"""
    remarks = []
    for entry in entries:
        if (entry.until and today > entry.until) or (entry.base and not base_is_within(entry.base)):
            remarks.append(
                f"the accepted entry for {entry.cell} {entry.metric} has expired; remove it ({entry.reason})"
            )
            continue

        def covers(scenario: str, metric: str, entry: Entry = entry) -> bool:
            # A name may look like a pattern: sort[int].
            named = scenario == entry.cell or fnmatch.fnmatchcase(scenario, entry.cell)
            return named and fnmatch.fnmatchcase(metric, metric_named(entry.metric))

        if entry.absent:
            outcome.absent = absence.accepted(outcome.absent, covers, entry.reason)
            continue
        outcome.counters = [
            replace(c, accepted=f"accepted: {entry.reason}")
            if covers(c.scenario, c.counter) and c.head <= entry.most * max(c.base, 1.0)
            else c
            for c in outcome.counters
        ]
        for cell in outcome.regressions:
            if covers(cell.scenario, cell.metric.name):
                if cell.estimate().high <= entry.most - 1:
                    cell.verdict, cell.note = Verdict.ACCEPTED, f"accepted: {entry.reason}"
                else:
                    cell.note = f"more than the {numbers.short_percent(entry.most - 1)} that are accepted: {entry.reason}"
    return remarks

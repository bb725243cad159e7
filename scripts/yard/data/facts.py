# SPDX-License-Identifier: MIT
"""The tables of bench/facts: verdicts, sample fields, metrics and exit codes. Nobody spells one of their names: code says
`VERDICT.wrong`, `FIELD.run_ns` or `METRIC.p99_ns`, and what there is to know of one is `METRIC["p99_ns"].unit`."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Generic, Iterable, Iterator, Mapping, Optional, TypeVar

from yard.data import formula

FOLDER = Path(__file__).resolve().parents[3] / "bench" / "facts"
Entry = TypeVar("Entry")


class Table(Generic[Entry]):
    """`table.name` is the name itself, if the table has it, and `table[name]` its entry."""

    def __init__(self, file: str, entries: Mapping[str, Entry]):
        self._file, self._entries = file, dict(entries)

    def __getattr__(self, name: str) -> str:
        if not name.startswith("_") and name in self._entries:
            return name
        raise AttributeError(f"bench/facts/{self._file} has no '{name}'")

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def values(self) -> Iterable[Entry]:
        return self._entries.values()


def _load(file: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    return value


@dataclass(frozen=True)
class Verdict:
    name: str
    kind: str  # failed, absent, marked, noted or ok
    meaning: str


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    by: str  # who measures it
    scope: str
    meaning: str
    unit: str = ""
    required: bool = False
    null: bool = False
    counter: bool = False
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gate:
    """How `switchyard check` judges a metric."""

    tier: str  # gating or advisory
    tolerated: float
    must_find: float
    absolute: float = 0.0  # differences up to this, in the metric's unit, are none
    iterations: str = ""  # if not as a report makes one number of a process


@dataclass(frozen=True)
class Metric:
    id: str
    label: str
    unit: str  # "ns", "bytes", "units/s", "share", "count"
    better: str  # "more", "less" or "" where neither is better
    formula: str
    iterations: str = "median"  # how one number is made of those of a process' iterations
    quantile: Optional[float] = None
    counted: bool = False  # by processes that measure nothing else
    gate: Optional[Gate] = None
    openmetrics: str = ""  # its name there; only these are exported
    note: str = ""
    was: tuple[str, ...] = ()  # in files of earlier versions

    @functools.cached_property
    def read(self) -> Callable[[Mapping[str, Any]], Optional[float]]:
        return formula.compiled(self.formula)

    @property
    def title(self) -> str:
        return self.label[:1].upper() + self.label[1:]


@dataclass(frozen=True)
class ExitCode:
    name: str
    code: int
    short: str
    meaning: str


def _field(entry: Mapping[str, Any]) -> Field:
    known: dict[str, Any] = {**entry, "parts": tuple(entry.get("parts", ()))}
    return Field(**known)


def _metric(entry: Mapping[str, Any]) -> Metric:
    known: dict[str, Any] = {**entry, "was": tuple(entry.get("was", ()))}
    if "gate" in entry:
        known["gate"] = Gate(**entry["gate"])
    return Metric(**known)


VERDICT = Table(
    "verdicts.json", {v["name"]: Verdict(**v) for v in _load("verdicts.json")["verdicts"]}
)
FIELD = Table("fields.json", {f["name"]: _field(f) for f in _load("fields.json")["fields"]})
PART = Table("fields.json", {part: part for f in FIELD.values() for part in f.parts})
METRIC = Table("metrics.json", {m["id"]: _metric(m) for m in _load("metrics.json")["metrics"]})
EXIT_CODE = Table(
    "exit_codes.json", {c["name"]: ExitCode(**c) for c in _load("exit_codes.json")["codes"]}
)

# The order of the table is the severity, gravest first.
FAILURES = tuple(v.name for v in VERDICT.values() if v.kind == "failed")
ABSENT = tuple(v.name for v in VERDICT.values() if v.kind == "absent")
VOID = FAILURES + ABSENT  # without numbers
MARKED = tuple(v.name for v in VERDICT.values() if v.kind == "marked")
RANKED = (VERDICT.ok, *(v.name for v in VERDICT.values() if v.kind == "noted"))
SHOWN = (*RANKED, *MARKED)  # with numbers
_SEVERITY = {name: rank for rank, name in enumerate(VERDICT)}


def is_void(verdict: str) -> bool:
    """A verdict of a later version is void, too."""
    return verdict not in SHOWN


def severity(verdict: str) -> int:
    """The smaller, the graver; a verdict of a later version is graver than all."""
    return _SEVERITY.get(verdict, -1)


def gravest(verdicts: Iterable[str]) -> str:
    """`ok` for none."""
    return min(verdicts, key=severity, default=VERDICT.ok)


def metric_named(name: str) -> str:
    """The id of a metric that a file of an earlier version calls `name`; `name` itself if none does."""
    return next((m.id for m in METRIC.values() if name in m.was), name)

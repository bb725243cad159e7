# SPDX-License-Identifier: MIT
"""The history of runs and checks in one SQLite file: what a gate of single commits cannot see is a creep of many small
steps.

A point is a cell's metric in one run. Its `ratio` is to a reference that does not change with the code: the base revision
of a check, or in a run the floor (else serial) at the same point and in the same rounds. Absolute values of two runs
differ by the machine's hour; ratios inside a run do not.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Iterable, Sequence

from yard.data import samples
from yard.data.facts import METRIC, VERDICT, metric_named
from yard.data.link import LOOPBACK, name_of
from yard.stats import estimates
from yard.errors import UsageError, YardError, nearest
from yard.data.models import REPOSITORY

FILE = REPOSITORY / "results" / "history.sqlite"
REFERENCES = ("floor", "serial")
METRICS = tuple(m.id for m in METRIC.values() if m.gate and m.gate.tier == "gating")
TABLE = """
CREATE TABLE IF NOT EXISTS points (
  run TEXT NOT NULL, utc TEXT NOT NULL, revision TEXT NOT NULL, machine TEXT NOT NULL,
  host TEXT NOT NULL, cell TEXT NOT NULL, metric TEXT NOT NULL, value REAL,
  reference TEXT NOT NULL, ratio REAL, low REAL, high REAL, link TEXT NOT NULL DEFAULT 'loopback',
  PRIMARY KEY (machine, run, cell, metric, reference)
) WITHOUT ROWID;
"""
COLUMNS = (
    "run, utc, revision, machine, host, cell, metric, value, reference, ratio, low, high, link"
)
# Version 1 did not know machines. What it kept of one is the CPU model, which so becomes its name:
# points of an unknown machine never continue the line of a known one.
FROM_VERSION_1 = f"""
ALTER TABLE points RENAME TO points_1;
{TABLE}
INSERT INTO points ({COLUMNS})
  SELECT run, utc, revision, CASE host WHEN '' THEN 'unknown' ELSE host END,
         host, cell, metric, value, reference, ratio, low, high, 'loopback' FROM points_1;
DROP TABLE points_1;
"""
# Version 2 did not know links.
FROM_VERSION_2 = "ALTER TABLE points ADD COLUMN link TEXT NOT NULL DEFAULT 'loopback';"
MIGRATION = {1: FROM_VERSION_1, 2: FROM_VERSION_2}
VERSION = 3


@dataclass(frozen=True)
class Point:
    run: str
    utc: str
    revision: str
    machine: str
    host: str  # its CPU model
    cell: str
    metric: str
    value: float | None
    reference: str  # "" if there is none
    ratio: float | None
    low: float | None = None
    high: float | None = None
    link: str = LOOPBACK


@dataclass(frozen=True)
class Series:
    """One line: a cell's metric on one machine over one link. Another machine or link is another line."""

    cell: str
    metric: str
    reference: str
    machine: str
    points: tuple[Point, ...]
    link: str = LOOPBACK

    @property
    def ratios(self) -> list[float]:
        return [point.ratio for point in self.points if point.ratio]


class History:
    """Opens or makes the database. Anything wrong with the file is one line that says what to do."""

    def __init__(self, file: Path, must_exist: bool = False):
        self.file = file
        if must_exist and not file.exists():
            raise UsageError(
                f"{file} does not exist. Add runs with: scripts/switchyard history add results/raw/*/*"
            )
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(file, timeout=30)
            found = self._db.execute("PRAGMA quick_check").fetchone()[0]
            if found != VERDICT.ok:
                raise sqlite3.DatabaseError(found.splitlines()[0])
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise YardError(
                    f"{file} was written by a later version of switchyard ({version}); use that one"
                )
            script = MIGRATION.get(version, TABLE)
            self._db.executescript(
                f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {VERSION}; COMMIT;"
            )
        except (sqlite3.Error, OSError) as error:
            raise self._explained(error) from None

    def _explained(self, error: Exception) -> YardError:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return YardError(f"{self.file} is being written by another process; try again")
        if isinstance(error, OSError) or "unable to open" in str(error) or "readonly" in str(error):
            return YardError(f"{self.file} cannot be opened: {error}. Choose another with --db")
        return YardError(
            f"{self.file} is damaged ({error}). Move it away and make it anew from the stored runs: "
            "scripts/switchyard history add results/raw/*/*"
        )

    def add(self, points: Iterable[Point]) -> int:
        """Those of a run that is there already are replaced. Returns how many were written."""
        rows = [
            (
                p.run,
                p.utc,
                p.revision,
                p.machine,
                p.host,
                p.cell,
                p.metric,
                p.value,
                p.reference,
                p.ratio,
                p.low,
                p.high,
                p.link,
            )
            for p in points
        ]
        try:
            with self._db:
                self._db.executemany(
                    f"INSERT OR REPLACE INTO points ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                    rows,
                )
        except sqlite3.Error as error:
            raise self._explained(error) from None
        return len(rows)

    def series(self, cell: str = "", metric: str = "", machine: str = "") -> list[Series]:
        query = f"SELECT {COLUMNS} FROM points"
        try:
            points = [
                replace(point, metric=metric_named(point.metric))
                for row in self._db.execute(
                    f"{query} ORDER BY cell, metric, reference, machine, link, utc, run"
                )
                for point in [Point(*row)]
            ]
        except sqlite3.Error as error:
            raise self._explained(error) from None
        grouped: dict[tuple[str, str, str, str, str], list[Point]] = {}
        for point in points:
            line = (point.cell, point.metric, point.reference, point.machine, point.link)
            grouped.setdefault(line, []).append(point)
        found = [Series(*key[:4], tuple(own), link=key[4]) for key, own in grouped.items()]
        if cell:
            known = sorted({s.cell for s in found})
            chosen = [name for name in known if name == cell] or [
                n for n in known if n.partition(" ")[0] == cell
            ]
            if not chosen:
                raise UsageError(f"no cell '{cell}' in {self.file}: {nearest(cell, known)}")
            found = [s for s in found if s.cell in chosen]
        if machine:
            known = sorted({s.machine for s in found})
            if machine not in known:
                raise UsageError(f"--machine: no '{machine}' here: {nearest(machine, known)}")
            found = [s for s in found if s.machine == machine]
        if metric:
            metric = metric_named(metric)
            known = sorted({s.metric for s in found})
            if metric not in known:
                raise UsageError(f"--metric: no '{metric}' here: {nearest(metric, known)}")
            found = [s for s in found if s.metric == metric]
        return found

    def runs(self) -> set[tuple[str, str]]:
        """(machine, run) of all that has a point here."""
        try:
            return set(self._db.execute("SELECT DISTINCT machine, run FROM points"))
        except sqlite3.Error as error:
            raise self._explained(error) from None

    def close(self) -> None:
        self._db.close()


def points_of(folder: Path) -> list[Point]:
    """Of a run's folder or a check's."""
    if (folder / "check.json").exists():
        return _of_check(folder / "check.json")
    return _of_run(samples.read_run(folder))


def _of_check(file: Path) -> list[Point]:
    document = samples.read_json(file, "check")
    host = str(document["machine"].get("cpu_model") or "")
    return [
        Point(
            f"check {document['utc']}",
            document["utc"],
            document["head"],
            str(document["machine"].get("id") or host or "unknown"),
            host,
            cell["scenario"],
            metric_named(cell["metric"]),
            cell["head"],
            document["base"],
            1 + cell["slowdown"],
            1 + cell["low"],
            1 + cell["high"],
        )
        for cell in document["cells"]
    ]


def _of_run(run: samples.Run) -> list[Point]:
    utc = str(run.meta.get("started_utc") or "")
    about = (
        str(run.meta["run"]),
        utc,
        str(run.meta["commit"]),
        samples.machine_of(run.meta),
        str(run.meta["host"].get("cpu_model") or ""),
    )
    cells = [cell for cell in estimates.cells(run.samples) if cell.measured]
    found = []
    for cell in cells:
        reference = _reference(cell, cells)
        name = f"{cell.model}/{cell.at.workload}" + (f"/{cell.variant}" if cell.variant else "")
        name = f"{name}@{cell.at.point}" + (
            "" if cell.at.point >= 0 else " " + json.dumps(dict(cell.at.params))
        )
        for metric in METRICS:
            own = cell.estimates.get(metric)
            if own is None:
                continue
            ratio = None
            if reference is not None and metric in cell.values and metric in reference.values:
                ratio = estimates.paired_ratio(cell.values[metric], reference.values[metric])
            found.append(
                Point(
                    *about,
                    name,
                    metric,
                    own.value,
                    reference.contender if ratio else "",
                    ratio.value if ratio else None,
                    ratio.low if ratio else None,
                    ratio.high if ratio else None,
                    name_of(run.meta),
                )
            )
    return found


def _reference(cell: estimates.Cell, cells: Sequence[estimates.Cell]) -> Any:
    for model in REFERENCES:
        for other in cells:
            if (
                other.model == model
                and other.at == cell.at
                and cell.model != model
                and cell.workers == other.workers
            ):
                return other
    return None

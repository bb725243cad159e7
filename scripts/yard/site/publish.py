# SPDX-License-Identifier: MIT
"""Adds runs and checks to a site. A run touches its own page, its machine, the lines of its
cells, and the overviews that show the newest of each; nothing of another machine's runs and
lines is read or written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional, Sequence

from yard.data import archive, samples
from yard.data.facts import METRIC
from yard.data.store import explained, make_folder
from yard.site import badge, cell_key, check_summary, feed, line_chart, lines, overview
from yard.site import run_summary
from yard.site.lines import Line
from yard.site.pages import Pages, chosen
from yard.site.run_summary import RATIO
from yard.site.shelf import Shelf, compact
from yard.stats.changepoint import LEAST_SIDE

INDEX = "data/index.json"
RAW = "raw"
OF_RUN = ("slug", "run", "machine", "utc", "revision", "preset", "rounds", "complete", "facts")
OF_CELL = ("machine", "contender", "workload", "at", "metric", "run", "utc", "revision")
OF_CHANGE = (*OF_CELL, "before", "after", "p")
OF_CHECK = ("slug", "machine", "utc", "base", "head", "exit_code")


def summary_of(path: Path) -> dict[str, Any]:
    """Of the folder of a check or of a run, or of a packed run."""
    if (path / "check.json").exists():
        return check_summary.of_check(path)
    return run_summary.of_run(samples.read_run(path))


def _about(facts: Mapping[str, str]) -> str:
    shown = [(name, facts.get(name, "")) for name in ("CPU model", "CPUs", "kernel")]
    return ", ".join(f"{name} {v}" if name == "CPUs" else v for name, v in shown if v)


class Site:
    def __init__(self, shelf: Shelf):
        self.shelf = shelf
        self.pages = Pages()
        found = shelf.read(INDEX) or {}
        self.runs: dict[str, Any] = found.get("runs", {})
        self.checks: dict[str, Any] = found.get("checks", {})
        self.changes: list[dict[str, Any]] = found.get("changes", [])
        self.machines_of_cell: dict[str, list[str]] = found.get("cells", {})
        self.newest: dict[str, dict[str, Any]] = {
            machine: shelf.read(self._newest_file(machine)) or {} for machine in self.machines
        }
        self._lines: dict[str, Line] = {}
        self._touched: dict[str, Line] = {}
        self._new_runs: list[Mapping[str, Any]] = []
        self._new_checks: list[Mapping[str, Any]] = []

    @property
    def machines(self) -> list[str]:
        own = [*self.runs.values(), *self.checks.values()]
        return sorted({one["machine"] for one in own})

    @staticmethod
    def _newest_file(machine: str) -> str:
        return f"data/newest/{cell_key.slug(machine)}.json"

    def add(self, summary: Mapping[str, Any]) -> None:
        if summary["kind"] == "check":
            self.checks[summary["slug"]] = {name: summary[name] for name in OF_CHECK}
            self._new_checks.append(summary)
            return
        about = {name: summary[name] for name in OF_RUN}
        counts = Counter(cell["verdict"] for cell in summary["cells"])
        about["counts"] = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        self.runs[summary["slug"]] = about
        self._new_runs.append(summary)
        for cell in summary["cells"]:
            line = self._line(summary["machine"], cell)
            line.add(summary, cell)
            self._touched[line.name] = line

    def _line(self, machine: str, cell: Mapping[str, Any]) -> Line:
        own = Line(machine, cell_key.of_json(cell), cell["headline"])
        if own.name not in self._lines:
            stored = self.shelf.read(f"{own.name}.json")
            self._lines[own.name] = lines.of_json(stored) if stored else own
        return self._lines[own.name]

    def write(self) -> None:
        """Data first and the index last: an interrupted write is repeated by the next."""
        for name, text in self.pages.assets().items():
            self.shelf.put(name, text)
        self.shelf.put("assets/metrics.js", _metrics())
        for run in self._new_runs:
            self.shelf.put_data(f"run/{run['slug']}", run)
            self.shelf.put(f"run/{run['slug']}.html", self.pages.run(run, self._raw_of(run)))
        for check in self._new_checks:
            self._write_check(check)
        for line in self._touched.values():
            self._write_line(line)
        touched = {line.key.slug: line.key for line in self._touched.values()}
        for machine in {line.machine for line in self._touched.values()}:
            self.shelf.put(self._newest_file(machine), compact(self.newest[machine]) + "\n")
        for slug, key in touched.items():
            self._write_history(slug, key)
        self._write_overviews(touched.values())
        self._write_index()

    def _raw_of(self, run: Mapping[str, Any]) -> str:
        name = f"{RAW}/{run['slug']}{archive.SUFFIX}"
        return name if (self.shelf.folder / name).exists() else ""

    def _write_check(self, check: Mapping[str, Any]) -> None:
        name = f"check/{check['slug']}"
        self.shelf.put(f"{name}.json", compact(check) + "\n")
        columns = check_summary.KEPT
        cells = ([cell[column] for column in columns] for cell in check["cells"])
        self.shelf.put(f"{name}.csv", overview.csv_of(columns, cells))
        self.shelf.put(f"{name}.html", self.pages.check(check))

    def _write_line(self, line: Line) -> None:
        slug, changed = line.key.slug, lines.changes_of(line)
        self.shelf.put_data(line.name, line.as_json(changed))
        for metric in line.pictured:
            points = lines.points_of(line, metric)
            own = [change for change in changed if change["metric"] == metric]
            self.shelf.put(f"{line.name}.{metric}.svg", line_chart.draw(line, metric, points, own))
            self.shelf.put(f"{line.name}.{metric}.badge.svg", badge.draw(line, metric, points))
        self.changes = [
            change
            for change in self.changes
            if (change["machine"], change["slug"]) != (line.machine, slug)
        ]
        about = {"machine": line.machine, "slug": slug, "at": line.key.at}
        about |= {"contender": line.key.contender, "workload": line.key.workload}
        self.changes += [{**about, **change} for change in changed]
        run, point = line.newest
        self.newest.setdefault(line.machine, {})[slug] = {
            **line.key.as_json(),
            **{name: point[name] for name in ("verdict", "reason", "headline", "metrics")},
            "run": run,
            "has": line.metrics,
            "runs": sum(1 for own in line.points.values() if _has_ratio(own)),
        }
        machines = {*self.machines_of_cell.get(slug, []), line.machine}
        self.machines_of_cell[slug] = sorted(machines)

    def _write_history(self, slug: str, key: cell_key.CellKey) -> None:
        machines = self.machines_of_cell[slug]
        shown: dict[str, list[str]] = {}
        for machine in machines:
            for metric in self._pictured(f"history/{cell_key.slug(machine)}/{slug}"):
                shown.setdefault(metric, []).append(machine)
        changed = [change for change in self.changes if change["slug"] == slug]
        given = {"pictures": shown, "changes": changed, "least": 2 * LEAST_SIDE}
        given["short"] = [m for m in machines if self.newest[m][slug]["runs"] < 2 * LEAST_SIDE]
        metrics = sorted({m for one in machines for m in self.newest[one][slug]["has"]}, key=_place)
        metrics = list(dict.fromkeys((*shown, *metrics)))
        text = self.pages.history(key, machines=machines, metrics=metrics, **given)
        self.shelf.put(f"history/{slug}.html", text)

    def _pictured(self, name: str) -> list[str]:
        """The metrics of a line that have pictures; its data, which may be another machine's,
        need not be read."""
        line = self._lines.get(name)
        return (
            line.pictured
            if line
            else [m for m in METRIC if (self.shelf.folder / f"{name}.{m}.svg").exists()]
        )

    def _write_overviews(self, touched: Iterable[cell_key.CellKey]) -> None:
        touched = list(touched)
        machines = [self._machine(name) for name in self.machines]
        measured = [m for m in machines if m["name"] in self.newest]
        found = overview.points(self.newest, [m["name"] for m in measured])
        self._overview("index", self.pages.fleet(found, machines), found, data="fleet")
        for kind in ("model", "workload"):
            for name in sorted({getattr(key, kind) for key in touched}):
                own = chosen(found, kind, name)
                text = self.pages.part(kind, name, own, measured)
                self._overview(f"{kind}/{cell_key.slug(name)}", text, own)
        concerned = {one["machine"] for one in (*self._new_runs, *self._new_checks)}
        for machine in machines:
            if machine["name"] in concerned:
                self._write_machine(machine)
        self._write_changes()
        runs = sorted(self.runs.values(), key=lambda run: (run["machine"], run["utc"]))
        self.shelf.put("compare.html", self.pages.compare(runs))

    def _overview(
        self, name: str, text: str, found: Sequence[overview.Point], data: str = ""
    ) -> None:
        self.shelf.put(f"{name}.html", text)
        value = {"schema": 1, "rows": overview.as_json(found)}
        self.shelf.put(f"{data or name}.json", compact(value) + "\n")
        self.shelf.put(f"{data or name}.csv", overview.as_csv(found))

    def _machine(self, name: str) -> dict[str, Any]:
        own = self._runs_of(name)
        newest: Optional[dict[str, Any]] = own[0] if own else None
        return {
            "name": name,
            "view": f"machine/{cell_key.slug(name)}",
            "about": _about(newest["facts"]) if newest else "–",
            "newest": newest,
            "runs": len(own),
            "verdicts": newest["counts"] if newest else "–",
        }

    def _runs_of(self, machine: str) -> list[dict[str, Any]]:
        own = [run for run in self.runs.values() if run["machine"] == machine]
        return sorted(own, key=lambda run: (run["utc"], run["slug"]), reverse=True)

    def _write_machine(self, machine: Mapping[str, Any]) -> None:
        name = machine["name"]
        runs = self._runs_of(name)
        checks = [check for check in self.checks.values() if check["machine"] == name]
        checks.sort(key=lambda check: str(check["utc"]), reverse=True)
        own = [change for change in self.changes if change["machine"] == name]
        own.sort(key=lambda change: feed.stamp(change["utc"]), reverse=True)
        facts = runs[0]["facts"] if runs else {}
        text = self.pages.machine(machine, runs=runs, checks=checks, changes=own, facts=facts)
        self.shelf.put(f"{machine['view']}.html", text)
        value = {"schema": 1, "machine": name, "runs": runs, "checks": checks, "changes": own}
        self.shelf.put(f"{machine['view']}.json", compact(value) + "\n")
        columns = [column for column in (*OF_RUN, "counts") if column != "facts"]
        table = overview.csv_of(columns, ([run[column] for column in columns] for run in runs))
        self.shelf.put(f"{machine['view']}.csv", table)

    def _write_changes(self) -> None:
        found = sorted(self.changes, key=lambda change: feed.stamp(change["utc"]), reverse=True)
        self.shelf.put("changes.html", self.pages.changes(found))
        self.shelf.put("changes.json", compact({"schema": 1, "changes": found}) + "\n")
        table = overview.csv_of(OF_CHANGE, ([c[column] for column in OF_CHANGE] for c in found))
        self.shelf.put("changes.csv", table)
        self.shelf.put("changes.atom", feed.render(found))

    def _write_index(self) -> None:
        value = {
            "schema": 1,
            "machines": self.machines,
            "runs": self.runs,
            "checks": self.checks,
            "cells": self.machines_of_cell,
            "changes": self.changes,
        }
        self.shelf.put(INDEX, compact(value) + "\n")


def _place(metric: str) -> int:
    return list(METRIC).index(metric)


def _has_ratio(point: Mapping[str, Any]) -> bool:
    own = point["metrics"].get(point["headline"])
    return own is not None and own[RATIO] is not None


def _metrics() -> str:
    labels = compact({metric.id: metric.label for metric in METRIC.values()})
    units = compact({metric.id: metric.unit for metric in METRIC.values()})
    return f"site.labels={labels};site.units={units};\n"


def keep_raw(shelf: Shelf, path: Path, slug: str) -> None:
    """The run as one archive beside its page."""
    target = shelf.folder / RAW / f"{slug}{archive.SUFFIX}"
    make_folder(target.parent)
    try:
        if path.is_file():
            target.write_bytes(path.read_bytes())
        else:
            archive.pack(path, target)
    except OSError as error:
        raise explained(error, f"cannot write {target}") from None


def thin_raw(shelf: Shelf, runs: Mapping[str, Any], keep: int) -> list[str]:
    """Removes all but the newest `keep` raw archives of each machine; their summaries stay.
    Returns the runs."""
    by_machine: dict[str, list[Any]] = {}
    for slug, run in runs.items():
        if (file := shelf.folder / RAW / f"{slug}{archive.SUFFIX}").exists():
            by_machine.setdefault(run["machine"], []).append((run["utc"], slug, file))
    gone = []
    for own in by_machine.values():
        for _, slug, file in sorted(own, reverse=True)[keep:]:
            file.unlink()
            gone.append(slug)
    return gone

# SPDX-License-Identifier: MIT
"""A cell's line on one machine, run after run: the file history/<machine>/<cell>. Another
machine is another line, so that a change of machine breaks a line and is never a change point."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Optional

from yard.data.facts import METRIC
from yard.site import cell_key
from yard.site.cell_key import CellKey
from yard.site.run_summary import HIGH, LOW, RATIO, RATIO_HIGH, RATIO_LOW, VALUE, short
from yard.stats.changepoint import LEAST_SIDE, changes

NUMBERS = (VALUE, LOW, HIGH, RATIO, RATIO_LOW, RATIO_HIGH)


@dataclass
class Line:
    """`points` by run; each has utc, revision, verdict, reason and the numbers of each metric."""

    machine: str
    key: CellKey
    headline: str
    points: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"history/{cell_key.slug(self.machine)}/{self.key.slug}"

    def add(self, summary: Mapping[str, Any], cell: Mapping[str, Any]) -> None:
        """A run that is there already is replaced. The newest run decides the headline."""
        self.points[summary["slug"]] = {
            "utc": summary["utc"],
            "revision": summary["revision"],
            "verdict": cell["verdict"],
            "reason": cell["reason"],
            "headline": cell["headline"],
            "metrics": cell["metrics"],
        }

    def ordered(self) -> list[tuple[str, dict[str, Any]]]:
        return sorted(self.points.items(), key=lambda item: (item[1]["utc"], item[0]))

    @property
    def newest(self) -> tuple[str, dict[str, Any]]:
        return self.ordered()[-1]

    @property
    def metrics(self) -> list[str]:
        """The headline first."""
        head = self.newest[1]["headline"]
        used = dict.fromkeys(m for point in self.points.values() for m in point["metrics"])
        return [m for m in dict.fromkeys((head, *used)) if m in used]

    @property
    def pictured(self) -> list[str]:
        """The metrics that have pictures and badges; the interactive chart has all."""
        chosen = (*self.metrics[:1], METRIC.cpu_per_unit_ns)
        return [metric for metric in self.metrics if metric in chosen]

    def as_json(self, changed: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        runs = self.ordered()
        series = {}
        for metric in self.metrics:
            numbers = [point["metrics"].get(metric) for _, point in runs]
            series[metric] = [[own[i] if own else None for own in numbers] for i in NUMBERS]
        return {
            "schema": 1,
            "machine": self.machine,
            "cell": self.key.as_json(),
            "headline": self.newest[1]["headline"],
            "runs": [slug for slug, _ in runs],
            "utc": [point["utc"] for _, point in runs],
            "revision": [point["revision"] for _, point in runs],
            "verdict": [point["verdict"] for _, point in runs],
            "reason": [point["reason"] for _, point in runs],
            "columns": ["value", "low", "high", "ratio", "ratio_low", "ratio_high"],
            "metrics": series,
            "changes": list(changed),
        }


def of_json(value: Mapping[str, Any]) -> Line:
    line = Line(value["machine"], cell_key.of_json(value["cell"]), value["headline"])
    for place, slug in enumerate(value["runs"]):
        own = {
            metric: [column[place] for column in columns]
            for metric, columns in value["metrics"].items()
            if columns[VALUE][place] is not None
        }
        line.points[slug] = {
            **{name: value[name][place] for name in ("utc", "revision", "verdict", "reason")},
            "headline": value["headline"],
            "metrics": own,
        }
    return line


@dataclass(frozen=True)
class Points:
    """One metric of a line: its runs that have a number. Ratios if all are beside a floor, else
    values."""

    runs: tuple[str, ...]
    revisions: tuple[str, ...]
    utc: tuple[str, ...]
    numbers: tuple[tuple[float, Optional[float], Optional[float]], ...]
    is_ratio: bool


def points_of(line: Line, metric: str) -> Points:
    own = [(slug, p, p["metrics"][metric]) for slug, p in line.ordered() if metric in p["metrics"]]
    beside = [one for one in own if one[2][RATIO] is not None]
    place = (RATIO, RATIO_LOW, RATIO_HIGH) if beside else (VALUE, LOW, HIGH)
    shown = beside or own
    return Points(
        tuple(slug for slug, _, _ in shown),
        tuple(point["revision"] for _, point, _ in shown),
        tuple(point["utc"] for _, point, _ in shown),
        tuple((n[place[0]], n[place[1]], n[place[2]]) for _, _, n in shown),
        bool(beside),
    )


def changes_of(line: Line) -> list[dict[str, Any]]:
    """Change points are found on ratios to the floor of the same run alone: values of another
    hour are another machine's."""
    found = []
    for metric in line.metrics:
        points = points_of(line, metric)
        values = [value for value, _, _ in points.numbers]
        if not points.is_ratio or len(values) < 2 * LEAST_SIDE or min(values) <= 0:
            continue
        for change in changes(values):
            found.append(
                {
                    "metric": metric,
                    "run": points.runs[change.at],
                    "utc": points.utc[change.at],
                    "revision": points.revisions[change.at],
                    "before": short(change.before),
                    "after": short(change.after),
                    "p": change.p,
                }
            )
    return found

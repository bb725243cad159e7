# SPDX-License-Identifier: MIT
"""From a run to a `series.Report`: its points in order, each with its rankings, and what is missing."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Mapping, Sequence

from yard.data import workloads
from yard.data.facts import METRIC, VERDICT
from yard.data.workloads import Workload
from yard.stats import estimates
from yard.stats.estimates import Cell, PointKey
from yard.stats.rank import REFERENCE, Headline, Ranking, headline, rank
from yard.report import missing, open_rows, pulse, suite
from yard.report.environment import Environment
from yard.report.series import RANKED, Point, Report, varied_fields

LOAD = (
    "workers",
    "grain",
    "connections",
    "in_flight",
    "waits",
    "rate_per_s",
)  # fields that name a point better than how often it is repeated
CPU_ACCEPTS = (VERDICT.ok, VERDICT.rig_limited)  # verdicts with which CPU per operation is ranked


def _label(key: PointKey, of_workload: Sequence[PointKey], fields: Sequence[str]) -> str:
    """As few fields as tell the points of a workload apart, those first that the workload lists first."""

    def place(name: str) -> tuple[bool, int, str]:
        return name not in LOAD, fields.index(name) if name in fields else len(fields), name

    values = key.sizes
    varied = sorted(varied_fields(of_workload), key=place)
    names: list[str] = sorted(values, key=place)[:1] if not varied else []
    for name in varied:
        names.append(name)
        if len({tuple(k.sizes.get(n) for n in names) for k in of_workload}) == len(
            set(of_workload)
        ):
            break
    return ", ".join(f"{name} {values.get(name, '?')}" for name in names) or "no parameters"


def model_order(model: str) -> tuple[int, str]:
    """The floor first, as the measure; then serial; then the rest by name."""
    return {REFERENCE: 0, "serial": 1}.get(model, 2), model


def build(run: Any) -> Report:
    environment = Environment(run.meta or {}, run.plan or {}, run.samples)
    adaptive = bool((run.plan or {}).get("adaptive"))
    cells = estimates.cells(run.samples, getattr(run, "counted", ()), adaptive)
    is_of_suite = workloads.of_suite(run.meta or {})
    own = [cell for cell in cells if is_of_suite(cell.model, cell.at.workload)]
    measured = [cell for cell in cells if cell not in own]
    points = _points(measured, environment)
    contenders = sorted(
        {(cell.model, cell.contender) for cell in measured},
        key=lambda pair: (model_order(pair[0]), pair[1]),
    )
    report = Report(
        environment.run_id,
        points,
        [name for _, name in contenders],
        sorted({cell.model for cell in measured}, key=model_order),
        [],
        [],
        suite.judged(own),
        environment,
        _processes(run.samples),
        sum(not s.get("warm") for s in run.samples),
        int(getattr(run, "unreadable", 0) or 0),
        max((point.rounds for point in points), default=0),
        environment.preset,
        pulse.pulse(run.samples),
        open_rows.open_rows(run.meta or {}),
    )
    report.missing = missing.missing(report)
    report.caveats = missing.caveats(report)
    return report


def _points(measured: Sequence[Cell], environment: Environment) -> list[Point]:
    by_key: dict[PointKey, list[Cell]] = defaultdict(list)
    for cell in measured:
        by_key[cell.at].append(cell)
    keys = sorted(
        (key for key in by_key if key.params or key.point >= 0),
        key=lambda key: (_place(environment.workload(key.workload)), key),
    )
    by_workload: dict[str, list[PointKey]] = defaultdict(list)
    for key in keys:
        by_workload[key.workload].append(key)
    points = []
    for key in keys:
        found = sorted(by_key[key], key=lambda cell: (model_order(cell.model), cell.variant))
        workload = environment.workload(key.workload)
        judged = headline(found, workload.headline, workload.headline_reason)
        label = _label(key, by_workload[key.workload], workload.fields)
        unit = next((cell.unit for cell in found if cell.unit), "unit")
        command = environment.command_for(key)
        points.append(Point(key, label, unit, found, judged, _rankings(found, judged), command))
    return points


def _rankings(cells: Sequence[Cell], judged: Headline) -> dict[str, Ranking]:
    ranked = dict.fromkeys((judged.metric, *RANKED))
    if judged.metric == METRIC.run_ns:
        del ranked[METRIC.throughput]  # the same numbers upside down
    accepts: Mapping[str, Sequence[str]] = {
        METRIC.cpu_per_unit_ns: CPU_ACCEPTS,
        judged.metric: judged.accept,
    }
    return {
        metric: rank(cells, metric, accepts.get(metric, (VERDICT.ok,)))
        for metric in ranked
        if any(metric in cell.estimates for cell in cells) or metric == judged.metric
    }


def _processes(samples: Sequence[Mapping[str, Any]]) -> int:
    names = ("model", "variant", "workload", "point", "round")
    return len({(*(s.get(name) for name in names), str(s.get("params"))) for s in samples})


def _place(workload: Workload) -> tuple[bool, int, str]:
    """What answers a question of the first page comes first, then all in the order of the
    groups."""
    return not workload.question, workload.place, workload.name

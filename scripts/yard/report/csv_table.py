# SPDX-License-Identifier: MIT
"""CSV in long form: one line per cell and metric, numbers unrounded, units in a column."""

from __future__ import annotations

import csv
import io

from yard.data.facts import METRIC
from yard.report import series

COLUMNS = (
    "run",
    "workload",
    "preset",
    "point",
    "params",
    "model",
    "variant",
    "verdict",
    "metric",
    "unit",
    "better",
    "value",
    "low",
    "high",
    "coverage",
    "rounds",
    "samples",
    "rank",
    "note",
)


def render(report: series.Report) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for point in report.points:
        params = " ".join(f"{name}={value}" for name, value in point.key.params)
        for cell in point.cells:
            start = (
                report.run_id,
                point.key.workload,
                point.key.preset,
                point.key.point,
                params,
                cell.model,
                cell.variant,
                cell.verdict,
            )
            reason = "; ".join(reason for (_, reason), _ in cell.reasons.most_common(3))
            if not cell.estimates:
                _row(
                    writer,
                    (*start, "", "", "", "", "", "", "", cell.rounds, cell.samples, "", reason),
                )
            for metric in METRIC.values():
                found = cell.estimates.get(metric.id)
                if found is None:
                    continue
                ranking = point.rankings.get(metric.id)
                rank = ranking.rank_of(cell.contender) if ranking else None
                _row(
                    writer,
                    (
                        *start,
                        metric.id,
                        metric.unit,
                        metric.better,
                        found.value,
                        found.low,
                        found.high,
                        found.coverage,
                        found.rounds,
                        cell.samples,
                        rank,
                        found.refused or reason,
                    ),
                )
    return out.getvalue()


def _row(writer, values) -> None:
    """A text that a spreadsheet would take for a formula gets a quote in front."""
    writer.writerow(
        f"'{v}" if isinstance(v, str) and v[:1] in ("=", "+", "-", "@", "\t") else v for v in values
    )

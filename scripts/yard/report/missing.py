# SPDX-License-Identifier: MIT
"""What a reader could have expected and does not get, and what to think of some of the rest."""

from __future__ import annotations

from collections import defaultdict

from yard.data.facts import ABSENT, FAILURES, VERDICT, VOID
from yard.stats import inference
from yard.report.series import Caveat, Missing, Report


def missing(report: Report) -> list[Missing]:
    """Every place of the matrix without a ranked number that someone could have expected, with the reason."""
    found = []
    for point in report.points:
        for contender in report.contenders:
            entry = report.entry(point, contender)
            if entry.state in VOID or entry.state == "not measured":
                reason = entry.reason or _unmeasured(report)
                found.append(
                    Missing(contender, point.key.workload, point.label, entry.state, reason)
                )
    planned = report.environment.planned()
    present = {(c.contender, p.key.workload) for p in report.points for c in p.cells}
    seen = {(m.contender, m.workload) for m in found} | present
    for contender, workload in sorted(planned - seen):
        if workload in report.environment.of_suite():
            continue
        reason = report.environment.declined(contender, workload)
        state = VERDICT.declined if reason else "not measured"
        reason = reason or _unmeasured(report)
        found.append(Missing(contender, workload, "all points", state, reason))
    found += [
        Missing(model, "all", "all points", VERDICT.skipped, why)
        for model, why in report.environment.not_built()
    ]
    order = (*FAILURES, "not measured", *ABSENT)
    return _collapsed(
        sorted(found, key=lambda m: (order.index(m.state), m.workload, m.contender)), report
    )


def _unmeasured(report: Report) -> str:
    """Why a planned cell has no sample, as far as the run says."""
    if report.open_rows:
        return "not reached within the time budget"
    return "planned cell without a sample"


def _collapsed(missing: list[Missing], report: Report) -> list[Missing]:
    """A cell that lacks all its points for one reason is one line."""
    count = {name: len(points) for name, points in report.workloads()}
    same: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for m in missing:
        same[m.contender, m.workload, m.state, m.reason].append(m.label)
    return [
        Missing(
            contender,
            workload,
            "all points" if len(labels) >= count.get(workload, 1) > 0 else "; ".join(labels),
            state,
            reason,
        )
        for (contender, workload, state, reason), labels in same.items()
    ]


def caveats(report: Report) -> list[Caveat]:
    found = []
    for point in report.points:
        for cell in point.cells:
            if not cell.measured:
                continue
            for (verdict, reason), count in sorted(cell.reasons.items()):
                remark = f"{count} of {cell.rounds} rounds: {reason or verdict}"
                found.append(
                    Caveat(cell.contender, point.key.workload, point.label, verdict, remark)
                )
            if cell.rounds < inference.LEAST_ROUNDS:
                remark = (
                    f"{cell.rounds} rounds; an interval and a rank need {inference.LEAST_ROUNDS}"
                )
                found.append(
                    Caveat(
                        cell.contender, point.key.workload, point.label, "too few rounds", remark
                    )
                )
    return found

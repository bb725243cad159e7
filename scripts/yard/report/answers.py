# SPDX-License-Identifier: MIT
"""The first screen in words: which model for waiting, which for computing, at what cost, on this machine.

Every sentence is made from estimates of this run; where a cell is missing the sentence says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Optional

from yard.data.facts import METRIC, VERDICT
from yard.stats.estimates import Cell, paired_ratio
from yard.stats.rank import REFERENCE, Ranking, least_floor
from yard.text import numbers, units
from yard.report.series import Point, Report
from yard.text.leads import listed, ranking_words

# The point of each workload that the first screen speaks of: the nearest one that was measured.
PICK = {
    "fetch_data": {"fetches": 3, "step_us": 10_000},
    "waits": {"waits": 10_000},
    "echo": {"connections": 64, "message_bytes": 64, "rate_per_s": 0},
    "fetch": {"in_flight": 100, "delay_us": 5_000},
    "idle": {"units": 100_000, "ballast_bytes": 0},
    "hash_blocks": {"blocks": 512, "block_bytes": 16_384, "passes": 64},
}
NEAR = 0.15  # "takes the sum" and "takes the longest" within this share
NAMED = 3  # of a group that is not separated; the matrix has them all
NO_GAIN = 1.1  # a speed-up below this is none


@dataclass
class Answer:
    question: str
    headline: str
    evidence: list[str] = field(default_factory=list)
    basis: str = ""


@dataclass(frozen=True)
class Score:
    """One line of the table on the first screen: a model at its best variant for each column."""

    model: str
    columns: dict[str, str]
    best: frozenset[str]  # columns in which it is in the leading group


COLUMNS = (
    ("fetch_data", "fetches that wait"),
    ("waits", "CPU per wait"),
    ("fetch", "CPU per fetch"),
    ("echo", "CPU per echo"),
    ("p99", "echo p99"),
    ("hash_blocks", "compute speed-up"),
    ("memory", "memory, echo"),
)


def answers(report: Report) -> list[Answer]:
    return [_waiting(report), _serving(report), _computing(report), _cost(report)]


def _point(report: Report, workload: str) -> Optional[Point]:
    return report.point(workload, PICK[workload])


def _ok(point: Optional[Point]) -> list[Cell]:
    return [] if point is None else [c for c in point.cells if c.measured and c.model != REFERENCE]


def _basis(point: Optional[Point], metric: str = "") -> str:
    if point is None:
        return ""
    subject = f", {METRIC[metric].label}" if metric else ""
    return f"{point.title}{subject}; {point.rounds} rounds"


def _none(question: str, workloads: str) -> Answer:
    return Answer(question, f"This run cannot tell: it has no measured cell of {workloads}.")


def _lesson(point: Point) -> tuple[list[str], list[str], list[str]]:
    """Who takes the sum of the waits, who the longest, and who neither."""
    params = dict(point.key.params)
    fetches, step_ns = params.get("fetches", 0), params.get("step_us", 0) * 1e3
    total, longest = step_ns * fetches * (fetches + 1) / 2, step_ns * fetches
    groups: tuple[list[str], list[str], list[str]] = ([], [], [])
    cells = (c for c in point.cells if c.measured and METRIC.run_ns in c.estimates)
    for cell in sorted(cells, key=lambda c: c.estimates[METRIC.run_ns].value):
        took = cell.estimates[METRIC.run_ns].value
        remark = f"{cell.contender} {units.text(took, 'ns')}"
        if total and abs(took / total - 1) <= NEAR:
            groups[0].append(remark)
        elif longest and abs(took / longest - 1) <= NEAR:
            groups[1].append(remark)
        else:
            groups[2].append(remark)
    return groups


def _waiting(report: Report) -> Answer:
    question = "Which model for waiting?"
    lesson, waits, fetch = (_point(report, name) for name in ("fetch_data", "waits", "fetch"))
    judged = next((p for p in (waits, fetch) if p and METRIC.cpu_per_unit_ns in p.rankings), None)
    if lesson is None and judged is None:
        return _none(question, "fetch_data, waits or fetch")
    answer = Answer(question, "")
    if judged is not None:
        ranking = judged.rankings[METRIC.cpu_per_unit_ns]
        answer.headline = _cheapest(judged, ranking)
        answer.evidence.append(f"CPU per {judged.unit}: {ranking_words(ranking, NAMED)}")
        answer.basis = _basis(judged, METRIC.cpu_per_unit_ns)
    if lesson is not None:
        total, longest, other = _lesson(lesson)
        params = dict(lesson.key.params)
        steps = [
            params.get("step_us", 0) * (i + 1) for i in range(min(params.get("fetches", 0), 3))
        ]
        named = " + ".join(f"{numbers.short(us / 1e3)} ms" for us in steps)
        if longest:
            answer.evidence.append(
                f"At once, so that {named} take the longest wait: {', '.join(longest)}."
            )
        if total:
            answer.evidence.append(
                f"One after another, so that they take the sum: {', '.join(total)}."
            )
        if other:
            answer.evidence.append(f"Neither the sum nor the longest: {', '.join(other)}.")
        names = [remark.split(" ")[0] for remark in total]
        if "coroutine/sequential" in names:
            answer.evidence.append(
                "Awaiting coroutines one after another gains nothing; making tasks does."
            )
        if not answer.headline:
            answer.headline = (
                f"Any model that waits at once: {listed([t.split(' ')[0] for t in longest], 'or')}."
                if longest
                else "No model overlapped its waits."
            )
            answer.basis = _basis(lesson, METRIC.run_ns)
    if fetch is not None and fetch is not judged and METRIC.cpu_per_unit_ns in fetch.rankings:
        answer.evidence.append(
            f"As a client, CPU per {fetch.unit}: {ranking_words(fetch.rankings['cpu_per_unit_ns'], NAMED)}"
        )
    return answer


def _cheapest(point: Point, ranking: Ranking) -> str:
    if not ranking.places:
        why = (
            "too few rounds"
            if any(w == "too few rounds" for _, w in ranking.excluded)
            else "nothing can be ranked"
        )
        lowest = min(
            (c for c in _ok(point) if METRIC.cpu_per_unit_ns in c.estimates),
            key=lambda c: c.estimates[METRIC.cpu_per_unit_ns].value,
            default=None,
        )
        if lowest is None:
            return f"This run cannot tell: {why}."
        cost = units.of(METRIC.cpu_per_unit_ns, lowest.estimates[METRIC.cpu_per_unit_ns])
        return f"Perhaps {lowest.contender} ({cost} of CPU per {point.unit}), but {why} to say."
    group = list(ranking.group)
    costs = []
    for name in group:
        cell = point.cell(name)
        costs.append(
            units.of(METRIC.cpu_per_unit_ns, cell.estimates[METRIC.cpu_per_unit_ns])
            if cell
            else "–"
        )
    if len(group) == 1:
        return f"{group[0]}: {costs[0]} of CPU per {point.unit}."
    spread = ", ".join(costs) if len(costs) <= NAMED + 1 else f"{costs[0]} to {costs[-1]}"
    return f"{listed(group, 'or', NAMED)}, not separated: {spread} of CPU per {point.unit}."


def _serving(report: Report) -> Answer:
    question = "Which model for serving connections?"
    point = _point(report, "echo")
    if point is None or METRIC.cpu_per_unit_ns not in point.rankings:
        return _none(question, "echo")
    ranking = point.rankings[METRIC.cpu_per_unit_ns]
    answer = Answer(
        question, _cheapest(point, ranking), basis=_basis(point, METRIC.cpu_per_unit_ns)
    )
    answer.evidence.append(ranking_words(ranking, NAMED))
    floor = least_floor(METRIC.cpu_per_unit_ns, point.cells)
    if floor is not None:
        remarks = []
        for cell in sorted(
            _ok(point),
            key=lambda c: c.estimates[METRIC.cpu_per_unit_ns].value
            if METRIC.cpu_per_unit_ns in c.estimates
            else 0,
        ):
            ratio = paired_ratio(
                cell.values.get(METRIC.cpu_per_unit_ns, {}),
                floor.values.get(METRIC.cpu_per_unit_ns, {}),
            )
            if ratio is not None:
                shown = numbers.ratio(ratio.value, ratio.low, ratio.high)
                remarks.append(f"{cell.contender} {shown}")
        cost = units.of(METRIC.cpu_per_unit_ns, floor.estimates.get(METRIC.cpu_per_unit_ns))
        answer.evidence.append(
            f"Times the CPU of the hand-written {floor.contender} ({cost} per {point.unit}):"
            f" {', '.join(remarks)}."
        )
    if any(cell.verdict == VERDICT.rig_limited for cell in point.cells):
        answer.evidence.append(point.headline.note)
    return answer


def speed_ups(point: Point) -> list[tuple[Cell, float, Optional[float], Optional[float]]]:
    """Each contender's throughput over serial's, fastest first."""
    serial = next((c for c in point.cells if c.model == "serial" and c.measured), None)
    if serial is None:
        return []
    found = []
    for cell in point.cells:
        ratio = paired_ratio(cell.values.get("throughput", {}), serial.values.get("throughput", {}))
        if cell.measured and cell is not serial and ratio is not None:
            found.append((cell, ratio.value, ratio.low, ratio.high))
    return sorted(found, key=lambda item: -item[1])


def _computing(report: Report) -> Answer:
    question = "Which model for computing?"
    point = _point(report, "hash_blocks")
    if point is None:
        return _none(question, "hash_blocks")
    ranking = point.rankings["throughput"]
    group = list(ranking.group)
    workers = next((cell.workers for cell in point.cells if cell.workers), None)
    on = f" with {workers} workers" if workers else ""
    answer = Answer(question, "", basis=_basis(point, "throughput"))
    gains = speed_ups(point)

    def in_words(items: list[tuple[Cell, float, Optional[float], Optional[float]]]) -> str:
        return ", ".join(
            f"{c.contender} {numbers.ratio(value, low, high)}" for c, value, low, high in items
        )

    fast = [g for g in gains if g[1] >= NO_GAIN]
    slow = [g for g in gains if g[1] < NO_GAIN]
    if not gains:
        answer.headline = (
            f"{listed(group, 'or')}: {ranking_words(ranking, NAMED)}"
            if group
            else "This run cannot tell."
        )
        answer.evidence.append("Without an ok cell of serial there is no speed-up to state.")
        return answer
    if group and fast:
        times = {cell.contender: value for cell, value, _, _ in gains}
        named = [
            f"{name} ({numbers.fixed(times[name], 2)} times serial)" if name in times else name
            for name in group
        ]
        answer.headline = f"{listed(named, 'or')}{on}{', not separated' if len(group) > 1 else ''}."
    elif fast:
        answer.headline = f"Perhaps {fast[0][0].contender} ({numbers.fixed(fast[0][1], 2)} times serial{on}): too few rounds to rank."
    else:
        answer.headline = f"None: no model computed faster than serial{on}."
    answer.evidence.append(ranking_words(ranking, NAMED))
    if fast:
        answer.evidence.append(f"Times as fast as serial{on}: {in_words(fast)}.")
    if slow:
        answer.evidence.append(f"No speed-up over serial: {in_words(slow)}.")
    return answer


def _cost(report: Report) -> Answer:
    question = "At what cost?"
    point = _point(report, "echo")
    waits = _point(report, "waits")
    idle = _point(report, "idle")
    answer = Answer(question, "", basis=_basis(point or waits, METRIC.pss_bytes))
    for place, metric, lead in (
        (point, METRIC.pss_bytes, "Memory of the whole process tree"),
        (idle, METRIC.waiting_bytes, "Memory of one more waiting unit"),
        (point, METRIC.switches_per_unit, "Context switches"),
        (waits, METRIC.p99_ns, "Lateness p99"),
    ):
        cells = [c for c in _ok(place) if metric in c.estimates]
        if not cells or place is None:
            continue
        cells.sort(key=lambda c: c.estimates[metric].value)
        least, most = cells[0], cells[-1]
        per = f" per {place.unit}" if metric == METRIC.switches_per_unit else ""
        at = f"{place.key.workload}, {place.label}"
        low, high = (units.of(metric, c.estimates[metric]) for c in (least, most))
        if low == high:
            continue
        text = f"{lead}{per} at {at}: from {low} ({least.contender}) to {high} ({most.contender})."
        if not answer.headline and metric == METRIC.pss_bytes:
            answer.headline = (
                f"Memory at {place.title}: {low} ({least.contender}) to {high} ({most.contender})."
            )
        elif not answer.headline:
            answer.headline = text
        else:
            answer.evidence.append(text)
    costs = [
        (c, c.estimates[METRIC.make_ns].value) for c in _ok(point) if METRIC.make_ns in c.estimates
    ]
    if costs:
        costs.sort(key=lambda pair: pair[1])
        remark = ", ".join(f"{c.contender} {units.text(v, 'ns')}" for c, v in costs)
        answer.evidence.append(f"Starting it up once (make): {remark}.")
    answer.headline = answer.headline or "This run cannot tell: memory was not measured."
    return answer


def scores(report: Report) -> list[Score]:
    """The table of the first screen."""
    echo = _point(report, "echo")
    at = {
        "fetch_data": (_point(report, "fetch_data"), METRIC.run_ns),
        "waits": (_point(report, "waits"), METRIC.cpu_per_unit_ns),
        "fetch": (_point(report, "fetch"), METRIC.cpu_per_unit_ns),
        "echo": (echo, METRIC.cpu_per_unit_ns),
        "p99": (echo, METRIC.p99_ns),
        "hash_blocks": (_point(report, "hash_blocks"), "throughput"),
        "memory": (echo, METRIC.pss_bytes),
    }
    gains = (
        {cell.contender: value for cell, value, _, _ in speed_ups(at["hash_blocks"][0])}
        if at["hash_blocks"][0]
        else {}
    )
    rows = []
    for model in report.models:
        columns, best = {}, set()
        for column, (point, metric) in at.items():
            columns[column], leads = _score(report, model, point, metric, gains)
            if leads:
                best.add(column)
        if any(columns.values()):
            rows.append(Score(model, columns, frozenset(best)))
    return rows


def _score(
    report: Report, model: str, point: Optional[Point], metric: str, gains: Mapping[str, float]
) -> tuple[str, bool]:
    """The best number of a model's variants at a point, and whether it is in the leading group. `gains` are the speed-ups
    of those that compute."""
    if point is None:
        return "", False
    cells = [c for c in point.cells if c.model == model and c.measured and metric in c.estimates]
    if not cells:
        names = [n for n in report.contenders if n.partition("/")[0] == model]
        states = (report.entry(point, name).state for name in names)
        return next((state for state in states if state not in ("no such cell", "ok")), ""), False
    cells.sort(key=lambda c: c.estimates[metric].value, reverse=METRIC[metric].better == "more")
    cell = cells[0]
    text = units.of(metric, cell.estimates[metric])
    if metric == "throughput":
        gain = gains.get(cell.contender)
        unit = "1×" if model == "serial" else text
        text = unit if gain is None else f"{numbers.fixed(gain, 2)}×"
    mark = "" if cell.verdict == "ok" or metric == point.headline.metric else " *"
    ranking = point.rankings.get(metric)
    judged = ranking is not None and all(
        why in ("no value", "declined") for _, why in ranking.excluded
    )
    leads = judged and ranking is not None and cell.contender in ranking.group
    return text + (f" ({cell.variant})" if cell.variant else "") + mark, leads


def used_columns(rows: list[Score]) -> list[tuple[str, str]]:
    return [(id, title) for id, title in COLUMNS if any(row.columns.get(id) for row in rows)]

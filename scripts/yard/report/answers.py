# SPDX-License-Identifier: MIT
"""The first screen in words: which model for waiting, which for computing, at what cost, on this machine.

Every sentence is made from estimates of this run; where a cell is missing the sentence says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Optional

from yard.data.facts import METRIC, VERDICT
from yard.data.workloads import COMPUTING, LESSON, SERVING, WAITING
from yard.stats.estimates import Cell, paired_ratio
from yard.stats.rank import REFERENCE, Ranking, least_floor
from yard.text import numbers, units
from yard.report.series import Point, Report
from yard.text.leads import listed, ranking_words

CLIENT = "client"  # a role
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


@dataclass(frozen=True)
class Column:
    """Of the table on the first screen: a metric at the point that a workload stands by."""

    title: str
    point: Point
    metric: str

    @property
    def id(self) -> str:
        return f"{self.point.key.workload} {self.metric}"


def answers(report: Report) -> list[Answer]:
    return [_waiting(report), _serving(report), _computing(report), _cost(report)]


def _points(report: Report, question: str) -> list[Point]:
    """Of the workloads that answer it and were measured, the point that each stands by."""
    found = (report.standing(w.name) for w in report.environment.answering(question))
    return [point for point in found if point is not None]


def _point(report: Report, question: str, metric: str) -> Optional[Point]:
    """The first of them that is ranked by a metric, or the first of all."""
    found = _points(report, question)
    return next((p for p in found if metric in p.rankings), found[0] if found else None)


def _is_lesson(report: Report, point: Point) -> bool:
    return report.environment.workload(point.key.workload).group == LESSON


def _ok(point: Optional[Point]) -> list[Cell]:
    return [] if point is None else [c for c in point.cells if c.measured and c.model != REFERENCE]


def _basis(point: Optional[Point], metric: str = "") -> str:
    if point is None:
        return ""
    subject = f", {METRIC[metric].label}" if metric else ""
    return f"{point.title}{subject}; {point.rounds} rounds"


def _none(report: Report, question: str, kind: str) -> Answer:
    names = [workload.name for workload in report.environment.answering(kind)]
    cells = f"cell of {listed(names, 'or')}" if names else "workload that answers this"
    return Answer(question, f"This run cannot tell: it has no measured {cells}.")


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
    found = _points(report, WAITING)
    lesson = next((p for p in found if _is_lesson(report, p)), None)
    costed = [p for p in found if p is not lesson and METRIC.cpu_per_unit_ns in p.rankings]
    judged = costed[0] if costed else None
    if lesson is None and judged is None:
        return _none(report, question, WAITING)
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
    clients = (p for p in costed[1:] if report.environment.workload(p.key.workload).role == CLIENT)
    for client in clients:
        ranking = client.rankings[METRIC.cpu_per_unit_ns]
        answer.evidence.append(
            f"As a client, CPU per {client.unit}: {ranking_words(ranking, NAMED)}"
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
    point = _point(report, SERVING, METRIC.cpu_per_unit_ns)
    if point is None or METRIC.cpu_per_unit_ns not in point.rankings:
        return _none(report, question, SERVING)
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
        ratio = paired_ratio(
            cell.values.get(METRIC.throughput, {}), serial.values.get(METRIC.throughput, {})
        )
        if cell.measured and cell is not serial and ratio is not None:
            found.append((cell, ratio.value, ratio.low, ratio.high))
    return sorted(found, key=lambda item: -item[1])


def _computing(report: Report) -> Answer:
    question = "Which model for computing?"
    point = _point(report, COMPUTING, METRIC.throughput)
    if point is None or METRIC.throughput not in point.rankings:
        return _none(report, question, COMPUTING)
    ranking = point.rankings[METRIC.throughput]
    group = list(ranking.group)
    workers = next((cell.workers for cell in point.cells if cell.workers), None)
    on = f" with {workers} workers" if workers else ""
    answer = Answer(question, "", basis=_basis(point, METRIC.throughput))
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
    point = _point(report, SERVING, METRIC.pss_bytes)
    waits = next((p for p in _points(report, WAITING) if not _is_lesson(report, p)), None)
    standing = (report.standing(name) for name, _ in report.workloads())
    idle = next((p for p in standing if p and p.headline.metric == METRIC.waiting_bytes), None)
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
        low, high = (units.of(metric, c.estimates[metric]) for c in (least, most))
        if low == high:
            continue
        text = f"{lead}{per} at {place.title}: from {low} ({least.contender}) to {high} ({most.contender})."
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


def columns(report: Report) -> list[Column]:
    """Of the table on the first screen: what answers its questions, as far as it was measured."""
    found = []
    for point in _points(report, WAITING):
        lesson = _is_lesson(report, point)
        metric, word = (METRIC.run_ns, "time") if lesson else (METRIC.cpu_per_unit_ns, "CPU")
        found.append(Column(f"{point.key.workload} {word}", point, metric))
    words = {METRIC.cpu_per_unit_ns: "CPU", METRIC.p99_ns: "p99", METRIC.pss_bytes: "memory"}
    served = _point(report, SERVING, METRIC.cpu_per_unit_ns)
    if served is not None:
        found += [Column(f"{served.key.workload} {w}", served, m) for m, w in words.items()]
    computed = _point(report, COMPUTING, METRIC.throughput)
    if computed is not None:
        title = f"{computed.key.workload} speed-up"
        found.append(Column(title, computed, METRIC.throughput))
    return found


def scores(report: Report) -> list[Score]:
    """The table of the first screen."""
    rows = []
    found = columns(report)
    computed = next((c.point for c in found if c.metric == METRIC.throughput), None)
    gains = {c.contender: value for c, value, _, _ in speed_ups(computed)} if computed else {}
    for model in report.models:
        texts, best = {}, set()
        for column in found:
            texts[column.id], leads = _score(report, model, column.point, column.metric, gains)
            if leads:
                best.add(column.id)
        if any(texts.values()):
            rows.append(Score(model, texts, frozenset(best)))
    return rows


def _score(
    report: Report, model: str, point: Point, metric: str, gains: Mapping[str, float]
) -> tuple[str, bool]:
    """The best number of a model's variants at a point, and whether it is in the leading group. `gains` are the speed-ups
    of those that compute."""
    cells = [c for c in point.cells if c.model == model and c.measured and metric in c.estimates]
    if not cells:
        names = [n for n in report.contenders if n.partition("/")[0] == model]
        states = (report.entry(point, name).state for name in names)
        return (
            next((state for state in states if state not in ("no such cell", VERDICT.ok)), ""),
            False,
        )
    cells.sort(key=lambda c: c.estimates[metric].value, reverse=METRIC[metric].better == "more")
    cell = cells[0]
    text = units.of(metric, cell.estimates[metric])
    if metric == METRIC.throughput:
        gain = gains.get(cell.contender)
        unit = "1×" if model == "serial" else text
        text = unit if gain is None else f"{numbers.fixed(gain, 2)}×"
    mark = "" if cell.verdict == VERDICT.ok or metric == point.headline.metric else " *"
    ranking = point.rankings.get(metric)
    judged = ranking is not None and all(
        why in ("no value", "declined") for _, why in ranking.excluded
    )
    leads = judged and ranking is not None and cell.contender in ranking.group
    return text + (f" ({cell.variant})" if cell.variant else "") + mark, leads


def used_columns(report: Report, rows: list[Score]) -> list[tuple[str, str]]:
    return [(c.id, c.title) for c in columns(report) if any(row.columns.get(c.id) for row in rows)]

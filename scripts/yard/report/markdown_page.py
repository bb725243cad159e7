# SPDX-License-Identifier: MIT
"""The report for a repository or a pull request. Text from outside cannot become markup."""

from __future__ import annotations

import html
import re
from typing import Iterable, Sequence

from yard.data.facts import METRIC, VERDICT
from yard.stats.rank import REFERENCE
from yard.report import answers, choose, other_tools, series, why
from yard.text import numbers, units
from yard.text.words import HOW_TO_READ
from yard.text.leads import ranking_words

_SPECIAL = re.compile(r"([\\`*_\[\]|~#])")


def plain(text: object) -> str:
    return _SPECIAL.sub(r"\\\1", html.escape(" ".join(str(text).split()), quote=False))


def code(text: object) -> str:
    return f"<code>{html.escape(' '.join(str(text).split()), quote=False).replace('|', '&#124;').replace('`', '&#96;')}</code>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def render(report: series.Report) -> str:
    parts = (
        _first_screen,
        _missing,
        _matrix,
        _workloads,
        _reasons,
        _claims,
        _caveats,
        _ledger,
        _end,
    )
    return "\n".join(line for part in parts for line in part(report))


def _first_screen(report: series.Report) -> list[str]:
    environment = report.environment
    lines = ["# Which concurrency model for which work, on this machine", ""]
    lines += [
        f"{plain(environment.host)}: {plain(environment.machine)}. Run {code(report.run_id)}, preset "
        f"{plain(report.preset)}, {report.rounds} rounds, {report.processes} processes, {report.samples} samples.",
        "",
    ]
    lines += _choices(report)
    for answer in answers.answers(report):
        lines += [f"**{plain(answer.question)}** {plain(answer.headline)}", ""]
        lines += [*(f"- {plain(text)}" for text in answer.evidence), ""]
    lines += _scores(report)
    lines += [f"The suite itself: {plain(report.suite.words)}", ""]
    lines += [f"> {plain(text)}" for text in environment.suspicious()]
    if report.unreadable:
        lines += [
            f"> {report.unreadable} lines of samples.jsonl could not be read and were left out."
        ]
    return lines


def _choices(report: series.Report) -> list[str]:
    lines: list[str] = []
    chosen = choose.choices(report)
    if chosen:
        lines += _table(
            ["for this work", "take", "which gives", "ahead of", "times the floor"],
            [
                [
                    f"{plain(c.workload)}, {plain(c.at)}",
                    plain(c.named or "–"),
                    f"{plain(c.value or '–')} ({plain(c.metric)})",
                    plain(c.behind),
                    c.floor or "–",
                ]
                for c in chosen
            ],
        )
    return lines


def _scores(report: series.Report) -> list[str]:
    lines: list[str] = []
    scores = answers.scores(report)
    columns = answers.used_columns(report, scores)
    if scores:
        rows = []
        for score in scores:
            shown = (plain(score.columns[id] or "–") for id, _ in columns)
            rows.append(
                [
                    plain(score.model),
                    *(
                        f"**{text}**" if id in score.best else text
                        for (id, _), text in zip(columns, shown)
                    ),
                ]
            )
        lines += _table(["model", *(title for _, title in columns)], rows)
        lines += ["Bold: in the leading group. * marks a number that another limit has shaped.", ""]
    return lines


def _missing(report: series.Report) -> list[str]:
    lines: list[str] = []
    if report.open_rows:
        lines += ["", "## Open, for lack of time", ""]
        lines += [f"- {plain(text)}" for text in report.open_rows]
    lines += ["", "## Missing cells", ""]
    lines += (
        _table(
            ["contender", "workload", "where", "state", "reason"],
            [
                [
                    plain(m.contender),
                    plain(m.workload),
                    plain(m.label),
                    plain(m.state),
                    plain(m.reason),
                ]
                for m in report.missing
            ],
        )
        if report.missing
        else ["None: every planned cell has a number.", ""]
    )
    return lines


def _matrix(report: series.Report) -> list[str]:
    lines: list[str] = []
    lines += [
        "## The matrix",
        "",
        "Times the best contender's value (rank in brackets); after the bar, times the floor; then the threads that worked.",
        "",
    ]
    rows = []
    for point in report.points:
        metric = METRIC[point.headline.metric].title
        row = [f"{plain(point.key.workload)}, {plain(point.label)} ({plain(metric)})"]
        for name in report.contenders:
            row.append(_entry(report.entry(point, name)))
        rows.append(row)
    lines += _table(["workload", *(plain(name) for name in report.contenders)], rows)
    return lines


def _entry(entry: series.Entry) -> str:
    if entry.state == "no such cell":
        return ""
    if not entry.value or entry.value == "–":
        return plain(entry.state)
    text = entry.value
    if entry.contender.partition("/")[0] != REFERENCE:
        text = f"{numbers.fixed(entry.to_best, 2)}×" if entry.to_best is not None else entry.value
        text += (
            f" / {numbers.fixed(entry.to_floor.value, 2)}×" if entry.to_floor is not None else ""
        )
    text += f" ({entry.rank})" if entry.rank else ""
    text += f", {entry.threads}" if entry.threads else ""
    return text + (f" {plain(entry.state)}" if entry.state != VERDICT.ok else "")


def _workloads(report: series.Report) -> list[str]:
    lines: list[str] = []
    for workload, points in report.workloads():
        lines += [f"## {plain(workload)}", ""]
        for point in points:
            lines += _point(point)
    return lines


def _reasons(report: series.Report) -> list[str]:
    lines: list[str] = []
    lines += ["## Why they differ", ""]
    lines += [*(f"- {plain(e.point)}: {plain(e.sentence)}" for e in why.table(report)), ""]
    if missing := why.unrecorded(report):
        lines += [f"Not recorded in this run, and so never a reason: {', '.join(missing)}.", ""]
    return lines


def _claims(report: series.Report) -> list[str]:
    lines: list[str] = []
    lines += ["## What would have been claimed", ""]
    lines += _table(
        ["where", "first, second", "this report", "Google Benchmark", "criterion", "hyperfine"],
        [
            [
                plain(j.point),
                f"{plain(j.first)}, {plain(j.second)}",
                *(
                    f"{'**differ**' if c.different else 'not told apart'}: {plain(c.words)}"
                    for c in (j.ours, j.google, j.criterion, j.hyperfine)
                ),
            ]
            for j in other_tools.judge(report)
            if j.disagree
        ],
    )
    return lines


def _caveats(report: series.Report) -> list[str]:
    lines: list[str] = []
    lines += ["## Verdicts and caveats", ""]
    lines += (
        _table(
            ["contender", "workload", "where", "verdict", "told"],
            [
                [
                    plain(c.contender),
                    plain(c.workload),
                    plain(c.label),
                    plain(c.verdict),
                    plain(c.text),
                ]
                for c in report.caveats
            ],
        )
        if report.caveats
        else ["None.", ""]
    )
    return lines


def _ledger(report: series.Report) -> list[str]:
    environment = report.environment
    lines: list[str] = []
    lines += ["## Fairness ledger", ""]
    lines += _table(
        ["model", "library", "compiler", "flags", "lines of code", "lines, own library"],
        [
            [
                plain(m.model),
                plain(m.library),
                plain(m.compiler),
                code(m.flags),
                str(m.lines or "–"),
                str(m.library_lines or "–"),
            ]
            for m in environment.models()
        ],
    )
    lines += _table(
        ["workload", "contender", "style", "may start", "knobs", "lines"],
        [
            [
                plain(r.workload),
                plain(r.contender),
                plain(r.style),
                plain(r.allowance),
                plain(r.knobs),
                str(r.lines or "–"),
            ]
            for r in environment.ledger()
        ],
    )
    return lines


def _end(report: series.Report) -> list[str]:
    environment = report.environment
    lines: list[str] = []
    lines += [
        "## Environment",
        "",
        *_table(["fact", "value"], [[plain(f.name), plain(f.value)] for f in environment.facts()]),
    ]
    if report.pulse:
        lines += ["### Pulse", "", *(f"- {plain(text)}" for text in report.pulse.words()), ""]
    lines += ["## How to read this", "", *(f"- {plain(text)}" for text in HOW_TO_READ), ""]
    lines += [
        f"Run {code(report.run_id)}, made by `scripts/switchyard report` from raw samples.",
        "",
    ]
    return lines


def _point(point: series.Point) -> list[str]:
    lines = [
        f"### {plain(point.label)}",
        "",
        f"{plain(point.params)}. One unit is one {plain(point.unit)}. "
        f"{point.rounds} rounds, {point.samples} samples.",
        "",
    ]
    if point.headline.note:
        lines += [plain(point.headline.note), ""]
    for metric, ranking in point.rankings.items():
        lines.append(f"- {METRIC[metric].title}: {plain(ranking_words(ranking))}")
    lines.append("")
    shown = [
        m
        for m in dict.fromkeys((point.headline.metric, *series.CHARTED, METRIC.p50_ns))
        if any(m in cell.estimates for cell in point.cells)
    ]
    rows = []
    for cell in point.cells:
        row = [plain(cell.contender), plain(cell.verdict)]
        for metric in shown:
            found = cell.estimates.get(metric)
            row.append(
                f"{units.of(metric, found)} {plain(units.interval(found, METRIC[metric].unit))}"
                if found
                else "–"
            )
        rows.append(row)
    lines += _table(["contender", "verdict", *(METRIC[m].title for m in shown)], rows)
    return [*lines, f"Repeat: {code(point.command)}", ""]

# SPDX-License-Identifier: MIT
"""The first screen of the report in a terminal."""

from __future__ import annotations

from typing import Optional

from rich.console import Console
from rich.table import Table
from rich.text import Text

from yard.report import answers, series


def _clean(text: object) -> str:
    """No control character of a host name or a reason reaches the terminal."""
    return "".join(c if c.isprintable() else "�" for c in str(text))


def print_report(report: series.Report, console: Optional[Console] = None) -> None:
    console = console or Console(highlight=False)
    say = console.print
    say(
        Text(
            f"Run {_clean(report.run_id)} on {_clean(report.environment.host)}: {report.rounds} rounds, "
            f"{report.processes} processes, {report.samples} samples",
            style="bold",
        )
    )
    if report.missing:
        say(Text(f"{len(report.missing)} missing:", style="yellow"))
        for m in report.missing[:8]:
            say(
                Text(
                    f"  {_clean(m.contender)} {_clean(m.workload)} ({_clean(m.label)}): {m.state}; {_clean(m.reason)}"
                )
            )
        if len(report.missing) > 8:
            say(Text(f"  and {len(report.missing) - 8} more, listed in the report"))
    if report.open_rows:
        say(Text(f"{len(report.open_rows)} open, for lack of time:", style="yellow"))
        for text in report.open_rows[:8]:
            say(Text(f"  {_clean(text)}"))
        if len(report.open_rows) > 8:
            say(Text(f"  and {len(report.open_rows) - 8} more, listed in the report"))
    for answer in answers.answers(report):
        say()
        say(Text.assemble((answer.question, "bold cyan"), " ", (_clean(answer.headline), "bold")))
        for text in answer.evidence[:2]:
            say(Text(f"  - {_clean(text)}"))
    rows = answers.scores(report)
    columns = answers.used_columns(report, rows)
    if rows:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("model", no_wrap=True)
        for _, title in columns:
            table.add_column(title, justify="right")
        for row in rows:
            table.add_row(
                Text(_clean(row.model)),
                *(
                    Text(
                        _clean(row.columns[id] or "–"), style="bold green" if id in row.best else ""
                    )
                    for id, _ in columns
                ),
            )
        say()
        say(table)
        say(
            Text(
                "Bold: in the leading group, not separated from the best. * another limit has shaped the number.",
                style="dim",
            )
        )
    say(Text(f"The suite itself: {report.suite.words}", style="dim"))
    for text in report.environment.suspicious():
        say(Text(f"Suspicious: {_clean(text)}", style="yellow"))

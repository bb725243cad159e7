# SPDX-License-Identifier: MIT
"""A check on the terminal: what changed, how sure that is, and how to look closer."""

from __future__ import annotations

from typing import Any, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from yard.gate import wording
from yard.text import numbers
from yard.text.outside import readable

STYLES = {
    "REGRESSION": "bold red",
    "BROKEN": "bold red",
    "UNRESOLVED": "yellow",
    "IMPROVED": "green",
    "ACCEPTED": "cyan",
}
CODES = {0: "bold green", 1: "bold red"}


def show(
    result: Mapping[str, Any], everything: bool = False, console: Console | None = None
) -> None:
    console = console or Console(highlight=False)
    if not console.is_terminal and console.width < 140:
        console = Console(highlight=False, width=140, file=console.file)
    rows = wording.shown(result, everything)
    if rows:
        console.print(_table(rows))
    for suite in result["suite"]:
        if suite["verdict"] == "REGRESSION":
            console.print(
                Text(
                    f"REGRESSION of the whole suite: {wording.metric(suite['metric'])} "
                    f"{wording.percent(suite['slowdown'])} {wording.interval(suite)} in the median scenario of "
                    f"{suite['rounds']} rounds, p = {numbers.short(suite['p'], 1)}",
                    style="bold red",
                )
            )
    for broken in result["broken"]:
        console.print(Text(readable(wording.broken(broken)), style="bold red"), soft_wrap=True)
    for line in wording.absent(result):
        console.print(Text(readable(line), style="yellow"), soft_wrap=True)
    for grown in result["counters"]:
        console.print(
            Text(
                readable(wording.counter(grown)), style="cyan" if grown["accepted"] else "bold red"
            ),
            soft_wrap=True,
        )
    if repeats := wording.repeats(result):
        console.print(Text("To repeat one alone:"))
        for command in repeats:
            console.print(Text(f"  {readable(command)}", style="dim"), soft_wrap=True)
    for line in (
        wording.quiet_summary(result),
        *(f"not compared: {text}" for text in wording.not_compared(result)),
        *(f"note: {note}" for note in result["notes"]),
        wording.about(result),
    ):
        if line:
            console.print(Text(readable(line)), soft_wrap=True)
    console.print(
        Text(
            readable(wording.headline(result)), style=CODES.get(result["exit_code"], "bold yellow")
        ),
        soft_wrap=True,
    )


def _table(rows: list[wording.Cell]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("verdict", "scenario", "metric"):
        table.add_column(name)
    for name in ("change", "95 % interval", "base -> head", "pairs", "p", "finds"):
        table.add_column(name, justify="right", no_wrap=name not in ("base -> head", "finds"))
    for cell in rows:
        fresh = " fresh" if cell["confirmed"] else ""
        table.add_row(
            Text(cell["verdict"], style=STYLES.get(cell["verdict"], "")),
            Text(readable(cell["scenario"])),
            Text(readable(wording.metric(cell["metric"]))),
            wording.percent(cell["slowdown"]),
            Text(wording.interval(cell)),
            Text(readable(wording.both(cell))),
            f"{cell['pairs']}{fresh}",
            numbers.short(cell["p"], 1),
            Text(
                wording.percent(cell["detectable"])
                + (f" {readable(cell['note'])}" if cell["note"] else "")
            ),
        )
    return table

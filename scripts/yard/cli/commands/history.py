# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from yard.errors import OK, UsageError, YardError, nearest
from yard.cli.commands import _options

PATH = click.Path(path_type=Path)


@click.command(short_help="A cell over time, with its change points; `history add RUN...` appends.")
@click.argument("words", nargs=-1, metavar="[CELL | add RUN...]")
@click.option("--db", type=PATH, help="Default results/history.sqlite.")
@click.option("--metric", default="", help="Only this one, such as cpu_per_unit_ns.")
@click.option("--machine", default="", help="Only the lines of this machine.")
@click.option("--link", default="", help="Only the lines over this link, such as loopback.")
@click.option("--plot", type=PATH, help="Draw it into this file, .png or .svg.")
@click.option("--json", "json_output", is_flag=True, help="As JSON on standard output.")
@_options.VERBOSE
def command(words: tuple[str, ...], **given: Any) -> int:
    """Without CELL: every series that has a change point, and how many there are. With CELL, such as
    coroutine/echo/epoll@1: its series, drawn. `history add RUN...` appends folders of `run` and of `check`.

    Change points are found on ratios to a reference that does not change with the code (E-divisive means): creep of many
    small steps shows here and not in a check of one commit. Another machine or link is another line.
    """
    from yard.report import history_store

    file = given["db"] or history_store.FILE
    if words and words[0] == "add":
        return _add(words[1:], file)
    if len(words) > 1:
        raise UsageError("name one cell, or none for a summary")
    book = history_store.History(file, must_exist=True)
    try:
        found = book.series(words[0] if words else "", given["metric"], given["machine"])
        found = _over(found, given["link"])
    finally:
        book.close()
    return _show(found, bool(words), given)


def _over(found: list[Any], link: str) -> list[Any]:
    known = sorted({series.link for series in found})
    if link and link not in known:
        raise UsageError(f"--link: no '{link}' here: {nearest(link, known)}")
    return [series for series in found if series.link == link] if link else found


def _add(folders: tuple[str, ...], file: Path) -> int:
    from yard.report import history_store

    if not folders:
        raise UsageError("history add takes folders of runs or checks, such as results/raw/*/*")
    points = [(Path(folder), history_store.points_of(Path(folder))) for folder in folders]
    book = history_store.History(file)
    try:
        for folder, own in points:
            if not own:
                raise YardError(f"{folder} has no measured cell to add")
            click.echo(f"{folder}: {book.add(own)} points")
    finally:
        book.close()
    return OK


def _show(found: list[Any], one: bool, given: dict[str, Any]) -> int:
    from yard.report import history_plot

    if given["plot"]:
        history_plot.draw(
            found if one else [s for s in found if history_plot.change_points(s)] or found[:6],
            given["plot"],
        )
    if given["json_output"]:
        click.echo(
            json.dumps({"schema": 1, "series": [_as_json(series) for series in found]}, indent=1)
        )
        return OK
    changed = [series for series in found if history_plot.change_points(series)]
    for series in found if one else changed:
        click.echo("\n".join(history_plot.in_words(series)))
    if not one:
        runs = len({point.run for series in found for point in series.points})
        click.echo(
            f"{len(found)} series of {len({s.cell for s in found})} cells in {runs} runs; {len(changed)} with a change "
            "point. Name a cell to see it."
        )
    if given["plot"]:
        click.echo(f"plot: {given['plot']}")
    return OK


def _as_json(series: Any) -> dict[str, Any]:
    from yard.report import history_plot

    return {
        "cell": series.cell,
        "metric": series.metric,
        "reference": series.reference,
        "machine": series.machine,
        "link": series.link,
        "points": [
            {
                "run": p.run,
                "utc": p.utc,
                "revision": p.revision,
                "value": p.value,
                "ratio": p.ratio,
                "low": p.low,
                "high": p.high,
            }
            for p in series.points
        ],
        "changes": [
            {"at": c.at, "before": c.before, "after": c.after, "p": c.p}
            for c in history_plot.change_points(series)
        ],
    }

# SPDX-License-Identifier: MIT
"""switchyard compare: two runs, or --models a,b inside one."""

from __future__ import annotations

import itertools
import json
import pathlib

import click

from yard import errors
from yard.data import samples
from yard.report import comparison
from yard.data.facts import METRIC
from yard.report import series
from yard.text import units


@click.command("compare", short_help="Two runs, or two models inside one run.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=pathlib.Path))
@click.option(
    "--models",
    help="Two models inside one run; model/variant where a model has several: coroutine/epoll,fiber.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON on standard output.")
def command(runs: tuple[pathlib.Path, ...], models: str | None, as_json: bool) -> int:
    """Compare two runs, or with --models a,b two models inside one run.

    Exit code 3 if the runs are not comparable. A difference between two stored runs is not a verdict.
    """
    if len(runs) != (1 if models else 2):
        raise click.UsageError("name two runs, or one run and --models a,b")
    read = [samples.read_run(run) for run in runs]
    note = ""
    if models:
        names = [name.strip() for name in models.split(",")]
        known = comparison.contenders(read[0])
        if len(names) != 2 or len(set(names)) != 2:
            raise click.UsageError("--models takes two names, such as --models coroutine,fiber")
        for name in names:
            if name not in known:
                raise click.UsageError(
                    f"no model {name} in this run; there is {', '.join(sorted(known))}"
                )
        found = comparison.two_models(read[0], names)
        if not found:
            raise errors.NotComparable(
                f"{names[0]} and {names[1]} share no measured cell in this run"
            )
    else:
        names = [series.Environment(r.meta, r.plan, r.samples).run_id for r in read]
        reasons = comparison.apples_and_oranges(*read)
        if reasons:
            if as_json:
                click.echo(json.dumps({"schema": 1, "comparable": False, "reasons": reasons}))
            raise errors.NotComparable(
                "not comparable: " + "; ".join(reasons) + ". Measure both on one machine and build"
            )
        found, note = comparison.two_runs(*read), comparison.NOT_A_VERDICT
    if as_json:
        click.echo(
            json.dumps(
                {
                    "schema": 1,
                    "comparable": True,
                    "verdict": bool(models),
                    "sides": names,
                    "note": note,
                    "differences": comparison.as_json(found),
                }
            )
        )
        return 0
    _print(found, names, note, bool(models))
    return 0


def _print(found: list[comparison.Difference], names: list[str], note: str, paired: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.print(
        Text(
            f"First: {names[0]}. Second: {names[1]}. Change is second over first; "
            f"{'rounds paired' if paired else 'rounds not paired'}, 95 % intervals for each line alone."
        )
    )
    cells = itertools.groupby(found, key=lambda d: (d.at, d.first, d.second))
    for (at, first, second), differences in cells:
        params = ", ".join(f"{name} {value}" for name, value in at.params)
        console.print(
            Text(
                f"{first} and {second}, {at.workload}" if paired else f"{first}, {at.workload}",
                style="bold",
            ),
            Text(params, style="dim"),
        )
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(min_width=23)
        for width in (8, 8, 20):
            table.add_column(min_width=width, justify="right")
        table.add_column(min_width=14)
        for d in differences:
            unit = METRIC[d.metric].unit
            both = (units.text(value, unit) for value in (d.first_value, d.second_value))
            remark = (
                f"{d.better} better"
                if d.better
                else "not separated"
                if d.change is not None
                else ""
            )
            table.add_row(
                *map(Text, (f"  {METRIC[d.metric].label}", *both, comparison.words(d), remark))
            )
        console.print(table)
    if note:
        console.print(Text(note, style="yellow"))

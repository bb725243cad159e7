# SPDX-License-Identifier: MIT
"""switchyard report: HTML, Markdown, CSV and PNG of one run, and its first screen in the terminal."""

from __future__ import annotations

import json
import pathlib
import sys
import webbrowser

import click

from yard.errors import UsageError


@click.command("report", short_help="Write the report of a run: HTML, Markdown, CSV, PNG.")
@click.argument("run", type=click.Path(path_type=pathlib.Path))
@click.argument("beside", nargs=-1, type=click.Path(path_type=pathlib.Path))
@click.option(
    "--out",
    type=click.Path(path_type=pathlib.Path),
    help="Folder of the report; default RUN/report.",
)
@click.option("--open", "open_", is_flag=True, help="Show the page in a browser.")
@click.option("--no-plots", is_flag=True, help="Leave out the PNG files.")
@click.option("--json", "as_json", is_flag=True, help="Print the paths as JSON.")
@click.option("--quiet", is_flag=True, help="Print the path of the page only.")
def command(
    run: pathlib.Path,
    beside: tuple[pathlib.Path, ...],
    out: pathlib.Path | None,
    open_: bool,
    no_plots: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write the report of RUN, a folder below results/raw; the runs BESIDE, of here or elsewhere, stand beside it."""
    from yard import report
    from yard.report import first_screen, link_ranking

    if out is None and run.is_file():
        raise UsageError(f"{run} is a packed run: name the folder of the report with --out")
    out = out or run / "report"
    built = report.build(run, lambda text: None if quiet else click.echo(text, err=True))
    others = [report.build(path) for path in beside]
    paths = report.write_built(built, out, plots=not no_plots, others=others)
    if as_json:
        click.echo(json.dumps({"schema": 1, "paths": [str(path) for path in paths]}))
    else:
        if not quiet:
            first_screen.print_report(built)
            for order in link_ranking.orders([built, *others]):
                click.echo(f"{order.title}: the ranking on loopback? {order.words}")
        click.echo(str(paths[0]))
    if open_ and not webbrowser.open(paths[0].resolve().as_uri()):
        print(f"switchyard: no browser could be started; open {paths[0]} yourself", file=sys.stderr)
    return 0

# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from yard.cli.commands import _options
from yard.errors import OK, UsageError

PATH = click.Path(path_type=Path)


@click.command(short_help="A static site of many runs, machines and commits.")
@click.argument("out", type=PATH)
@click.argument("runs", nargs=-1, type=PATH, metavar="[RUN...]")
@click.option("--again", is_flag=True, help="Make all pages anew from the stored summaries.")
@click.option("--raw", is_flag=True, help="Also store the samples of RUN..., packed.")
@click.option(
    "--keep-raw",
    type=click.IntRange(min=0),
    metavar="N",
    help="Of each machine keep the packed samples of the newest N runs; summaries stay.",
)
@_options.VERBOSE
def command(out: Path, runs: tuple[Path, ...], again: bool, raw: bool, **given: Any) -> int:
    """Adds RUN..., folders of runs or checks or packed runs, to the site in the folder OUT, which
    is made if it is not there. Its pages open without a server. Adding a run writes only the pages
    that it concerns.

    A run that is there already is replaced if it differs. What is kept of a run for ever is its
    summary.
    """
    from yard.site import publish
    from yard.site.shelf import Shelf

    if not runs and not again and given["keep_raw"] is None:
        raise UsageError("name the runs to add, such as results/raw/*/*; or --again")
    found = [(path, publish.summary_of(path)) for path in runs]
    shelf = Shelf(out)
    with shelf.opened():
        stored = [(path, summary) for path, summary in found if shelf.keep(summary)]
        for path, summary in found:
            if raw and summary["kind"] == "run":
                publish.keep_raw(shelf, path, summary["slug"])
        if again:
            shelf.drop_made()
        site = publish.Site(shelf)
        changed = {summary["slug"] for _, summary in stored}
        unfinished = {s["slug"] for _, s in found} - {*site.runs, *site.checks}
        for summary in shelf.summaries() if again else (s for _, s in found):
            if again or raw or summary["slug"] in changed | unfinished:
                site.add(summary)
        gone = (
            []
            if given["keep_raw"] is None
            else publish.thin_raw(shelf, site.runs, given["keep_raw"])
        )
        if gone and not again:
            for summary in shelf.summaries():
                if summary["slug"] in gone:
                    site.add(summary)
        site.write()
    for path, summary in found:
        known = "" if summary["slug"] in changed else ": is there already"
        click.echo(f"{path}: {summary['slug']}{known}")
    for slug in gone:
        click.echo(f"raw samples removed, summary kept: {slug}")
    click.echo(f"{out / 'index.html'}: {len(shelf.written)} files written")
    return OK

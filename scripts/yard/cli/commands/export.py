# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from yard.data import samples
from yard.stats import estimates
from yard.text import interchange
from yard.errors import OK, YardError
from yard.data.store import write_atomically
from yard.cli.commands import _options


@click.command(short_help="A run in the format of Bencher, github-action-benchmark or OpenMetrics.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "kind",
    required=True,
    type=click.Choice(list(interchange.FORMATS)),
    help="Whose format.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Into this file; default: standard output."
)
@_options.add(_options.VERBOSE)
def command(**given: Any) -> int:
    """Writes the medians of a RUN with their intervals. Cells without a number are left out: a format that has no word for
    `wrong` must not get one for it."""
    run = samples.read_run(given["run"])
    cells = estimates.cells(run.samples)
    if not any(cell.measured for cell in cells):
        raise YardError(f"{given['run']} has no measured cell to export")
    text = interchange.FORMATS[given["kind"]](cells, run.meta)
    if given["out"]:
        write_atomically(given["out"], text)
    else:
        click.echo(text, nl=False)
    return OK

# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from typing import Any

import click

from yard.data import models
from yard.engine import campaign
from yard.text import matrix
from yard.errors import FAILED, OK
from yard.cli.commands import _options


@click.command(short_help="Show models, workloads and what runs on what.")
@_options.add(_options.BUILD, _options.VERBOSE)
@click.option(
    "--matrix",
    "show_matrix",
    is_flag=True,
    help="Every pair; exit code 1 on one that says nothing.",
)
@click.option("--json", "json_output", is_flag=True, help="As JSON on standard output.")
def command(**given: Any) -> int:
    """Every cell is supported or declined with a reason. `--matrix` fails on a hole: a pair that is neither."""
    found = models.discover(campaign.build_folder(given["build"]))
    table = matrix.make(found)
    if given["json_output"]:
        click.echo(json.dumps(table, indent=1))
    elif given["show_matrix"]:
        click.echo(matrix.matrix_text(table))
    else:
        click.echo(matrix.list_text(table))
    return FAILED if given["show_matrix"] and table["holes"] else OK

# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from yard.cli.commands import _options
from yard.errors import HARNESS, OK, YardError

PATH = click.Path(path_type=Path)


@click.command(short_help="Pack or remove old runs; the newest of each machine stay.")
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    required=True,
    metavar="N",
    help="The newest N runs of each machine stay as they are.",
)
@click.option("--remove", is_flag=True, help="Remove older runs instead of packing them.")
@click.option("--raw", type=PATH, help="Where the runs lie; default results/raw.")
@click.option("--db", type=PATH, help="The history; default results/history.sqlite.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="As JSON on standard output.")
@_options.VERBOSE
def command(keep: int, remove: bool, dry_run: bool, as_json: bool, **given: Any) -> int:
    """Older runs become one zip file each, which `report`, `compare`, `export`, `history add` and
    `site` read like a folder; their report/ is left out, since `report` makes it again. With
    --remove they are deleted, packed ones too, but only those whose points the history has.

    A run that is unfinished or being measured, and all that is no run, is left alone and named.
    Checks, the history, campaigns of the fleet and sites are never touched.
    """
    from yard.data.models import REPOSITORY
    from yard.report import history_store, retention

    raw = given["raw"] or REPOSITORY / "results" / "raw"
    steps = retention.decide(
        retention.runs_below(raw), keep, remove, given["db"] or history_store.FILE
    )
    rows, failed = [], 0
    for step in steps:
        row: dict[str, Any] = {"run": str(step.path), "deed": step.deed, "reason": step.reason}
        row |= {"in_history": step.recorded, "archive": None}
        if step.deed != retention.KEEP and not dry_run:
            try:
                made = retention.do(step)
                row["archive"] = str(made) if made else None
            except YardError as error:
                failed += 1
                row |= {"deed": "failed", "reason": str(error)}
        rows.append(row)
        if not as_json:
            _say(row, dry_run)
    if as_json:
        click.echo(json.dumps({"schema": 1, "dry_run": dry_run, "runs": rows}, indent=1))
    elif not rows:
        click.echo(f"there is no run below {raw}")
    return HARNESS if failed else OK


def _say(row: dict[str, Any], dry_run: bool) -> None:
    deeds = {"pack": "packed", "remove": "removed", "keep": "kept", "failed": "failed"}
    deed = f"would {row['deed']}" if dry_run and row["deed"] != "keep" else deeds[row["deed"]]
    missing = (
        "; the history does not have it" if row["deed"] == "pack" and not row["in_history"] else ""
    )
    click.echo(f"{deed}: {row['run']}: {row['reason']}{missing}")

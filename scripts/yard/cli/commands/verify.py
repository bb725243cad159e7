# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from yard.data import cpu_quota, host, models
from yard.engine import campaign, plan as planning
from yard.text import run_progress, summary
from yard.errors import FAILED, OK
from yard.engine import runner as running
from yard.cli.commands import _options, run


@click.command(short_help="Check that every cell is right; measures nothing.")
@_options.add(*_options.CHOICE, _options.BUILD, _options.VERBOSE)
@click.option(
    "--json", "json_output", is_flag=True, help="The verdicts as JSON on standard output."
)
@click.option("--quiet", is_flag=True, help="Only errors.")
def command(**given: Any) -> int:
    """Runs every cell once with the sizes of `smoke` while an observer counts threads and children, and prints
    verdicts, no numbers. Exit code 1: a cell is wrong, crashed, hung or broke its budget. Any build will do.
    """
    found = models.discover(
        campaign.build_folder(given["build"]),
        named=planning.named_models(given["models"], given["cells"]),
        foreign=given["foreign"],
    )
    name, commit, dirty = campaign.new_name()
    options = run.options_from(
        {**given, "preset": "smoke", "audit": True, "allow_unoptimised": True}
    )
    plan = planning.make(found, options, cpu_quota.usable_cpus(host.read), name)
    with tempfile.TemporaryDirectory(prefix="switchyard-verify-") as folder:
        store = campaign.start(found, plan, commit, dirty, Path(folder) / "run")
        meta = json.loads((store.folder / "meta.json").read_text(encoding="utf-8"))
        with run_progress.watcher(
            given["quiet"] or given["json_output"], given["verbose"]
        ) as watcher:
            runner = running.Runner(store, plan, meta, found.executables, watcher)
            interrupted = campaign.carry_out(runner)
        if interrupted is not None:
            return interrupted
        verdicts = summary.verdicts(store.folder)
    if given["json_output"]:
        click.echo(json.dumps({"schema": 1, "cells": verdicts}))
    elif not given["quiet"]:
        click.echo(summary.verdict_table(verdicts))
    return FAILED if runner.failed else OK

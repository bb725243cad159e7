# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from yard.data import cpu_quota, host, models
from yard.data.facts import FAILURES
from yard.engine import campaign, load_curve, plan as planning
from yard.text import curve_tables, run_progress
from yard.errors import FAILED, OK, UsageError
from yard.cli.commands import _options


class Fractions(_options.Value):
    name = "20,50,90"

    def convert(self, value: Any, param: Any, context: Any) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        if value == "none":
            return ()
        parts = value.split(",")
        if not all(re.fullmatch(r"\d{1,3}", part) and 1 <= int(part) <= 100 for part in parts):
            self.fail(
                f"'{value}' are no shares of a capacity: write 20,50,90 (percent), or none",
                param,
                context,
            )
        return tuple(sorted({int(part) for part in parts}))


class Slo(_options.Value):
    name = "p99=5ms"

    def convert(self, value: Any, param: Any, context: Any) -> load_curve.Objective:
        if isinstance(value, load_curve.Objective):
            return value
        match = re.fullmatch(r"p(50|90|99|99\.?9)=(\d+(?:\.\d+)?)(us|µs|ms|s)", value)
        if not match or float(match[2]) <= 0:
            self.fail(
                f"'{value}' is no objective: write p99=5ms; there is p50, p90, p99, p999 and us, ms, s",
                param,
                context,
            )
        scale = {"us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9}[match[3]]
        return load_curve.Objective(f"p{match[1].replace('.', '')}_ns", float(match[2]) * scale)


@click.command(short_help="Capacity, then latency at shares of it, under open loop.")
@click.option("--workload", required=True, help="A server: echo, http or mixed.")
@click.option("--models", type=_options.Names(), default=(), help="Only these models.")
@click.option("--variants", type=_options.Names(), default=(), help="Only these variants.")
@_options.add(_options.PRESET)
@click.option(
    "--connections",
    type=click.IntRange(1, 100_000),
    help="Default: a ladder, to where throughput stops growing.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 4096),
    help="Threads or processes of a server; default: its CPUs.",
)
@click.option(
    "--fractions",
    type=Fractions(),
    default="20,50,70,80,90,95",
    show_default=True,
    help="Percent of the capacity.",
)
@click.option("--common", is_flag=True, help="Also at rates common to all.")
@click.option(
    "--overload",
    is_flag=True,
    help="Also 1.2 and 2 times the capacity for a while: goodput, and the time to recover.",
)
@click.option("--slo", type=Slo(), help="Search the highest rate that holds this objective.")
@click.option(
    "--time-budget",
    "budget_s",
    type=_options.Duration(),
    default="2m",
    show_default=True,
    help="Of that search.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=planning.LEAST_ROUNDS,
    show_default=True,
    help="A report needs 5.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**48),
    default=1,
    show_default=True,
    help="Order and arrivals.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Default results/raw/<host>/<utc>-<commit>."
)
@click.option("--json", "json_output", is_flag=True, help="The result as JSON on standard output.")
@_options.add(_options.BUILD, _options.VERBOSE)
def command(**given: Any) -> int:
    """Throughput against latency: closed loop to each contender's capacity, then open loop, Poisson, at shares of it.

    The folder is that of any run, and the report draws it. Ctrl-C keeps and shows what was measured.
    """
    found = models.discover(campaign.build_folder(given["build"]))
    if found.rig is None or not (found.rig / "switchyard-client").exists():
        raise UsageError(
            f"there is no load generator in {found.rig}: build it with "
            "cmake --build --preset release --target switchyard-client"
        )
    options = planning.Options(
        preset=given["preset"],
        models=given["models"],
        variants=given["variants"],
        workloads=(given["workload"],),
        rounds=1,
        seed=given["seed"],
        workers=given["workers"],
    )
    name, commit, dirty = campaign.new_name()
    plan, contenders = load_curve.plan_of(found, options, cpu_quota.usable_cpus(host.read), name)
    ask = load_curve.Ask(
        given["fractions"],
        given["rounds"],
        given["common"],
        given["overload"],
        given["slo"],
        given["budget_s"],
        given["connections"],
    )
    # Who takes part is known before any process is planned.
    store = campaign.start(
        found, {**plan, "processes": [c.job for c in contenders]}, commit, dirty, given["out"]
    )
    meta = json.loads((store.folder / "meta.json").read_text(encoding="utf-8"))
    with run_progress.watcher(given["json_output"], given["verbose"]) as watcher:
        conductor = load_curve.Conductor(
            contenders, ask, store, plan, meta, found.executables, watcher
        )
        interrupted = campaign.carry_out(conductor)
    answer = load_curve.keep(conductor)
    code = FAILED if any(conductor.verdicts[verdict] for verdict in FAILURES) else OK
    if given["json_output"]:
        click.echo(
            json.dumps({**answer, "exit_code": code if interrupted is None else interrupted})
        )
    else:
        click.echo(curve_tables.text(answer))
        click.echo(
            f"results: {store.folder}; draw them with scripts/switchyard report {store.folder}"
        )
    if interrupted is not None:
        click.echo("interrupted; what was measured is kept and shown", err=True)
        return interrupted
    return code

# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Mapping

import click

from yard.data import models, samples, workloads
from yard.data.workloads import Workload
from yard.engine import campaign, live, plan as planning
from yard.learn import advice
from yard.stats import estimates
from yard.text import matrix, run_progress
from yard.errors import OK, UsageError
from yard.text import units
from yard.cli.commands import _options

MOST_PROCESSES = 1_000  # a process a connection is not tried beyond
LIVE_ROUNDS = 7


class Length(_options.Value):
    name = "20ms"

    def convert(self, value: Any, param: Any, context: Any) -> float:
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s)|0", value)
        if not match:
            self.fail(f"'{value}' is no length of time; write 200us, 20ms, 1s or 0", param, context)
        return (
            float(match[1]) * {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9}[match[2]]
            if match[1]
            else 0.0
        )


@click.command(short_help="Which model for my mix of waiting and computing?")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option(
    "--io-wait", type=Length(), help="How long a request waits for something else; 0: not at all."
)
@click.option("--cpu", type=Length(), help="How long a request computes.")
@click.option(
    "--concurrency", type=click.IntRange(1, 100_000), help="Requests in progress at once."
)
@click.option("--p99", type=Length(), help="99 % of requests must end within this.")
@click.option(
    "--live", "measure", is_flag=True, help="Measure that very point first, on this machine."
)
@click.option("--models", type=_options.Names(), default=(), help="Only these models.")
@click.option("--json", "json_output", is_flag=True, help="The advice as JSON on standard output.")
@_options.add(_options.BUILD, _options.VERBOSE)
def command(**given: Any) -> int:
    """Recommends a model for a mix, from a RUN (default: the newest in results/raw), with the cells that the answer rests
    on, intervals, and the mix at which another would be better. What is not given is asked for on a terminal.
    """
    mix = _mix(given)
    if given["measure"]:
        if given["run"]:
            raise UsageError("--live measures anew; leave the run out")
        cells, known = _measured(mix, given)
        source = "measured now"
    else:
        folder = given["run"] or _newest()
        run, source = samples.read_run(folder), str(folder)
        adaptive = bool((run.plan or {}).get("adaptive"))
        cells, known = advice.cells_of(run.samples, adaptive), workloads.of_run(run.meta or {})
    if given["models"]:
        cells = [
            cell
            for cell in cells
            if cell.model in given["models"] or cell.contender in given["models"]
        ]
    found = advice.advise(advice.of_run(cells, known), mix)
    if given["json_output"]:
        click.echo(json.dumps({**found.as_json(), "source": source}))
    else:
        click.echo(_text(found, source))
    return OK


def _mix(given: dict[str, Any]) -> advice.Mix:
    asked = (
        ("io_wait", "How long does a request wait for others (20ms, 0)?", Length()),
        ("cpu", "How long does it compute (200us)?", Length()),
        ("concurrency", "How many requests are in progress at once?", click.IntRange(1, 100_000)),
    )
    for name, question, kind in asked:
        if given[name] is None:
            if not sys.stdin.isatty():
                raise UsageError(
                    f"--{name.replace('_', '-')} is missing: describe the mix, such as "
                    "--io-wait 20ms --cpu 200us --concurrency 500"
                )
            given[name] = click.prompt(question, type=kind)
    return advice.Mix(given["io_wait"], given["cpu"], given["concurrency"], given["p99"])


def _newest() -> Path:
    runs = sorted(campaign.RAW.glob("*/*/samples.jsonl"), key=lambda file: file.parent.name)
    if not runs:
        raise UsageError(
            "there is no run in results/raw; make one with scripts/switchyard run, or say --live"
        )
    return runs[-1].parent


def live_options(
    mix: advice.Mix, names: tuple[str, ...], known: Mapping[str, Workload]
) -> list[planning.Options]:
    """The sizes that are the mix: what is served and computes, and what waits."""
    n = mix.concurrency
    # Enough operations for a p99, and no more: an answer is wanted in a minute or so.
    serve: dict[str, int] = {
        "connections": n,
        "messages": max(n, 2_200),
        "rate_per_s": 0,
        "poisson": 0,
    }
    if mix.cpu_ns >= 1_000:
        serve.update(dear_percent=100, burn_us=round(mix.cpu_ns / 1e3), offload=0)
    part = workloads.SERVING_AND_COMPUTING if mix.cpu_ns >= 1_000 else workloads.SERVING
    common: dict[str, Any] = {"models": names, "rounds": LIVE_ROUNDS}
    serving = workloads.with_part(known, part)
    options = [planning.Options(workloads=serving, set=serve, **common)]
    if mix.io_wait_ns:
        if n > 10_000:
            raise UsageError("--live: at most 10000 requests can be in flight; ask for fewer")
        awaited = workloads.with_part(known, workloads.WAITING)
        wait = {
            "in_flight": n,
            "delay_us": round(mix.io_wait_ns / 1e3),
            "requests": max(2 * n, 500),
        }
        options.append(planning.Options(workloads=awaited, set=wait, **common))
    return options


def _measured(
    mix: advice.Mix, given: dict[str, Any]
) -> tuple[list[estimates.Cell], Mapping[str, Workload]]:
    found = models.discover(campaign.build_folder(given["build"]))
    if mix.concurrency > MOST_PROCESSES:
        for model in found.describe.values():
            model["cells"] = [
                c
                for c in model["cells"]
                if (model["model"], c["variant"]) != ("process", "per_connection")
            ]
    known = workloads.of_descriptions(list(found.workloads.values()))
    cells: list[estimates.Cell] = []
    with run_progress.watcher(
        given["json_output"] or not sys.stdout.isatty(), given["verbose"]
    ) as watcher:
        for options in live_options(mix, given["models"], known):
            cells += live.measure(found, options, watcher, advice.cells_of)
    return cells, known


def _text(found: advice.Advice, source: str) -> str:
    from rich.table import Table

    grid = Table(
        "rank",
        "contender",
        "CPU per request",
        "interval",
        "p99, estimated",
        "meets it",
        box=None,
        pad_edge=False,
    )
    for choice in found.choices:
        interval = (
            ""
            if choice.low_ns is None
            else f"[{units.text(choice.low_ns, 'ns')}, {units.text(choice.high_ns, 'ns')}]"
        )
        grid.add_row(
            str(choice.rank),
            choice.contender,
            units.text(choice.cost_ns, "ns"),
            interval,
            units.text(choice.p99_ns, "ns"),
            choice.meets,
        )
    lines = [
        f"For {found.mix.words()}:",
        "",
        found.words,
        "",
        matrix.rendered(grid),
        "",
        "It rests on: "
        + "; ".join(evidence.words() for evidence in found.evidence)
        + f". Source: {source}",
    ]
    lines += [f"It would be another one {flip}." for flip in found.flips]
    return "\n".join([*lines, *found.notes])

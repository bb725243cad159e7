# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from yard.data import cpu_quota, host, machine_name, models
from yard.engine import campaign, counters, forecast, plan as planning
from yard.report import history_store
from yard.text import run_progress, summary
from yard.errors import FAILED, OK, UsageError
from yard.engine import runner as running
from yard.text.watching import Watching
from yard.engine import schedule
from yard.cli.commands import _options

LEFT_BY_RESUME = {"resume", "counters", "into_history", "json_output", "quiet", "verbose", "watch"}


@click.command(short_help="Measure models into a new results folder.")
@_options.add(_options.PRESET, *_options.CHOICE, _options.BUILD, _options.VERBOSE)
@click.option(
    "--set",
    "settings",
    type=_options.Setting(),
    multiple=True,
    help="Override a field of every point.",
)
@click.option(
    "--sweep",
    "sweeps",
    type=_options.Sweep(),
    multiple=True,
    help="Measure the last point at each of these values: workers=1..8, grain=2,8,14; all combinations.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    help="Default 1, 7 or 15 by preset; a report needs 5. With a time budget: at most so many.",
)
@click.option(
    "--time-budget",
    "time_budget_s",
    type=_options.Duration(),
    help="Measure no longer: what answers a report's first page comes first; quick: 5m.",
)
@click.option(
    "--until",
    type=_options.Share(),
    help="Measure until every row is decided: its leader is ahead of each other, or equal to it within so much.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Default results/raw/<machine>/<utc>-<commit>.",
)
@click.option("--resume", type=click.Path(path_type=Path), help="Continue the run in this folder.")
@click.option(
    "--counters",
    is_flag=True,
    help="Afterwards count each cell's allocations and system calls, in processes of their own.",
)
@click.option(
    "--history",
    "into_history",
    is_flag=True,
    help="Append it to results/history.sqlite when it is complete.",
)
@click.option("--json", "json_output", is_flag=True, help="The result as JSON on standard output.")
@click.option(
    "--plan", "--dry-run", "plan_only", is_flag=True, help="Show what would be measured, and stop."
)
@click.option("--quiet", is_flag=True, help="Only errors.")
@click.option(
    "--watch", is_flag=True, help="Between processes: the table of what has been measured so far."
)
@click.option(
    "--allow-unoptimised",
    is_flag=True,
    help="Measure a build that is not release; the run is marked.",
)
@click.pass_context
def command(context: click.Context, **given: Any) -> int:
    """Measures every model, each cell in a process of its own, round after round.

    Ctrl-C keeps what was measured. Exit code 1: a cell gave a wrong result, crashed, hung or broke its budget.
    """
    if given["watch"] and given["quiet"]:
        raise UsageError("--watch shows what --quiet hides: leave one out")
    if given["resume"]:
        return _resume(context, given)
    if given["workers"] and any(name == "workers" for name, _ in given["sweeps"]):
        raise UsageError("--workers and --sweep workers=... contradict each other: leave one out")
    found = models.discover(
        campaign.build_folder(given["build"]),
        named=planning.named_models(given["models"], given["cells"]),
        foreign=given["foreign"],
    )
    options = options_from(given)
    run, commit, dirty = campaign.new_name()
    plan = planning.make(found, options, cpu_quota.usable_cpus(host.read), run)
    unknown = forecast.expect(plan, campaign.RAW / machine_name.machine_id())
    expected = forecast.words(plan, list(found.workloads.values()), unknown)
    if given["plan_only"]:
        click.echo(
            json.dumps(plan, indent=1)
            if given["json_output"]
            else f"{summary.plan_text(plan)}\n{expected}"
        )
        return OK
    if not given["quiet"]:
        click.echo(expected, err=True)
    store = campaign.start(found, plan, commit, dirty, given["out"])
    meta = json.loads((store.folder / "meta.json").read_text(encoding="utf-8"))
    return _measure(store, plan, meta, found.executables, given)


def options_from(given: dict[str, Any]) -> planning.Options:
    return planning.Options(
        preset=given["preset"],
        models=given["models"],
        workloads=given["workloads"],
        variants=given["variants"],
        cells=given["cells"],
        set=dict(given.get("settings", ())),
        sweep=dict(given.get("sweeps", ())),
        rounds=given.get("rounds"),
        time_budget_s=given.get("time_budget_s"),
        until=given.get("until"),
        seed=given["seed"],
        workers=given["workers"],
        timeout_s=given["timeout_s"],
        audit=given.get("audit", False),
        allow_unoptimised=given.get("allow_unoptimised", False),
        foreign=given.get("foreign", False),
    )


def _resume(context: click.Context, given: dict[str, Any]) -> int:
    default = click.core.ParameterSource.DEFAULT
    extra = [
        name
        for name in given
        if name not in LEFT_BY_RESUME and context.get_parameter_source(name) != default
    ]
    if extra:
        raise UsageError(
            f"--resume takes everything from the plan of that run; leave out {', '.join(extra)}"
        )
    store, plan, meta, executables = campaign.resume(given["resume"])
    return _measure(store, plan, meta, executables, given)


def _measure(
    store: Any, plan: dict[str, Any], meta: dict[str, Any], executables: Any, given: dict[str, Any]
) -> int:
    quiet = given["quiet"]
    with run_progress.watcher(quiet, given["verbose"]) as watcher:
        if not quiet:
            for warning in meta["warnings"]:
                watcher.say(f"note: {warning}")
        shown = Watching(watcher, store.folder) if given["watch"] else watcher
        runner = running.Runner(store, plan, meta, executables, shown)
        interrupted = campaign.carry_out(runner)
    if interrupted is not None:
        left = campaign.left_over(store.folder, plan)
        click.echo(
            f"interrupted; {left}. Continue with:\n"
            f"  scripts/switchyard run --resume {store.folder}",
            err=True,
        )
        return interrupted
    if given["counters"]:
        counted = counters.record(
            store.folder,
            plan["processes"],
            runner.process,
            runner.grace_s,
            lambda text: click.echo(text, err=True),
        )
        if not quiet and not given["json_output"]:
            click.echo(
                f"allocations and system calls of {counted} cells are in {store.folder / counters.FILE}"
            )
    code = FAILED if runner.failed else OK
    if given["into_history"]:
        book = history_store.History(history_store.FILE)
        book.add(history_store.points_of(store.folder))
        book.close()
    if given["json_output"]:
        click.echo(
            json.dumps(
                {
                    "schema": 1,
                    "run": plan["run"],
                    "folder": str(store.folder),
                    "rounds": meta["rounds"],
                    "open": meta.get("open", []),
                    "verdicts": dict(runner.verdicts),
                    "exit_code": code,
                }
            )
        )
    elif not quiet:
        click.echo(summary.table(store.folder))
        if meta.get("open"):
            missing = [schedule.Open(**row) for row in meta["open"]]
            click.echo(f"open, with the time it would take: {forecast.open_words(missing)}")
        click.echo(f"results: {store.folder}")
    return code

# SPDX-License-Identifier: MIT
from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, ContextManager, Mapping, NamedTuple

import click

from yard.data import cpu_quota, host, machine_name, models
from yard.data.store import Store
from yard.engine import campaign, counters, forecast, plan as planning
from yard.link import link_request, over_link
from yard.report import history_store
from yard.text import run_progress, summary
from yard.errors import FAILED, OK, UsageError
from yard.engine import runner as running
from yard.text.watching import Watching
from yard.engine import schedule
from yard.cli.commands import _options


class Begun(NamedTuple):
    """A run whose folder is there."""

    store: Store
    plan: dict[str, Any]
    meta: dict[str, Any]
    executables: Mapping[str, Path]


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
@click.option(
    "--link",
    metavar="netns[,rate=1gbit][,delay=1ms][,loss=0.1%]",
    help="Servers and their load generator in two network namespaces, with a veth pair between them.",
)
@click.option(
    "--client-host",
    metavar="[USER@]HOST[,address=IP][,build=FOLDER]",
    help="The load generator of servers on another host, started over ssh.",
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
    build = campaign.build_folder(given["build"])
    with _opened(_asked_link(given), build) as over:
        return _measure_anew(given, build, over)


def _asked_link(given: dict[str, Any]) -> link_request.LinkRequest | None:
    if given["link"] and given["client_host"]:
        raise UsageError("--link and --client-host are two links: leave one out")
    if given["link"]:
        return link_request.parse_link(given["link"])
    return link_request.parse_host(given["client_host"]) if given["client_host"] else None


def _opened(
    asked: link_request.LinkRequest | None, build: Path
) -> ContextManager[over_link.OverLink | None]:
    return over_link.opened(asked, build / "bin") if asked else contextlib.nullcontext()


def _measure_anew(given: dict[str, Any], build: Path, over: over_link.OverLink | None) -> int:
    found = models.discover(
        build,
        named=planning.named_models(given["models"], given["cells"]),
        foreign=given["foreign"],
    )
    options = replace(options_from(given), link=over.facts if over else None)
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
    store = campaign.start(found, plan, commit, dirty, given["out"], options.link)
    meta = json.loads((store.folder / "meta.json").read_text(encoding="utf-8"))
    begun = Begun(store, plan, meta, found.executables)
    return _measure(begun, over, given)


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
    begun = Begun(*campaign.resume(given["resume"]))
    request = begun.plan.get("link")
    asked = link_request.of_plan(request) if request else None
    with _opened(asked, _build_of(begun.executables)) as over:
        if over:
            over_link.must_be_the_same(over, begun.meta)
        return _measure(begun, over, given)


def _build_of(executables: Mapping[str, Path]) -> Path:
    """Of a run that was begun."""
    return next(iter(executables.values())).parent.parent


def _measure(begun: Begun, over: over_link.OverLink | None, given: dict[str, Any]) -> int:
    store, plan, meta = begun.store, begun.plan, begun.meta
    quiet = given["quiet"]
    with run_progress.watcher(quiet, given["verbose"]) as watcher:
        if not quiet:
            for warning in meta["warnings"]:
                watcher.say(f"note: {warning}")
        shown = Watching(watcher, store.folder) if given["watch"] else watcher
        runner = running.Runner(store, plan, meta, begun.executables, shown, over=over)
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

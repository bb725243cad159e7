# SPDX-License-Identifier: MIT
"""switchyard fleet: one campaign on many machines, queued by Slurm."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from yard.cli.commands import _options
from yard.errors import FAILED, HARNESS, INCONCLUSIVE, OK, UsageError

FLEET = click.option(
    "--fleet", "file", type=click.Path(path_type=Path), help="Default fleet.toml, if there is one."
)
PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}
LOOK_S = 1.0


@click.group(short_help="Measure on many machines: up, run, status, collect, report.")
def command() -> None:
    """One campaign on many machines, each with its own build, queued by Slurm. Without fleet.toml and without a local
    cluster a campaign runs on this machine alone. docs/fleet.md leads from bare machines to a page.
    """


@command.command("up", short_help="Bring up a private cluster of pretended nodes, on loopback.")
@click.option("--local", "count", type=int, required=True, help="How many nodes.")
@click.option(
    "--cpus",
    default="",
    help="CPU sets of the nodes, as in '0;1;0-1'; in turn if fewer than nodes.",
)
@click.option(
    "--build",
    type=click.Path(path_type=Path),
    help="Use this build instead of building the commit.",
)
@click.option(
    "--prepare", is_flag=True, help="Run doctor --fix before each job and --restore after it."
)
@_options.VERBOSE
def up(count: int, cpus: str, build: Path | None, prepare: bool, verbose: bool) -> int:
    """Needs Slurm (scripts/setup --fleet) and no privileges. The nodes share this machine, so that jobs run in turn."""
    from yard.engine import campaign
    from yard.fleet import cluster
    from yard.fleet.cpus import parse

    sets = [part for part in cpus.split(";") if part]
    for text in sets:
        if not parse(text) <= os.sched_getaffinity(0):
            raise UsageError(f"--cpus {text}: not all of these CPUs can be used here")
    fleet = cluster.up(count, sets, campaign.build_folder(build) if build else None, prepare)
    click.echo(f"{', '.join(fleet.names)} are idle. Now: scripts/switchyard fleet run --each")
    return OK


@command.command("down", short_help="End the private cluster; what was measured stays.")
@_options.VERBOSE
def down(verbose: bool) -> int:
    from yard.fleet import cluster

    click.echo(cluster.down())
    return OK


@command.command("run", short_help="Run a campaign on each machine.", context_settings=PASSED_ON)
@FLEET
@click.option("--each", is_flag=True, help="On every machine of the fleet (the default).")
@click.option("--any", "any_class", default="", metavar="CLASS", help="On one machine of CLASS.")
@click.option("--no-wait", is_flag=True, help="Only submit the jobs.")
@click.option("--time-limit", default="", help="Slurm's limit for each job, as in 30 or 2:00:00.")
@click.argument("flags", nargs=-1, metavar="[-- RUN FLAGS]")
def run(
    file: Path | None,
    each: bool,
    any_class: str,
    no_wait: bool,
    time_limit: str,
    flags: tuple[str, ...],
) -> int:
    """Behind `--` stand the flags of `switchyard run`. What is measured is the commit that is checked out here; each
    machine builds it for itself and makes its own plan from these flags."""
    _refuse("run", flags, ("--out", "--resume", "--build", "--history"))
    if each and any_class:
        raise UsageError("--each and --any exclude each other")
    return _begin("run", file, list(flags), any_class, no_wait, time_limit)


@command.command("check", short_help="Gate a change on each machine.", context_settings=PASSED_ON)
@FLEET
@click.option("--base", required=True, help="The revision to compare with.")
@click.option("--head", default="HEAD", show_default=True, help="The revision to judge.")
@click.option("--any", "any_class", default="", metavar="CLASS", help="On one machine of CLASS.")
@click.option("--no-wait", is_flag=True, help="Only submit the jobs.")
@click.option("--time-limit", default="", help="Slurm's limit for each job.")
@click.argument("flags", nargs=-1, metavar="[-- CHECK FLAGS]")
def check(
    file: Path | None,
    base: str,
    head: str,
    any_class: str,
    no_wait: bool,
    time_limit: str,
    flags: tuple[str, ...],
) -> int:
    """`switchyard check` of two revisions on each machine, or on one of a class; red on one machine is red."""
    from yard.fleet import orders

    _refuse("check", flags, ("--out", "--base", "--head", "--base-build", "--head-build"))
    commits = [orders.commit_of(revision) for revision in (base, head)]
    own = ["--base", commits[0], "--head", commits[1], *flags]
    return _begin("check", file, own, any_class, no_wait, time_limit)


def _refuse(kind: str, flags: tuple[str, ...], ours: tuple[str, ...]) -> None:
    for flag in flags:
        if flag.partition("=")[0] in ours:
            raise UsageError(f"{flag} is set by fleet {kind} itself; leave it out")


def _committed(fleet: Any) -> str:
    """The commit that is checked out. Machines build commits: what is not committed never gets there."""
    from yard.data import host
    from yard.data.models import REPOSITORY
    from yard.fleet import orders

    commit = orders.commit_of()
    if host.commit(REPOSITORY)[1] and not all(member.build for member in fleet.members):
        raise UsageError(
            "the work tree differs from its commit, and machines measure commits: commit first"
        )
    return commit


def _begin(
    kind: str,
    file: Path | None,
    flags: list[str],
    any_class: str,
    no_wait: bool,
    time_limit: str,
) -> int:
    from yard.fleet import conduct

    fleet = conduct.fleet_of(file)
    commit = _committed(fleet)
    campaign = conduct.start(fleet, kind, commit, flags, any_class, time_limit)
    click.echo(f"campaign {campaign.name} on {', '.join(campaign.jobs or campaign.machines)}")
    if no_wait:
        return OK
    try:
        return _wait(campaign, fleet)
    except KeyboardInterrupt:
        click.echo("the jobs go on; see: scripts/switchyard fleet status", err=True)
        raise


def _wait(campaign: Any, fleet: Any) -> int:
    """Until every job has ended, with a line for each change; then what they measured is here."""
    from yard.fleet import conduct

    shown: dict[str, str] = {}
    while True:
        rows = conduct.progress(campaign, fleet)
        for row in rows:
            text = f"{row.machine}: {row.state}" + (f", {row.detail}" if row.detail else "")
            if shown.get(row.machine) != text:
                shown[row.machine] = text
                click.echo(text)
        if all(row.ended for row in rows):
            break
        time.sleep(LOOK_S)
    if fleet.slurm_conf:
        _collect(campaign, fleet)
    return worst([row.exit_code for row in conduct.progress(campaign, fleet)])


def worst(codes: list[int | None]) -> int:
    """Of a campaign: a harness that failed somewhere hides nothing that is red elsewhere."""
    for code in (FAILED, HARNESS, 64, 3, INCONCLUSIVE):
        if code in codes:
            return code
    return OK if codes and all(code == OK for code in codes) else HARNESS


@command.command("status", short_help="How far each machine is.")
@click.argument("name", default="", metavar="[CAMPAIGN]")
@FLEET
@click.option("--json", "as_json", is_flag=True, help="As JSON on standard output.")
@_options.VERBOSE
def status(name: str, file: Path | None, as_json: bool, verbose: bool) -> int:
    """Of the newest campaign, or of the one that is named."""
    from yard.fleet import conduct, orders
    from yard.fleet.slurm import Slurm

    fleet = conduct.fleet_of(file)
    campaign = orders.load(name)
    rows = conduct.progress(campaign, fleet)
    nodes = Slurm(fleet.slurm_conf).nodes() if fleet.slurm_conf else []
    if as_json:
        entries = [vars(row) for row in rows]
        click.echo(
            json.dumps({"schema": 1, "campaign": campaign.name, "machines": entries}, indent=1)
        )
        return OK
    click.echo(f"campaign {campaign.name}, {campaign.kind} of {campaign.commit[:12]}")
    for row in rows:
        click.echo(f"  {row.machine}: {row.state}" + (f", {row.detail}" if row.detail else ""))
    for node in nodes:
        if node.state not in ("idle", "allocated", "completing", "mixed"):
            reason = "" if node.reason in ("", "none") else f": {node.reason}"
            click.echo(f"  machine {node.name} is {node.state}{reason}")
    return OK


@command.command("collect", short_help="Fetch what the machines measured.")
@click.argument("name", default="", metavar="[CAMPAIGN]")
@FLEET
@_options.VERBOSE
def collect(name: str, file: Path | None, verbose: bool) -> int:
    from yard.fleet import conduct, orders

    fleet = conduct.fleet_of(file)
    if fleet.slurm_conf is None:
        click.echo("everything is here already: there is one machine")
        return OK
    _collect(orders.load(name), fleet)
    return OK


def _collect(campaign: Any, fleet: Any) -> None:
    from yard.fleet import collect as collecting, conduct

    slurm = conduct.require_slurm(fleet)
    for row in conduct.progress(campaign, fleet):
        if row.machine in fleet.names:
            click.echo(collecting.fetch(campaign, fleet, slurm, row.machine))


@command.command("report", short_help="The page of a campaign: machine x contender x workload.")
@click.argument("name", default="", metavar="[CAMPAIGN]")
@FLEET
@_options.VERBOSE
def report(name: str, file: Path | None, verbose: bool) -> int:
    from yard.fleet import conduct, orders, fleet_page

    fleet = conduct.fleet_of(file)
    campaign = orders.load(name)
    pretended = campaign.source == "the local cluster"
    reachable = fleet.slurm_conf is not None or campaign.source == "this machine"
    rows = conduct.progress(campaign, fleet) if reachable else []
    click.echo(str(fleet_page.write(campaign, rows, pretended)[0]))
    return OK


@command.command("job", hidden=True)
@click.option("--order", required=True)
def job(order: str) -> int:
    """Runs on a machine, started by Slurm."""
    from dataclasses import replace

    from yard.fleet import orders
    from yard.fleet.job import Job

    found = orders.decoded(order)
    if node := os.environ.get("SLURMD_NODENAME"):  # of a class, any machine may have been chosen
        found = replace(found, machine=node)
    return Job(found).do()


@command.command("pack", hidden=True)
@click.argument("campaign")
@click.argument("machine")
def pack(campaign: str, machine: str) -> int:
    """Writes a machine's results to standard output, for `collect`."""
    from yard.data.machine_name import checked
    from yard.fleet import collect as collecting, orders

    if not orders.NAME.fullmatch(campaign):
        raise UsageError(f"'{campaign}' is no campaign")
    collecting.pack(campaign, checked(machine, "MACHINE"), sys.stdout.buffer)
    return OK


@command.command("prepare", hidden=True)
@click.option("--node", required=True)
@FLEET
def prepare(node: str, file: Path | None) -> int:
    """Slurm's prolog: doctor --fix; a machine that is unfit is drained with the doctor's sentence."""
    from yard.fleet import conduct, prepare as preparing

    return preparing.prepare(conduct.fleet_of(file), node)


@command.command("restore", hidden=True)
@click.option("--node", required=True)
@FLEET
def restore(node: str, file: Path | None) -> int:
    """Slurm's epilog: doctor --restore."""
    from yard.fleet import prepare as preparing

    return preparing.restore()

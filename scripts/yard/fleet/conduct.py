# SPDX-License-Identifier: MIT
"""Gives a campaign to the machines, and tells how far each of them is."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from yard.data.machine_name import machine_id
from yard.errors import FAILED, INCONCLUSIVE, OK, UsageError, YardError
from yard.fleet import cluster, config, job, orders
from yard.fleet.config import Fleet, Member
from yard.fleet.orders import Campaign, Order
from yard.fleet.slurm import Slurm

SCRIPT = """\
#!/bin/sh
exec {launcher} fleet job --order {order}
"""
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"}


def this_machine() -> Fleet:
    return Fleet((Member(machine_id()),), None, source="this machine")


def fleet_of(file: Path | None) -> Fleet:
    """Of --fleet, else of fleet.toml, else the local cluster, else this machine alone."""
    if file is not None:
        return config.read(file)
    if config.DEFAULT.exists():
        return config.read(config.DEFAULT)
    return cluster.fleet() or this_machine()


def start(
    fleet: Fleet, kind: str, commit: str, flags: list[str], any_class: str, time_limit: str
) -> Campaign:
    """Submits the jobs, or does them here where there is no Slurm."""
    chosen = fleet.of_class(any_class) if any_class else list(fleet.members)
    names = [member.name for member in chosen]
    campaign = orders.new(kind, commit, flags, names, fleet.source)
    campaign.save()
    if fleet.slurm_conf is None:
        order = _order(campaign, chosen[0])
        job.Job(order).do()
        return campaign
    slurm = Slurm(fleet.slurm_conf)
    limit = [f"--time={time_limit}"] if time_limit else []
    if any_class:
        # Slurm knows the class as a feature of the nodes; the job learns on which one it is.
        options = [f"--constraint={any_class}"]
        campaign.classes = [any_class]
        campaign.jobs[f"any {any_class}"] = _submit(slurm, campaign, chosen[0], options + limit)
    else:
        for member in chosen:
            options = [f"--nodelist={member.name}"]
            campaign.jobs[member.name] = _submit(slurm, campaign, member, options + limit)
            campaign.save()
    campaign.save()
    return campaign


def _order(campaign: Campaign, member: Member) -> Order:
    return Order(
        campaign.name,
        member.name,
        campaign.kind,
        campaign.commit,
        tuple(campaign.flags),
        str(member.build or ""),
        member.cpus,
    )


def _submit(slurm: Slurm, campaign: Campaign, member: Member, options: list[str]) -> str:
    launcher = shlex.quote(str(member.checkout / "scripts" / "switchyard"))
    script = SCRIPT.format(launcher=launcher, order=_order(campaign, member).encoded())
    own = ["--requeue", "--exclusive", "--nodes=1", f"--job-name={campaign.name}"]
    own.append("--output=/dev/null")  # the job keeps its own log, where nobody can plant a file
    if "LicenseName=machine" in slurm.call("scontrol", "show", "licenses"):
        own.append("--licenses=machine:1")  # pretended nodes share the CPUs: one job at a time
    return slurm.submit(script, *own, *options)


@dataclass(frozen=True)
class Progress:
    machine: str
    state: str  # pending, running, done, failed, lost
    detail: str
    exit_code: int | None = None

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed", "lost")


def progress(campaign: Campaign, fleet: Fleet) -> list[Progress]:
    slurm = Slurm(fleet.slurm_conf) if fleet.slurm_conf else None
    if slurm is None or not campaign.jobs:
        return [_of_state(name, campaign) for name in campaign.machines]
    return [_of_job(label, campaign, slurm) for label in campaign.jobs]


def _of_state(machine: str, campaign: Campaign) -> Progress:
    state = job.read_state(job.folder_of(campaign.name, machine))
    if not state:
        return Progress(machine, "pending", "not started")
    code = state.get("outcome")
    if code is None:
        return Progress(machine, "running", f"try {state.get('started', 1)}")
    reason = str(state.get("reason") or "")
    return Progress(
        machine, "done" if code in (OK, FAILED, INCONCLUSIVE) else "failed", reason, code
    )


def _of_job(label: str, campaign: Campaign, slurm: Slurm) -> Progress:
    found = slurm.job(campaign.jobs[label])
    machine = label if label in campaign.machines else (found.node if found else "") or label
    own = _of_state(machine, campaign)
    if found is None:
        return own if own.ended else Progress(machine, "lost", "Slurm knows its job no longer")
    again = f", restarted {found.restarts} times" if found.restarts else ""
    if found.state in ("PENDING", "REQUEUED"):
        return Progress(machine, "pending", f"waits: {found.reason}{again}")
    if found.state not in ENDED:
        return Progress(machine, "running", f"{found.state.lower()}{again}")
    if own.exit_code is not None:
        return Progress(machine, own.state, own.detail + again, own.exit_code)
    hint = "; is the checkout that fleet.toml names on it?" if found.exit_code == 127 else ""
    detail = f"its job ended as {found.state} with {found.exit_code}{hint}{again}"
    return Progress(machine, "failed", detail)


def require_slurm(fleet: Fleet) -> Slurm:
    if fleet.slurm_conf is None:
        raise UsageError("there is no Slurm here; bring it up with: switchyard fleet up --local 3")
    if not fleet.slurm_conf.exists():
        raise YardError(f"{fleet.slurm_conf} does not exist; fleet.toml names it as slurm_conf")
    return Slurm(fleet.slurm_conf)

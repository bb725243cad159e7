# SPDX-License-Identifier: MIT
"""A machine before and after a job: Slurm's prolog and epilog (slurm.conf(5)).

A prolog that fails drains its node and requeues the job; the reason that Slurm would note, "Prolog error", is replaced
by what the doctor says.
"""

from __future__ import annotations

from yard.doctor import checks, mend
from yard.doctor.machine import Machine
from yard.errors import HARNESS, OK, UsageError, YardError
from yard.fleet.config import Fleet
from yard.fleet.slurm import Slurm

MOST_REASON = 200


def unfit(machine: Machine, refuse: tuple[str, ...]) -> str:
    """The doctor's sentence of the first finding with which this machine must not measure; empty if it may."""
    findings, _ = checks.examine(machine)
    for finding in findings:
        if finding.name in refuse and finding.level == checks.MATTERS:
            return f"{finding.name}: {finding.value}; {finding.why}"
    return ""


def prepare(fleet: Fleet, node: str, machine: Machine = Machine()) -> int:
    findings, _ = checks.examine(machine)
    settings = [setting for finding in findings for setting in finding.settings]
    # What cannot be written (no root, a container) is the doctor's to report, not a reason to refuse the job.
    mend.fix(machine, settings, mend.record_file())
    sentence = unfit(machine, fleet.refuse)
    if not sentence:
        return OK
    if fleet.slurm_conf is not None:
        Slurm(fleet.slurm_conf).drain(node, sentence[:MOST_REASON])
    raise YardError(f"{node} is unfit: {sentence}")


def restore(machine: Machine = Machine()) -> int:
    try:
        mend.restore(machine, mend.record_file())
    except UsageError:
        return OK  # nothing was changed
    except YardError:
        return HARNESS
    return OK

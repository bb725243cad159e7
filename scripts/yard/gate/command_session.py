# SPDX-License-Identifier: MIT
"""One check of any two commands, from their text to a verdict."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Mapping

from yard.data.store import make_folder
from yard.gate import sequential
from yard.gate.check_progress import Progress
from yard.gate.command_choice import prepare
from yard.gate.found import Found
from yard.gate.pair_log import PairLog
from yard.gate.pairs import CONTROL
from yard.gate.request import Request
from yard.gate.sequential import Screening
from yard.gate.session import extra_s
from yard.gate.side_command import Command
from yard.gate.time_budget import TimeBudget
from yard.text import numbers


def run(commands: Mapping[str, Command], request: Request, progress: Progress) -> Found:
    time, profile = TimeBudget(request.budget_s), request.profile

    def step(line: dict[str, Any]) -> None:
        progress.step(f"{source.disturbed.pairs} pairs, {time.left()}: {line['scenario']}")

    make_folder(request.cache)
    with tempfile.TemporaryDirectory(prefix="run-", dir=request.cache) as folder, PairLog(
        request.out, step
    ) as log:
        source, metrics = prepare(
            commands,
            request.metrics,
            request.only,
            request.seed,
            Path(folder),
            log,
            request.project,
        )
        progress.say(
            f"{len(source.names)} scenarios, {profile.screen_pairs} pairs each, then up to {profile.looks[-1]} fresh "
            f"pairs for suspects; at most {numbers.minutes(request.budget_s)}"
        )
        outcome = sequential.run(
            source,
            profile,
            request.seed,
            time.left_s,
            metrics,
            CONTROL,
            Screening(extra_s(time)),
        )
    outcome.control_broken = source.not_compared.pop(CONTROL, "")
    outcome.absent, notes = source.ledger.judged()
    return Found(
        outcome,
        {name: command.label or command.text for name, command in commands.items()},
        values=source.values,
        not_compared=source.not_compared,
        notes=notes,
        disturbed=source.disturbed,
        control_of=source.control_of,
        slot_s=source.slot_s,
        minutes=time.used_s() / 60,
    )

# SPDX-License-Identifier: MIT
"""What of two commands is compared: scenarios that base has, and metrics. Refuses what cannot
be, before the pairs."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterable, Mapping, Sequence

from yard.errors import NotComparable, UsageError, YardError, nearest
from yard.gate.command_pairs import (
    SIDES,
    CommandSource,
    Wanted,
    as_metrics,
    is_rate,
    wanted,
)
from yard.gate import whole_process
from yard.gate.outcome import few
from yard.gate.formats.output_format import Format
from yard.gate.pair_log import PairLog
from yard.gate.project_file import ProjectFile
from yard.gate.rule import Metric
from yard.gate.side_command import Command, Gave, Unlisted
from yard.text.outside import readable

NEW = "new: head only"
MOST_TRIED = 20  # benchmarks in which a metric of --metric is looked for


def prepare(
    commands: Mapping[str, Command],
    flags: Sequence[str],
    only: Sequence[str],
    seed: int,
    scratch: Path,
    log: PairLog,
    project: ProjectFile | None = None,
) -> tuple[CommandSource, dict[str, Metric]]:
    wanted(flags)  # refused before anything runs
    for side in SIDES:
        _examine(side, commands[side], scratch)
    _of_a_kind(commands)
    form = commands["base"].format
    directions = project.directions() if project else {}
    asked = wanted(flags, direction_of(form, directions))
    source = CommandSource(commands, asked, seed, scratch, log.record)
    source.kept, source.directions = log.folder, directions
    names = _printed(source, flags) if source.whole else _listed(source, asked, only)
    _choose(source, names, only)
    draw = random.Random(f"control {seed}")
    source.controls = sorted(source.names)
    draw.shuffle(source.controls)
    source.control_of = source.controls.pop() if source.controls else ""
    metrics = as_metrics([one.name for one in source.asked])
    if asked:
        metrics = {name: replace(metric, tier="gating") for name, metric in metrics.items()}
    source.metrics = metrics = project.with_tolerances(metrics) if project else metrics
    return source, metrics


def direction_of(form: Format | None, directions: Mapping[str, bool]) -> Callable[[str], bool]:
    """Is more of a metric better? As the project says, else as its format does."""
    usual = form.more if form else is_rate
    return lambda name: directions[name] if name in directions else usual(name)


def _of_a_kind(commands: Mapping[str, Command]) -> None:
    base, head = (commands[side] for side in SIDES)
    if (base.names is None) == (head.names is None):
        return
    side = "base" if base.names is None else "head"
    if commands[side].trouble:
        error = f"the {side}'s command {commands[side].trouble}, asked for its list of benchmarks"
        raise NotComparable(error) if side == "base" else YardError(error)
    named = next(command.format for command in (base, head) if command.names is not None)
    raise NotComparable(
        f"one command runs single benchmarks ({named.title if named else 'its own'}) and the other does not: "
        "take two of a kind"
    )


def _examine(side: str, command: Command, scratch: Path) -> None:
    try:
        command.examine(scratch)
    except Unlisted as error:
        text = f"the {side}'s command {error}. Run it by hand: {readable(command.text)}"
        raise (NotComparable(text) if side == "base" else YardError(text)) from None


def _listed(
    source: CommandSource, asked: Sequence[Wanted], only: Sequence[str]
) -> dict[str, list[str]]:
    names = {side: list(source.commands[side].names or {}) for side in SIDES}
    form = source.commands["base"].format
    judged = form.judged if form else ()
    missing = {one.name for one in asked if one.name not in judged}
    printed = set(judged)
    chosen = [*chosen_of(only, names["base"] + names["head"])] or names["base"]
    tries = [(side, name) for name in chosen[:MOST_TRIED] for side in SIDES if name in names[side]]
    for side, name in tries:
        if printed and not missing:
            break
        printed |= source.once(side, name).reading.metrics(name)
        missing -= printed
    _refuse(missing, printed, "prints")
    source.asked = asked or _all_of(
        judged or sorted(printed), direction_of(form, source.directions)
    )
    return names


def _all_of(metrics: Sequence[str], more: Callable[[str], bool]) -> list[Wanted]:
    return [Wanted(name, more(name)) for name in metrics]


def _printed(source: CommandSource, flags: Sequence[str]) -> dict[str, list[str]]:
    """The scenarios that each command prints when it is run once, and the metrics that are
    judged without --metric."""
    first: dict[str, Gave] = {side: source.once(side, "") for side in SIDES}
    for side, gave in first.items():
        if not gave.reading.scenarios and not gave.reading.unread:
            error = (
                f"the {side}'s command {gave.trouble}. Run it by hand: "
                f"{readable(source.commands[side].text)}"
            )
            raise NotComparable(error) if side == "base" else YardError(error)
    base, head = (source.commands[side].format for side in SIDES)
    if base is not head:
        titles = [form.title if form else "nothing that is known" for form in (base, head)]
        raise NotComparable(f"base prints {titles[0]} and head {titles[1]}: take two of a kind")
    more = direction_of(base, source.directions)
    asked = wanted(flags, more)
    readings = [gave.reading for gave in first.values()]
    printed = sorted({m for r in readings for name in r.scenarios for m in r.metrics(name)})
    _refuse({one.name for one in asked} - set(printed), printed, "prints")
    judged = whole_process.JUDGED if source.commands["base"].timed else base.judged if base else ()
    source.asked = asked or _all_of([m for m in judged if m in printed] or printed, more)
    return {side: gave.reading.scenarios for side, gave in first.items()}


def _refuse(missing: Iterable[str], printed: Iterable[str], verb: str) -> None:
    for name in sorted(missing):
        raise UsageError(f"--metric: neither command {verb} '{name}': {nearest(name, printed)}")


def chosen_of(only: Sequence[str], known: Sequence[str]) -> list[str]:
    """A name may contain a comma: what is known as a whole is taken as one, and only the rest is
    a list."""
    chosen: list[str] = []
    for given in only:
        given = readable(given)
        parts = [given] if given in known else [p.strip() for p in given.split(",") if p.strip()]
        for name in parts or [given]:
            if name not in known:
                raise UsageError(f"--only: unknown name '{name}': {nearest(name, known)}")
            chosen.append(name)
    return chosen


def _choose(source: CommandSource, names: Mapping[str, Sequence[str]], only: Sequence[str]) -> None:
    base, head = (list(dict.fromkeys(names[side])) for side in SIDES)
    known = list(dict.fromkeys([*base, *head]))
    chosen = chosen_of(only, known) or known
    source.not_compared |= {name: NEW for name in chosen if name not in base}
    if not set(base) & set(head):
        raise NotComparable(f"the two commands share no scenario: {few(base)} and {few(head)}")
    source.names = [name for name in base if name in chosen]
    if not source.whole:  # a list does not change from run to run
        for name in [name for name in source.names if name not in head]:
            source.ledger.vanished(name, "removed: base lists it and head does not")
            source.names.remove(name)
    if not source.names and not source.ledger.judged()[0]:
        raise NotComparable(
            f"nothing of {few(chosen)} is on base: there is nothing to compare with"
        )

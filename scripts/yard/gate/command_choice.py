# SPDX-License-Identifier: MIT
"""What of two commands is compared: scenarios that base has, and metrics. Refuses what cannot be, before the pairs."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Sequence

from yard.errors import NotComparable, UsageError, YardError, nearest
from yard.gate.command_pairs import (
    MORE_IS_BETTER,
    SIDES,
    Command,
    CommandSource,
    Gave,
    Wanted,
    as_metrics,
    wanted,
)
from yard.gate.outcome import few
from yard.gate.readers import GOOGLE_DEFAULT
from yard.gate.rule import Metric
from yard.text.outside import readable

NEW = "new: head only"
MOST_TRIED = 20  # benchmarks in which a metric of --metric is looked for


def prepare(
    commands: Mapping[str, Command],
    flags: Sequence[str],
    only: Sequence[str],
    seed: int,
    scratch: Path,
    record: Callable[[dict[str, Any]], None],
) -> tuple[CommandSource, dict[str, Metric]]:
    asked = wanted(flags)
    for command in commands.values():
        command.examine()
    _of_a_kind(commands)
    source = CommandSource(commands, asked, seed, scratch, record)
    names = _listed(source, asked, only) if not source.whole else _printed(source, asked)
    _choose(source, names, only)
    draw = random.Random(f"control {seed}")
    source.controls = sorted(source.names)
    draw.shuffle(source.controls)
    source.control_of = source.controls.pop() if source.controls else ""
    metrics = as_metrics([one.name for one in source.asked])
    if asked:
        metrics = {name: replace(metric, tier="gating") for name, metric in metrics.items()}
    source.metrics = metrics
    return source, metrics


def _of_a_kind(commands: Mapping[str, Command]) -> None:
    base, head = (commands[side] for side in SIDES)
    if (base.google is None) == (head.google is None):
        return
    side = "base" if base.google is None else "head"
    if commands[side].trouble:
        error = f"the {side}'s command {commands[side].trouble}, asked for its list of benchmarks"
        raise NotComparable(error) if side == "base" else YardError(error)
    raise NotComparable(
        "one command is a Google Benchmark binary and the other is not: take two of a kind"
    )


def _listed(
    source: CommandSource, asked: Sequence[Wanted], only: Sequence[str]
) -> dict[str, list[str]]:
    names = {side: list(source.commands[side].google or {}) for side in SIDES}
    source.asked = asked or [Wanted(name) for name in GOOGLE_DEFAULT]
    missing = {one.name for one in asked if one.name not in GOOGLE_DEFAULT}
    printed = set(GOOGLE_DEFAULT)
    chosen = [*chosen_of(only, names["base"] + names["head"])] or names["base"]
    tries = [(side, name) for name in chosen[:MOST_TRIED] for side in SIDES if name in names[side]]
    for side, name in tries:
        if not missing:
            break
        printed |= source.once(side, name).reading.metrics(name)
        missing -= printed
    _refuse(missing, printed, "prints")
    return names


def _printed(source: CommandSource, asked: Sequence[Wanted]) -> dict[str, list[str]]:
    """The scenarios that each command prints when it is run once; without --metric all that they print is judged."""
    first: dict[str, Gave] = {side: source.once(side, "") for side in SIDES}
    for side, gave in first.items():
        if not gave.reading.scenarios and not gave.reading.unread:
            error = (
                f"the {side}'s command {gave.trouble}. Run it by hand: "
                f"{readable(source.commands[side].text)}"
            )
            raise NotComparable(error) if side == "base" else YardError(error)
    readings = [gave.reading for gave in first.values()]
    printed = sorted({m for r in readings for name in r.scenarios for m in r.metrics(name)})
    _refuse({one.name for one in asked} - set(printed), printed, "prints")
    source.asked = asked or [Wanted(name, name in MORE_IS_BETTER) for name in printed]
    return {side: gave.reading.scenarios for side, gave in first.items()}


def _refuse(missing: Iterable[str], printed: Iterable[str], verb: str) -> None:
    for name in sorted(missing):
        raise UsageError(f"--metric: neither command {verb} '{name}': {nearest(name, printed)}")


def chosen_of(only: Sequence[str], known: Sequence[str]) -> list[str]:
    """A name may contain a comma: what is known as a whole is taken as one, and only the rest is a list."""
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

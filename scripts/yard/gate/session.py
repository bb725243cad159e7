# SPDX-License-Identifier: MIT
"""One check of this suite, from two builds to a verdict: copies to equal-length paths, trial, pairs, counters."""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Mapping, Sequence

from yard.data import host as machine, models
from yard.engine import counters
from yard.errors import NotComparable, UsageError, YardError, nearest
from yard.data.models import Catalogue
from yard.engine.plan import Options
from yard.data.store import make_folder
from yard.gate import counter_check, sequential, rule, scenarios, trial
from yard.gate.command_pairs import Command, prepare
from yard.gate.outcome import Outcome
from yard.gate.pairs import CONTROL, Disturbed, PairSource
from yard.gate.check_progress import Progress
from yard.gate.rule import Metric, Profile, Verdict
from yard.gate.scenarios import Scenario
from yard.gate.slot import Side

RESERVED = 0.25  # of the time budget is kept for confirming
SHED_AFTER = (1, 3, 6)  # rounds of the screen after which what does not fit is left out
COUNTING_S, COUNTING_SHARE = 60.0, 0.08  # of the budget, the lesser, is kept for the counters
TIMEOUT_S = 20.0  # of one slot; a cell that hangs must not eat the job
PATHS = {
    "base": "a",
    "head": "b",
    "control": "c",
}  # of equal length: a path is part of the stack's layout


@dataclass
class Asked:
    """What was asked for, whatever the sides are made of."""

    options: Options
    profile: Profile
    seed: int
    budget_s: float
    metrics: Mapping[str, Metric]
    only: tuple[str, ...] = ()
    counters: bool = True


@dataclass
class Found:
    """All that outputs are made of."""

    outcome: Outcome
    labels: dict[str, str]
    scenarios: dict[str, Scenario] = field(default_factory=dict)
    values: Mapping[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)
    not_compared: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    disturbed: Disturbed = field(default_factory=Disturbed)
    control_of: str = ""
    slot_s: float = 0.0
    minutes: float = 0.0
    host: dict[str, Any] = field(default_factory=machine.describe)


def run(
    catalogues: Mapping[str, Catalogue],
    labels: Mapping[str, str],
    asked: Asked,
    out: Path,
    scratch_root: Path,
    progress: Progress,
) -> Found:
    """`catalogues` and `labels` of base and head. Raw pairs go to `out`/pairs.jsonl as they come."""
    started = time.monotonic()

    def seconds_left() -> float:
        return asked.budget_s - (time.monotonic() - started)

    cpus = sorted(os.sched_getaffinity(0))
    matched = scenarios.match(
        catalogues["base"], catalogues["head"], asked.options, cpus, asked.only
    )
    notes = _differences(catalogues)
    if not matched.scenarios:
        told = "; ".join(f"{id}: {why}" for id, why in sorted(matched.not_compared.items())[:3])
        raise NotComparable(
            f"the two sides share no scenario{': ' + told if told else ''}. Choose others, or another base"
        )
    used = {scenario.model for scenario in matched.scenarios}
    make_folder(scratch_root)
    with tempfile.TemporaryDirectory(prefix="run-", dir=scratch_root) as folder:
        scratch = Path(folder)
        sides = {name: _side(name, labels, catalogues, used, scratch) for name in PATHS}
        first = _tried(sides, matched.scenarios, asked, scratch, progress, seconds_left)
        missing = {**matched.not_compared, **first.not_compared}
        chosen = [*first.fit.scenarios, *first.suspicious]
        control = _control(first.fit.scenarios, asked.seed)
        found = Found(
            Outcome(asked.profile),
            dict(labels),
            {s.id: s for s in chosen},
            not_compared=missing,
            notes=notes,
            control_of=control.id if control else "",
            slot_s=first.fit.slot_s,
        )
        if not chosen:
            return found
        progress.say(
            f"{len(chosen)} scenarios, {first.fit.slot_s:.2f} s slots, {asked.profile.screen_pairs} pairs each, then "
            f"up to {asked.profile.looks[-1]} fresh pairs for suspects; at most {asked.budget_s / 60:.0f} min"
        )
        with open(out / "pairs.jsonl", "a", encoding="utf-8") as lines:
            _pairs(found, sides, chosen, control, asked, scratch, lines, progress, seconds_left)
    found.minutes = (time.monotonic() - started) / 60
    return found


def run_commands(
    commands: Mapping[str, Command],
    flags: Sequence[str],
    only: Sequence[str],
    profile: Profile,
    seed: int,
    budget_s: float,
    out: Path,
    scratch_root: Path,
    progress: Progress,
) -> Found:
    """The same for any two commands."""
    started = time.monotonic()

    def seconds_left() -> float:
        return budget_s - (time.monotonic() - started)

    make_folder(scratch_root)
    with tempfile.TemporaryDirectory(prefix="run-", dir=scratch_root) as folder, open(
        out / "pairs.jsonl", "a", encoding="utf-8"
    ) as lines:

        def record(line: dict[str, Any]) -> None:
            lines.write(json.dumps(line, separators=(",", ":")) + "\n")
            lines.flush()
            progress.step(
                f"{source.disturbed.pairs} pairs, {max(seconds_left(), 0) / 60:.1f} min of time left: "
                f"{line['scenario']}"
            )

        source, metrics = prepare(
            commands["base"], commands["head"], flags, only, seed, Path(folder), record
        )
        progress.say(
            f"{len(source.names)} scenarios, {profile.screen_pairs} pairs each, then up to {profile.looks[-1]} fresh "
            f"pairs for suspects; at most {budget_s / 60:.0f} min"
        )
        outcome = sequential.run(
            source,
            profile,
            seed,
            seconds_left,
            metrics=metrics,
            control=CONTROL,
            extra_screen_s=lambda: seconds_left() - (1 - scenarios.SCREEN_SHARE) * budget_s,
        )
    outcome.control_broken = source.not_compared.get(CONTROL, "")
    return Found(
        outcome,
        {name: command.text for name, command in commands.items()},
        values=source.values,
        not_compared=source.not_compared,
        disturbed=source.disturbed,
        control_of=source.control_of,
        slot_s=source.slot_s,
        minutes=(time.monotonic() - started) / 60,
    )


def _tried(
    sides: Mapping[str, Side],
    chosen: Sequence[Scenario],
    asked: Asked,
    scratch: Path,
    progress: Progress,
    seconds_left: sequential.Clock,
) -> trial.Trial:
    return trial.run(
        sides,
        chosen,
        asked.profile.screen_pairs,
        asked.budget_s,
        asked.seed,
        TIMEOUT_S,
        scratch,
        lambda id, done, total: progress.step(f"trying {done}/{total}: {id}"),
        seconds_left,
    )


def _pairs(
    found: Found,
    sides: Mapping[str, Side],
    chosen: Sequence[Scenario],
    control: Scenario | None,
    asked: Asked,
    scratch: Path,
    lines: Any,
    progress: Progress,
    seconds_left: sequential.Clock,
) -> None:
    screen = asked.profile.screen_pairs * (len(chosen) + 1)

    def record(line: dict[str, Any]) -> None:
        lines.write(json.dumps(line, separators=(",", ":")) + "\n")
        lines.flush()
        done = source.disturbed.pairs
        stage = (
            f"screening, {done}/{screen} pairs"
            if done <= screen
            else f"confirming, {done - screen} fresh pairs"
        )
        progress.step(
            f"{stage}, {max(seconds_left(), 0) / 60:.1f} min of time left: {line['scenario']}"
        )

    begun_s = seconds_left()

    def shed(rounds: int) -> None:
        """The trial saw a quieter machine: leave out, by the seed and never by the values, what does not fit."""
        alive = [id for id in source.scenarios() if id != CONTROL]
        used_s = begun_s - seconds_left()
        room_s = begun_s - RESERVED * asked.budget_s - used_s
        fitting = int(
            len(alive) * room_s / max(used_s / rounds * (asked.profile.screen_pairs - rounds), 1e-9)
        )
        if rounds in SHED_AFTER and fitting < len(alive):
            random.Random(f"shed {asked.seed} {rounds}").shuffle(alive)
            for id in alive[max(fitting, 1) :]:
                source.not_compared[
                    id
                ] = "left out: the machine is slower than when it was tried; --time-budget gives more"

    source = PairSource(
        sides, chosen, asked.metrics, asked.seed, TIMEOUT_S, scratch, record, control
    )
    kept_s = min(COUNTING_S, COUNTING_SHARE * asked.budget_s)
    outcome = sequential.run(
        source,
        asked.profile,
        asked.seed,
        lambda: seconds_left() - kept_s,
        metrics=asked.metrics,
        control=CONTROL if control else "",
        extra_screen_s=lambda: seconds_left() - (1 - scenarios.SCREEN_SHARE) * asked.budget_s,
        after_round=shed,
    )
    outcome.broken = source.broken
    outcome.control_broken = source.not_compared.get(CONTROL, "")
    # What was left out on the way has too few pairs to say anything.
    gone = set(source.not_compared) | set(source.broken)
    outcome.cells = [
        c for c in outcome.cells if c.scenario not in gone or c.verdict is Verdict.REGRESSION
    ]
    found.outcome, found.values, found.disturbed = outcome, source.values, source.disturbed
    found.not_compared |= source.not_compared
    counter = (
        counters.beside(sides["head"].executables)
        if asked.counters and not outcome.interrupted
        else None
    )
    if counter is not None:
        alive = set(source.scenarios())
        try:
            counted = counter_check.run(
                sides,
                [s for s in chosen if s.id in alive],
                counter,
                asked.seed,
                TIMEOUT_S,
                scratch,
                seconds_left,
                lambda id: progress.step(f"counting: {id}"),
            )
        except KeyboardInterrupt:
            outcome.interrupted, outcome.stopped_early = True, "interrupted"
            return
        outcome.counters = counted.red
        found.notes += [counter.note] if counter.note else []
        found.notes.append(
            f"{counted.compared} exact counters compared"
            + (f", {len(counted.fewer)} fell" if counted.fewer else "")
            + (f"; no time for {counted.left_out} scenarios" if counted.left_out else "")
        )


def _side(
    name: str,
    labels: Mapping[str, str],
    catalogues: Mapping[str, Catalogue],
    used: set[str],
    scratch: Path,
) -> Side:
    """Its executables, copied: two paths to one file would share what differs between two builds."""
    of = "base" if name == "control" else name
    folder = scratch / PATHS[name]
    folder.mkdir()
    executables = {}
    for model, file in catalogues[of].executables.items():
        if model not in used:
            continue
        if file.parent.name == "bin":
            executables[model] = folder / file.name
            _copy(file, executables[model])
            for rig in (*(models.PREFIX + name for name in models.RIG), counters.LIBRARY):
                helper, copy = file.with_name(rig), folder / rig
                if helper.exists() and not copy.exists():
                    _copy(helper, copy)
        else:
            executables[model] = file  # a foreign model runs from its own folder
    return Side(name, labels[of], executables)


def _copy(file: Path, to: Path) -> None:
    """Read and written, by one call each: so both sides lie alike in the page cache. A copy within the kernel takes over
    how the source lies there, which decides which of its pages are mapped, and that was seen as memory of the program.
    """
    try:
        to.write_bytes(file.read_bytes())
        shutil.copymode(file, to)
    except OSError as error:
        raise YardError(
            f"{file} cannot be copied to {to.parent}: {error.strerror}; free some space"
        ) from None


def _control(chosen: Sequence[Scenario], seed: int) -> Scenario | None:
    """One scenario, drawn by the seed, that is also measured as base against itself."""
    return (
        random.Random(f"control {seed}").choice(sorted(chosen, key=lambda s: s.id))
        if chosen
        else None
    )


def _differences(catalogues: Mapping[str, Catalogue]) -> list[str]:
    """Refuses two builds that are not alike; what only one side built is told."""

    def builds(side: str) -> set[tuple[str, ...]]:
        return {
            tuple(d["build"].get(key, "") for key in ("type", "compiler", "flags", "sanitizer"))
            for d in catalogues[side].describe.values()
            if not d.get("foreign")
        }

    base, head = builds("base"), builds("head")
    if len(base | head) > len(base & head) and not base & head:
        raise NotComparable(
            f"the sides were built differently: {sorted(base)} and {sorted(head)}. "
            "Build both with one compiler and the same flags"
        )
    alone = catalogues["base"].executables.keys() ^ catalogues["head"].executables.keys()
    return [
        f"the model {name} is on one side only"
        for name in sorted(alone)
        if not any(c.foreign(name) for c in catalogues.values())
    ]


def chosen_metrics(names: Sequence[str]) -> Mapping[str, Metric]:
    """All of metrics.toml, or those of --metric, which then gate even if they usually only advise."""
    known = rule.metrics()
    for name in names:
        if name not in known:
            raise UsageError(f"--metric: unknown metric '{name}': {nearest(name, known)}")
    return {name: replace(known[name], tier="gating") for name in names} if names else known

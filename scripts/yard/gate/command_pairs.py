# SPDX-License-Identifier: MIT
"""Any two commands as the two sides: Google Benchmark binaries, or programs that print JSON lines.

A Google Benchmark binary is asked for its list and then for one benchmark at a time. Any other command is run whole;
each line of its output that is a JSON object is a scenario: one of our samples, or
{"scenario": "name", "metrics": {"time": 1.5, ...}}.
"""

from __future__ import annotations

import os
import random
import re
import shlex
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from yard.data import host
from yard.engine import process
from yard.errors import NotComparable, UsageError, YardError, nearest
from yard.gate import rule, values
from yard.gate.readers import GOOGLE_DEFAULT, Failed, Values, parse_google, parse_lines
from yard.gate.pairs import CONTROL, MOST_REPEATED, STEAL, Disturbed
from yard.gate.rule import Metric
from yard.gate.scenarios import SLOT_S
from yard.text import numbers

MORE_IS_BETTER = ("items_per_second", "bytes_per_second")
TIMEOUT_S = 120.0
TOLERATED, MUST_FIND = 0.02, 0.05


@dataclass(frozen=True)
class Wanted:
    """--metric NAME[:more]."""

    name: str
    more: bool = False


def wanted(flags: Sequence[str]) -> list[Wanted]:
    found = []
    for flag in flags:
        name, colon, direction = flag.partition(":")
        if not name or (colon and direction not in ("more", "less")):
            raise UsageError(
                f"--metric {flag}: write NAME, NAME:less or NAME:more (more is better)"
            )
        found.append(Wanted(name, direction == "more" if colon else name in MORE_IS_BETTER))
    return found


def as_metrics(names: Sequence[str]) -> dict[str, Metric]:
    known = rule.metrics()
    return {
        name: known[name] if name in known else Metric(name, "gating", TOLERATED, MUST_FIND)
        for name in names
    }


@dataclass
class Command:
    """`google`: the benchmarks that it lists; None: a command that prints lines."""

    text: str
    google: list[str] | None = None

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    def examine(self) -> None:
        try:
            done = subprocess.run(
                [*self.words, "--benchmark_list_tests=true"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
            )
        except FileNotFoundError:
            raise UsageError(f"'{self.words[0]}' is no program here; give its path") from None
        except (PermissionError, OSError) as error:
            raise UsageError(f"'{self.words[0]}' cannot be started: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise YardError(
                f"'{self.text}' did not end within {numbers.short(TIMEOUT_S)} s"
            ) from None
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        if (
            done.returncode == 0
            and lines
            and not any(line.lstrip().startswith(("{", "[")) for line in lines)
        ):
            self.google = lines


class CommandSource:
    """A `gate.Source`. A command that prints many scenarios is run once for all that a round asks for."""

    def __init__(
        self,
        commands: Mapping[str, Command],
        asked: Sequence[Wanted],
        seed: int,
        scratch: Path,
        record: Callable[[dict[str, Any]], None],
    ):
        self.commands, self.asked, self.scratch, self.record = commands, asked, scratch, record
        self.metrics: Mapping[str, Metric] = {}
        self.slot_s = SLOT_S
        self.names: list[str] = []
        self.disturbed = Disturbed()
        self.values: dict[tuple[str, str], list[tuple[float, float]]] = {}
        self.not_compared: dict[str, str] = {}
        self._random = random.Random(f"coins {seed}")
        self._waiting: dict[str, dict[str, float]] = {}
        self.control_of = ""

    def scenarios(self) -> Sequence[str]:
        names = [name for name in self.names if name not in self.not_compared]
        return [*names, CONTROL] if names and self.control_of else names

    def pair(self, scenario: str) -> Mapping[str, float]:
        whole = self.commands["base"].google is None
        if scenario == CONTROL:
            return self._pairs("" if whole else self.control_of, control=True).get(
                self.control_of, {}
            )
        if scenario not in self._waiting:
            self._waiting = self._pairs("" if whole else scenario)
        return self._waiting.pop(scenario, {})

    def once(self, side: str, scenario: str, padding: int = 0) -> tuple[Values, float]:
        """What one process of a side gives, and the share of time that was stolen meanwhile."""
        command = self.commands[side]
        words = command.words
        if command.google is not None:
            words += ["--benchmark_format=json", f"--benchmark_filter=^{re.escape(scenario)}$"]
            if not any(word.startswith("--benchmark_min_time") for word in words):
                words.append(f"--benchmark_min_time={numbers.short(self.slot_s)}")
        ticks = host.cpu_times()
        with open(self.scratch / "stderr.txt", "wb") as stderr, open(
            self.scratch / "stdout.txt", "wb"
        ) as stdout:
            ending = process.run(
                words,
                {**os.environ, "SWITCHYARD_PADDING": "x" * padding},
                stderr,
                TIMEOUT_S,
                stdout,
            )
        steal = host.shares(ticks, host.cpu_times(), 0.0)["steal_share"] or 0.0
        said = process.last_line(self.scratch / "stderr.txt")
        if ending.exit_code != 0:
            how = (
                "hung"
                if ending.timed_out
                else f"died of {ending.signal_name}"
                if ending.signal_name
                else (f"ended with {ending.exit_code}")
            )
            raise Failed(f"{how}{': ' + said if said else ''}")
        text = (self.scratch / "stdout.txt").read_text(encoding="utf-8", errors="replace")
        return (parse_google(text) if command.google is not None else parse_lines(text)), steal

    def _pairs(self, scenario: str, control: bool = False) -> dict[str, dict[str, float]]:
        """One process of each side, or in the control two of base."""
        while True:
            self.disturbed.pairs += 1
            order = ("base", "head") if self._random.random() < 0.5 else ("head", "base")
            padding = self._random.randrange(4096)
            measured, steal = {}, 0.0
            for side in order:
                try:
                    measured[side], stolen = self.once(
                        "base" if control else side, scenario, padding
                    )
                except Failed as error:
                    return self._stop("base" if control else side, scenario, str(error))
                steal = max(steal, stolen)
            self.disturbed.steal.append(steal)
            if steal <= STEAL or self.disturbed.repeated >= MOST_REPEATED * self.disturbed.pairs:
                break
            self.disturbed.repeated += 1
        self.record(
            {
                "scenario": CONTROL if control else scenario or "all",
                "first": order[0],
                "base": measured["base"],
                "head": measured["head"],
            }
        )
        return self._differences(measured, keep=not control)

    def _stop(self, side: str, scenario: str, why: str) -> dict[str, dict[str, float]]:
        if side == "base":
            for name in [scenario] if scenario else self.names:
                self.not_compared[name] = f"the base's command {why}"
            return {}
        raise YardError(f"the head's command {why}. Run it by hand: {self.commands['head'].text}")

    def _differences(
        self, measured: Mapping[str, Values], keep: bool
    ) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for name in measured["base"].keys() & measured["head"].keys():
            base, head = measured["base"][name], measured["head"][name]
            for one in self.asked:
                if one.name not in base or one.name not in head:
                    continue
                if keep:
                    self.values.setdefault((name, one.name), []).append(
                        (base[one.name], head[one.name])
                    )
                d = values.log_ratio(base[one.name], head[one.name], self.metrics[one.name])
                found.setdefault(name, {})[one.name] = -d if one.more else d
        return found


def prepare(
    commands: Mapping[str, Command],
    flags: Sequence[str],
    only: Sequence[str],
    seed: int,
    scratch: Path,
    record: Callable[[dict[str, Any]], None],
) -> tuple[CommandSource, dict[str, Metric]]:
    """Examines both commands and chooses scenarios and metrics. Refuses what cannot be compared."""
    base, head = commands["base"], commands["head"]
    for command in (base, head):
        command.examine()
    if (base.google is None) != (head.google is None):
        raise NotComparable(
            "one command is a Google Benchmark binary and the other is not: take two of a kind"
        )
    asked = wanted(flags)
    source = CommandSource(commands, asked, seed, scratch, record)
    if base.google is not None:
        names = {"base": base.google, "head": head.google or []}
        source.asked = asked or [Wanted(name) for name in GOOGLE_DEFAULT]
    else:
        names = _tried(source, asked)
    both = _shared(source, names)
    for name in only:
        if name not in both:
            raise UsageError(f"--only: unknown name '{name}': {nearest(name, both)}")
    source.names = [name for name in both if not only or name in only]
    source.control_of = random.Random(f"control {seed}").choice(sorted(source.names))
    metrics = as_metrics([one.name for one in source.asked])
    if asked:
        metrics = {name: replace(metric, tier="gating") for name, metric in metrics.items()}
    source.metrics = metrics
    return source, metrics


def _tried(source: CommandSource, asked: Sequence[Wanted]) -> dict[str, list[str]]:
    """The scenarios that each command prints when it is run once; without --metric all that they print is judged."""
    first = {}
    for side in ("base", "head"):
        try:
            first[side], _ = source.once(side, "")
        except Failed as error:
            raise YardError(
                f"the {side}'s command {error}. Run it by hand: {source.commands[side].text}"
            ) from None
    printed = sorted(
        {metric for found in first.values() for metrics in found.values() for metric in metrics}
    )
    for one in asked:
        if one.name not in printed:
            raise UsageError(
                f"--metric: neither command prints '{one.name}': {nearest(one.name, printed)}"
            )
    source.asked = asked or [Wanted(name, name in MORE_IS_BETTER) for name in printed]
    return {side: list(found) for side, found in first.items()}


def _shared(source: CommandSource, names: Mapping[str, Sequence[str]]) -> list[str]:
    both = [name for name in names["head"] if name in set(names["base"])]
    source.not_compared |= {name: "new: head only" for name in names["head"] if name not in both}
    source.not_compared |= {
        name: "removed: base only" for name in names["base"] if name not in both
    }
    if not both:
        raise NotComparable(
            f"the two commands share no scenario: {_names(names['base'])} and {_names(names['head'])}"
        )
    return both


def _names(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (" ..." if len(names) > 4 else "")

# SPDX-License-Identifier: MIT
"""What became of a cell's process: one judgement for the runner, the gate and the counters, from how it ended and from
the lines that it wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Iterable

from yard.data import schema
from yard.data.facts import FAILURES, FIELD, VERDICT, gravest
from yard.engine.process import Ending
from yard.text import numbers

Sample = dict[str, Any]
Belongs = Callable[[Sample], bool]


@dataclass
class Written:
    """The lines of one process: those that are samples of its cell, and what is wrong with each of the others."""

    samples: list[Sample] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        return gravest([sample[FIELD.verdict] for sample in self.samples])

    @property
    def reason(self) -> str:
        own = self.verdict
        return next((s[FIELD.reason] for s in self.samples if s[FIELD.verdict] == own), "")


@dataclass(frozen=True)
class Judgement:
    verdict: str
    reason: str
    written: bool  # its own lines already say so


def read(
    lines: Iterable[bytes], belongs: Belongs = lambda sample: True, every: bool = True
) -> Written:
    """`every`: each line is held to the schema and not the first alone, which takes a millisecond a line. An executable
    that obeys it once does so in every iteration."""
    found = Written()
    for number, line in enumerate(lines):
        strict = every or number == 0
        sample, why = schema.parse_sample(line) if strict else schema.parse_line(line)
        if sample is not None and not belongs(sample):
            sample, why = None, "it tells of another process"
        if sample is None:
            found.faults.append(why)
        else:
            found.samples.append(sample)
    return found


def judge(ending: Ending, written: Written, last_words: str = "") -> Judgement:
    """`last_words`: the last line that the process printed as an error."""
    tail = f": {last_words}" if last_words else ""
    own = written.verdict
    if ending.timed_out:
        reason = f"gave no sign for {numbers.short(ending.limit_s)} s and was killed{tail}"
        return Judgement(VERDICT.timeout, reason, False)
    if ending.signal_name:
        is_known = own in FAILURES
        reason = f"died of {ending.signal_name}{tail}"
        return Judgement(own if is_known else VERDICT.crashed, reason, is_known)
    if written.faults:
        count = len(written.faults)
        reason = f"wrote {count} lines that are no samples, the first: {written.faults[0]}"
        return Judgement(VERDICT.crashed, reason, False)
    if not written.samples:
        return Judgement(
            VERDICT.crashed, f"ended with {ending.exit_code} and without a sample{tail}", False
        )
    if ending.exit_code not in (0, 1) or (ending.exit_code == 1 and own not in FAILURES):
        return Judgement(VERDICT.crashed, f"ended with {ending.exit_code}{tail}", False)
    return Judgement(own, written.reason, True)

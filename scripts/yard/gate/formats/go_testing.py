# SPDX-License-Identifier: MIT
"""The text of Go's `testing` package: `go test -bench`, or a test binary with -test.bench."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Sequence

from yard.gate.formats.output_format import (
    Format,
    Invocation,
    Malformed,
    has_flag,
    program_at,
)
from yard.gate.reading import Reading

REMEDY = "run go test -bench . by hand and see what it prints"
LINE = re.compile(r"^(Benchmark\S*)\s+(\d+)\s+(\S.*)$")
FAILED = re.compile(r"^\s*--- (FAIL|SKIP): (Benchmark\S*)")
PANIC = re.compile(r"^(panic|fatal error): ")
PROCESSORS = re.compile(r"^(.*)-([0-9]+)$")
PACKAGE = re.compile(r"^pkg: (\S+)$")
ABOUT_ONE_RUN = ("ns/op", "B/op", "allocs/op")


class GoTesting(Format):
    name, title = "go", "output of Go's testing"
    judged = ABOUT_ONE_RUN
    always = ("ns/op",)
    one_at_a_time = True

    def recognises(self, text: str) -> bool:
        return any(LINE.match(line) and " ns/op" in line for line in text.splitlines())

    def starts(self, words: Sequence[str]) -> bool:
        binary = any(word.partition("=")[0] in ("-test.bench", "--test.bench") for word in words)
        return binary or (
            program_at(words, "go", "test") >= 0 and has_flag(words, "-bench", "--bench")
        )

    def listing(self, words: Sequence[str], scratch: Path) -> Invocation:
        """Names of sub-benchmarks are known only once they ran, so each runs once."""
        own = {"run": "^$", "benchtime": "1x", "count": "1"}
        return Invocation(_with(words, own, True), _environment())

    def one(self, words: Sequence[str], scenario: str, scratch: Path, slot_s: float) -> Invocation:
        _, _, name = scenario.rpartition(" ")
        if has_flag(words, "-cpu", "-test.cpu"):
            name = PROCESSORS.sub(r"\1", name)
        own = {"bench": pattern(name), "run": "^$", "count": "1"}
        words = _with(words, own, True)
        return Invocation(_with(words, {"benchtime": f"{slot_s}s"}, False), _environment())

    def read(self, text: str) -> Reading:
        lines = [(i, line.rstrip()) for i, line in enumerate(text.splitlines(), 1)]
        packages = {m[1] for _, line in lines if (m := PACKAGE.match(line))}
        suffix = _suffix([m[1] for _, line in lines if (m := LINE.match(line))])
        package, reading = "", Reading()
        for place, (line_number, line) in enumerate(lines):
            if match := PACKAGE.match(line):
                package = f"{match[1]} " if len(packages) > 1 else ""
            elif match := FAILED.match(line):
                said = lines[place + 1][1].strip() if place + 1 < len(lines) else ""
                how = "failed" if match[1] == "FAIL" else "was skipped"
                reading.absent(package + match[2].removesuffix(suffix), f"{how}: {said}")
            elif match := LINE.match(line):
                self._values(
                    reading, package + match[1].removesuffix(suffix), match[3], line_number
                )
            elif match := PANIC.match(line):
                reading.unread[f"(line {line_number})"] = line
        if not reading.scenarios and not reading.unread:
            raise Malformed(self.title, 0, "it has no line of a benchmark", REMEDY)
        return reading

    def _values(self, reading: Reading, name: str, text: str, line: int) -> None:
        words = text.split()
        if len(words) % 2:
            raise Malformed(self.title, line, f"{name} has a value without a unit", REMEDY)
        for value, unit in zip(words[::2], words[1::2]):
            try:
                reading.number(name, unit, float(value))
            except ValueError:
                reading.number(name, unit, value)


def _suffix(names: Sequence[str]) -> str:
    """-8 after each name is GOMAXPROCS; Go leaves it out where that is 1."""
    suffix = f"-{_processors()}"
    return suffix if names and all(name.endswith(suffix) for name in names) else ""


def _environment() -> dict[str, str]:
    """Said, so that the suffix is known: a container may give Go fewer than are seen here."""
    return {"GOMAXPROCS": _processors()}


def _processors() -> str:
    return os.environ.get("GOMAXPROCS") or str(len(os.sched_getaffinity(0)))


def pattern(name: str) -> str:
    """Exactly this benchmark: Go matches the parts between slashes on their own."""
    return "/".join(f"^{quoted(part)}$" for part in name.split("/"))


def quoted(text: str) -> str:
    """As regexp.QuoteMeta of Go."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def _with(words: Sequence[str], own: dict[str, str], replace: bool) -> list[str]:
    """Adds flags of `go test` or of a test binary; those that are there already are replaced or
    stay."""
    place = program_at(words, "go", "test")
    prefix = "-" if place >= 0 else "-test."
    named = [
        name
        for flag in own
        for name in (f"-{flag}", f"--{flag}", f"-test.{flag}", f"--test.{flag}")
    ]
    kept: list[str] = []
    present, index = set(), 0
    while index < len(words):
        flag, equals, _ = words[index].partition("=")
        if flag in named:
            present.add(flag.lstrip("-").removeprefix("test."))
            step = 1 if equals else 2
            if not replace:
                kept += words[index : index + step]
            index += step
        else:
            kept.append(words[index])
            index += 1
    added = [f"{prefix}{k}={v}" for k, v in own.items() if replace or k not in present]
    end = kept.index("-args") if "-args" in kept else len(kept)
    if (
        place >= 0
    ):  # right after `test`: flags behind a package belong to it as well, but not behind -args
        end = kept.index("test", place) + 1
    return [*kept[:end], *added, *kept[end:]]

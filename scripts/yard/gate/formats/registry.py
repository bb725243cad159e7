# SPDX-License-Identifier: MIT
"""All formats, and which of them a command or an output is."""

from __future__ import annotations

from typing import Mapping, Sequence

from yard.errors import UsageError, nearest
from yard.gate.formats.criterion import Criterion
from yard.gate.formats.go_testing import GoTesting
from yard.gate.formats.google_json import GoogleBenchmark
from yard.gate.formats.hyperfine import Hyperfine
from yard.gate.formats.jmh import Jmh
from yard.gate.formats.json_lines import JsonLines
from yard.gate.formats.output_format import Format
from yard.gate.formats.perf_stat import PerfStat
from yard.gate.formats.pytest_benchmark import PytestBenchmark
from yard.gate.reading import Failed
from yard.text.outside import readable

GOOGLE, LINES = GoogleBenchmark(), JsonLines()
# In the order in which an output is compared with them: the strict ones first.
FORMATS: Sequence[Format] = (
    PytestBenchmark(),
    GOOGLE,
    Hyperfine(),
    Jmh(),
    Criterion(),
    LINES,
    GoTesting(),
    PerfStat(),
)
BY_NAME: Mapping[str, Format] = {one.name: one for one in FORMATS}
UNITS: Mapping[str, str] = {metric: unit for f in FORMATS for metric, unit in f.units.items()}


def named(name: str) -> Format:
    if name not in BY_NAME:
        raise UsageError(f"--format: unknown format '{name}': {nearest(name, BY_NAME)}")
    return BY_NAME[name]


def of_command(words: Sequence[str]) -> Format | None:
    """The format of the tool that a command line calls."""
    return next((one for one in FORMATS if one.starts(words)), None)


def of_text(text: str) -> Format:
    """The format of an output, from its content."""
    for one in FORMATS:
        if one.recognises(text):
            return one
    if not text.strip():
        raise Failed(
            "printed nothing; to time the command itself use --time, or let it print "
            '{"scenario": "name", "metrics": {"time": 1.5}}'
        )
    first = next(line for line in text.splitlines() if line.strip())
    raise Failed(
        f"printed '{readable(first.strip()[:60])}', and no format that is known: {', '.join(BY_NAME)}; name it with "
        "--format, or time the command itself with --time"
    )

# SPDX-License-Identifier: MIT
"""The command line of a Google Benchmark binary: its list, and a filter that matches one name
and no other."""

from __future__ import annotations

from typing import Callable, Sequence

from yard.text import numbers
from yard.text.outside import readable

LIST = "--benchmark_list_tests=true"
NOTHING = "--benchmark_filter=^$"  # no benchmark has an empty name
# Of POSIX extended regular expressions, which Google Benchmark has from std::regex, regcomp or GNU: these mean something,
# and a backslash before any other character is an error.
_SPECIAL = frozenset("^.[$()|*+?{\\")


def exactly(name: str) -> str:
    return "^" + "".join(f"\\{c}" if c in _SPECIAL else c for c in name) + "$"


def listed(output: str, again: Callable[[], str]) -> dict[str, str]:
    """Unique readable name -> the name as it is listed. `again`: what the program prints when
    nothing matches: lines of its own."""
    lines = _lines(output)
    own = _lines(again())
    # A program that lists all of them whatever the filter says has no lines of its own.
    if set(own) < set(lines):
        for line in own:
            lines.remove(line)
    found: dict[str, str] = {}
    for line in lines:
        count = 1
        while (name := numbered(readable(line), count)) in found:
            count += 1
        found[name] = line
    return found


def _lines(output: str) -> list[str]:
    return [line for line in output.split("\n") if line.strip()]


def words(command: Sequence[str], name: str, slot_s: float) -> list[str]:
    """One benchmark, for the time of a slot unless the command sets its own."""
    more = ["--benchmark_format=json", f"--benchmark_filter={exactly(name)}"]
    if not any(word.startswith("--benchmark_min_time") for word in command):
        more.append(f"--benchmark_min_time={numbers.short(slot_s)}")
    return [*command, *more]


def numbered(name: str, count: int) -> str:
    return name if count == 1 else f"{name}#{count}"

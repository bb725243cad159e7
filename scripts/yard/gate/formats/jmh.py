# SPDX-License-Identifier: MIT
"""JMH: java -jar benchmarks.jar -rf json."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

from yard.gate.formats.output_format import (
    Format,
    Invocation,
    Malformed,
    has_flag,
    line_of,
    parsed,
)
from yard.gate.reading import Reading

REMEDY = "write it with -rf json -rff FILE"
SHORT = {"-f": "1", "-wi": "1", "-w": "100ms", "-i": "3", "-r": "100ms"}
ONCE = {"-f": "1", "-wi": "0", "-i": "1", "-r": "1ms"}


class Jmh(Format):
    name, title = "jmh", "JMH JSON"
    one_at_a_time = True

    def recognises(self, text: str) -> bool:
        try:
            value = parsed(self.title, text, REMEDY)
        except Malformed:
            return False
        return (
            isinstance(value, list)
            and bool(value)
            and all(isinstance(r, dict) and "primaryMetric" in r for r in value)
        )

    def starts(self, words: Sequence[str]) -> bool:
        return any("jmh" in word.lower() and word.endswith(".jar") for word in words)

    def more(self, metric: str) -> bool:
        return metric.startswith("ops/")

    def listing(self, words: Sequence[str], scratch: Path) -> Invocation:
        """Each runs as shortly as it can: -l does not say with which parameters."""
        return self._invocation(
            [*words, *(word for pair in ONCE.items() for word in pair)], scratch
        )

    def one(self, words: Sequence[str], scenario: str, scratch: Path, slot_s: float) -> Invocation:
        """A name beside those that the command has would add to them; so all others are
        excluded."""
        name, _, parameters = scenario.partition(":")
        own = [word for flag, value in SHORT.items() if flag not in words for word in (flag, value)]
        own += [word for one in filter(None, parameters.split(",")) for word in ("-p", one)]
        return self._invocation([*words, *own, "-e", rf"^(?!\Q{name}\E$).*$"], scratch)

    def _invocation(self, words: Sequence[str], scratch: Path) -> Invocation:
        file = scratch / "jmh.json"
        file.unlink(missing_ok=True)
        return Invocation([*words, "-rf", "json", "-rff", str(file)], output=file)

    def whole(self, words: Sequence[str], scratch: Path, slot_s: float) -> Invocation:
        own = self.starts(words) and not has_flag(words, "-rff")
        return self._invocation(words, scratch) if own else Invocation(words)

    def read(self, text: str) -> Reading:
        rows = parsed(self.title, text, REMEDY)
        if not isinstance(rows, list) or not rows:
            raise Malformed(self.title, 1, "it is no list of results", REMEDY)
        reading = Reading()
        for row in rows:
            if not isinstance(row, dict) or not isinstance(row.get("benchmark"), str):
                raise Malformed(self.title, 1, "a result has no 'benchmark'", REMEDY)
            name, metric = row["benchmark"], row.get("primaryMetric")
            if not isinstance(metric, dict) or not isinstance(metric.get("scoreUnit"), str):
                line = line_of(text, name)
                raise Malformed(self.title, line, f"'{name}' has no primaryMetric", REMEDY)
            parameters = row.get("params")
            if isinstance(parameters, dict) and parameters:
                name += ":" + ",".join(f"{k}={v}" for k, v in sorted(parameters.items()))
            for value in _iterations(metric):
                reading.number(name, metric["scoreUnit"], value)
        return reading


def _iterations(metric: dict[str, Any]) -> list[Any]:
    """Of all forks, where they are told; their median counts."""
    raw = metric.get("rawData")
    if isinstance(raw, list) and all(isinstance(fork, list) for fork in raw):
        return [value for fork in raw for value in fork] or [metric.get("score")]
    return [metric.get("score")]

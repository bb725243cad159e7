# SPDX-License-Identifier: MIT
"""Google Benchmark: --benchmark_format=json."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from yard.gate import google_benchmark
from yard.gate.formats.output_format import Format, Invocation, parsed
from yard.gate.readers import GOOGLE_DEFAULT, parse_google
from yard.gate.reading import Failed, Reading


class GoogleBenchmark(Format):
    name, title = "google-benchmark", "Google Benchmark JSON"
    judged = GOOGLE_DEFAULT
    always = GOOGLE_DEFAULT
    units = {name: "ns" for name in GOOGLE_DEFAULT}
    one_at_a_time = True

    def recognises(self, text: str) -> bool:
        try:
            value = parsed(self.title, text, "")
        except Failed:
            return False
        rows = value.get("benchmarks") if isinstance(value, dict) else None
        return isinstance(rows, list) and not any(
            isinstance(r, dict) and "stats" in r for r in rows
        )

    def one(self, words: Sequence[str], scenario: str, scratch: Path, slot_s: float) -> Invocation:
        return Invocation(google_benchmark.words(words, scenario, slot_s))

    def read(self, text: str) -> Reading:
        return parse_google(text)

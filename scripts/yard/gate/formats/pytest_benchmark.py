# SPDX-License-Identifier: MIT
"""pytest --benchmark-json of the plugin pytest-benchmark."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Sequence

from yard.gate.formats.output_format import (
    Format,
    Invocation,
    Malformed,
    has_flag,
    line_of,
    parsed,
)
from yard.gate.reading import Reading

REMEDY = "write it with pytest --benchmark-json=FILE"
PLUGIN = Path(__file__).with_name("pytest_plugin")
TIMES = ("median", "min", "max", "mean")


class PytestBenchmark(Format):
    name, title = "pytest-benchmark", "pytest-benchmark JSON"
    judged = ("median_time",)
    always = judged
    units = {f"{name}_time": "ns" for name in TIMES}
    one_at_a_time = True

    def recognises(self, text: str) -> bool:
        try:
            value = parsed(self.title, text, REMEDY)
        except Malformed:
            return False
        rows = value.get("benchmarks") if isinstance(value, dict) else None
        return isinstance(rows, list) and (
            any(isinstance(r, dict) and isinstance(r.get("stats"), dict) for r in rows)
            or "machine_info" in value
        )

    def starts(self, words: Sequence[str]) -> bool:
        return any(word.rpartition("/")[2] in ("pytest", "py.test", "pytest-3") for word in words)

    def listing(self, words: Sequence[str], scratch: Path) -> Invocation:
        """Each runs as shortly as it can: only then is it known which tests measure something."""
        return self._invocation(words, scratch, 1e-6, 1, {})

    def one(self, words: Sequence[str], scenario: str, scratch: Path, slot_s: float) -> Invocation:
        return self._invocation(words, scratch, slot_s, 3, {"SWITCHYARD_ONLY_TEST": scenario})

    def _invocation(
        self,
        words: Sequence[str],
        scratch: Path,
        slot_s: float,
        rounds: int,
        only: dict[str, str],
    ) -> Invocation:
        file = scratch / "pytest.json"
        file.unlink(missing_ok=True)
        own = [f"--benchmark-json={file}", "--benchmark-only", "-p", "switchyard_only_test"]
        for flag, value in (
            ("--benchmark-max-time", str(slot_s)),
            ("--benchmark-min-rounds", f"{rounds}"),
        ):
            if not has_flag(words, flag):
                own.append(f"{flag}={value}")
        paths = [str(PLUGIN), os.environ.get("PYTHONPATH", "")]
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), **only}
        return Invocation([*words, *own], environment, file)

    def read(self, text: str) -> Reading:
        value = parsed(self.title, text, REMEDY)
        rows = value.get("benchmarks") if isinstance(value, dict) else None
        if not isinstance(rows, list) or not rows:
            raise Malformed(self.title, 1, "it has no benchmark", REMEDY)
        reading = Reading()
        for row in rows:
            name = row.get("fullname", row.get("name")) if isinstance(row, dict) else None
            if not isinstance(name, str):
                raise Malformed(self.title, 1, "a benchmark has no name", REMEDY)
            stats = row.get("stats")
            if not isinstance(stats, dict):
                line = line_of(text, name)
                raise Malformed(self.title, line, f"'{name}' has no stats", REMEDY)
            for field in TIMES:
                reading.number(name, f"{field}_time", stats.get(field), 1e9)
        return reading

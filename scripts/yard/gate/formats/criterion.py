# SPDX-License-Identifier: MIT
"""criterion.rs: `cargo bench`, or a bench executable. It leaves a folder:
NAME/new/{benchmark,sample,estimates}.json."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, Sequence

from yard.gate.formats.output_format import (
    Format,
    Invocation,
    Malformed,
    begins_with,
    has_flag,
    parsed,
    program_at,
)
from yard.gate.reading import Reading

REMEDY = "run cargo bench by hand and see what it leaves in target/criterion"
GATHERED = "criterion"  # the field that holds a gathered folder
LISTED = re.compile(r"^(.+): bench(mark)?$")
FIELDS = ("iters", "times")
# criterion 0.3 takes whole seconds alone.
SHORT = {"--sample-size": "10", "--warm-up-time": "1", "--measurement-time": "1"}


class Criterion(Format):
    """In criterion's own words a sample has `times` for so many `iters`; the estimates are made
    from them."""

    name, title = "criterion", "criterion output"
    judged = ("time_per_iteration",)
    always = judged
    units = {"time_per_iteration": "ns"}
    one_at_a_time = True

    def recognises(self, text: str) -> bool:
        return begins_with(text, GATHERED, dict)

    def starts(self, words: Sequence[str]) -> bool:
        return program_at(words, "cargo", "bench") >= 0

    def listing(self, words: Sequence[str], scratch: Path) -> Invocation:
        return Invocation([*_separated(words), "--list"])

    def names(self, text: str) -> list[str]:
        return [m[1] for line in text.splitlines() if (m := LISTED.match(line))]

    def one(self, words: Sequence[str], scenario: str, scratch: Path, slot_s: float) -> Invocation:
        folder = scratch / "criterion"
        shutil.rmtree(folder, ignore_errors=True)
        own = [word for k, v in SHORT.items() if not has_flag(words, k) for word in (k, v)]
        own += ["--noplot"]
        return Invocation(
            [*_separated(words), *own, f"^{quoted(scenario)}$"],
            {"CRITERION_HOME": str(folder)},
            folder,
        )

    def text(self, invocation: Invocation, stdout: str) -> str:
        return stdout if invocation.output is None else gathered(invocation.output)

    def read(self, text: str) -> Reading:
        folder = parsed(self.title, text, REMEDY)
        runs = folder.get(GATHERED) if isinstance(folder, dict) else None
        if not isinstance(runs, dict) or not runs:
            raise Malformed(self.title, 0, "it left no folder NAME/new", REMEDY)
        reading = Reading()
        for place, files in runs.items():
            name = self._name(place, files)
            for value in self._times(place, files):
                reading.number(name, "time_per_iteration", value)
        return reading

    def _name(self, place: str, files: dict[str, str]) -> str:
        value = self._json(place, "benchmark.json", files)
        name = value.get("full_id") if isinstance(value, dict) else None
        if not isinstance(name, str):
            raise Malformed(self.title, 1, f"{place}/benchmark.json has no full_id", REMEDY)
        return name

    def _times(self, place: str, files: dict[str, str]) -> list[Any]:
        if "sample.json" not in files:
            value = self._json(place, "estimates.json", files)
            median = value.get("median") if isinstance(value, dict) else None
            return [median.get("point_estimate") if isinstance(median, dict) else None]
        value = self._json(place, "sample.json", files)
        counts, times = (value.get(f) if isinstance(value, dict) else None for f in FIELDS)
        if not isinstance(counts, list) or not isinstance(times, list) or not counts:
            raise Malformed(self.title, 1, f"{place}/sample.json has no iters and times", REMEDY)
        if len(counts) != len(times) or not all(_is_count(count) for count in counts):
            raise Malformed(
                self.title, 1, f"iters and times of {place}/sample.json do not match", REMEDY
            )
        return [t / n if _is_count(t) else t for t, n in zip(times, counts)]

    def _json(self, place: str, file: str, files: dict[str, str]) -> Any:
        if file not in files:
            raise Malformed(self.title, 0, f"{place}/{file} is not there", REMEDY)
        try:
            return json.loads(files[file])
        except ValueError as error:
            line = getattr(error, "lineno", 1)
            raise Malformed(
                self.title, line, f"{place}/{file} is no JSON: {error}", REMEDY
            ) from None


def _is_count(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def gathered(folder: Path) -> str:
    """The files of each run below criterion's folder, as one text that `read` takes."""
    runs = {
        str(new.parent.relative_to(folder)): {
            file.name: file.read_text(encoding="utf-8", errors="surrogateescape")
            for file in sorted(new.glob("*.json"))
        }
        for new in sorted(folder.glob("**/new"))
        if new.is_dir()
    }
    return json.dumps({GATHERED: runs})


def quoted(text: str) -> str:
    """As regex::escape of Rust."""
    return re.sub(r"([\\.+*?()|\[\]{}^$#&\-~])", r"\\\1", text)


def _separated(words: Sequence[str]) -> list[str]:
    """cargo's own flags end at --; a bench executable needs --bench to measure."""
    if program_at(words, "cargo", "bench") >= 0:
        return [*words] if "--" in words else [*words, "--"]
    return [*words] if "--bench" in words else [*words, "--bench"]

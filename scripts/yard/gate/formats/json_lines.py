# SPDX-License-Identifier: MIT
"""Lines of JSON: {"scenario": "name", "metrics": {"time": 1.5}}, or samples of this suite."""

from __future__ import annotations

import json

from yard.gate.formats.output_format import Format
from yard.gate.readers import parse_lines
from yard.gate.reading import Reading


class JsonLines(Format):
    name, title = "lines", "lines of JSON"

    def recognises(self, text: str) -> bool:
        return any(_is_object(line) for line in text.splitlines())

    def read(self, text: str) -> Reading:
        return parse_lines(text)


def _is_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and ("scenario" in value or "workload" in value)

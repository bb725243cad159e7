# SPDX-License-Identifier: MIT
"""Raw pairs, written as they come, so that a check that is interrupted keeps them."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Callable


class PairLog:
    """`step` is called with each line and shows how far the check is."""

    def __init__(self, folder: Path, step: Callable[[dict[str, Any]], None]):
        self.folder = folder
        self._lines, self._step = open(folder / "pairs.jsonl", "a", encoding="utf-8"), step

    def __enter__(self) -> PairLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()

    def record(self, line: dict[str, Any]) -> None:
        self._lines.write(json.dumps(line, separators=(",", ":")) + "\n")
        self._lines.flush()
        self._step(line)

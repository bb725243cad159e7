# SPDX-License-Identifier: MIT
"""The files in which a machine describes itself, below a root that a test may choose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yard.data import host


@dataclass(frozen=True)
class Machine:
    root: Path = Path("/")

    def file(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def read(self, path: str) -> str | None:
        return host.read(self.file(path))

    def glob(self, pattern: str) -> list[str]:
        return sorted(
            "/" + str(found.relative_to(self.root)) for found in self.root.glob(pattern.lstrip("/"))
        )

    def number(self, path: str) -> int | None:
        text = self.read(path)
        return int(text) if text and text.lstrip("-").isdecimal() else None

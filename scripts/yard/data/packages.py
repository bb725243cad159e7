# SPDX-License-Identifier: MIT
"""What is to be installed: scripts/packages.txt for the suite, impl/<model>/packages.txt for a
model. Read by scripts/setup and CMake as well; nothing else names a package that a build needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Package:
    name: str
    need: str  # required, optional, contender, fleet, ci or optional-ci


def listed(root: Path = ROOT) -> list[Package]:
    """Each once, under each of its names; a package that two files list has the same need in both."""
    files = (root / "scripts/packages.txt", *sorted(root.glob("impl/*/packages.txt")))
    rows = (
        line.split()
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if line and line[0] != "#"
    )
    named = ((name, need) for names, need, *_ in rows for name in names.split("|"))
    return list(dict.fromkeys(Package(name, need) for name, need in named))

# SPDX-License-Identifier: MIT
"""The verdicts of samples, the gravest first."""

from __future__ import annotations

from typing import Iterable

FAILURES = ("wrong", "timeout", "crashed", "over_budget")
MARKED = ("rig_limited", "overloaded", "unstable")
_ORDER = (
    "wrong",
    "crashed",
    "timeout",
    "over_budget",
    "skipped",
    "declined",
    "overloaded",
    "rig_limited",
    "unstable",
    "ok",
)


def worst(verdicts: Iterable[str]) -> str:
    return min(verdicts, key=_ORDER.index, default="ok")

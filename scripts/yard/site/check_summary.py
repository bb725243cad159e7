# SPDX-License-Identifier: MIT
"""What the site keeps of a check: check.json without the single differences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yard.data import samples
from yard.site import cell_key

KEPT = ("scenario", "metric", "tier", "verdict", "slowdown", "low", "high", "detectable", "note")


def of_check(folder: Path) -> dict[str, Any]:
    value = samples.read_json(folder / "check.json", "check")
    machine = str(value["machine"].get("id") or value["machine"].get("cpu_model") or "unknown")
    return {
        "schema": 1,
        "kind": "check",
        "slug": cell_key.slug(f"check-{value['utc']}-{machine}"),
        "machine": machine,
        **{name: value[name] for name in ("utc", "base", "head", "exit_code", "reason")},
        **{name: value[name] for name in ("compared", "command", "profile", "minutes")},
        "not_compared": value["not_compared"],
        "broken": value["broken"],
        "cells": [{name: cell[name] for name in KEPT} for cell in value["cells"]],
    }

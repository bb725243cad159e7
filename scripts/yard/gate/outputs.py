# SPDX-License-Identifier: MIT
"""Writes all that a check leaves in its folder; verdict.json last, so that its absence means failure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping

from yard.data import schema
from yard.data.store import explained, write_atomically
from yard.gate import check_page, junit, comment, plots, wording

VERDICT = "verdict.json"


def prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / VERDICT).unlink(
            missing_ok=True
        )  # an old one must not speak for a new check that failed
        (folder / "pairs.jsonl").unlink(missing_ok=True)
    except OSError as error:
        raise explained(error, f"cannot make {folder}") from None


def write(result: Mapping[str, Any], folder: Path, with_plots: bool = True) -> None:
    write_atomically(folder / "check.json", json.dumps(result, indent=1) + "\n")
    write_atomically(folder / "check.md", comment.render(result))
    write_atomically(folder / "check.html", check_page.render(result))
    write_atomically(folder / "junit.xml", junit.render(result))
    if with_plots:
        plots.write(result, folder / "plots")
    verdict(folder, result["exit_code"], result["reason"], result["compared"], regressions(result))


def regressions(result: Mapping[str, Any]) -> list[str]:
    cells = [
        f"{c['scenario']} {c['metric']}" for c in result["cells"] if c["verdict"] == "REGRESSION"
    ]
    suite = [f"suite {s['metric']}" for s in result["suite"] if s["verdict"] == "REGRESSION"]
    counters = [f"{c['scenario']} {c['counter']}" for c in result["counters"] if not c["accepted"]]
    return [
        *cells,
        *suite,
        *(f"{b['scenario']} {b['metric']}".strip() for b in result["broken"]),
        *counters,
    ]


def verdict(
    folder: Path, code: int, reason: str, compared: int = 0, red: list[str] | None = None
) -> None:
    value = {
        "schema": 1,
        "exit_code": code,
        "verdict": wording.TITLES[code],
        "reason": reason,
        "compared": compared,
        "regressions": red or [],
    }
    if why := schema.violation("verdict", value):
        raise AssertionError(f"verdict.json does not obey its schema: {why}")
    write_atomically(folder / VERDICT, json.dumps(value, indent=1) + "\n")

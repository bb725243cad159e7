# SPDX-License-Identifier: MIT
"""The result of a check as plain data: check.json, and what every other output is made from."""

from __future__ import annotations

import datetime
import shlex
from typing import Any, Sequence

from yard.data import machine_name
from yard.data import schema
from yard.data.facts import METRIC
from yard.errors import OK
from yard.stats import inference
from yard.gate import rule, whole_process
from yard.gate.formats import registry
from yard.gate.found import Found
from yard.gate.outcome import CellResult, Outcome
from yard.gate.rule import Verdict

ORDER = [Verdict.REGRESSION, Verdict.UNRESOLVED, Verdict.ACCEPTED, Verdict.IMPROVED, Verdict.OK]
UNITS = {**registry.UNITS, **whole_process.UNITS}  # of other programs

ABSENT = ("scenario", "metric", "reason", "accepted")
COUNTER = ("scenario", "counter", "base", "head", "text", "accepted")
HOST = (
    "cpu_model",
    "allowed_cpus",
    "kernel",
    "hypervisor",
    "load_average",
    "governor",
    "boot_id",
)


def make(found: Found, seed: int, command: Sequence[str], repeat: Sequence[str]) -> dict[str, Any]:
    """`repeat`: the words of a command line that names the same sides again, to which a cell's choice is added."""
    outcome = found.outcome
    code, reason = outcome.why()
    if code == OK and found.not_compared:
        reason += f"; {len(found.not_compared)} not compared"
    cells = [_cell(cell, found, seed, repeat) for cell in outcome.judged if cell.screen]
    cells.sort(key=lambda c: (ORDER.index(Verdict(c["verdict"])), -c["slowdown"]))
    value = {
        "schema": 1,
        "exit_code": code,
        "reason": reason,
        "base": found.labels["base"],
        "head": found.labels["head"],
        "utc": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(command),
        "seed": seed,
        "profile": outcome.profile.name,
        "minutes": round(found.minutes, 3),
        "slot_s": found.slot_s,
        "compared": outcome.compared,
        "scenarios": len({c.scenario for c in outcome.gating}),
        "suspects": sum(cell.suspect for cell in outcome.cells),
        "alpha": (rule.ALPHA + rule.ALPHA_SUITE) * outcome.profile.alpha_share,
        "stopped_early": outcome.stopped_early,
        "blind": outcome.blind_scenarios(),
        "cells": cells,
        "suite": [
            _suite(name, outcome.suite_medians[name], red) for name, red in outcome.suite.items()
        ],
        **_absent(outcome, repeat, seed),
        "counters": [
            {
                **{name: getattr(grown, name) for name in COUNTER},
                "repeat": _repeat(repeat, grown.scenario, "", seed),
            }
            for grown in outcome.counters
        ],
        "not_compared": dict(sorted(found.not_compared.items())),
        "notes": found.notes,
        "control": {"of": found.control_of, "failed": [c.name for c in outcome.control_failed]},
        "machine": _machine(found),
    }
    if why := schema.violation("check", value):
        raise AssertionError(f"check.json does not obey its schema: {why}")
    return value


def _absent(outcome: Outcome, repeat: Sequence[str], seed: int) -> dict[str, Any]:
    """What stopped measuring, and what could not be compared for another reason."""
    broken = [
        {
            "scenario": one.scenario,
            "metric": one.metric,
            "reason": one.reason,
            "repeat": _repeat(repeat, one.scenario, one.metric, seed),
        }
        for one in outcome.broken
    ]
    absent = [
        {name: getattr(one, name) for name in ABSENT}
        for one in outcome.absent
        if one not in outcome.broken
    ]
    return {"broken": broken, "absent": absent}


def _machine(found: Found) -> dict[str, Any]:
    steal = found.disturbed.steal
    return {
        "id": machine_name.machine_id(),
        "pairs": found.disturbed.pairs,
        "repeated": found.disturbed.repeated,
        "steal_median": inference.median(steal) if steal else None,
        "steal_most": max(steal) if steal else None,
        **{name: found.host.get(name) for name in HOST},
    }


def _cell(cell: CellResult, found: Found, seed: int, repeat: Sequence[str]) -> dict[str, Any]:
    e = cell.estimate()
    both = found.values.get((cell.scenario, cell.metric.name), [])
    scenario = found.scenarios.get(cell.scenario)
    return {
        "scenario": cell.scenario,
        "metric": cell.metric.name,
        "tier": cell.metric.tier,
        "verdict": cell.verdict.value,
        "slowdown": e.slowdown,
        "low": e.low,
        "high": e.high,
        "p": e.p,
        "pairs": e.pairs,
        "confirmed": len(cell.fresh) > 1,
        "alpha": cell.alpha,
        "detectable": e.detectable,
        "tolerated": cell.metric.tolerated,
        "must_find": cell.metric.must_find,
        "base": inference.median([b for b, _ in both]) if both else None,
        "head": inference.median([h for _, h in both]) if both else None,
        "unit": _unit(cell.metric.name),
        "params": dict(scenario.params) if scenario else {},
        "note": cell.note,
        "differences": [round(d, 6) for d in (cell.fresh if len(cell.fresh) > 1 else cell.screen)],
        "repeat": _repeat(repeat, cell.scenario, cell.metric.name, seed),
    }


def _unit(metric: str) -> str:
    """A command that is compared has metrics of its own, whose units nobody knows."""
    if metric not in METRIC:
        return UNITS.get(metric, "")
    unit = METRIC[metric].unit
    return "" if unit == "count" else unit


def _suite(metric: str, medians: Sequence[float], red: bool) -> dict[str, Any]:
    e = rule.estimate(
        medians, rule.Metric(metric, "gating", rule.SUITE_TOLERATED, 0.02), rule.ALPHA_SUITE / 4
    )
    return {
        "metric": metric,
        "verdict": "REGRESSION" if red else "OK",
        "slowdown": e.slowdown,
        "low": e.low,
        "high": e.high,
        "p": e.p,
        "rounds": e.pairs,
    }


def _repeat(words: Sequence[str], scenario: str, metric: str, seed: int) -> str:
    only = ["--only", scenario] + (["--metric", metric] if metric else [])
    return shlex.join([*words, *only, "--profile", "thorough", "--seed", str(seed + 1)])

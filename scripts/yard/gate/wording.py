# SPDX-License-Identifier: MIT
"""How a check says things: the same words on a terminal, in Markdown and in JUnit."""

from __future__ import annotations

from typing import Any, Mapping

from yard.data.facts import METRIC
from yard.gate.outcome import few
from yard.text import numbers, units

TITLES = {0: "ok", 1: "REGRESSION", 2: "inconclusive", 3: "not comparable", 4: "the harness failed"}
Cell = Mapping[str, Any]


def percent(ratio: float) -> str:
    return numbers.change(ratio)


def interval(cell: Cell) -> str:
    return numbers.changes(cell["low"], cell["high"])


def value(number: float | None, unit: str) -> str:
    return "" if number is None else units.text(number, unit)


def both(cell: Cell) -> str:
    return (
        f"{value(cell['base'], cell['unit'])} -> {value(cell['head'], cell['unit'])}"
        if cell["base"] is not None
        else ""
    )


def metric(name: str) -> str:
    return METRIC[name].label if name in METRIC else name


def params(cell: Cell) -> str:
    return " ".join(f"{name}={number}" for name, number in cell["params"].items())


def evidence(cell: Cell) -> str:
    kind = "fresh pairs" if cell["confirmed"] else "pairs"
    return f"{cell['pairs']} {kind}, p = {numbers.short(cell['p'], 1)}, more than {numbers.short_percent(cell['tolerated'])} is not tolerated"


def counter(grown: Mapping[str, Any]) -> str:
    return (
        f"ACCEPTED  {grown['text']}; {grown['accepted']}"
        if grown["accepted"]
        else f"REGRESSION  {grown['text']}"
    )


def broken(one: Mapping[str, Any]) -> str:
    return f"BROKEN  {_named(one)}: stopped measuring on head alone: {one['reason']}"


def absent(result: Mapping[str, Any]) -> list[str]:
    """What could not be compared although it was to be."""
    return [
        f"{'ACCEPTED  ' if one['accepted'] else 'NOT COMPARED  '}{_named(one)}: {one['reason']}"
        + (f"; {one['accepted']}" if one["accepted"] else "")
        for one in result["absent"]
    ]


def _named(one: Mapping[str, Any]) -> str:
    return f"{one['scenario']} {metric(one['metric'])}".strip()


def repeats(result: Mapping[str, Any]) -> list[str]:
    """The commands that measure again what is red, a scenario or a cell of it alone."""
    red = [c for c in result["cells"] if c["verdict"] == "REGRESSION"] + list(result["broken"])
    return list(
        dict.fromkeys(
            c["repeat"] for c in [*red, *(c for c in result["counters"] if not c["accepted"])]
        )
    )


def headline(result: Mapping[str, Any]) -> str:
    return f"{TITLES[result['exit_code']]}: {result['reason']}"


def about(result: Mapping[str, Any]) -> str:
    steal = result["machine"]["steal_median"]
    stolen = f", {numbers.percent(steal)} of CPU time stolen (median of the pairs)" if steal else ""
    return (
        f"base {result['base']}, head {result['head']}: {result['compared']} cells of {result['scenarios']} scenarios, "
        f"{result['machine']['pairs']} pairs in {numbers.fixed(result['minutes'], 1)} min, {result['suspects']} suspects, "
        f"seed {result['seed']}, profile {result['profile']}{stolen}"
    )


def shown(result: Mapping[str, Any], everything: bool = False) -> list[Cell]:
    return [
        cell
        for cell in result["cells"]
        if everything or (cell["verdict"] != "OK" and cell["tier"] == "gating")
    ]


def quiet_summary(result: Mapping[str, Any]) -> str:
    """What the green cells are worth: a gate that could not have seen anything must say so."""
    ok = [c for c in result["cells"] if c["verdict"] == "OK" and c["tier"] == "gating"]
    if not ok:
        return ""
    remarks = []
    for name in dict.fromkeys(c["metric"] for c in ok):
        limits = sorted(max(c["high"], 0.0) for c in ok if c["metric"] == name)
        remarks.append(
            f"{metric(name)} {percent(limits[len(limits) // 2])} (worst {percent(limits[-1])})"
        )
    blind = result.get("blind", [])
    blind_too = f". Too noisy to rule out what must be found: {few(blind)}" if blind else ""
    return (
        f"{len(ok)} cells ok. Ruled out, by the median cell's 95 % interval: more than "
        + ", ".join(remarks)
        + blind_too
    )


def not_compared(result: Mapping[str, Any]) -> list[str]:
    """One line a reason, so that a hundred cells left out are not a hundred lines."""
    by_reason: dict[str, list[str]] = {}
    for id, why in result["not_compared"].items():
        by_reason.setdefault(why, []).append(id)
    return [f"{why}: {few(ids)}" for why, ids in by_reason.items()]

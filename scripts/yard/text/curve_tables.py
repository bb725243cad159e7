# SPDX-License-Identifier: MIT
"""What `curve` found, as tables on the terminal."""

from __future__ import annotations

from typing import Any, Optional

from rich.table import Column, Table

from yard.data.facts import METRIC, VERDICT
from yard.stats.rate_search import UNKNOWN, Rate
from yard.text.matrix import rendered
from yard.text import units

MARK = {
    VERDICT.ok: "",
    VERDICT.rig_limited: " rig",
    VERDICT.unstable: " unstable",
    VERDICT.overloaded: " over",
}


def text(found: dict[str, Any]) -> str:
    with_points = [c for c in found["contenders"] if c["capacity"]]
    parts = [
        f"{found['workload']}, {found['connections']} connections, medians over rounds",
        _capacity(found["contenders"]),
    ]
    if any(c["curve"] for c in with_points):
        shares = [point["percent"] for point in max((c["curve"] for c in with_points), key=len)]
        grid = Table(
            Column("p99 at", no_wrap=True),
            *(f"{share} %" for share in shares),
            box=None,
            pad_edge=False,
        )
        for c in with_points:
            by = {point["percent"]: point for point in c["curve"]}
            grid.add_row(c["contender"], *(_p99(by.get(share)) for share in shares))
        parts += [
            "",
            "Open loop, Poisson, at shares of the own capacity (over: not held; rig: the load generator sent late):",
            rendered(grid),
        ]
    rates = sorted({point["rate_per_s"] for c in with_points for point in c["common"]})
    if rates:
        grid = Table(
            Column("p99 at", no_wrap=True),
            *(units.text(rate, "units/s") for rate in rates),
            box=None,
            pad_edge=False,
        )
        for c in with_points:
            by = {point["rate_per_s"]: point for point in c["common"]}
            grid.add_row(
                c["contender"],
                *(_p99(by[rate]) if rate in by else "above capacity" for rate in rates),
            )
        parts += ["", "At rates common to all:", rendered(grid)]
    if any(c["overload"] for c in with_points):
        parts += [
            "",
            "Beyond capacity for a while, from half of it and back (goodput: replies a second meanwhile; recovery: from the "
            "end of it until 95 % of replies are within the p99 of before):",
            _overload(with_points),
        ]
    if found["objective"]:
        parts += ["", _objective(found)]
    parts += [
        f"{c['contender']} is left out: {c['stopped']}" for c in found["contenders"] if c["stopped"]
    ]
    return "\n".join([*parts, *(f"note: {note}" for note in found["notes"])])


def _p99(point: Optional[dict[str, Any]]) -> str:
    if point is None or METRIC.p99_ns not in point:
        return point["verdict"] if point and point["verdict"] != VERDICT.ok else "–"
    return units.text(point[METRIC.p99_ns]["value"], "ns") + MARK.get(
        point["verdict"], f" {point['verdict']}"
    )


def _capacity(contenders: list[dict[str, Any]]) -> str:
    grid = Table(
        Column("contender", no_wrap=True), "capacity", "interval", box=None, pad_edge=False
    )
    for c in sorted(contenders, key=lambda c: -(c["capacity"] or {"value": 0})["value"]):
        e = c["capacity"]
        if e is None:
            grid.add_row(c["contender"], "–", "")
            continue
        interval = (
            e["refused"]
            or f"[{units.text(e['low'], 'units/s')}, {units.text(e['high'], 'units/s')}]"
        )
        limited = " or more: the load generator was the limit" if c[VERDICT.rig_limited] else ""
        grid.add_row(c["contender"], units.text(e["value"], "units/s"), interval + limited)
    return rendered(grid)


def _overload(contenders: list[dict[str, Any]]) -> str:
    grid = Table(
        Column("contender", no_wrap=True),
        "offered",
        "goodput",
        "of capacity",
        "recovery",
        box=None,
        pad_edge=False,
    )
    for c in contenders:
        for point in c["overload"]:
            good = point["goodput"]
            recovery = (
                units.text(point["recovery_ns"], "ns")
                if point["recovered"]
                else "not while it was watched"
            )
            if 0 < point["recovered"] < point["rounds"]:
                recovery += f" ({point['recovered']} of {point['rounds']} rounds)"
            share = "–" if good is None else f"{100 * good / c['capacity']['value']:.0f} %"
            grid.add_row(
                c["contender"],
                f"{point['percent']} %",
                units.text(good, "units/s"),
                share,
                recovery,
            )
    return rendered(grid)


def _objective(found: dict[str, Any]) -> str:
    wanted = found["objective"]
    name = wanted["metric"].removesuffix("_ns")
    grid = Table(
        Column("contender", no_wrap=True),
        "shown to hold",
        "shown to fail",
        "trials",
        "",
        box=None,
        pad_edge=False,
    )
    for c in found["contenders"]:
        if "objective" not in c:
            continue
        o = c["objective"]
        why = "" if o["complete"] else "the search was cut short"
        if o["complete"] and o["highest_held"] is None:
            why = "no rate was shown to hold it"
        elif o["complete"] and o["lowest_failed"] is None:
            why = "it held wherever it was tried"
        elif o["complete"] and any(Rate(**rate).state == UNKNOWN for rate in o["rates"].values()):
            why = "rates between are undecided"
        grid.add_row(
            c["contender"],
            units.text(o["highest_held"], "units/s"),
            units.text(o["lowest_failed"], "units/s"),
            str(o["trials"]),
            why,
        )
    return f"The highest rate at which {name} is within {units.text(wanted['limit_ns'], 'ns')}:\n{rendered(grid)}"

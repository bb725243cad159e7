# SPDX-License-Identifier: MIT
"""Which model for a described mix: from measured cells that resemble it, with what the answer rests
on and when it would be another one.

A request of the mix is served, computes, and waits for another server. Each workload of a run says for which of these
parts it stands, if for any. The CPU of a request on a model is the sum of what they cost there, round by round, taken from
the nearest measured point of each; what has to
be computed is the same on all. Contenders are then ranked as everywhere: paired rounds, simultaneous intervals, ties.
Latency follows from operational laws (a request cannot end before W + S, nor N requests before N S / CPUs) times the tail
that the evidence showed: an estimate, and said to be one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Collection, Iterable, Mapping, Optional

from yard.stats import rank
from yard.errors import UsageError
from yard.data import workloads
from yard.data.facts import FIELD, MARKED, METRIC, VERDICT
from yard.data.workloads import Workload, with_part
from yard.stats.estimates import Cell, PointKey, cells, estimate
from yard.text import numbers, units
from yard.text.leads import LITTLE, lead_words, listed

COST = METRIC.cpu_per_unit_ns
FLIPS = (2.0, 4.0, 8.0, 16.0, 64.0)
FAR = math.log(8)  # evidence further away than this is named as such
ACCEPT = (
    VERDICT.ok,
    *MARKED,
)  # CPU per request holds even where the client, not the server, set the pace


@dataclass(frozen=True)
class Mix:
    io_wait_ns: float
    cpu_ns: float
    concurrency: int
    p99_ns: Optional[float] = None

    def words(self) -> str:
        target = f", p99 below {units.text(self.p99_ns, 'ns')}" if self.p99_ns else ""
        return (
            f"{self.concurrency} requests at once, each waits {_time(self.io_wait_ns)} and computes "
            f"{_time(self.cpu_ns)}{target}"
        )


def _time(ns: float) -> str:
    return units.text(ns, "ns") if ns else "not"


@dataclass(frozen=True)
class Evidence:
    """One measured point and how far it is from what was asked: the log of the ratios of its sizes."""

    at: PointKey
    distance: float
    cells: tuple[Cell, ...]

    def words(self) -> str:
        sizes = ", ".join(f"{name} {value}" for name, value in self.at.params if name in _TOLD)
        far = "; far from your mix, --live measures it" if self.distance > FAR else ""
        return f"{self.at.workload} ({sizes}){far}"


_AWAITED = {"in_flight", "delay_us"}  # the sizes of what waits for another server
_TOLD = ("connections", "dear_percent", "burn_us", "rate_per_s", "offload", "in_flight", "delay_us")


@dataclass(frozen=True)
class Choice:
    contender: str
    rank: int
    cost_ns: float
    low_ns: Optional[float]
    high_ns: Optional[float]
    p99_ns: Optional[float]
    meets: str  # "yes", "no", "unsure" or "" without a target
    tied_with: tuple[str, ...]


@dataclass(frozen=True)
class Advice:
    mix: Mix
    choices: tuple[Choice, ...]
    words: str
    tie: bool
    evidence: tuple[Evidence, ...]
    flips: tuple[str, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "mix": vars(self.mix),
            "advice": self.words,
            "tie": self.tie,
            "choices": [
                {**vars(choice), "tied_with": list(choice.tied_with)} for choice in self.choices
            ],
            "evidence": [
                {
                    "workload": e.at.workload,
                    "params": dict(e.at.params),
                    "distance": e.distance,
                    "contenders": [c.contender for c in e.cells],
                }
                for e in self.evidence
            ],
            "flips": list(self.flips),
            "notes": list(self.notes),
        }


def cells_of(measured: Iterable[Mapping[str, Any]], adaptive: bool = False) -> list[Cell]:
    """Cells as everywhere, but where most requests compute, their latency counts and not that of
    the rest."""
    adjusted = []
    for sample in measured:
        dear = ((sample.get("client") or {}).get("dear") or {}).get("latency")
        mostly = (sample.get("params") or {}).get("dear_percent", 0) >= 50
        adjusted.append({**sample, "latency": dear} if dear and mostly else sample)
    return cells(adjusted, adaptive=adaptive)


def _own_cpu_ns(at: PointKey) -> float:
    """What a request of this point computes by contract: not the model's cost."""
    sizes = at.sizes
    return sizes.get("dear_percent", 0) / 100 * sizes.get("burn_us", 0) * 1000


def _apart(a: float, b: float) -> float:
    return abs(math.log(max(a, 1.0) / max(b, 1.0)))


def _distance(at: PointKey, mix: Mix) -> float:
    sizes = at.sizes
    if _AWAITED <= set(sizes):
        return _apart(sizes["in_flight"], mix.concurrency) + 0.5 * _apart(
            sizes["delay_us"], mix.io_wait_ns / 1000
        )
    # In microseconds, and one more: below that it is no computing.
    own = _apart(_own_cpu_ns(at) / 1000 + 1, mix.cpu_ns / 1000 + 1)
    return (
        _apart(sizes["connections"], mix.concurrency)
        + 0.5 * own
        + (0.1 if sizes.get("rate_per_s") else 0.0)
    )


def _nearest(measured: Iterable[Cell], names: Collection[str], mix: Mix) -> Optional[Evidence]:
    by_point: dict[PointKey, list[Cell]] = {}
    for cell in measured:
        sizes = set(cell.at.sizes)
        named = cell.at.workload in names and (_AWAITED <= sizes or "connections" in sizes)
        usable = named and cell.verdict in ACCEPT and COST in cell.estimates
        if usable and cell.model != rank.REFERENCE and not cell.at.sizes.get("offload"):
            by_point.setdefault(cell.at, []).append(cell)
    found = [
        Evidence(at, _distance(at, mix), tuple(own)) for at, own in by_point.items() if len(own) > 1
    ]
    return min(found, key=lambda e: (e.distance, e.at)) if found else None


def _predicted(mix: Mix, serving: Evidence, waiting: Optional[Evidence]) -> list[Cell]:
    """A cell for each contender that all evidence has, with the CPU of a request and its p99 in each shared round."""
    waits = {cell.contender: cell.values[COST] for cell in waiting.cells} if waiting else {}
    own, found = _own_cpu_ns(serving.at), []
    for cell in serving.cells:
        if waiting and cell.contender not in waits:
            continue
        cost, p99 = {}, {}
        for number, served in cell.values[COST].items():
            if waiting and number not in waits[cell.contender]:
                continue
            cost[number] = (
                max(1.0, served - own)
                + mix.cpu_ns
                + (waits[cell.contender][number] if waiting else 0.0)
            )
            tail = _tail(cell, number)
            if tail is not None:
                busy = max(
                    cost[number],
                    mix.concurrency * cost[number] / max(1, cell.workers or 1) - mix.io_wait_ns,
                )
                p99[number] = mix.io_wait_ns + tail * busy
        if not cost:
            continue
        made = replace(
            cell, verdict=VERDICT.ok, values={COST: cost}, estimates={COST: estimate(cost)}
        )
        if len(p99) == len(cost):
            made.values[METRIC.p99_ns], made.estimates[METRIC.p99_ns] = p99, estimate(p99)
        found.append(made)
    return found


def _tail(cell: Cell, number: int) -> Optional[float]:
    """p99 over the mean response, which is N / X by Little's law; only a closed loop has all N at once."""
    p99, rate = (
        cell.values.get(name, {}).get(number) for name in (METRIC.p99_ns, METRIC.throughput)
    )
    connections = cell.at.sizes.get("connections")
    if not p99 or not rate or not connections or cell.at.sizes.get("rate_per_s"):
        return None
    return max(1.0, p99 * rate / 1e9 / connections)


def _meets(cell: Cell, target: Optional[float]) -> str:
    if target is None:
        return ""
    found = cell.estimates.get(METRIC.p99_ns)
    if found is None or found.low is None or found.high is None:
        return "unsure"
    return "yes" if found.high <= target else "no" if found.low > target else "unsure"


def _ranked(
    mix: Mix, predicted: list[Cell]
) -> tuple[tuple[Choice, ...], Optional[rank.Ranking], int]:
    """Who meets the target, or may, is ranked by cost before who does not."""
    groups = [
        [c for c in predicted if _meets(c, mix.p99_ns) != "no"],
        [c for c in predicted if _meets(c, mix.p99_ns) == "no"],
    ]
    choices, first, before = [], None, 0
    for group in groups:
        if not group:
            continue
        ranking = rank.rank(group, COST)
        by_name = {cell.contender: cell for cell in group}
        for place in ranking.places:
            cell = by_name[place.contender]
            cost, p99 = cell.estimates[COST], cell.estimates.get(METRIC.p99_ns)
            choices.append(
                Choice(
                    place.contender,
                    before + place.rank,
                    cost.value,
                    cost.low,
                    cost.high,
                    p99.value if p99 else None,
                    _meets(cell, mix.p99_ns),
                    place.not_separated_from,
                )
            )
        before += len(ranking.places)
        first = first or ranking
    return tuple(choices), first, len(groups[0])


@dataclass(frozen=True)
class Measured:
    """The cells of a run, and the names of its workloads that stand for the parts of a request."""

    cells: list[Cell]
    serving: tuple[str, ...]
    waiting: tuple[str, ...]


def of_run(cells: list[Cell], known: Mapping[str, Workload]) -> Measured:
    """Throws UsageError if the run does not say which of its workloads make up a request."""
    serving = with_part(known, workloads.SERVING, workloads.SERVING_AND_COMPUTING)
    if not serving:
        raise UsageError(
            "this run does not record which of its workloads make up a request: an earlier version measured it; "
            "measure again with scripts/switchyard run, or say --live"
        )
    return Measured(cells, serving, with_part(known, workloads.WAITING))


def _evidence(measured: Measured, mix: Mix) -> tuple[Evidence, Optional[Evidence]]:
    serving = _nearest(measured.cells, measured.serving, mix)
    waiting = _nearest(measured.cells, measured.waiting, mix) if mix.io_wait_ns else None
    if serving is None or (mix.io_wait_ns and waiting is None):
        wanted = measured.serving if serving is None else measured.waiting
        lacks = listed(wanted, "or") if wanted else "a workload that waits"
        needed = ",".join((*measured.serving, *measured.waiting))
        raise UsageError(
            f"this run has no measured cell of {lacks} with two models or more; measure with "
            f"scripts/switchyard run --workloads {needed}, or say --live"
        )
    return serving, waiting


def _best(measured: Measured, mix: Mix) -> set[str]:
    choices, _, _ = _ranked(mix, _predicted(mix, *_evidence(measured, mix)))
    return {choice.contender for choice in choices if choice.rank == 1}


def _flips(measured: Measured, mix: Mix, taken: str) -> tuple[str, ...]:
    remarks = []
    for name, label, show in (
        ("concurrency", "requests at once", lambda v: numbers.fixed(v)),
        (FIELD.cpu_ns, "of computing", _time),
        ("io_wait_ns", "of waiting", _time),
    ):
        now = getattr(mix, name)
        for up in (True, False):
            for factor in FLIPS:
                value = now * factor if up else now / factor
                if not now or (name == "concurrency" and value < 1):
                    break
                best = _best(
                    measured,
                    replace(mix, **{name: round(value) if name == "concurrency" else value}),
                )
                if best and taken not in best:
                    more = "more" if up else "less"
                    remarks.append(
                        f"with {show(value)} {label} or {more}: {listed(sorted(best), 'or', 3)}"
                    )
                    break
    return tuple(remarks)


def advise(measured: Measured, mix: Mix) -> Advice:
    """Of the cells of one run. Throws UsageError if the run has nothing that resembles the mix."""
    serving, waiting = _evidence(measured, mix)
    predicted = _predicted(mix, serving, waiting)
    choices, ranking, good = _ranked(mix, predicted)
    if not choices:
        raise UsageError(
            "no contender has enough rounds in common to be ranked; measure at least 5"
        )
    top = [choice.contender for choice in choices if choice.rank == 1]
    notes, tie = [], len(top) > 1
    close = ranking.runner_up if ranking and not tie else None
    if mix.p99_ns and not good:
        words = f"None: every contender is expected to miss a p99 of {units.text(mix.p99_ns, 'ns')}. Fewer requests at once, or more CPUs."
        if mix.p99_ns < mix.io_wait_ns + mix.cpu_ns:
            words = f"None: a request needs {units.text(mix.io_wait_ns + mix.cpu_ns, 'ns')} even alone, more than the p99 asked for."
        tie = False
    elif tie:
        words = f"A tie: {listed(top)} are not separated. Take the one that your team knows best."
    elif close and close.ratio < 1 + LITTLE:
        tie = True
        words = (
            f"A tie for this mix: {listed([close.leader, close.other])} differ by less than "
            f"{numbers.short_percent(LITTLE)} in CPU per request. Take the one that your team knows best."
        )
    else:
        words = f"Take {top[0]}"
        if ranking and ranking.runner_up:
            words += f": it {lead_words(ranking.runner_up).split(' ', 1)[1]} in CPU per request"
        words += "."
    compute = mix.cpu_ns / choices[0].cost_ns
    if compute > 0.8:
        notes.append(
            f"{numbers.percent(compute)} of the CPU of a request is what it computes, on any model: the choice matters little."
        )
    if mix.p99_ns:
        notes.append(
            "p99 is an estimate from operational laws and the tail of the evidence, not a measurement."
        )
    evidence = tuple(e for e in (serving, waiting) if e)
    if waiting:
        left = {c.contender for c in serving.cells} ^ {c.contender for c in waiting.cells}
        if left:
            notes.append(
                f"Left out, measured in one of the two only: {listed(sorted(left), most=6)}."
            )
    flips = _flips(measured, mix, choices[0].contender)
    if not flips:
        points = {cell.at for cell in measured.cells if cell.at.workload in measured.serving}
        notes.insert(
            0,
            "When another would be better is not known: one point was measured."
            if len(points) == 1
            else "No change of one number by up to 64 times makes it another one, as far as this run reaches.",
        )
    return Advice(mix, choices, words, tie, evidence, flips, tuple(notes))

# SPDX-License-Identifier: MIT
"""Latency at a load: each contender's capacity in a closed loop, then an open loop at shares of it. The plan of such a
run grows while it is carried out, because a rate follows from what was measured before; its folder is that of any run."""

from __future__ import annotations

import json
import math
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping, Optional

from yard.data import samples, schema
from yard.data.facts import METRIC, VERDICT, VOID
from yard.engine import plan as planning
from yard.stats import estimates, inference
from yard.stats.rate_search import FAILS, HOLDS, UNKNOWN, Search
from yard.errors import UsageError, nearest
from yard.engine.runner import Runner
from yard.data.store import META, PLAN, merge_benchmarks, plan_hash
from yard.text import numbers

CONNECTIONS = 64
MOST_CONNECTIONS = 256  # of the ladder: a process a connection is still a fair thing to ask
LADDER_STEP = 4
GROWTH = 1.05  # less than this is no growth
OVERLOAD = (120, 200)  # % of the capacity, for a while
BEFORE_AND_AFTER = 50  # % of the capacity
WINDOW_S = {"smoke": 0.05, "quick": 0.5, "full": 2.0}
NEEDED = {
    METRIC.p50_ns: 50,
    METRIC.p90_ns: 220,
    METRIC.p99_ns: 2_200,
    METRIC.p999_ns: 22_000,
}  # operations behind a quantile


@dataclass(frozen=True)
class Objective:
    metric: str  # p99_ns
    limit_ns: float


@dataclass(frozen=True)
class Ask:
    fractions: tuple[int, ...]
    rounds: int
    common: bool = False
    overload: bool = False
    objective: Optional[Objective] = None
    budget_s: float = 120.0
    connections: Optional[int] = None


@dataclass
class Contender:
    """One cell: the job that its processes are made from, and what is known of it by now."""

    job: dict[str, Any]
    ladder: list[int] = field(default_factory=list)
    capacity: Optional[estimates.Estimate] = None
    limited: bool = False  # by the load generator: the capacity is at least that
    rates: dict[int, int] = field(default_factory=dict)  # % of its capacity -> rate
    common: list[int] = field(default_factory=list)
    usual: int = 0  # rate before and after an overload
    overload: dict[int, int] = field(
        default_factory=dict
    )  # % of its capacity -> % of the usual rate
    search: Optional[Search] = None
    stopped: str = ""  # why nothing more of it is measured

    @property
    def name(self) -> str:
        return estimates.contender(self.job["model"], self.job["variant"])


def base_point(workload: dict[str, Any], preset: str) -> tuple[int, dict[str, int]]:
    """The preset's point nearest to a closed loop of CONNECTIONS with one request at a time, by its index, as a closed loop."""
    known = {f["name"] for f in workload["fields"]}
    if missing := [
        name for name in ("rate_per_s", "poisson", "connections", "messages") if name not in known
    ]:
        raise UsageError(
            f"{workload['name']} has no {missing[0]}: a curve needs an open loop, as echo has"
        )

    def far(point: tuple[int, dict[str, int]]) -> tuple[bool, int, float]:
        params = point[1]
        return (
            bool(params.get("rate_per_s")),
            params.get("pipeline", 1),
            abs(math.log(params["connections"] / CONNECTIONS)),
        )

    index, found = min(enumerate(workload["presets"][preset]), key=far)
    return index, {
        **found,
        "rate_per_s": 0,
        "poisson": 0,
        **({"surge_percent": 100} if "surge_percent" in known else {}),
    }


def plan_of(
    found: Any, options: planning.Options, cpus: list[int], run: str
) -> tuple[dict[str, Any], list[Contender]]:
    """The plan without a process, and who takes part."""
    (name,) = options.workloads
    if name not in found.workloads:
        raise UsageError(f"--workload: unknown name '{name}': {nearest(name, found.workloads)}")
    plan = planning.make(found, options, cpus, run)
    index, base = base_point(found.workloads[name], options.preset)
    first: dict[tuple[str, str], Contender] = {}
    for process in sorted(
        (p for p in plan["processes"] if p["round"] == 0),
        key=lambda p: (p["model"], p["variant"], p["point"]),
    ):
        job: dict[str, Any] = {**process, "point": index, "params": base, "iterations": 1}
        first.setdefault((job["model"], job["variant"]), Contender(job))
    plan.update(processes=[], rounds=1, time_budget_s=None, adaptive=False)
    return plan, list(first.values())


def messages(rate: float, connections: int, window_s: float) -> int:
    return max(2 * connections, round(rate * window_s))


def rounded(rate: float) -> int:
    """To three digits, so that what is shown is what was offered."""
    size = 10 ** max(0, math.floor(math.log10(max(rate, 1))) - 2)
    return max(1, round(rate / size) * size)


def common_rates(capacities: Iterable[float], fractions: tuple[int, ...]) -> list[int]:
    """The fractions of the slowest and of the fastest: each contender gets those that are below its own capacity."""
    known = list(capacities)
    return (
        sorted({rounded(f / 100 * of) for of in (min(known), max(known)) for f in fractions})
        if known
        else []
    )


def stops_growing(throughput: Mapping[int, float]) -> Optional[int]:
    """The fewest connections within GROWTH of the best; None where the last step still grew."""
    best = max(throughput.values())
    enough = min(c for c, value in throughput.items() if value * GROWTH >= best)
    return None if len(throughput) > 1 and enough == max(throughput) else enough


def outcome(sample: Mapping[str, Any], objective: Objective) -> str:
    """One round held against the objective. A generator that sent late can only have made latencies longer: with it,
    a round that holds holds, and one that fails says nothing."""
    if sample["verdict"] == VERDICT.overloaded:
        return FAILS
    latency = METRIC[objective.metric].read(sample)
    if latency is None:
        return UNKNOWN
    if latency <= objective.limit_ns:
        return HOLDS
    return UNKNOWN if sample["verdict"] == VERDICT.rig_limited else FAILS


class Conductor(Runner):
    """A runner whose plan grows: `go` measures phase after phase."""

    def __init__(
        self,
        contenders: list[Contender],
        ask: Ask,
        *given: Any,
        clock: Callable[[], float] = time.monotonic,
    ):
        super().__init__(*given)
        self.contenders, self.ask, self.clock = contenders, ask, clock
        self.window_s = WINDOW_S[self.plan["preset"]]
        self.connections = ask.connections or contenders[0].job["params"]["connections"]
        self.notes: list[str] = []
        self._used: Counter[Any] = Counter()

    def go(self) -> None:
        try:
            self._find_capacities()
            self._curve()
            if self.ask.objective:
                self._search(self.ask.objective)
        finally:
            merge_benchmarks(self.store.folder, self.plan)

    @property
    def standing(self) -> list[Contender]:
        return [contender for contender in self.contenders if not contender.stopped]

    def measure(
        self, wanted: list[tuple[Contender, dict[str, int]]], shuffle: random.Random
    ) -> list[tuple[Contender, dict[str, Any]]]:
        """One process each, in random order; who broke is out. Gives the samples."""
        added = []
        shuffle.shuffle(wanted)
        for contender, changes in wanted:
            job: dict[str, Any] = {
                **contender.job,
                "params": {**contender.job["params"], **changes},
                "set": changes,
            }
            cell = (contender.name, tuple(sorted(job["params"].items())))
            job.update(
                round=self._used[cell],
                order=len(self.plan["processes"]),
                padding_bytes=shuffle.randrange(planning.MOST_PADDING_BYTES),
            )
            job["seed"] = planning._derived(self.plan["seed"], job["round"])
            self._used[cell] += 1
            self.plan["processes"].append(job)
            added.append((contender, job))
        self._keep_plan()
        seen = []
        for contender, job in added:
            self.watcher.begin(job, job["order"], len(self.plan["processes"]))
            before = self.store.size()
            self._one(job)
            for line in self.store.since(before).splitlines(keepends=True):
                sample, _ = schema.parse_sample(line)
                if sample is not None and not sample["warm"]:
                    seen.append((contender, sample))
                if sample is not None and sample["verdict"] in VOID and not contender.stopped:
                    contender.stopped = f"{sample['verdict']}: {sample['reason']}"
        return seen

    def _keep_plan(self) -> None:
        """What is to be measured is written before it is: an interrupted run can be resumed and read."""
        self.plan["rounds"] = self.meta["rounds"] = (
            max(job["round"] for job in self.plan["processes"]) + 1
        )
        self.meta["plan_sha256"] = plan_hash(self.plan)
        # An interruption between the two would leave a plan that its hash denies.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        try:
            self.store.write_json(PLAN, self.plan)
            self.store.write_json(META, self.meta)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def _rounds_of(self, phase: str, changes: Callable[[Contender], list[dict[str, int]]]) -> None:
        for round in range(self.ask.rounds):
            wanted = [(c, change) for c in self.standing for change in changes(c)]
            if wanted:
                self.measure(wanted, random.Random(f"{phase} {self.plan['seed']} {round}"))

    def _at(self, contender: Contender, connections: int) -> Optional[estimates.Cell]:
        params = {**contender.job["params"], **self._closed(contender, connections)}
        return self.cells.get((contender.name, tuple(sorted(params.items()))))

    def _throughput(self, contender: Contender, connections: int) -> Optional[estimates.Estimate]:
        cell = self._at(contender, connections)
        return cell.estimates.get(METRIC.throughput) if cell and cell.measured else None

    def _closed(self, contender: Contender, connections: int) -> dict[str, int]:
        return {
            "connections": connections,
            "messages": max(contender.job["params"]["messages"], 2 * connections),
            "rate_per_s": 0,
            "poisson": 0,
        }

    def read(self) -> dict[tuple[str, Any], estimates.Cell]:
        found = estimates.cells(samples.read_run(self.store.folder).samples)
        self.cells = {(cell.contender, tuple(sorted(cell.at.params))): cell for cell in found}
        return self.cells

    def _find_capacities(self) -> None:
        """Closed loop. The number of connections grows until no contender gains by more; the open loop has so many."""
        start = self.connections
        rungs = [start] if self.ask.connections else [max(1, start // LADDER_STEP), start]
        todo = list(rungs)
        while todo:
            self._rounds_of(f"capacity {todo}", lambda c: [self._closed(c, rung) for rung in todo])
            self.read()
            reached = [self._knee(c, rungs) for c in self.standing]
            todo = []
            if (
                None in reached
                and not self.ask.connections
                and rungs[-1] * LADDER_STEP <= MOST_CONNECTIONS
            ):
                todo = [rungs[-1] * LADDER_STEP]
                rungs += todo
        known = [knee for knee in reached if knee is not None]
        self.connections = rungs[-1] if None in reached else max([start, *known])
        if None in reached and len(rungs) > 1:
            self.notes.append(
                f"throughput still grew at {rungs[-1]} connections, where the ladder ends"
            )
        for contender in self.contenders:
            contender.ladder = rungs
            contender.capacity = self._throughput(contender, self.connections)
            cell = self._at(contender, self.connections)
            contender.limited = cell is not None and cell.verdict == VERDICT.rig_limited
            if contender.capacity is None and not contender.stopped:
                contender.stopped = "it has no capacity"

    def _knee(self, contender: Contender, rungs: list[int]) -> Optional[int]:
        values = {
            rung: found.value for rung in rungs if (found := self._throughput(contender, rung))
        }
        return stops_growing(values) if values else rungs[0]

    def open_loop(self, rate: int, metric: str = METRIC.p99_ns) -> dict[str, int]:
        params = self.contenders[0].job["params"]
        # Latency is of the requests that do not compute: there must be enough of those.
        plain = max(0.01, 1 - params.get("dear_percent", 0) / 100)
        least = math.ceil(NEEDED[metric] / plain)
        return {
            "connections": self.connections,
            "messages": max(least, messages(rate, self.connections, self.window_s)),
            "rate_per_s": rate,
            "poisson": 1,
        }

    def surge(self, contender: Contender, percent: int) -> dict[str, int]:
        """Usual load, the overload for a window, and the usual load again: as many messages in each."""
        each = max(
            NEEDED[METRIC.p99_ns], math.ceil(contender.usual * percent / 100 * self.window_s)
        )
        return {
            "connections": self.connections,
            "messages": 3 * each,
            "rate_per_s": contender.usual,
            "poisson": 1,
            "surge_percent": percent,
        }

    def _curve(self) -> None:
        ask, standing = self.ask, self.standing
        shared = (
            common_rates((c.capacity.value for c in standing if c.capacity), ask.fractions)
            if ask.common
            else []
        )
        for c in standing:
            assert c.capacity is not None
            c.rates = {share: rounded(share / 100 * c.capacity.value) for share in ask.fractions}
            c.common = [rate for rate in shared if rate <= c.capacity.value]
            c.usual = rounded(BEFORE_AND_AFTER / 100 * c.capacity.value)
            c.overload = (
                {share: round(100 * share / BEFORE_AND_AFTER) for share in OVERLOAD}
                if ask.overload
                else {}
            )
        offered = {c.name: sorted({*c.rates.values(), *c.common}) for c in standing}
        self._rounds_of(
            "curve",
            lambda c: [
                *(self.open_loop(rate) for rate in offered[c.name]),
                *(self.surge(c, percent) for percent in c.overload.values()),
            ],
        )

    def _search(self, objective: Objective) -> None:
        """All searches go on side by side, a trial each in turn, so that drift of the machine hits no contender in
        particular."""
        for c in self.standing:
            assert c.capacity is not None
            most = rounded(1.5 * c.capacity.value)
            c.search = Search(
                rounded(0.7 * c.capacity.value), max(1, rounded(c.capacity.value / 1000)), most
            )
        ends = self.clock() + self.ask.budget_s
        sweep = 0
        while True:
            asked = {
                id(c): rate
                for c in self.standing
                if c.search and (rate := c.search.next()) is not None
            }
            if not asked:
                return
            if self.clock() >= ends:
                who = ", ".join(c.name for c in self.standing if id(c) in asked)
                self.notes.append(
                    f"the time budget of {numbers.short(self.ask.budget_s)} s ended the search of {who}: "
                    "--time-budget gives more, --models asks for fewer"
                )
                return
            wanted = [
                (c, self.open_loop(asked[id(c)], objective.metric))
                for c in self.standing
                if id(c) in asked
            ]
            for c, sample in self.measure(
                wanted, random.Random(f"search {self.plan['seed']} {sweep}")
            ):
                if sample["verdict"] not in VOID and c.search:
                    c.search.record(sample["params"]["rate_per_s"], outcome(sample, objective))
            sweep += 1


@dataclass(frozen=True)
class Excess:
    """Beyond capacity: what came back all the same, and how long latency took to be normal again afterwards."""

    goodput: Optional[float]
    recovery_ns: Optional[float]
    recovered: int
    rounds: int


def excess(found: list[Mapping[str, Any]]) -> Excess:
    seen = [
        surge
        for sample in found
        if (surge := (sample.get("client") or {}).get("surge")) and surge["goodput_per_s"]
    ]
    goodput = [surge["goodput_per_s"] for surge in seen]
    recovery = [surge["recovery_ns"] for surge in seen if surge["recovery_ns"] is not None]
    return Excess(
        inference.median(goodput) if goodput else None,
        inference.median(recovery) if recovery else None,
        len(recovery),
        len(found),
    )


def as_json(conductor: Conductor) -> dict[str, Any]:
    cells, found = conductor.read(), samples.read_run(conductor.store.folder).samples

    def at(contender: Contender, rate: int) -> dict[str, Any]:
        params = {**contender.job["params"], **conductor.open_loop(rate)}
        cell = cells.get((contender.name, tuple(sorted(params.items()))))
        if cell is None:
            return {"rate_per_s": rate, "verdict": "not measured", "rounds": 0}
        quantiles = {
            name: vars(e)
            for name in (METRIC.throughput, METRIC.p50_ns, METRIC.p99_ns)
            if (e := cell.estimates.get(name))
        }
        return {"rate_per_s": rate, "verdict": cell.verdict, "rounds": cell.rounds, **quantiles}

    def beyond(contender: Contender, percent: int) -> dict[str, Any]:
        own = [s for s in found if estimates.contender(s["model"], s["variant"]) == contender.name]
        return {
            "rate_per_s": rounded(contender.usual * percent / 100),
            "usual_rate_per_s": contender.usual,
            **vars(excess([s for s in own if s["params"].get("surge_percent", 100) == percent])),
        }

    quantiles = []
    for c in conductor.contenders:
        entry: dict[str, Any] = {
            "contender": c.name,
            "stopped": c.stopped or None,
            "capacity": vars(c.capacity) if c.capacity else None,
            VERDICT.rig_limited: c.limited,
            "curve": [{"percent": share, **at(c, rate)} for share, rate in c.rates.items()],
            "common": [at(c, rate) for rate in c.common],
            "overload": [
                {"percent": share, **beyond(c, percent)} for share, percent in c.overload.items()
            ],
        }
        if c.search:
            entry["objective"] = {
                "highest_held": c.search.highest_held,
                "lowest_failed": c.search.lowest_failed,
                "trials": c.search.trials,
                "complete": c.search.next() is None,
                "rates": {str(r): vars(v) for r, v in sorted(c.search.rates.items())},
            }
        quantiles.append(entry)
    objective = conductor.ask.objective
    return {
        "schema": 1,
        "run": conductor.plan["run"],
        "folder": str(conductor.store.folder),
        "workload": conductor.contenders[0].job["workload"],
        "connections": conductor.connections,
        "objective": vars(objective) if objective else None,
        "contenders": quantiles,
        "notes": conductor.notes,
    }


def keep(conductor: Conductor) -> dict[str, Any]:
    """The answer beside the samples that it rests on."""
    value = as_json(conductor)
    conductor.store.write_json("curve.json", json.loads(json.dumps(value)))
    return value

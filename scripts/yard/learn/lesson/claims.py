# SPDX-License-Identifier: MIT
"""What is said of concurrency, and whether it is so on this machine: each claim is a few cells of the suite, measured now,
round by round, and judged by an interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Callable

from yard.data.facts import METRIC
from yard.engine import live, plan as planning
from yard.errors import YardError
from yard.stats.estimates import Cell, paired_ratio
from yard.data.models import Catalogue
from yard.text import numbers, units

TRUE, FALSE, DEPENDS, UNKNOWN = "true", "false", "it depends", "not measured"
ROUNDS = 7
CLEAR = 1.25  # a claim in words means more than a difference that only statistics can see


@dataclass(frozen=True)
class Figure:
    """`first` needs `ratio` times as much of `metric` as `second`."""

    first: str
    second: str
    metric: str
    first_value: float
    second_value: float
    ratio: float
    low: float | None
    high: float | None
    rounds: int

    @property
    def more(self) -> bool:
        return self.low is not None and self.low > CLEAR

    @property
    def same(self) -> bool:
        return (
            self.low is not None
            and self.low > 1 / CLEAR
            and self.high is not None
            and self.high < CLEAR
        )

    def words(self) -> str:
        values = f"{self.first} {units.text(self.first_value, 'ns')}, {self.second} {units.text(self.second_value, 'ns')}"
        interval = (
            f" [{numbers.short(self.low, 2)}, {numbers.short(self.high, 2)}]"
            if self.low is not None and self.high is not None
            else f", {self.rounds} rounds: no interval"
        )
        return f"{values}: {units.digits(self.ratio)} times{interval}"


@dataclass(frozen=True)
class Verdict:
    claim: str
    mark: str
    because: str
    figures: tuple[Figure, ...]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "figures": [asdict(figure) for figure in self.figures]}


@dataclass(frozen=True)
class Claim:
    id: str
    text: str
    options: tuple[planning.Options, ...]  # what is measured; the same rounds
    judge: Callable[[list[list[Cell]]], tuple[str, str, list[Figure]]]


def figure(metric: str, first: Cell, second: Cell, names: tuple[str, str] | None = None) -> Figure:
    ratio = paired_ratio(first.values.get(metric, {}), second.values.get(metric, {}))
    if ratio is None or metric not in first.estimates or metric not in second.estimates:
        raise YardError(f"{first.contender} and {second.contender} have no {metric} in common")
    return Figure(
        *(names or (first.contender, second.contender)),
        metric,
        first.estimates[metric].value,
        second.estimates[metric].value,
        ratio.value,
        ratio.low,
        ratio.high,
        len(set(first.values[metric]) & set(second.values[metric])),
    )


def pick(cells: list[Cell], contender: str) -> Cell:
    for cell in cells:
        if cell.contender == contender and cell.measured:
            return cell
    raise YardError(f"{contender} has no number; scripts/switchyard verify tells why")


def _awaiting(runs: list[list[Cell]]) -> tuple[str, str, list[Figure]]:
    one, serial = pick(runs[0], "coroutine/sequential"), pick(runs[0], "serial")
    found = figure(METRIC.run_ns, one, serial, ("awaited one after another", "without coroutines"))
    if found.same:
        return (
            TRUE,
            "Awaited one after another, coroutines take as long as a program that has none.",
            [found],
        )
    return (
        (DEPENDS if found.more else FALSE),
        "They differ from a program without coroutines.",
        [found],
    )


def _tasks(runs: list[list[Cell]]) -> tuple[str, str, list[Figure]]:
    found = figure(
        METRIC.run_ns,
        pick(runs[0], "coroutine/sequential"),
        pick(runs[0], "coroutine/tasks"),
        ("awaited one after another", "as tasks"),
    )
    if found.more:
        return TRUE, "As tasks the waits overlap, and all take as long as the longest.", [found]
    return FALSE, "As tasks they are not clearly faster here.", [found]


def _blocking(runs: list[list[Cell]]) -> tuple[str, str, list[Figure]]:
    loop = figure(
        METRIC.p90_ns,
        pick(runs[0], "coroutine/epoll"),
        pick(runs[1], "coroutine/epoll"),
        ("loop, some requests compute 3 ms", "loop, none does"),
    )
    other = figure(
        METRIC.p90_ns,
        pick(runs[0], "coroutine/epoll"),
        pick(runs[0], "thread/per_connection"),
        ("loop, some requests compute 3 ms", "threads, some compute 3 ms"),
    )
    if not loop.more:
        return (
            FALSE,
            "Requests beside those that compute are answered as soon as without them.",
            [loop, other],
        )
    text = "Requests that only echo wait until the loop has computed for the others."
    if other.more:
        text += " With a thread for each connection the kernel lets them pass."
    return TRUE, text, [loop, other]


def _processes(runs: list[list[Cell]]) -> tuple[str, str, list[Figure]]:
    native = figure(
        METRIC.run_ns,
        pick(runs[0], "thread"),
        pick(runs[0], "process"),
        ("C++ threads", "C++ processes"),
    )
    serial = figure(
        METRIC.run_ns,
        pick(runs[0], "serial"),
        pick(runs[0], "process"),
        ("C++ one after another", "C++ processes"),
    )
    found = [serial, native]
    python = {cell.contender: cell for cell in runs[1]} if len(runs) > 1 else {}
    names = ("python/asyncio", "python/thread", "python/process")
    if all(name in python and python[name].measured for name in names):
        tasks, threads, processes = (python[name] for name in names)
        found += [
            figure(METRIC.run_ns, threads, processes, ("Python threads", "Python processes")),
            figure(METRIC.run_ns, tasks, threads, ("Python tasks", "Python threads")),
        ]
    got = _cpus_used(pick(runs[0], "process"))
    if not serial.more and got < 1.5:
        return (
            UNKNOWN,
            f"The processes together got {numbers.fixed(got, 1)} CPUs: something else is running, or there is only one.",
            found,
        )
    if not serial.more and not any(f.more for f in found[2:]):
        return FALSE, "Processes are not clearly faster than one.", found
    if native.more:
        return TRUE, "Processes are faster than threads even in C++.", found
    text = "Where threads compute in parallel, as in C++, they serve as well and share memory."
    if len(found) > 2 and found[2].more:
        text = "In Python, where one thread computes at a time, it is so. " + text
    return DEPENDS, text, found


def _cpus_used(cell: Cell) -> float:
    return (
        cell.estimates[METRIC.cpu_per_unit_ns].value / cell.estimates[METRIC.time_per_unit_ns].value
    )


def _switching(runs: list[list[Cell]]) -> tuple[str, str, list[Figure]]:
    found = [
        figure(
            METRIC.time_per_unit_ns,
            pick(runs[0], "thread"),
            pick(runs[0], "coroutine"),
            ("a turn by threads", "by coroutines"),
        )
    ]
    if found[0].more:
        return (
            TRUE,
            "A coroutine gives way by a function call, a thread by a system call and the kernel's scheduler.",
            found,
        )
    return FALSE, "Threads gave way as cheaply here.", found


def _of(workload: str, *cells: str, preset: str = "quick", **sizes: int) -> planning.Options:
    return planning.Options(
        preset=preset, workloads=(workload,), cells=cells, set=sizes, rounds=ROUNDS
    )


_MIXED: dict[str, Any] = {
    "connections": 16,
    "messages": 500,
    "rate_per_s": 1000,
    "poisson": 1,
    "burn_us": 3000,
    "offload": 0,
}
_SERVERS = ("coroutine/mixed/epoll", "thread/mixed/per_connection")
CLAIMS = (
    Claim(
        "awaiting",
        "Awaiting one after another gives no concurrency.",
        (_of("fetch_data", "coroutine/fetch_data/sequential", "serial/fetch_data"),),
        _awaiting,
    ),
    Claim("tasks", "Tasks give it.", (_of("fetch_data", "coroutine/fetch_data/*"),), _tasks),
    Claim(
        "blocking",
        "A blocking call stops the loop.",
        (
            _of("mixed", *_SERVERS, dear_percent=10, **_MIXED),
            _of("mixed", *_SERVERS, dear_percent=0, **_MIXED),
        ),
        _blocking,
    ),
    Claim(
        "processes",
        "For CPU-bound work use processes.",
        (
            _of("hash_blocks", "serial/hash_blocks", "thread/hash_blocks", "process/hash_blocks"),
            _of("hash_blocks", "python/hash_blocks/*", blocks=48, block_bytes=4096, passes=16),
        ),
        _processes,
    ),
    Claim(
        "switching",
        "Switching coroutines is cheaper than switching threads.",
        (_of("yield", "coroutine/yield", "thread/yield", units=2, turns=20_000),),
        _switching,
    ),
)


def judge(found: Catalogue, claim: Claim, watcher: Any = None, rounds: int = ROUNDS) -> Verdict:
    """A claim that cannot be measured here says why; the others go on."""
    try:
        runs = [
            live.measure(found, replace(options, rounds=rounds), watcher)
            for options in claim.options
        ]
        mark, because, figures = claim.judge(runs)
    except YardError as error:
        return Verdict(claim.text, UNKNOWN, str(error), ())
    if any(f.low is None for f in figures):
        mark, because = (
            UNKNOWN,
            f"Fewer than {planning.LEAST_ROUNDS} rounds have no interval. {because}",
        )
    return Verdict(claim.text, mark, because, tuple(figures))

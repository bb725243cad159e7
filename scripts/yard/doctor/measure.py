# SPDX-License-Identifier: MIT
"""How much it matters here: short measurements from Python, so upper bounds of what a C++ model sees."""

from __future__ import annotations

import hashlib
import math
import os
import statistics
import time
from typing import Any, Sequence

from yard.data import host

Z_TWO_SIDED_95, Z_POWER_80 = 1.96, 0.84
MEDIAN_INEFFICIENCY = (
    math.pi / 2
)  # a median needs this many times the samples of a mean under normal noise


def timer_step_ns(reads: int = 20000) -> int:
    times = [time.perf_counter_ns() for _ in range(reads)]
    return min(
        (after - before for before, after in zip(times, times[1:]) if after > before), default=0
    )


def quantiles_us(times_ns: Sequence[int]) -> dict[str, float]:
    ordered = sorted(times_ns)
    return {
        "median": ordered[len(ordered) // 2] / 1e3,
        "p99": ordered[(len(ordered) - 1) * 99 // 100] / 1e3,
    }


def sleep_overshoot_us(sleeps: int = 150) -> dict[str, float]:
    late = []
    for _ in range(sleeps):
        start = time.perf_counter_ns()
        time.sleep(0.001)
        late.append(time.perf_counter_ns() - start - 1_000_000)
    return quantiles_us(late)


def wake_up_us(rounds: int = 500) -> dict[str, float]:
    """Half of a round trip of one byte between two processes over pipes."""
    to_child, to_parent = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(to_child[1])
            while byte := os.read(to_child[0], 1):
                os.write(to_parent[1], byte)
        finally:
            os._exit(0)
    os.close(to_child[0])
    os.close(to_parent[1])
    halves = []
    try:
        for _ in range(rounds):
            start = time.perf_counter_ns()
            os.write(to_child[1], b"x")
            os.read(to_parent[0], 1)
            halves.append((time.perf_counter_ns() - start) // 2)
    finally:
        os.close(to_child[1])  # the end of the pipe ends the child
        os.close(to_parent[0])
        os.waitpid(child, 0)
    return quantiles_us(halves)


def pairs_needed(log_ratios: Sequence[float], change: float = 0.05) -> int:
    """Pairs of rounds whose median tells `change` from none in 4 of 5 attempts, at 95 % confidence."""
    centre = statistics.median(log_ratios)
    spread = 1.4826 * statistics.median(abs(ratio - centre) for ratio in log_ratios)
    pairs = MEDIAN_INEFFICIENCY * ((Z_TWO_SIDED_95 + Z_POWER_80) * spread / math.log1p(change)) ** 2
    return max(6, math.ceil(pairs))  # below 6 pairs no 95 % interval of a median exists


def same_against_same(pairs: int = 40) -> dict[str, float]:
    block = bytes(1 << 20)

    def work() -> int:
        start = time.perf_counter_ns()
        hashlib.sha256(block).digest()
        return time.perf_counter_ns() - start

    work()
    ratios = []
    for pair in range(pairs):
        first, second = work(), work()
        ratios.append(math.log(second / first) * (-1 if pair % 2 else 1))  # the order alternates
    spread = 1.4826 * statistics.median(abs(ratio - statistics.median(ratios)) for ratio in ratios)
    return {"noise_share": math.expm1(spread), "pairs_for_5_percent": pairs_needed(ratios)}


def everything() -> dict[str, Any]:
    before, own = host.cpu_times(), host.own_cpu_s()
    measured: dict[str, Any] = {
        "timer_step_ns": timer_step_ns(),
        "sleep_overshoot_us": sleep_overshoot_us(),
        "wake_up_us": wake_up_us(),
        "same_against_same": same_against_same(),
    }
    return {**measured, **host.shares(before, host.cpu_times(), host.own_cpu_s() - own)}

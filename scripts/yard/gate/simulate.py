# SPDX-License-Identifier: MIT
"""A simulated noisy shared runner, for the proof that the gate's error rates are what it claims.

ln(value) of a slot = load * (drift + neighbour's burst) + stall + the invocation's own effect + a
second mode in some scenarios. Drift is an Ornstein-Uhlenbeck process, bursts are Markov, and both
slots of a pair see the machine a third of a second apart, so that pairing cancels most and not all.
`quiet`: a neighbour 4 % of the time; `loaded`: 30 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Mapping, Sequence

import numpy as np

from yard.data.facts import METRIC

SLOT_S = 0.32


@dataclass(frozen=True)
class Machine:
    name: str
    burst_share: float
    burst_size: float
    stall_rate: float
    noise: float = 1.0  # all of it together, in multiples


QUIET = Machine("quiet", 0.04, 0.20, 0.002)
LOADED = Machine("loaded", 0.30, 0.25, 0.010)

# metric -> (sensitivity to load, sd of one invocation)
METRICS = {
    METRIC.cpu_per_unit_ns: (0.25, 0.010),
    METRIC.time_per_unit_ns: (0.6, 0.018),
    METRIC.p50_ns: (0.5, 0.015),
    METRIC.p90_ns: (0.7, 0.030),
    METRIC.p99_ns: (1.0, 0.045),
    METRIC.p999_ns: (1.5, 0.120),
    METRIC.peak_anonymous_bytes: (0.0, 0.002),
    METRIC.switches_per_unit: (0.4, 0.080),
}
TIME_METRICS = tuple(name for name in METRICS if METRIC[name].unit == "ns")


class SimulatedRunner:
    """A `gate.Source`; `slow` maps (scenario, metric) to the true ratio head / base."""

    def __init__(
        self,
        machine: Machine,
        scenarios: int,
        seed: int,
        slow: Mapping[tuple[str, str], float] | None = None,
    ):
        self._machine = machine
        self._names = [f"scenario{i:02d}" for i in range(scenarios)]
        self._random = np.random.default_rng(seed)
        self._slow = dict(slow or {})
        self._drift = 0.0
        self._bursting = False
        self._two_modes = {name for name in self._names if self._random.random() < 0.1}
        self.slots = 0

    def scenarios(self) -> Sequence[str]:
        return self._names

    @property
    def minutes(self) -> float:
        return self.slots * SLOT_S / 60

    def pair(self, scenario: str) -> Mapping[str, float]:
        found = self._pair(scenario)
        return {metric: found["head"][metric] - found["base"][metric] for metric in METRICS}

    def sides(self, scenario: str) -> dict[str, dict[str, float]]:
        """The values of both sides of one pair, for rules that want them."""
        return {
            side: {name: math.exp(log) for name, log in logs.items()}
            for side, logs in self._pair(scenario).items()
        }

    def block(self, scenario: str, side: str, slots: int) -> list[dict[str, float]]:
        """One side alone, slot after slot, as tools measure that do not interleave."""
        slow = {
            metric: math.log(self._slow.get((scenario, metric), 1.0)) if side == "head" else 0.0
            for metric in METRICS
        }
        logs = [self._slot(scenario) for _ in range(slots)]
        return [
            {metric: math.exp(found[metric] + slow[metric]) for metric in METRICS} for found in logs
        ]

    def _pair(self, scenario: str) -> dict[str, dict[str, float]]:
        base_first = self._random.random() < 0.5
        first, second = self._slot(scenario), self._slot(scenario)
        base, head = (first, second) if base_first else (second, first)
        slowed = {
            metric: head[metric] + math.log(self._slow.get((scenario, metric), 1.0))
            for metric in METRICS
        }
        return {"base": base, "head": slowed}

    def _slot(self, scenario: str) -> dict[str, float]:
        self.slots += 1
        draw = self._random
        machine = self._machine
        self._drift += (
            -self._drift * SLOT_S / 60 + 0.02 * math.sqrt(SLOT_S) * draw.standard_normal()
        )
        leave = SLOT_S / 2.0  # a burst lasts two seconds on average
        if self._bursting:
            self._bursting = draw.random() > leave
        else:
            self._bursting = draw.random() < leave * machine.burst_share / (1 - machine.burst_share)
        load = self._drift + (machine.burst_size * draw.uniform(0.3, 1) if self._bursting else 0.0)
        stall = draw.exponential(0.3) if draw.random() < machine.stall_rate else 0.0
        mode = 0.08 if scenario in self._two_modes and draw.random() < 0.3 else 0.0
        return {
            metric: machine.noise
            * (sensitivity * (load + stall + mode) + own * draw.standard_t(4) / math.sqrt(2))
            for metric, (sensitivity, own) in METRICS.items()
        }


def slow_down(scenario: str, size: float) -> dict[tuple[str, str], float]:
    """All time metrics of one scenario, CPU included: what a code change does."""
    return {(scenario, metric): 1 + size for metric in TIME_METRICS}

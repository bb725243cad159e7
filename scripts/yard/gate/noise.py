# SPDX-License-Identifier: MIT
"""Kinds of noise that a check may meet, for the table of how often a slow-down is missed.

Each gives ln(value) of consecutive slots in the units of one metric; `sensitivity` of the metrics
is that of the simulated runner, so that CPU time sees a neighbour less than waiting does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable, Mapping, Sequence

import numpy as np

from yard.gate import rule, sequential, simulate
from yard.text import numbers

SLOTS = 4096  # drawn at once
SENSITIVITY = np.array([sensitivity for sensitivity, _ in simulate.METRICS.values()])
OWN = np.array([own for _, own in simulate.METRICS.values()])


def _neighbour(draw: np.random.Generator, count: int, period_s: float) -> np.ndarray:
    """A neighbour that comes and goes, and takes 10 to 40 % while it is there."""
    phase = (np.arange(count) * simulate.SLOT_S + draw.uniform(0, 2 * period_s)) % (2 * period_s)
    return np.where(phase < period_s, draw.uniform(0.1, 0.4, count), 0.0)


def _ar1(draw: np.random.Generator, count: int, rho: float, sd: float) -> np.ndarray:
    steps = draw.normal(0, sd * math.sqrt(1 - rho * rho), count)
    found = np.empty(count)
    level = draw.normal(0, sd)
    for place, step in enumerate(steps):
        level = rho * level + step
        found[place] = level
    return found


def _bursts(draw: np.random.Generator, count: int) -> np.ndarray:
    """Every tenth slot or so is hit, by up to half as much again."""
    return np.where(draw.random(count) < 0.1, draw.exponential(0.25, count), 0.0)


@dataclass(frozen=True)
class Noise:
    """`load`: what all metrics of a slot share, by their sensitivity. `each`: of every metric
    alone, sd."""

    name: str
    load: Callable[[np.random.Generator, int], np.ndarray]
    each: Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def _plain(draw: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return draw.standard_t(4, shape) / math.sqrt(2) * OWN


def _two_modes(draw: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """A process is in its slow mode or not, by 25 %, in all of its times."""
    slow = 0.25 * (draw.random(shape[0]) < 0.5)
    return _plain(draw, shape) + slow[:, None] * (SENSITIVITY > 0)


def _lognormal(draw: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return draw.normal(0, 0.3, shape) * (SENSITIVITY > 0)


def _none(draw: np.random.Generator, count: int) -> np.ndarray:
    return np.zeros(count)


KINDS = (
    Noise("quiet", lambda draw, n: 0.1 * _bursts(draw, n), _plain),
    Noise("loaded", lambda draw, n: _neighbour(draw, n, 2.0) + _ar1(draw, n, 0.99, 0.1), _plain),
    Noise("bursty", _bursts, _plain),
    Noise("bimodal", _none, _two_modes),
    Noise("a neighbour every 3 s", lambda draw, n: _neighbour(draw, n, 3.0), _plain),
    Noise("AR(1), 0.9", lambda draw, n: _ar1(draw, n, 0.9, 0.15), _plain),
    Noise("lognormal, 0.3", _none, _lognormal),
)


class NoisyRunner:
    """A `sequential.Source` under one kind of noise; time passes with its slots."""

    def __init__(
        self,
        noise: Noise,
        scenarios: int,
        seed: int,
        slow: Mapping[tuple[str, str], float] | None = None,
    ):
        self._noise = noise
        self._names = [f"scenario{i:02d}" for i in range(scenarios)]
        self._random = np.random.default_rng(seed)
        self._slow = {
            name: np.array([math.log((slow or {}).get((name, m), 1.0)) for m in simulate.METRICS])
            for name in self._names
        }
        self._drawn, self.slots = np.empty((0, len(simulate.METRICS))), 0

    def scenarios(self) -> Sequence[str]:
        return self._names

    def pair(self, scenario: str) -> Mapping[str, float]:
        place = self.slots % SLOTS
        if place == 0:
            load = self._noise.load(self._random, SLOTS)
            own = self._noise.each(self._random, (SLOTS, len(simulate.METRICS)))
            self._drawn = load[:, None] * SENSITIVITY + own
        self.slots += 2
        first, second = self._drawn[place], self._drawn[place + 1]
        difference = second - first if self._random.random() < 0.5 else first - second
        return dict(zip(simulate.METRICS, map(float, difference + self._slow[scenario])))

    def left_s(self, limit_s: float) -> float:
        return limit_s - self.slots * simulate.SLOT_S


@dataclass
class Row:
    """Exit code -> how often, of jobs with one scenario slower by `slow_down`."""

    noise: str
    slow_down: float
    codes: dict[int, int]


def row(noise: Noise, size: float, jobs: int, scenarios: int = 8, seed: int = 7_000) -> Row:
    """`jobs` checks with the default profile and its time limit, one scenario slower by `size`."""
    codes: dict[int, int] = {}
    profile = rule.PROFILES["default"]
    for number in range(jobs):
        slow = simulate.slow_down("scenario01", size) if size else None
        source = NoisyRunner(noise, scenarios, seed + number, slow)
        limit_s = profile.job_limit_s * scenarios / 25  # as much a scenario as a job of 25 has
        outcome = sequential.run(
            source,
            profile,
            number,
            lambda: source.left_s(limit_s),
            screening=sequential.Screening(lambda: source.left_s(limit_s) - 0.4 * limit_s),
        )
        code = outcome.exit_code()
        codes[code] = codes.get(code, 0) + 1
    return Row(noise.name, size, codes)


def table(rows: Sequence[Row]) -> str:
    lines = [
        "| noise | slow-down | jobs | ok (0) | red (1) | inconclusive (2) |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in rows:
        codes = " | ".join(str(one.codes.get(code, 0)) for code in (0, 1, 2))
        size = numbers.short_percent(one.slow_down) if one.slow_down else "none"
        lines.append(f"| {one.noise} | {size} | {sum(one.codes.values())} | {codes} |")
    return "\n".join(lines) + "\n"

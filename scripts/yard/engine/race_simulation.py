# SPDX-License-Identifier: MIT
"""How often a race separates equal contenders, under kinds of noise that a machine may have.

ln(value) of consecutive slots; the contenders of a round are neighbours in time, in random order,
as they are in a run. In half of the families all are equal, in the other half every second one is
10 % slower, so that contenders are dropped while the others race on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable, Iterable, Mapping, Sequence

import numpy as np

from yard.stats import anytime, race
from yard.stats.inference import LEAST_ROUNDS
from yard.text import numbers

Draw = np.random.Generator
Noise = Callable[[Draw, int, int, int], np.ndarray]  # families x rounds x models
SLOWER = 0.10
SEED = 20_261_201
MODELS = (5, 10, 16)
ROUNDS = 30


def _quiet(draw: Draw, families: int, rounds: int, models: int) -> np.ndarray:
    return draw.normal(0, 0.02, (families, rounds, models))


def _in_time(slots: np.ndarray, draw: Draw, models: int) -> np.ndarray:
    """Families x slots to families x rounds x models, in an order that each round draws anew."""
    table = slots.reshape(len(slots), -1, models)
    return draw.permuted(table, axis=2)


def _bursty(draw: Draw, families: int, rounds: int, models: int) -> np.ndarray:
    """A neighbour takes up to half as much again, for four slots on average, a tenth of the
    time."""
    hit = np.zeros((families, rounds * models))
    on = draw.random(families) < 0.1
    for slot in range(hit.shape[1]):
        chance = draw.random(families)
        on = np.where(on, chance > 0.25, chance < 0.25 / 9)
        hit[:, slot] = np.where(on, draw.uniform(0.1, 0.5, families), 0.0)
    return _in_time(hit, draw, models) + _quiet(draw, families, rounds, models)


def _bimodal(draw: Draw, families: int, rounds: int, models: int) -> np.ndarray:
    """Three processes in ten are 25 % slower, whichever they are."""
    slow = draw.random((families, rounds, models)) < 0.3
    return np.where(slow, 0.25, 0.0) + _quiet(draw, families, rounds, models) / 2


def _heavy(draw: Draw, families: int, rounds: int, models: int) -> np.ndarray:
    return draw.standard_t(2, (families, rounds, models)) * 0.02


def _one_noisy(draw: Draw, families: int, rounds: int, models: int) -> np.ndarray:
    found = _quiet(draw, families, rounds, models)
    found[:, :, 0] *= 4
    return found


def _autocorrelated(draw: Draw, families: int, rounds: int, models: int) -> np.ndarray:
    """AR(1) with 0.9 from slot to slot, 10 % in all."""
    rho, found = 0.9, np.zeros((families, rounds * models))
    level = draw.normal(0, 0.1, families)
    for slot in range(found.shape[1]):
        level = rho * level + draw.normal(0, 0.1 * math.sqrt(1 - rho * rho), families)
        found[:, slot] = level
    return _in_time(found, draw, models) + _quiet(draw, families, rounds, models) / 2


NOISES: Mapping[str, Noise] = {
    "quiet": _quiet,
    "bursty": _bursty,
    "bimodal": _bimodal,
    "heavy-tailed (t, 2 df)": _heavy,
    "one model 4 times as noisy": _one_noisy,
    "autocorrelated (AR(1), 0.9)": _autocorrelated,
}


@dataclass(frozen=True)
class Row:
    noise: str
    models: int
    families: int
    falsely: int  # families in which two equal contenders were separated at any time
    falsely_equal: int  # of those with slower ones: one 10 % slower was called equal
    found: float  # share of slower contenders that were surely behind at the end
    decided: float  # share of families that were decided at the end
    slots: float  # that a family took, of those that all rounds of everybody would have


def raced(noise: str, models: int, families: int, rounds: int, seed: int = SEED) -> Row:
    """Races families as `schedule` does: after each round from the fifth on, whoever is settled is
    left out."""
    draw = np.random.default_rng([seed, models, sorted(NOISES).index(noise)])
    values = -NOISES[noise](draw, families, rounds, models)
    slower = np.zeros((families, models), dtype=bool)
    slower[families // 2 :, 1::2] = True
    values -= math.log1p(SLOWER) * slower[:, np.newaxis, :]
    names = [str(model) for model in range(models)]
    a, b = np.triu_indices(models, 1)
    equal = slower[:, a] == slower[:, b]
    falsely, wrongly = np.zeros(families, dtype=bool), np.zeros(families, dtype=bool)
    seen = values.copy()
    standings: list[race.Standing] = []
    for n in range(LEAST_ROUNDS, rounds + 1):
        location, half, shared = anytime.pairs_of_families(seen[:, :n])
        falsely |= (equal & (np.abs(location) > half)).any(axis=1)
        standings = [
            race.judged(names, anytime.square(models, *found), race.TOLERANCE)
            for found in zip(location, half, shared)
        ]
        for family, standing in enumerate(standings):
            racing = () if standing.decided else standing.racing
            out = [model for model, name in enumerate(names) if name not in racing]
            seen[family, n:, out] = math.nan
            wrongly[family] |= _calls_slower_equal(standing, names, slower[family])
            if n < rounds and racing:  # whoever was left out before takes part again
                back = [model for model, name in enumerate(names) if name in racing]
                seen[family, n:, back] = values[family, n:, back]
    behind = [
        said.said[names[model]] == race.BEHIND
        for family, said in enumerate(standings)
        for model in np.flatnonzero(slower[family])
    ]
    return Row(
        noise,
        models,
        families,
        int(falsely.sum()),
        int(wrongly.sum()),
        float(np.mean(behind)) if behind else math.nan,
        float(np.mean([standing.decided for standing in standings])),
        float((~np.isnan(seen)).mean()),
    )


def _calls_slower_equal(standing: race.Standing, names: Sequence[str], slower: np.ndarray) -> bool:
    kinds: dict[str, list[bool]] = {race.EQUAL: [], race.LEADS: []}
    for name, is_slower in zip(names, slower):
        if standing.said[name] in kinds:
            kinds[standing.said[name]].append(bool(is_slower))
    return any(is_slower != kinds[race.LEADS][0] for is_slower in kinds[race.EQUAL])


def table(rows: Iterable[Row]) -> str:
    lines = [
        "| noise | contenders | families | falsely separated | 10 % slower called equal | "
        "10 % slower found | decided | slots of all |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        shares = (row.falsely / row.families, 2 * row.falsely_equal / row.families)
        false = (numbers.percent(share, 1) for share in shares)
        rest = (numbers.percent(share) for share in (row.found, row.decided, row.slots))
        cells = (row.noise, str(row.models), str(row.families), *false, *rest)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"

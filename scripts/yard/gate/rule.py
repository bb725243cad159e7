# SPDX-License-Identifier: MIT
"""The rule of the regression gate: pure decisions about paired log ratios d = ln(head / base).

A pair is one base process and one head process, adjacent in time, in coin order. Stage 1 screens
every cell with a few pairs; stage 2 confirms the suspects on fresh pairs only, at planned looks, with
the error probability spent over the looks and shared by the suspects. The coins make the signed-rank
test a randomisation test, valid under drift, bursts and heavy tails; the union bound over suspects and
looks needs no independence. So at most ALPHA of all jobs without a change are red.
"""

from __future__ import annotations

import enum
import functools
import math
from dataclasses import dataclass
from typing import Mapping, Sequence

import numpy as np

from yard.data.facts import METRIC
from yard.stats import inference

ALPHA = 0.008  # stage 2
ALPHA_SUITE = 0.002  # the cells of the whole suite; together at most 1 %
SUITE_TOLERATED = 0.005
SCREEN_P = 0.15
SCREEN_SHIFT = 0.01
FUTILITY_CONFIDENCE = 0.95  # two-sided: the upper limit covers 97.5 %
# What a green rests on: two-sided, so that an upper limit misses in 0.5 %, at four looks of the
# screen together in 2 %.
GREEN_CONFIDENCE = 0.99
GIVE_UP_P = 0.5  # at a look
DOUBT_P = 0.20  # of a suspect that time cut short: evidence enough to leave the job inconclusive
LEAST_FRESH = 8  # fresh pairs; fewer say nothing either way


@dataclass(frozen=True)
class Profile:
    """How much is measured. The looks are numbers of fresh pairs, `weights` their share of ALPHA."""

    name: str
    screen_pairs: int
    looks: tuple[int, ...]
    weights: tuple[float, ...]
    job_limit_s: float
    alpha_share: float = 1.0  # of the error probability; a second try has less

    def __post_init__(self):
        if len(self.looks) != len(self.weights) or abs(sum(self.weights) - 1) > 1e-9:
            raise ValueError(f"profile {self.name}: one weight a look, and they sum to 1")


# Of a check that is made again because it was inconclusive.
SECOND_TRY_SHARE = 0.5

PROFILES = {
    profile.name: profile
    for profile in (
        Profile("quick", 12, (16, 32, 64), (0.2, 0.3, 0.5), 360),
        Profile("default", 12, (16, 32, 64, 96, 128), (0.10, 0.15, 0.20, 0.25, 0.30), 720),
        Profile("thorough", 20, (16, 32, 64, 128, 256), (0.10, 0.15, 0.20, 0.25, 0.30), 1500),
    )
}


@dataclass(frozen=True)
class Metric:
    name: str
    tier: str  # gating or advisory
    tolerated: float
    must_find: float
    absolute: float = 0.0  # differences up to this, in the metric's unit, are none


@functools.lru_cache(maxsize=None)
def metrics() -> Mapping[str, Metric]:
    """Those that a check of models judges."""
    return {
        m.id: Metric(m.id, m.gate.tier, m.gate.tolerated, m.gate.must_find, m.gate.absolute)
        for m in METRIC.values()
        if m.gate
    }


class Verdict(enum.Enum):
    REGRESSION = "REGRESSION"
    OK = "OK"
    UNRESOLVED = "UNRESOLVED"
    IMPROVED = "IMPROVED"
    ACCEPTED = "ACCEPTED"


def p_above(differences: inference.Values, tolerated: float) -> float:
    """One-sided exact p of "the slow-down is at most `tolerated`" against "it is more"."""
    return inference.signed_rank_p_greater(
        np.asarray(differences, dtype=float) - math.log1p(tolerated)
    )


def is_suspect(differences: inference.Values) -> bool:
    """Stage 1: generous, for a false suspect costs only time."""
    return (
        math.expm1(inference.hodges_lehmann(differences)) > SCREEN_SHIFT
        and p_above(differences, 0.0) <= SCREEN_P
    )


def suite_regressed(medians_by_round: Sequence[float], suite_cells: int, profile: Profile) -> bool:
    """A shift of everything: `medians_by_round` is the median over scenarios of d, one a round."""
    return (
        p_above(medians_by_round, SUITE_TOLERATED)
        <= profile.alpha_share * ALPHA_SUITE / suite_cells
    )


def spent_alpha(profile: Profile, look: int, suspects: int, alpha: float = ALPHA) -> float:
    """What one suspect may spend at this look (0-based)."""
    return alpha * profile.alpha_share * profile.weights[look] / max(suspects, 1)


def left_alpha(profile: Profile, look: int, suspects: int, alpha: float = ALPHA) -> float:
    """What it may spend from this look on."""
    return alpha * profile.alpha_share * sum(profile.weights[look:]) / max(suspects, 1)


def judge_look(
    differences: inference.Values,
    metric: Metric,
    profile: Profile,
    look: int,
    suspects: int,
    alpha: float = ALPHA,
) -> Verdict | None:
    """Stage 2 at one planned look, on fresh pairs only. None: go on measuring."""
    p = p_above(differences, metric.tolerated)
    if p <= spent_alpha(profile, look, suspects, alpha):
        return Verdict.REGRESSION
    # Giving up early needs no alpha: it can only turn a red into a green. What is too noisy for all the planned pairs
    # stays unresolved, as it would at the time limit (`in_doubt`), and does not take the pairs of the others until then.
    if p > GIVE_UP_P and rules_out(differences, metric):
        return Verdict.OK
    if p > GIVE_UP_P and beyond_all_looks(differences, metric, profile, suspects, alpha):
        return Verdict.UNRESOLVED
    if look + 1 == len(profile.looks):
        return Verdict.UNRESOLVED
    return None


def rules_out(differences: inference.Values, metric: Metric) -> bool:
    """Is a slow-down of the size that must be found surely (97.5 %) not there?"""
    if len(differences) < 2:
        return False
    upper = inference.signed_rank_interval(differences, FUTILITY_CONFIDENCE).high
    return upper < math.log1p(metric.must_find)


def ruled_out(differences: inference.Values) -> float:
    """The slow-down above which surely (99.5 %) none is; infinite of too few pairs."""
    if len(differences) < LEAST_FRESH:
        return math.inf
    return math.expm1(inference.signed_rank_interval(differences, GREEN_CONFIDENCE).high)


def detectable(differences: inference.Values, metric: Metric, alpha: float, pairs: int) -> float:
    """The smallest slow-down that so many pairs of this noise would find with 95 %."""
    d = np.asarray(differences, dtype=float)
    spread = 1.4826 * float(np.median(np.abs(d - np.median(d))))
    z = inference.normal_quantile(1 - alpha) + inference.normal_quantile(0.95)
    return math.expm1(math.log1p(metric.tolerated) + z * spread / math.sqrt(pairs))


def beyond_all_looks(
    differences: inference.Values,
    metric: Metric,
    profile: Profile,
    suspects: int,
    alpha: float = ALPHA,
) -> bool:
    """Would even the last look miss a slow-down of the size that must be found?"""
    last = len(profile.looks) - 1
    spent = spent_alpha(profile, last, suspects, alpha)
    return detectable(differences, metric, spent, profile.looks[last]) > metric.must_find


def needed_pairs(differences: inference.Values, metric: Metric, alpha: float) -> float:
    """A forecast: how many pairs of this noise decide it, either way, if its estimate is the
    truth."""
    d = np.asarray(differences, dtype=float)
    spread = max(1.4826 * float(np.median(np.abs(d - np.median(d)))), 1e-9)
    middle = inference.hodges_lehmann(d)
    below, above = math.log1p(metric.must_find) - middle, middle - math.log1p(metric.tolerated)
    ruled_out = (inference.normal_quantile(0.5 + FUTILITY_CONFIDENCE / 2) * spread / below) ** 2
    red = (inference.normal_quantile(1 - alpha) * spread / above) ** 2
    return min(
        ruled_out if below > 0 else math.inf,
        max(red, -math.log2(alpha)) if above > 0 else math.inf,
    )


def in_doubt(differences: inference.Values, metric: Metric) -> bool:
    """Of a suspect for which time ended before its looks: does something still speak for a slow-down? One that is only
    noisy is no worse than a cell that was never a suspect and is as noisy; see `Outcome.blind_scenarios`.
    """
    return len(differences) < LEAST_FRESH or p_above(differences, metric.tolerated) <= DOUBT_P


@dataclass(frozen=True)
class Estimate:
    """What is printed of a cell; ratios minus one, so 0.05 is 5 % slower."""

    slowdown: float
    low: float
    high: float
    p: float
    pairs: int
    detectable: float  # the smallest slow-down that this many pairs of this noise would find


def estimate(differences: inference.Values, metric: Metric, alpha: float) -> Estimate:
    d = np.asarray(differences, dtype=float)
    limits = inference.signed_rank_interval(d, 0.95)
    return Estimate(
        math.expm1(inference.hodges_lehmann(d)),
        math.expm1(limits.low),
        math.expm1(limits.high),
        p_above(d, metric.tolerated),
        len(d),
        detectable(d, metric, alpha, len(d)),
    )


def improvements(p_by_cell: Mapping[str, float], rate: float = 0.05) -> list[str]:
    """Benjamini-Hochberg over the one-sided p values of -d: listed, never part of the verdict."""
    ordered = sorted(p_by_cell.items(), key=lambda item: item[1])
    count = len(ordered)
    passing = [place for place, (_, p) in enumerate(ordered, 1) if p <= rate * place / count]
    return [cell for cell, _ in ordered[: max(passing, default=0)]]

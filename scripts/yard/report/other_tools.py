# SPDX-License-Identifier: MIT
"""What would have been claimed: the first two of a point, judged from the same rounds by the published rules of
Google Benchmark's compare.py, criterion and hyperfine. They take rounds as independent draws of two populations; here
rounds are paired, and all pairs of a figure share one error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Sequence

import numpy as np

from yard.data.facts import METRIC
from yard.report import series
from yard.text import numbers
from yard.text.leads import lead_words

U_TEST_ALPHA = 0.05  # compare.py --alpha
SIGNIFICANCE, NOISE, CONFIDENCE = (
    0.05,
    0.01,
    0.95,
)  # criterion's defaults: significance_level, noise_threshold
RESAMPLES, SEED = (
    10_000,
    20_201_110,
)  # criterion takes 100,000; the claim is the same, the page is quicker
MOST_DRAWS = 400_000


@dataclass(frozen=True)
class Claim:
    """`different`: would a reader of that tool's output have said that the two differ?"""

    different: bool
    words: str


@dataclass(frozen=True)
class Judged:
    point: str
    metric: str
    first: str
    second: str
    ours: Claim
    google: Claim
    criterion: Claim
    hyperfine: Claim

    @property
    def disagree(self) -> bool:
        return (
            len(
                {
                    self.ours.different,
                    self.google.different,
                    self.criterion.different,
                    self.hyperfine.different,
                }
            )
            > 1
        )


def google_benchmark(a: Sequence[float], b: Sequence[float]) -> Claim:
    """Mann and Whitney's U test, two-sided, of the repetitions, as compare.py prints it beside the means."""
    from scipy.stats import mannwhitneyu

    p = float(mannwhitneyu(a, b, alternative="two-sided").pvalue)
    change = float(np.mean(b) / np.mean(a) - 1)
    few = "" if min(len(a), len(b)) >= 9 else "; it would warn: fewer than 9 repetitions"
    return Claim(p < U_TEST_ALPHA, f"{numbers.change(change)}, p = {numbers.short(p, 2)}{few}")


def criterion(a: Sequence[float], b: Sequence[float]) -> Claim:
    """A bootstrapped t-test says whether there is a change; it is told only if the interval of the change lies
    outside the noise threshold."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    random = np.random.default_rng(SEED)
    draws = max(1_000, min(RESAMPLES, MOST_DRAWS // (len(x) + len(y))))
    pick_x, pick_y = (random.integers(0, len(v), (draws, len(v))) for v in (x, y))
    changes = y[pick_y].mean(axis=1) / x[pick_x].mean(axis=1) - 1
    low, high = np.quantile(changes, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    # Under the null both come from one pot: resamples of the joined values give the distribution of t.
    both = np.concatenate([x, y])
    pot = both[random.integers(0, len(both), (draws, len(both)))]
    t_null = _t(pot[:, : len(x)], pot[:, len(x) :])
    t = float(_t(x[None], y[None])[0])
    p = float(np.mean(np.abs(t_null) >= abs(t)))
    remark = f"{numbers.change(float(y.mean() / x.mean() - 1))} {numbers.changes(low, high)}, p = {numbers.short(p, 2)}"
    if p >= SIGNIFICANCE:
        return Claim(False, f"{remark}: no change in performance detected")
    if low > NOISE or high < -NOISE:
        return Claim(
            True, f"{remark}: performance has {'regressed' if low > NOISE else 'improved'}"
        )
    return Claim(False, f"{remark}: change within noise threshold")


def _t(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    error = np.sqrt(x.var(axis=1, ddof=1) / x.shape[1] + y.var(axis=1, ddof=1) / y.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num((x.mean(axis=1) - y.mean(axis=1)) / error, nan=0.0)


def hyperfine(a: Sequence[float], b: Sequence[float]) -> Claim:
    """Ratio of means with the standard deviations propagated. The first is always said to have run faster; the reader
    is left to see whether 1 lies within the sigma."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    ratio = y.mean() / x.mean()
    sigma = ratio * math.hypot(x.std(ddof=1) / x.mean(), y.std(ddof=1) / y.mean())
    ratio, sigma, who = (
        (ratio, sigma, "first") if ratio >= 1 else (1 / ratio, sigma / ratio**2, "second")
    )
    return Claim(
        True,
        f"the {who} ran {numbers.fixed(ratio, 2)} ± {numbers.fixed(sigma, 2)} times faster{'' if ratio - sigma > 1 else ', although 1 is within a sigma'}",
    )


def judge(report: series.Report) -> list[Judged]:
    """Leader and runner-up of every point that has both, the disputed first."""
    found = []
    for point in report.points:
        metric = point.headline.metric
        ranking = point.rankings[metric]
        if ranking.runner_up is None:
            continue
        lead = ranking.runner_up
        sides = [cell for name in (lead.leader, lead.other) if (cell := point.cell(name))]
        shared = sorted(set.intersection(*(set(side.values[metric]) for side in sides)))
        # As times, in which less is better, whatever the metric is.
        power = -1 if METRIC[metric].better == "more" else 1
        a, b = ([side.values[metric][number] ** power for number in shared] for side in sides)
        found.append(
            Judged(
                point.title,
                metric,
                lead.leader,
                lead.other,
                Claim(lead.separated, lead_words(lead)),
                google_benchmark(a, b),
                criterion(a, b),
                hyperfine(a, b),
            )
        )
    return sorted(found, key=lambda judged: not judged.disagree)

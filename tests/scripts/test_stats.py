# SPDX-License-Identifier: MIT
"""Statistics against closed forms, brute force and scipy."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from yard.stats import inference


@pytest.mark.parametrize("n", range(3, 16))
def test_the_median_interval_covers_what_it_says(n):
    interval = inference.median_interval(list(range(n)))
    left_off = int(interval.low)
    assert interval.high == n - 1 - left_off
    assert interval.coverage == pytest.approx(1 - 2 * scipy.stats.binom.cdf(left_off, n, 0.5))
    if left_off + 1 < n / 2:  # the next narrower one covers too little
        assert 1 - 2 * scipy.stats.binom.cdf(left_off + 1, n, 0.5) < inference.CONFIDENCE


def test_five_rounds_cover_least_than_asked_and_say_so():
    assert inference.median_interval([3, 1, 2, 5, 4]) == inference.Interval(1, 5, 0.9375)


def two_sided(differences):
    above = inference.signed_rank_p_greater(np.asarray(differences))
    below = inference.signed_rank_p_greater(-np.asarray(differences))
    return min(1.0, 2 * min(above, below))


@pytest.mark.parametrize("n", range(1, 12))
@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
def test_signed_rank_equals_scipy(n, alternative):
    d = np.random.default_rng(n).normal(0.4, 1, n)
    own = two_sided(d) if alternative == "two-sided" else inference.signed_rank_p_greater(d)
    expected = scipy.stats.wilcoxon(d, mode="exact", alternative=alternative).pvalue
    assert own == pytest.approx(expected)


def test_signed_rank_with_ties_and_zeros_equals_brute_force():
    d = np.array([1.0, 1.0, -1.0, 2.0, 0.0, -3.0, 2.0])
    kept = d[d != 0]
    ranks = scipy.stats.rankdata(np.abs(kept))
    seen = ranks[kept > 0].sum()
    sums = [
        sum(r for r, s in zip(ranks, signs) if s)
        for signs in itertools.product((0, 1), repeat=len(kept))
    ]
    tail = min(np.mean([s <= seen for s in sums]), np.mean([s >= seen for s in sums]))
    assert two_sided(d) == pytest.approx(min(1, 2 * tail))
    assert two_sided([0.0, 0.0]) == 1.0


@pytest.mark.parametrize("n", [5, 6, 8, 11])
def test_the_signed_rank_interval_is_the_set_of_shifts_that_are_not_rejected(n):
    d = np.random.default_rng(n).normal(1, 2, n)
    interval = inference.signed_rank_interval(d)
    error = 1 - interval.coverage
    small = 1e-9
    assert interval.low <= inference.hodges_lehmann(d) <= interval.high
    for end, inside, outside in ((interval.low, small, -small), (interval.high, -small, small)):
        assert two_sided(d - (end + inside)) > error
        assert two_sided(d - (end + outside)) <= error + 1e-12


def test_the_unpaired_shift_interval_is_the_set_of_shifts_that_are_not_rejected():
    generator = np.random.default_rng(3)
    x, y = generator.normal(0, 1, 7), generator.normal(2, 1, 9)
    interval = inference.shift_interval(x, y)
    error = 1 - interval.coverage
    for end, inside in ((interval.low, 1e-9), (interval.high, -1e-9)):
        for offset, rejected in ((inside, False), (-inside, True)):
            p = scipy.stats.mannwhitneyu(x, y - (end + offset), method="exact").pvalue
            assert (p <= error + 1e-12) == rejected
    assert interval.low < inference.shift(x, y) < interval.high


@pytest.mark.parametrize("n", [5, 6])
def test_two_models_without_trimming_give_students_t(n):
    expected = scipy.stats.t.ppf(1 - inference.FAMILY_ERROR / 2, n - 1)
    assert inference.critical_value(n, 2) == pytest.approx(expected, rel=0.03)


def test_the_critical_value_of_many_models_is_near_tukeys():
    """With many rounds the pooled variance is known and the family is Tukey's, up to what trimming costs."""
    tukey = scipy.stats.studentized_range.ppf(1 - inference.FAMILY_ERROR, 6, 5 * 59) / math.sqrt(2)
    assert tukey < inference.critical_value(60, 6) < 1.08 * tukey


def test_what_a_round_shares_cancels_and_scale_is_kept():
    generator = np.random.default_rng(5)
    values = generator.normal(0, 1, (9, 4))
    plain = inference.all_pairs(values)
    shared = inference.all_pairs(values + 100 * generator.normal(0, 1, (9, 1)))
    doubled = inference.all_pairs(2 * values)
    np.testing.assert_allclose(plain.low, shared.low, atol=1e-9)
    np.testing.assert_allclose(2 * plain.high, doubled.high, atol=1e-9)
    np.testing.assert_allclose(plain.low, -plain.high.T, atol=1e-12)


def test_too_few_rounds_are_refused():
    with pytest.raises(ValueError, match="5 rounds"):
        inference.all_pairs(np.zeros((4, 3)))


def test_the_same_input_gives_the_same_output():
    values = np.random.default_rng(8).normal(0, 1, (7, 3))
    first = inference.all_pairs(values).low
    inference.critical_value.cache_clear()
    np.testing.assert_array_equal(first, inference.all_pairs(values).low)

# SPDX-License-Identifier: MIT
"""The gate's decisions on numbers with known answers."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from yard.stats import inference
from yard.gate import sequential, rule, simulate

CPU = rule.metrics()["cpu_per_unit_ns"]
DEFAULT = rule.PROFILES["default"]


def brute_force_p(differences):
    """P(W+ >= observed) over all sign patterns of the same magnitudes."""
    d = [value for value in differences if value != 0]
    ranks = scipy.stats.rankdata([abs(value) for value in d])
    observed = sum(rank for rank, value in zip(ranks, d) if value > 0)
    patterns = itertools.product((0, 1), repeat=len(d))
    hits = sum(1 for p in patterns if sum(r for r, s in zip(ranks, p) if s) >= observed - 1e-9)
    return hits / 2 ** len(d)


@pytest.mark.parametrize("n", range(1, 13))
def test_tail_equals_brute_force_with_and_without_ties(n):
    draw = np.random.default_rng(n)
    for values in (draw.normal(0.2, 1, n), draw.integers(-3, 4, n).astype(float)):
        assert inference.signed_rank_p_greater(values) == pytest.approx(brute_force_p(values))


@pytest.mark.parametrize("n", [20, 50, 128, 256])
def test_tail_equals_scipy(n):
    values = np.random.default_rng(n).normal(0.1, 1, n)
    expected = scipy.stats.wilcoxon(
        values, alternative="greater", mode="exact" if n <= 60 else "approx"
    ).pvalue
    assert inference.signed_rank_p_greater(values) == pytest.approx(
        expected, rel=1e-9 if n <= 60 else 0.05
    )


def test_the_tolerated_slow_down_is_subtracted():
    exactly = [
        math.log1p(0.02) + sign * size for size in (0.001, 0.002, 0.003, 0.004) for sign in (1, -1)
    ]
    assert rule.p_above(exactly, 0.02) > 0.4
    assert rule.p_above([value + 0.05 for value in exactly], 0.02) == 2.0**-8


def test_hodges_lehmann_limits_cover_the_truth():
    draw = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        limits = inference.signed_rank_interval(draw.standard_t(3, 16) + 1.0, 0.95)
        covered += limits.low <= 1.0 <= limits.high
    assert covered >= 368  # binomial(400, 0.95): P(less) < 0.01


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [0.3]])
def test_too_little_to_say_anything_is_never_red(values):
    assert rule.p_above(values, 0.0) >= 0.5
    if values:
        assert rule.judge_look(values, CPU, DEFAULT, 0, 1) is not rule.Verdict.REGRESSION


def test_the_alpha_of_all_looks_and_suspects_sums_to_the_family():
    for profile in rule.PROFILES.values():
        for suspects in (1, 3, 52):
            total = suspects * sum(
                rule.spent_alpha(profile, look, suspects) for look in range(len(profile.looks))
            )
            assert total == pytest.approx(rule.ALPHA)


def test_a_first_look_can_fire_for_up_to_52_suspects_and_not_for_more():
    all_slower = [0.2 + i * 1e-3 for i in range(16)]
    assert rule.judge_look(all_slower, CPU, DEFAULT, 0, 52) is rule.Verdict.REGRESSION
    assert rule.judge_look(all_slower, CPU, DEFAULT, 0, 53) is None


def test_a_suspect_that_is_not_slower_is_given_up_early():
    equal = [sign * size * 1e-3 for size in range(1, 9) for sign in (1, -1)]
    assert rule.judge_look(equal, CPU, DEFAULT, 0, 1) is rule.Verdict.OK


def test_what_all_planned_pairs_could_not_find_is_given_up_at_a_look_if_nothing_speaks_for_it():
    noise = [sign * size * 1e-2 for size in range(1, 9) for sign in (1, -1)]
    hopeless = [0.015 + 3 * value for value in noise]
    assert not rule.rules_out(hopeless, CPU) and rule.beyond_all_looks(hopeless, CPU, DEFAULT, 1)
    assert rule.judge_look(hopeless, CPU, DEFAULT, 0, 1) is rule.Verdict.UNRESOLVED
    hinting = [value + 0.05 for value in hopeless]
    assert rule.judge_look(hinting, CPU, DEFAULT, 0, 1) is None
    # A third as noisy: the last look could still decide it.
    decidable = [0.019 + 1.1 * value for value in noise]
    assert not rule.rules_out(decidable, CPU) and not rule.beyond_all_looks(
        decidable, CPU, DEFAULT, 1
    )
    assert rule.judge_look(decidable, CPU, DEFAULT, 0, 1) is None


def test_a_noisy_suspect_stays_unresolved_at_the_last_look():
    noisy = list(np.random.default_rng(3).normal(0.03, 0.2, 128))
    assert rule.judge_look(noisy, CPU, DEFAULT, 3, 1) is None
    assert rule.judge_look(noisy, CPU, DEFAULT, 4, 1) is rule.Verdict.UNRESOLVED


def test_improvements_control_the_false_discovery_rate_as_benjamini_and_hochberg_say():
    assert rule.improvements({"a": 0.001, "b": 0.02, "c": 0.04, "d": 0.9}) == ["a", "b"]
    assert rule.improvements({"a": 0.5, "b": 0.9}) == []


class Scripted:
    """A source whose pairs are a function of (scenario, how many pairs of it there were)."""

    def __init__(self, names, differences):
        self._names, self._differences = names, differences
        self.count = dict.fromkeys(names, 0)

    def scenarios(self):
        return self._names

    def pair(self, scenario):
        self.count[scenario] += 1
        return self._differences(scenario, self.count[scenario])


def jitter(count):
    return (1 if count % 2 else -1) * 1e-4 * (1 + count % 7)


def test_confirmation_uses_fresh_pairs_only():
    """A screen that was bad luck must not carry over: the fresh pairs are equal, so it is OK."""
    source = Scripted(
        ["a"], lambda _, n: {"cpu_per_unit_ns": (0.1 if n <= 12 else 0.0) + jitter(n)}
    )
    outcome = sequential.run(source, DEFAULT, seed=1)
    assert outcome.cells[0].suspect and outcome.cells[0].verdict is rule.Verdict.OK
    assert outcome.exit_code() == 0
    assert len(outcome.cells[0].screen) == 12


def test_a_slower_scenario_is_red_and_named_and_the_other_is_not_measured_again():
    source = Scripted(
        ["a", "b"], lambda s, n: {"cpu_per_unit_ns": (0.05 if s == "b" else 0) + jitter(n)}
    )
    outcome = sequential.run(source, DEFAULT, seed=1)
    assert [cell.name for cell in outcome.regressions] == ["b cpu_per_unit_ns"]
    assert outcome.exit_code() == 1
    assert source.count == {"a": 12, "b": 28}


def test_an_advisory_metric_is_never_red():
    source = Scripted(
        ["a"], lambda _, n: {"p999_ns": 1.0 + jitter(n), "cpu_per_unit_ns": jitter(n)}
    )
    assert sequential.run(source, DEFAULT, seed=1).exit_code() == 0


def test_a_shift_of_the_whole_suite_is_red_although_no_cell_is():
    names = [f"s{i}" for i in range(8)]
    source = Scripted(names, lambda _, n: {"time_per_unit_ns": 0.012 + jitter(n)})
    outcome = sequential.run(source, DEFAULT, seed=1)
    assert not outcome.regressions and outcome.suite["time_per_unit_ns"]
    assert outcome.exit_code() == 1


def test_nothing_compared_is_never_green():
    assert sequential.run(Scripted([], None), DEFAULT, seed=1).exit_code() == 3
    assert sequential.run(Scripted(["a"], lambda *_: {}), DEFAULT, seed=1).exit_code() == 3
    nan = Scripted(["a"], lambda *_: {"cpu_per_unit_ns": math.nan})
    assert sequential.run(nan, DEFAULT, seed=1).exit_code() == 3


def until(scenario_pairs, source):
    return lambda: 1.0 if sum(source.count.values()) < scenario_pairs else 0.0


def test_the_time_limit_makes_it_inconclusive_and_never_red():
    source = Scripted(["a"], lambda _, n: {"cpu_per_unit_ns": 0.5 + jitter(n)})
    outcome = sequential.run(source, DEFAULT, seed=1, seconds_left=until(14, source))
    assert outcome.cells[0].verdict is rule.Verdict.UNRESOLVED and len(outcome.cells[0].fresh) == 2
    assert outcome.exit_code() == 2
    source = Scripted(["a"], lambda _, n: {"cpu_per_unit_ns": 0.5 + jitter(n)})
    assert sequential.run(source, DEFAULT, seed=1, seconds_left=until(5, source)).exit_code() == 2


def test_at_the_time_limit_the_error_probability_that_is_left_is_spent():
    """After 9 pairs, at no planned look: 2^-9 would not do at the first look, and does with all that is left."""
    source = Scripted(["a"], lambda _, n: {"cpu_per_unit_ns": 0.5 + jitter(n)})
    outcome = sequential.run(source, DEFAULT, seed=1, seconds_left=until(12 + 9, source))
    assert outcome.cells[0].verdict is rule.Verdict.REGRESSION and len(outcome.cells[0].fresh) == 9
    source = Scripted(["a"], lambda _, n: {"cpu_per_unit_ns": 0.5 + jitter(n)})
    outcome = sequential.run(source, DEFAULT, seed=1, seconds_left=until(12 + 6, source))
    assert outcome.cells[0].verdict is rule.Verdict.UNRESOLVED  # 2^-6 is more than 0.8 %


def test_a_time_limit_makes_no_false_alarms():
    red = 0
    for seed in range(150):
        source = simulate.SimulatedRunner(simulate.LOADED, 6, 9_000 + seed)
        limit = 2 * 6 * 12 + 2 * (10 + seed % 90)  # slots; somewhere in stage 2
        red += (
            sequential.run(
                source, DEFAULT, seed, seconds_left=lambda: limit - source.slots
            ).exit_code()
            == 1
        )
    assert red <= 4  # binomial(150, 1 %): P(more) < 0.02


def test_at_the_time_limit_a_suspect_that_is_surely_not_slow_enough_is_ok():
    source = Scripted(["a"], lambda _, n: {"cpu_per_unit_ns": 0.025 + 30 * jitter(n)})
    outcome = sequential.run(source, DEFAULT, seed=1, seconds_left=until(26, source))
    assert outcome.cells[0].suspect and outcome.cells[0].verdict is rule.Verdict.OK
    assert outcome.exit_code() == 0


@pytest.mark.parametrize("shift, code", [(0.0, 0), (0.08, 2)])
def test_a_suspect_cut_short_by_time_leaves_doubt_only_if_something_speaks_for_it(shift, code):
    """The screen saw a slow-down; 13 fresh pairs of +-20 % do not rule out 5 %, and may or may not hint at it."""
    source = Scripted(
        ["a", "b"],
        lambda s, n: {
            "cpu_per_unit_ns": jitter(n) if s == "b" or n <= 12 else shift + 400 * jitter(n),
            "p50_ns": jitter(n),
        },
    )
    screened = source.pair

    def pair(scenario):
        found = dict(screened(scenario))
        if scenario == "a" and source.count["a"] <= 12:
            found["cpu_per_unit_ns"] += 0.03
        return found

    source.pair = pair
    outcome = sequential.run(source, DEFAULT, seed=1, seconds_left=until(24 + 13, source))
    suspect = next(cell for cell in outcome.cells if cell.suspect)
    assert suspect.verdict is rule.Verdict.UNRESOLVED and len(suspect.fresh) == 13
    assert outcome.exit_code() == code
    assert ("a cpu_per_unit_ns" if code else "1 cell could only rule out") in outcome.why()[1]


@pytest.mark.parametrize(
    "noisy, code",
    [
        ({"p99_ns"}, 0),
        ({"p99_ns", "p50_ns", "time_per_unit_ns"}, 0),
        ({"p99_ns", "p50_ns", "time_per_unit_ns", "cpu_per_unit_ns"}, 2),
    ],
)
def test_a_scenario_is_blind_when_none_of_its_cells_can_see(noisy, code):
    names = ("cpu_per_unit_ns", "time_per_unit_ns", "p50_ns", "p99_ns", "peak_anonymous_bytes")
    source = Scripted(
        ["a"], lambda _, n: {name: (900 if name in noisy else 1) * jitter(n) for name in names}
    )
    outcome = sequential.run(source, DEFAULT, seed=1)
    assert not any(cell.suspect for cell in outcome.cells)
    assert (outcome.exit_code(), outcome.blind_scenarios()) == (code, ["a"] if code else [])


@pytest.mark.parametrize("size, code", [(1, 0), (900, 2)])
def test_where_only_the_tail_is_judged_it_has_to_see(size, code):
    source = Scripted(["a"], lambda _, n: {"p99_ns": size * jitter(n)})
    outcome = sequential.run(source, DEFAULT, seed=1)
    assert (outcome.exit_code(), outcome.blind_scenarios()) == (code, ["a"] if code else [])


def test_an_interruption_keeps_what_there_is():
    def pair(scenario, n):
        if n == 15:
            raise KeyboardInterrupt
        return {"cpu_per_unit_ns": 0.1 + jitter(n)}

    outcome = sequential.run(Scripted(["a"], pair), DEFAULT, seed=1)
    assert outcome.interrupted and outcome.exit_code() == 2
    assert len(outcome.cells[0].screen) == 12 and len(outcome.cells[0].fresh) == 2


def test_a_difference_between_base_and_itself_makes_nothing_comparable():
    source = Scripted(
        ["a", "control"],
        lambda s, n: {"cpu_per_unit_ns": (0.1 if s == "control" else 0.2) + jitter(n)},
    )
    outcome = sequential.run(source, DEFAULT, seed=1, control="control")
    assert outcome.exit_code() == 3 and [cell.scenario for cell in outcome.control_failed] == [
        "control"
    ]
    assert [cell.scenario for cell in outcome.gating] == ["a"]


def test_too_noisy_cells_make_it_inconclusive_and_get_more_pairs_where_there_is_time():
    noise = np.random.default_rng(5).normal(0, 2.0, 1000)
    source = Scripted(
        ["a", "b"], lambda s, n: {"cpu_per_unit_ns": noise[n] if s == "a" else jitter(n)}
    )
    assert sequential.run(source, DEFAULT, seed=1).exit_code() == 2
    again = Scripted(["a", "b"], source._differences)
    outcome = sequential.run(again, DEFAULT, seed=1, screening=sequential.Screening(lambda: 1.0))
    lengths = sorted(len(cell.screen) for cell in outcome.cells)
    assert lengths[0] == 12 and 12 < lengths[1] <= 48
    assert again.count["b"] == 12


def test_the_same_seed_measures_in_the_same_order():
    def order(seed):
        seen = []
        source = Scripted(["a", "b", "c"], lambda s, n: seen.append(s) or {"p50_ns": jitter(n)})
        sequential.run(source, DEFAULT, seed=seed)
        return seen

    assert order(5) == order(5) != order(6)


def test_without_a_control_nothing_is_ok():
    source = Scripted(["a"], lambda s, n: {"cpu_per_unit_ns": jitter(n)})
    outcome = sequential.run(source, DEFAULT, seed=1, control="control")
    assert outcome.exit_code() == 0
    outcome.control_broken = "fails: crashed: died of SIGSEGV"
    assert outcome.exit_code() == 2 and "died of SIGSEGV" in outcome.why()[1]


def test_a_second_try_spends_half_the_error_probability():
    second = replace(DEFAULT, alpha_share=rule.SECOND_TRY_SHARE)
    assert sum(
        rule.spent_alpha(second, look, 1) for look in range(len(second.looks))
    ) == pytest.approx(rule.ALPHA / 2)
    all_slower = [0.2 + i * 1e-3 for i in range(16)]
    assert rule.judge_look(all_slower, CPU, second, 0, 26) is rule.Verdict.REGRESSION
    assert rule.judge_look(all_slower, CPU, second, 0, 27) is None
    # 2^-12 is what twelve rounds reach; at a quarter of what the suite has it would be too much
    twelve = [0.02 + i * 1e-3 for i in range(12)]
    assert rule.suite_regressed(twelve, 4, second) and not rule.suite_regressed(twelve, 9, second)
    assert rule.suite_regressed(twelve, 8, DEFAULT)
    source = Scripted(["a"], lambda _, n: {"cpu_per_unit_ns": 0.5 + jitter(n)})
    outcome = sequential.run(source, second, seed=1, seconds_left=until(12 + 7, source))
    assert (
        outcome.cells[0].verdict is rule.Verdict.UNRESOLVED
    )  # 2^-7 is less than 0.8 % and more than 0.4 %

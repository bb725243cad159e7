# SPDX-License-Identifier: MIT
"""The ranking proves itself on simulated machines before it may judge a real one."""

import numpy as np
import pytest

from yard.stats import rank, inference
from yard.stats.estimates import Cell, PointKey, estimate
from yard.text import leads

SIMULATIONS = 600
AT = PointKey("echo", "quick", 0, (("connections", 64),))


def machine(generator, rounds, models, noise=0.03, kind="heavy"):
    """Log times: a drift that a round shares, and noise of each process."""
    drift = np.cumsum(generator.standard_t(3, (rounds, 1)) * 0.05, axis=0)
    if kind == "heavy":
        own = generator.standard_t(3, (rounds, models)) / np.sqrt(3)
    elif kind == "stalls":
        own = generator.standard_normal((rounds, models))
        own += (generator.random((rounds, models)) < 0.08) * generator.exponential(
            6, (rounds, models)
        )
    elif kind == "one noisy":
        own = generator.standard_normal((rounds, models)) * np.array([4.0] + [1.0] * (models - 1))
    else:
        own = generator.standard_normal((rounds, models))
    return drift + noise * own


def cell(model, values, verdict="ok", metric="throughput"):
    numbered = dict(enumerate(values))
    return Cell(
        AT,
        model,
        "",
        verdict=verdict,
        values={metric: numbered},
        estimates={metric: estimate(numbered)},
    )


def from_logs(logs):
    return [cell(f"model_{i}", np.exp(-logs[:, i])) for i in range(logs.shape[1])]


@pytest.mark.parametrize("rounds", [5, 7, 10, 15])
@pytest.mark.parametrize("kind", ["normal", "heavy", "stalls", "one noisy"])
def test_five_copies_of_one_model_are_one_group(rounds, kind):
    generator = np.random.default_rng(rounds)
    together = 0
    for _ in range(SIMULATIONS):
        ranking = rank.rank(from_logs(machine(generator, rounds, 5, kind=kind)), "throughput")
        together += len(ranking.group) == 5 and {place.rank for place in ranking.places} == {1}
    # At least 95 %; the simulation itself is uncertain by three standard errors.
    assert together / SIMULATIONS >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / SIMULATIONS)


@pytest.mark.parametrize("rounds, least", [(5, 0.6), (7, 0.85), (10, 0.95)])
def test_a_model_ten_per_cent_faster_is_found(rounds, least):
    generator = np.random.default_rng(rounds)
    found = 0
    for _ in range(SIMULATIONS):
        logs = machine(generator, rounds, 5)
        logs[:, 3] -= np.log(1.1)
        found += rank.rank(from_logs(logs), "throughput").group == ("model_3",)
    assert found / SIMULATIONS >= least


def test_the_lead_is_told_against_the_runner_up():
    generator = np.random.default_rng(2)
    logs = machine(generator, 12, 3, noise=0.01)
    logs[:, 0] -= np.log(1.5)
    logs[:, 2] -= np.log(1.25)
    ranking = rank.rank(from_logs(logs), "throughput")
    assert [place.rank for place in ranking.places] == [1, 2, 3]
    assert leads.ranking_words(ranking).startswith("model_0 leads model_2 by ")
    assert ranking.runner_up.low < 1.5 / 1.25 < ranking.runner_up.high


def test_less_is_better_for_costs():
    cells = [
        cell(name, [v, v * 1.01, v * 0.99, v, v], metric="cpu_per_unit_ns")
        for name, v in (("a", 100), ("b", 50))
    ]
    ranking = rank.rank(cells, "cpu_per_unit_ns")
    assert ranking.places[0].contender == "b"
    assert ranking.runner_up.ratio == pytest.approx(2)
    assert "b leads a by 2.0 times [" in leads.ranking_words(ranking)


def test_the_floor_is_a_measure_and_never_ranked():
    cells = [cell(name, [1, 1.1, 1.2, 1.1, 1]) for name in ("floor", "a", "b")]
    assert {place.contender for place in rank.rank(cells, "throughput").places} == {"a", "b"}


@pytest.mark.parametrize("verdict", ["rig_limited", "overloaded", "unstable", "crashed", "wrong"])
def test_only_ok_is_ranked(verdict):
    cells = [cell("a", [1, 1.1, 1.2, 1.1, 1]), cell("b", [9, 9.1, 9.2, 9.1, 9], verdict)]
    ranking = rank.rank(cells, "throughput")
    assert [place.contender for place in ranking.places] == ["a"]
    assert ranking.excluded == (("b", verdict),)


def test_four_rounds_are_refused():
    cells = [cell("a", [1, 1.1, 1.2, 1.1]), cell("b", [2, 2.1, 2.2, 2.1])]
    ranking = rank.rank(cells, "throughput")
    assert ranking.places == ()
    assert {why for _, why in ranking.excluded} == {"too few rounds"}


def test_a_contender_that_shares_too_few_rounds_does_not_take_the_others_down():
    late = Cell(AT, "late", "", values={"throughput": {r: 1.0 + r / 100 for r in range(6, 12)}})
    late.estimates = {"throughput": estimate(late.values["throughput"])}
    cells = [cell(n, [1 + r / 50 for r in range(9)]) for n in ("a", "b")] + [late]
    ranking = rank.rank(cells, "throughput")
    assert {place.contender for place in ranking.places} == {"a", "b"}
    assert ("late", "too few rounds shared with the others") in ranking.excluded


def test_where_the_rig_was_the_limit_cpu_is_the_headline():
    cells = [cell("a", [1, 1.1, 1.2, 1.1, 1]), cell("b", [1, 1.1, 1.2, 1.1, 1], "rig_limited")]
    judged = rank.headline(cells)
    assert judged.metric == "cpu_per_unit_ns" and "rig_limited" in judged.accept
    assert "load generator" in judged.note
    assert rank.headline(cells[:1]).metric == "throughput"


def test_a_workload_declares_its_headline():
    cells = [cell("a", [1, 1.1, 1.2, 1.1, 1]), cell("b", [1, 1.1, 1.2, 1.1, 1], "rig_limited")]
    for one in cells:
        one.estimates["run_ns"] = one.estimates["throughput"]
    judged = rank.headline(cells, "run_ns", "It is about time.")
    assert (judged.metric, judged.accept, judged.note) == ("run_ns", ("ok",), "It is about time.")
    assert rank.headline(cells[:1], "pss_bytes").metric == "throughput", "nobody measured it"


@pytest.mark.parametrize(
    "ratio, low, high, words",
    [
        (1.08, 1.05, 1.11, "8 % [5, 11]"),
        (1.004, 1.001, 1.007, "0.4 % [0.1, 0.7]"),
        (3.1, 2.9, 3.3, "3.1 times [2.9, 3.3]"),
    ],
)
def test_words(ratio, low, high, words):
    assert leads.advantage(ratio, low, high) == words


def test_the_family_error_is_what_the_rule_says():
    assert inference.FAMILY_ERROR <= 0.05


def serving(model, throughput, share):
    made = cell(model, [throughput] * 5)
    made.estimates["client_cpu_share"] = estimate(dict(enumerate([share] * 5)))
    return made


def test_several_models_at_one_ceiling_are_not_ranked_by_it():
    models = [serving(name, 1000 + i, 0.95) for i, name in enumerate("abc")]
    found = rank.headline([*models, serving("slow", 500, 0.5), serving("floor", 1000, 0.95)])
    assert found.metric == "cpu_per_unit_ns" and found.note.startswith("a, b, c reach the same")
    idle = [serving(name, 1000 + i, 0.5) for i, name in enumerate("abc")]
    apart = [serving(name, 1000 * 1.1**i, 0.95) for i, name in enumerate("abc")]
    for cells in (models[:2], idle, apart):
        assert rank.headline(cells).metric == "throughput"

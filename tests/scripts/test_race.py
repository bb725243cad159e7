# SPDX-License-Identifier: MIT
"""A race decides what can be decided, errs in at most 5 % of the families, and stops measuring what is settled."""

import math
import random

import numpy as np
import pytest

import fake_runs
from test_schedule import DESCRIBED, executed_line, plan_of
from yard.engine import executed, race_simulation
from yard.engine.schedule import LEAST, RACE, Schedule
from yard.engine.standings import Standings
from yard.report import assemble
from yard.stats import anytime, inference, race


def scores(generator, sd, *speeds, rounds=8):
    return {
        f"m{i}": {n: math.log(speed) + generator.normal(0, sd) for n in range(rounds)}
        for i, speed in enumerate(speeds)
    }


def test_pairs_are_those_of_the_fixed_plan_where_all_have_the_same_rounds():
    values = np.random.default_rng(1).normal(0, 0.03, (9, 4))
    fixed = inference.all_pairs(values)
    found = anytime.pairs([dict(enumerate(column)) for column in values.T])
    np.testing.assert_allclose(found.location, fixed.location, atol=1e-12)
    wider = (found.high - found.location) / (fixed.high - fixed.location + np.eye(4))
    ratio = anytime.critical_value(9, 4) / inference.critical_value(9, 4)
    assert (wider[~np.eye(4, dtype=bool)] >= ratio - 1e-9).all() and wider.max() < 1.3 * ratio
    two = anytime.pairs([dict(enumerate(column)) for column in values.T[:2]])
    half = inference.all_pairs(values[:, :2]).high[0, 1] - fixed.location[0, 1]
    twice = anytime.critical_value(9, 2) / inference.critical_value(9, 2)
    assert two.high[0, 1] - two.location[0, 1] == pytest.approx(half * twice)
    assert 1.05 < ratio < 1.6  # what looking after every round costs


def test_a_pair_is_compared_in_the_rounds_that_both_have():
    drift = {n: 0.5 * n for n in range(20)}  # shared by a round: it must cancel
    long = {n: drift[n] + 0.01 * (n % 3) for n in range(20)}
    short = {n: drift[n] - 0.2 + 0.01 * (n % 2) for n in range(6)}
    found = anytime.pairs([long, short])
    assert found.rounds[0, 1] == 6 and found.low[0, 1] > 0.15 and found.high[1, 0] < -0.15
    none = anytime.pairs([{0: 1.0, 1: 2.0}, {1: 1.0, 2: 1.0}])
    assert none.rounds[0, 1] == 1 and math.isinf(none.high[0, 1]) and not none.separated(0, 1)


def test_the_critical_values_are_those_that_calibrate():
    found = anytime.calibrated(3, 4_000)
    np.testing.assert_allclose(found, anytime.CRITICAL[3], rtol=0.15)
    for models in (2, 7, 16):
        own = [anytime.critical_value(n, models) for n in (10, 20, 60, 100)]
        assert own == sorted(own, reverse=True)
        assert own[2] < anytime.critical_value(60, models + 8) < anytime.critical_value(60, 40)


def test_who_is_behind_who_is_equal_and_who_is_open():
    generator = np.random.default_rng(4)
    found = race.standing(scores(generator, 0.004, 1.20, 1.0, 1.20, 1.1))
    assert found.said == {
        "m0": found.said["m0"],
        "m1": race.BEHIND,
        "m2": found.said["m2"],
        "m3": race.BEHIND,
    }
    assert {found.said["m0"], found.said["m2"]} == {race.LEADS, race.EQUAL}
    assert found.decided and found.rounds_needed == 0
    noisy = race.standing(scores(generator, 0.08, 1.20, 0.5, 1.19))
    assert noisy.said["m1"] == race.BEHIND and not noisy.decided
    assert set(noisy.racing) == {"m0", "m2"} and noisy.rounds_needed > 20
    # A wider tolerance decides what a narrow one cannot.
    near = scores(generator, 0.01, 1.0, 1.0, rounds=12)
    assert race.standing(near, 0.05).decided and not race.standing(near, 0.002).decided


def sample_of(job, ns):
    return {
        **job,
        "attempt": 0,
        "preset": "quick",
        "iteration": 0,
        "warm": False,
        "verdict": "ok",
        "reason": "",
        "run_ns": int(ns),
        "units": 1,
        "cpu_ns": int(ns),
        "unit": "item",
    }


def carry_out(plan, value_ns):
    schedule, seen, blocks = Schedule(plan, DESCRIBED), executed.Seen(), []
    standings = Standings(plan["tolerance"])
    while (block := schedule.next(seen, standings.of)) is not None:
        line = executed_line(block)
        seen.add(line)
        blocks.append(block)
        for job in executed.jobs_of(plan, line):
            if not schedule.has_time_for(seen, job):
                break
            standings.add([sample_of(job, value_ns(job))])
            seen.add({**job, "slot": seen.slots, "seconds": 0.5})
    return schedule, seen, blocks, standings


def noisy(speeds, sd, seed=1):
    draw = random.Random(seed)
    return lambda job: 1e8 / speeds.get(job["model"], 1.0) * math.exp(draw.gauss(0, sd))


def test_settled_contenders_are_left_out_and_time_goes_where_a_question_is_open():
    plan = plan_of(None, contenders=4, sizes=(1,), most_rounds=60, tolerance=0.03)
    value = noisy({"model0": 2.0, "model1": 2.05, "model2": 1.2}, 0.01)
    schedule, seen, blocks, standings = carry_out(plan, value)
    races = [block for block in blocks if block.stage == RACE]
    assert races and all(("model2", "") not in block.contenders for block in races[30:])
    assert all(len(block.contenders) == 4 for block in blocks if block.stage == LEAST)
    assert all(standings.of(row).decided for row in schedule.rows)
    assert schedule.still_open(seen, standings.of) == []
    rounds = [seen.rounds[row.at] for row in schedule.rows]
    assert min(rounds) >= 5 and max(rounds) < 60


def test_what_cannot_be_decided_is_open_with_its_minutes_and_ends_at_the_most_rounds():
    plan = plan_of(None, contenders=2, sizes=(1,), most_rounds=12, tolerance=0.001)
    schedule, seen, _, standings = carry_out(plan, noisy({}, 0.10))
    missing = schedule.still_open(seen, standings.of)
    assert {row.row for row in missing} == {row.title for row in schedule.rows}
    assert all("may lead" in row.why and row.minutes > 1 for row in missing)


def test_the_first_page_races_first_and_others_are_not_forgotten():
    plan = plan_of(150.0, contenders=2, sizes=(1, 2), most_rounds=60, tolerance=0.001)
    schedule, seen, blocks, _ = carry_out(plan, noisy({}, 0.10))
    stages = [(block.stage, block.row.first) for block in blocks]
    begun = stages.index((LEAST, False))
    first = [block for block in blocks[:begun] if block.stage == RACE]
    assert first and all(block.row.first and block.round < 10 for block in first)
    assert seen.spent_s <= 150.0
    assert any(seen.rounds[row.at] >= 5 for row in schedule.rows if not row.first)


def test_a_report_of_an_adaptive_run_ranks_by_intervals_that_hold_whenever_it_ended():
    run = fake_runs.realistic(rounds=10, operations=300)
    fixed = assemble.build(run)
    run.samples = [s for s in run.samples if s["model"] in ("thread", "serial") or s["round"] < 7]
    run.plan["adaptive"] = True
    adaptive = assemble.build(run)
    point = adaptive.standing("hash_blocks")
    ranking = point.rankings["throughput"]
    assert ranking.rounds == 10
    assert {place.contender for place in ranking.places} == {
        place.contender for place in fixed.standing("hash_blocks").rankings["throughput"].places
    }
    # thread and process were compared in seven rounds, by the wider interval.
    lead = ranking.leads["thread", "process"]
    values = [point.cell(name).values["throughput"] for name in ("thread", "process")]
    logs = [math.log(values[0][n] / values[1][n]) for n in range(7)]
    assert lead.ratio == pytest.approx(math.exp(np.sort(logs)[1:-1].mean()))


@pytest.mark.parametrize("noise", race_simulation.NOISES)
def test_equal_contenders_are_separated_in_at_most_one_family_of_twenty(noise):
    row = race_simulation.raced(noise, 5, 160, 14)
    assert row.falsely <= 15  # of 160; more than that has p < 0.01 at 5 %
    assert row.falsely_equal <= 8 and row.slots < 1

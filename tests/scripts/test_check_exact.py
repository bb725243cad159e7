# SPDX-License-Identifier: MIT
"""Exact counters: red without statistics, and never by chance."""

from pathlib import Path

import pytest

from yard.gate import counter_check, scenarios, trial, values
from yard.gate.scenarios import Scenario
from yard.gate.slot import Bench, Result
from yard.gate.time_budget import TimeBudget
from yard.engine.command import Counter

COUNTER = Counter((), {})


class Fake(Bench):
    """Its slots are answered by a function of (side, scenario)."""

    def __init__(self, measure):
        super().__init__({}, Path("."), 1.0)
        object.__setattr__(self, "measure", measure)

    def slot(self, side, scenario, moved, counter=None):
        return self.measure(side, scenario)


def scenario(id="m/w@0", role="batch", **more):
    return Scenario(id, "m", "", "w", "quick", 0, more.pop("params", {}), role, {}, **more)


def counted(base, head, counter="allocations"):
    """`base` and `head`: number of the process -> what it counts of `counter`."""
    calls = {"base": 0, "head": 0}

    def measure(side, short):
        assert short.iterations == 2
        number = calls[side]
        calls[side] += 1
        value = (base if side == "base" else head)(number)
        first = {"warm": False, "verdict": "ok", "units": 1, "allocated_bytes": 0, counter: 999}
        return Result(samples=[first, {**first, counter: value}])

    found = counter_check.run(Fake(measure), [scenario()], COUNTER, 1, lambda: 1.0)
    return found, calls


def test_one_allocation_in_a_hundred_thousand_is_tolerated_and_one_percent_is_not():
    assert counted(lambda n: 100_000, lambda n: 100_001)[0].red == []
    assert counted(lambda n: 3, lambda n: 4)[0].red == []
    found, calls = counted(lambda n: 1000, lambda n: 1010)
    assert [g.text for g in found.red] == [
        "m/w@0 allocations: 1000 -> 1010 (+1.0 %) in a run, in 8 of 8 processes"
    ]
    assert calls == {"base": 8, "head": 8} and found.compared == 2


def test_a_counter_that_varies_on_base_says_nothing_and_costs_little():
    found, calls = counted(lambda n: 1000 + n, lambda n: 5000)
    assert found.red == [] and calls == {"base": 2, "head": 1}


def test_what_does_not_differ_costs_one_process_a_side():
    found, calls = counted(lambda n: 1000 + n, lambda n: 1001 + n)
    assert (
        found.red == found.fewer == [] and found.compared == 2 and calls == {"base": 1, "head": 1}
    )


def test_a_server_is_counted_over_few_operations_whatever_a_slot_of_it_has():
    asked = []

    def measure(side, short):
        asked.append(short)
        return Result()

    sized = scenario(
        role="server", params={"messages": 40_000}, settings={"messages": 20_000}, iterations=1
    )
    counter_check.run(Fake(measure), [sized], COUNTER, 1, lambda: 1.0)
    assert {s.settings["messages"] for s in asked} == {2000} and {s.iterations for s in asked} == {
        1
    }


def test_what_agreed_by_chance_is_found_out_by_more_processes():
    assert counted(lambda n: 1000 if n < 5 else 1200, lambda n: 1100)[0].red == []
    assert counted(lambda n: 1000, lambda n: 1100 if n < 5 else 1000)[0].red == []


def test_system_calls_agree_within_a_thousandth_and_must_grow_beyond_all_of_base():
    found, calls = counted(lambda n: 6600 + 3 * (n % 3), lambda n: 6800, "system_calls")
    assert [g.text for g in found.red] == [
        "m/w@0 system_calls: 6606 -> 6800 (+2.9 %) in a run, in 8 of 8 processes"
    ] and calls["base"] == 8
    assert (
        counted(lambda n: 6600 + n % 3, lambda n: 6634, "system_calls")[0].red == []
    )  # 0.5 % of the most
    assert (
        counted(lambda n: 6600 + 10 * (n % 2), lambda n: 9999, "system_calls")[0].red == []
    )  # they do not agree
    assert counted(lambda n: 10 + n % 2, lambda n: 12, "system_calls")[0].red == []
    assert counted(lambda n: 10 + n % 2, lambda n: 13, "system_calls")[0].red != []


def test_the_bytes_of_the_first_run_are_a_counter_for_it_fills_the_pools():
    cold = {
        "warm": True,
        "verdict": "ok",
        "allocations": 9,
        "allocated_bytes": 4096,
        "system_calls": None,
    }
    hot = {**cold, "warm": False, "allocations": 0, "allocated_bytes": 0}
    assert values.counters([cold, hot]) == {
        "allocations": 0.0,
        "allocated_bytes": 0.0,
        "first_run_bytes": 4096.0,
    }
    assert "first_run_bytes" not in values.counters([hot, hot])
    assert values.counters([cold]) == {}


def test_pages_of_files_are_no_memory_of_a_side():
    """Two copies of one executable lie differently in the page cache, and one maps 100 KiB more than the other."""
    sample = {"warm": False, "verdict": "ok", "units": 1, "run_ns": 1, "peak_rss_bytes": 6_100_000}
    measured = values.of_process([{**sample, "file_rss_bytes": 4_000_000}])
    assert measured["peak_anonymous_bytes"] == 2_100_000
    # What does not tell has no such number: it would be that of something else.
    assert "peak_anonymous_bytes" not in values.of_process([sample])


def test_fewer_is_told_and_not_red():
    found, _ = counted(lambda n: 1000, lambda n: 10)
    assert found.red == [] and found.fewer == ["m/w@0 allocations: 1000 -> 10"]


def test_a_server_is_asked_for_a_slot_and_for_enough_operations_for_a_p99():
    params = {"connections": 10, "messages": 40_000, "message_bytes": 64}
    assert scenarios.shortened(scenario(role="server", params=params)).settings == {
        "messages": 2000
    }
    assert scenarios.shortened(scenario(params=params)).settings == {}
    short = scenario(role="server", params=params, settings={"messages": 2000})
    assert scenarios.sized(short, 0.03, 0.1, 2000, 0.3).settings == {"messages": 20_000}
    assert scenarios.sized(short, 0.003, 0.1, 2000, 0.3).settings == {"messages": 40_000}
    slow = scenarios.sized(scenario(role="server", params=params), 8.0, 8.5, 40_000, 0.3)
    assert slow.settings == {"messages": 2000}
    fast = scenarios.sized(scenario(role="server", params=params), 0.6, 0.7, 40_000, 0.3)
    assert fast.settings == {"messages": 20_000} and fast.run_s == pytest.approx(0.3)
    many = scenarios.sized(
        scenario(role="server", params={**params, "connections": 5000}), 8.0, 8.5, 40_000, 0.3
    )
    assert many.settings == {"messages": 10_000}
    one = scenario(role="server", params={"connections": 7}, settings={})
    assert (
        scenarios.sized(one, 1.0, 1.1, 40_000, 0.3).settings == {}
    )  # nothing says how many there will be
    batch = scenarios.sized(scenario(), 0.01, 0.05, 1, 0.3)
    assert batch.iterations == 30 and batch.slot_s == pytest.approx(0.34)


def tried(count, run_s, around_s=0.05):
    return {
        f"m/w{i:02d}@{p}": (scenario(f"m/w{i:02d}@{p}"), run_s, run_s + around_s, 1)
        for i in range(count)
        for p in (0, 1)
    }


def test_the_budget_shortens_slots_then_leaves_points_out_then_cells():
    assert scenarios.fit(tried(5, 0.01), 12, 720, 1).slot_s == 0.3
    shorter = scenarios.fit(tried(20, 0.01), 12, 300, 1)
    assert shorter.slot_s < 0.3 and not shorter.left_out
    fewer = scenarios.fit(tried(40, 0.1), 12, 400, 1)
    assert fewer.left_out and {s.id.rpartition("@")[0] for s in fewer.scenarios} == {
        f"m/w{i:02d}" for i in range(40)
    }
    few = scenarios.fit(tried(40, 1.0), 12, 400, 1)
    assert 0 < len(few.scenarios) < 40 and len(few.scenarios) + len(few.left_out) == 80
    cost = sum(24 * s.slot_s for s in few.scenarios)
    assert cost <= 0.6 * 400
    assert [s.id for s in scenarios.fit(tried(40, 0.1), 12, 400, 1).scenarios] == [
        s.id for s in fewer.scenarios
    ]


def test_a_trial_leaves_out_what_a_side_declines_and_keeps_what_fails_for_the_pairs():
    def measure(side, one):
        if one.id == "both@0" or (one.id == "head@0" and side == "head"):
            return Result(verdict="declined", reason="too many threads")
        if one.id == "bad@0":
            return Result(verdict="crashed")
        return Result(samples=[{"run_ns": 10_000_000, "units": 4}], wall_s=0.05)

    chosen = [scenario(id) for id in ("both@0", "head@0", "bad@0", "good@0")]
    found = trial.run(Fake(measure), chosen, 12, 1, TimeBudget(100))
    assert [s.id for s in found.fit.scenarios] == ["good@0"] and [
        s.id for s in found.suspicious
    ] == ["bad@0"]
    assert found.not_compared == {"both@0": "declined on both sides: too many threads"}
    assert [(one.scenario, one.red, one.reason) for one in found.absent] == [
        ("head@0", True, "only the head declined it: too many threads")
    ]

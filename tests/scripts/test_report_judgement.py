# SPDX-License-Identifier: MIT
"""What a report concludes: the summary, why contenders differ, and what other tools would have claimed."""

import numpy as np
import pytest

import fake_runs
from yard.report import answers, assemble, choose, other_tools, why

ECHO = {"connections": 8, "messages": 1_000}
UNITS = 1_000


def run_of(*adders, rounds=10):
    make = fake_runs.Maker(5, rounds=rounds, noise=0.01)
    for adder in adders:
        adder(make)
    return assemble.build(fake_runs.Run("x", fake_runs.meta(), {}, make.samples))


def server(name, cpu_ns=5_000, **more):
    return lambda make: make.add(
        name,
        "echo",
        ECHO,
        units=UNITS,
        unit="round trip",
        run_ns=2e7,
        cpu_ns=cpu_ns * UNITS,
        **{
            "voluntary_switches": 100,
            "involuntary_switches": 2,
            "minor_faults": 10,
            "allocations": 0,
            "system_calls": 2 * UNITS,
            **more,
        },
    )


INJECTED = {
    "voluntary_per_unit": {"voluntary_switches": 100 + 1 * UNITS, "cpu_ns": 5_000 + 1_500},
    "faults_per_unit": {"minor_faults": 10 + 2 * UNITS, "cpu_ns": 5_000 + 1_400},
    "system_calls_per_unit": {"system_calls": 5 * UNITS, "cpu_ns": 5_000 + 750},
    "allocations_per_unit": {"allocations": 20 * UNITS, "cpu_ns": 5_000 + 1_200},
    "user_per_unit_ns": {"cpu_ns": 7_000, "user_ns": 4_000 * UNITS, "system_ns": 3_000 * UNITS},
    "system_per_unit_ns": {"cpu_ns": 7_000, "user_ns": 2_000 * UNITS, "system_ns": 5_000 * UNITS},
}


@pytest.mark.parametrize("cause", INJECTED)
def test_an_injected_cost_is_named_first(cause):
    """One more of one thing, and the CPU that it takes: it heads the reasons."""
    extra = dict(INJECTED[cause])
    if "user_ns" not in extra:  # the CPU of the cause goes where such an event is paid
        grown = (extra["cpu_ns"] - 5_000) * UNITS
        in_user = cause == "allocations_per_unit"
        extra |= {
            "user_ns": 2_000 * UNITS + grown * in_user,
            "system_ns": 3_000 * UNITS + grown * (not in_user),
        }
    base = {"user_ns": 2_000 * UNITS, "system_ns": 3_000 * UNITS}
    report = run_of(server("callback", **base), server("fiber", **extra))
    (explained,) = why.table(report)
    assert (explained.slow, explained.fast) == ("fiber", "callback")
    assert explained.reasons[0].metric == cause
    assert explained.ratio.value == pytest.approx(extra["cpu_ns"] / 5_000, rel=0.03)


def test_the_greater_of_several_costs_comes_first():
    """A wait that switches and a page fault an operation among lesser things: three allocations, some CPU of its own."""
    base = {"user_ns": 2_000 * UNITS, "system_ns": 3_000 * UNITS}
    slow = {
        "user_ns": 2_500 * UNITS,
        "system_ns": 5_200 * UNITS,
        "cpu_ns": 7_700,
        "allocations": 3 * UNITS,
        "voluntary_switches": 100 + UNITS,
        "minor_faults": 10 + UNITS,
    }
    (explained,) = why.table(run_of(server("callback", **base), server("fiber", **slow)))
    assert [r.metric for r in explained.reasons] == [
        "voluntary_per_unit",
        "faults_per_unit",
        "user_per_unit_ns",
        "allocations_per_unit",
    ]
    assert (
        explained.sentence.startswith("fiber takes 1.5")
        and "because of 1.00 more wait that switches" in explained.sentence
    )


def test_equal_contenders_need_no_reason():
    assert why.table(run_of(server("callback"), server("fiber"))) == []


def test_what_was_not_counted_is_said():
    report = run_of(
        server("callback", allocations=None, system_calls=None),
        server("fiber", allocations=None, system_calls=None),
    )
    assert why.unrecorded(report) == ["system calls", "allocations"]
    assert why.unrecorded(run_of(server("callback"), server("fiber"))) == []


def test_the_summary_names_the_group_and_who_is_behind():
    report = run_of(
        server("floor", 4_000),
        server("callback", 5_000, verdict="rig_limited"),
        server("fiber", 5_010),
        server("thread/pool", 9_000),
    )
    (choice,) = choose.choices(report)
    assert choice.workload == "echo" and set(choice.group) == {"callback", "fiber"}
    assert choice.behind.startswith("thread/pool by 7") or choice.behind.startswith(
        "thread/pool by 8"
    )
    assert choice.floor.startswith("1.2")
    few = run_of(server("callback"), server("fiber"), rounds=3)
    (choice,) = choose.choices(few)
    assert choice.group == () and choice.behind == "too few rounds"


def test_the_floor_is_the_least_over_its_variants():
    """Everywhere that a page says times the floor: the name that sorts first is no measure."""
    report = run_of(
        server("floor/epoll", 5_000),
        server("floor/io_uring", 4_000),
        server("callback", 5_200),
        server("fiber", 6_000, verdict="rig_limited"),  # so that CPU heads the point
    )
    (choice,) = choose.choices(report)
    assert choice.floor.startswith("1.3") or choice.floor.startswith("1.29")
    (point,) = report.points
    assert report.entry(point, "callback").to_floor.value == pytest.approx(1.3, abs=0.02)
    evidence = next(a for a in answers.answers(report) if "serving" in a.question).evidence
    assert any("floor/io_uring" in line and "callback 1." in line for line in evidence)


def test_a_workload_stands_by_its_longest_point():
    make = fake_runs.Maker(2)
    for point, grain in enumerate((5, 1)):
        make.add("serial", "fib", {"n": 20, "grain": grain}, point=point, run_ns=1e6 * grain)
    report = assemble.build(fake_runs.Run("x", fake_runs.meta(), {}, make.samples))
    assert choose.points(report)["fib"].key.sizes["grain"] == 5


def test_google_benchmarks_rule_is_the_u_test():
    fast, slow = np.linspace(100, 101, 10), np.linspace(103, 104, 10)
    assert (
        other_tools.google_benchmark(fast, slow).different
        and "+3.0 %" in other_tools.google_benchmark(fast, slow).words
    )
    assert not other_tools.google_benchmark(fast, fast).different
    assert "fewer than 9" in other_tools.google_benchmark(fast[:5], slow[:5]).words


def test_criterions_rule_has_a_noise_threshold():
    base = np.linspace(100, 100.2, 20)
    assert other_tools.criterion(base, base * 1.03).words.endswith("performance has regressed")
    assert other_tools.criterion(base, base * 0.97).words.endswith("performance has improved")
    within = other_tools.criterion(base, base * 1.005)
    assert not within.different and within.words.endswith("change within noise threshold")
    assert other_tools.criterion(base, base).words.endswith("no change in performance detected")


def test_hyperfines_rule_always_names_a_winner():
    same = np.array([99.0, 100.0, 101.0, 100.0, 100.0])
    assert other_tools.hyperfine(same, same + 0.1).different
    assert (
        "the first ran 1.00 ± 0.01 times faster, although 1 is within a sigma"
        == other_tools.hyperfine(same, same + 0.1).words
    )
    assert other_tools.hyperfine(same * 2, same).words.startswith("the second ran 2.00 ± 0.02")


def test_rules_that_ignore_pairing_are_shown_to_differ():
    """A steady lead of 2 % under rounds that drift by 30 %: only pairs see it; hyperfine claims it as it claims all."""
    make = fake_runs.Maker(7, rounds=12, noise=0.002)
    make.shared = np.exp(np.random.default_rng(1).normal(0, 0.3, 12))
    for name, cost in (("callback", 1.0), ("fiber", 1.02)):
        make.add(name, "echo", ECHO, units=UNITS, run_ns=cost * 1e7, cpu_ns=cost * 5e6)
    report = assemble.build(fake_runs.Run("x", fake_runs.meta(), {}, make.samples))
    (judged,) = other_tools.judge(report)
    assert judged.ours.different and not judged.google.different and not judged.criterion.different
    assert judged.hyperfine.different and judged.disagree

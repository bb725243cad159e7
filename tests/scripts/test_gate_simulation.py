# SPDX-License-Identifier: MIT
"""The gate's error rates on a simulated noisy machine, with fixed seeds."""

from dataclasses import replace

import pytest

from yard.gate import noise, sequential, rule, simulate

DEFAULT = rule.PROFILES["default"]
SLOWED = "scenario03"


def jobs(machine, count, slow=None):
    for number in range(count):
        source = simulate.SimulatedRunner(machine, 25, 1_000 + number, slow)
        yield sequential.run(source, DEFAULT, seed=number), source


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("machine", [simulate.QUIET, simulate.LOADED], ids=lambda m: m.name)
def test_of_300_jobs_without_a_change_at_most_one_percent_is_red(machine):
    red = sum(outcome.exit_code() == 1 for outcome, _ in jobs(machine, 300))
    assert red <= 3


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "machine, least", [(simulate.QUIET, 0.97), (simulate.LOADED, 0.95)], ids=["quiet", "loaded"]
)
def test_five_percent_is_found(machine, least):
    found = [
        any(cell.scenario == SLOWED for cell in outcome.regressions)
        for outcome, _ in jobs(machine, 200, simulate.slow_down(SLOWED, 0.05))
    ]
    assert sum(found) >= least * len(found)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("machine", [simulate.QUIET, simulate.LOADED], ids=lambda m: m.name)
def test_one_percent_is_not_red(machine):
    assert all(
        outcome.exit_code() != 1
        for outcome, _ in jobs(machine, 60, simulate.slow_down(SLOWED, 0.01))
    )


@pytest.mark.timeout(120)
def test_a_slower_tail_alone_makes_the_p99_red_and_not_the_p50():
    slow = {(SLOWED, "p99_ns"): 1.25, (SLOWED, "p999_ns"): 1.25}
    for outcome, _ in jobs(simulate.QUIET, 20, slow):
        assert [cell.name for cell in outcome.regressions] == [f"{SLOWED} p99_ns"]


@pytest.mark.timeout(120)
def test_twenty_five_scenarios_fit_the_time_limit():
    for _, source in jobs(simulate.LOADED, 20):
        assert source.minutes < DEFAULT.job_limit_s / 60


CUT_SHORT_S = 300  # 190 s of it are the screen's; the suspects are left some 20 pairs


def cut_short(noise, count, slow=None):
    machine = replace(simulate.LOADED, noise=noise)
    for number in range(count):
        source = simulate.SimulatedRunner(machine, 25, 5_000 + number, slow)

        def left(source=source):
            return CUT_SHORT_S - source.slots * simulate.SLOT_S

        yield sequential.run(source, DEFAULT, number, left).exit_code()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_time_that_ends_early_on_a_noisy_machine_makes_no_job_red():
    codes = list(cut_short(2, 60))
    assert codes.count(1) <= 2  # what was not ruled out makes it inconclusive


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("size, most_green", [(0.05, 4), (0.10, 1)])
def test_a_slow_down_that_time_cuts_short_is_inconclusive_and_not_green(size, most_green):
    codes = list(cut_short(2, 60, simulate.slow_down(SLOWED, size)))
    assert codes.count(0) <= most_green


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", noise.KINDS, ids=lambda kind: kind.name)
def test_doubt_is_not_green(kind):
    """Of 25 jobs with a slow-down of 5 % at most one is green; `prove --noises` has the table of
    many more."""
    assert noise.row(kind, 0.05, 25).codes.get(0, 0) <= 1


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", noise.KINDS, ids=lambda kind: kind.name)
def test_no_kind_of_noise_is_red(kind):
    assert noise.row(kind, 0.0, 15).codes.get(1, 0) == 0

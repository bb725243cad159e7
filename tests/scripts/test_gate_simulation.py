# SPDX-License-Identifier: MIT
"""The gate's error rates on a simulated noisy machine, with fixed seeds."""

import pytest

from yard.check import gate, rule, simulate

DEFAULT = rule.PROFILES["default"]
SLOWED = "scenario03"


def jobs(machine, count, slow=None):
    for number in range(count):
        source = simulate.SimulatedRunner(machine, 25, 1_000 + number, slow)
        yield gate.run(source, DEFAULT, seed=number), source


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
    slow = {(SLOWED, "p99"): 1.25, (SLOWED, "p999"): 1.25}
    for outcome, _ in jobs(simulate.QUIET, 20, slow):
        assert [cell.name for cell in outcome.regressions] == [f"{SLOWED} p99"]


@pytest.mark.timeout(120)
def test_twenty_five_scenarios_fit_the_time_limit():
    for _, source in jobs(simulate.LOADED, 20):
        assert source.minutes < DEFAULT.job_limit_s / 60

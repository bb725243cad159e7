# SPDX-License-Identifier: MIT
"""One value per process, then the median over rounds; what is void, marked or missing says so."""

import pytest

import fake_runs
from yard.stats import estimates


def sample(round=0, iteration=0, **more):
    base = {
        "workload": "echo",
        "preset": "quick",
        "point": 0,
        "params": {"connections": 4},
        "model": "fiber",
        "variant": "",
        "round": round,
        "iteration": iteration,
        "warm": False,
        "verdict": "ok",
        "reason": "",
        "units": 10,
        "unit": "round trip",
        "run_ns": 1000,
        "cpu_ns": 500,
        "voluntary_switches": 3,
        "involuntary_switches": 2,
    }
    return {**base, **more}


def only(samples):
    (cell,) = estimates.cells(samples)
    return cell


def test_the_process_is_the_unit():
    samples = [
        sample(r, i, run_ns=run) for r in range(5) for i, run in enumerate((100, 200, 10_000))
    ]
    cell = only(samples)
    assert cell.values["run_ns"] == dict.fromkeys(range(5), 200)
    assert cell.estimates["run_ns"].rounds == 5 and cell.samples == 15


def test_warm_up_is_never_used():
    samples = [sample(r) for r in range(5)] + [
        sample(r, run_ns=10**9, warm=True) for r in range(5)
    ]
    assert only(samples).estimates["run_ns"].high == 1000


@pytest.mark.parametrize(
    "metric, value",
    [
        ("throughput", 1e7),
        ("time_per_unit_ns", 100),
        ("cpu_per_unit_ns", 50),
        ("switches_per_unit", 0.5),
    ],
)
def test_metrics(metric, value):
    assert only([sample(r) for r in range(5)]).estimates[metric].value == pytest.approx(value)


def test_four_rounds_have_no_interval():
    found = only([sample(r) for r in range(4)]).estimates["run_ns"]
    assert found.low is None and found.high is None and found.refused == "too few rounds"


def test_a_quantile_of_too_few_operations_is_no_value():
    cell = only([sample(r, latency={"p50_ns": 5, "p999_ns": None, "max_ns": 9}) for r in range(6)])
    assert "p50_ns" in cell.estimates and "p999_ns" not in cell.estimates


@pytest.mark.parametrize(
    "counts, verdict",
    [
        ({"ok": 10}, "ok"),
        ({"ok": 9, "crashed": 1}, "crashed"),
        ({"ok": 9, "wrong": 1}, "wrong"),
        ({"ok": 8, "unstable": 2}, "ok"),
        ({"ok": 7, "unstable": 3}, "unstable"),
        ({"ok": 5, "rig_limited": 3, "unstable": 2}, "rig_limited"),
        ({"declined": 1}, "declined"),
    ],
)
def test_the_verdict_of_a_cell(counts, verdict):
    assert estimates.verdict_of(counts) == verdict


def test_marked_rounds_stay_in_the_estimate():
    """Dropping the rounds that went badly would flatter."""
    samples = [sample(r, run_ns=1000) for r in range(8)] + [
        sample(r, run_ns=9000, verdict="unstable") for r in (8, 9)
    ]
    cell = only(samples)
    assert cell.verdict == "ok" and cell.values["run_ns"][9] == 9000
    assert cell.reasons[("unstable", "")] == 2


def test_a_wrong_warm_up_voids_its_process_too():
    samples = [sample(r) for r in range(6)] + [
        sample(2, warm=True, verdict="wrong", reason="7 is not 8")
    ]
    cell = only(samples)
    assert (
        cell.verdict == "wrong"
        and cell.reasons[("wrong", "7 is not 8")] == 1
        and not cell.estimates
    )


def test_a_void_iteration_voids_its_process():
    samples = [sample(r, i) for r in range(6) for i in range(2)]
    samples[3]["verdict"] = "wrong"
    cell = only(samples)
    assert cell.verdict == "wrong" and not cell.estimates and 1 not in cell.values["run_ns"]


def test_an_unknown_verdict_is_never_ok():
    cell = only([sample(r, verdict="from_the_future" if r == 2 else "ok") for r in range(8)])
    assert cell.verdict == "from_the_future" and not cell.measured and not cell.estimates


def test_absent_fields_read_as_null():
    old = {
        "workload": "fib",
        "model": "serial",
        "round": 0,
        "verdict": "ok",
        "run_ns": 5,
        "units": 1,
    }
    cell = only([old])
    assert cell.estimates["run_ns"].value == 5 and "cpu_per_unit_ns" not in cell.estimates


def test_paired_ratios_cancel_what_a_round_shares():
    shared = [1, 5, 2, 9, 3, 4, 7]
    ratio = estimates.paired_ratio(
        {r: 1.5 * s for r, s in enumerate(shared)}, dict(enumerate(shared))
    )
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((1.5, 1.5, 1.5))
    assert estimates.paired_ratio({1: 1.0}, {2: 1.0}) is None
    assert estimates.paired_ratio({1: 0.0}, {1: 1.0}) is None


def test_a_realistic_run_has_all_its_cells():
    cells = estimates.cells(fake_runs.realistic(rounds=5, operations=200).samples)
    assert len({(c.at, c.contender) for c in cells}) == len(cells) > 40
    crashed = next(c for c in cells if c.variant == "crashing")
    assert crashed.verdict == "crashed" and not crashed.estimates

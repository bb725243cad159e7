# SPDX-License-Identifier: MIT
"""Curves over workers, grain and units, where the law behind the numbers is known; and the sweeps that measure them."""

import pytest

import fake_runs
import fakes
from yard.data import models, samples, schema
from yard.engine import plan
from yard.stats import estimates
from yard.cli.commands import _options
from yard.errors import UsageError
from yard.report import assemble, html_page, plot, scaling


def built(make):
    return assemble.build(fake_runs.Run("x", fake_runs.meta(), {}, make.samples))


def by_workers(counts, speed_up, name="thread", cpus=8):
    make = fake_runs.Maker(3, rounds=8, noise=0.005)
    for n in counts:
        make.add(
            name,
            "hash_blocks",
            {"blocks": 64},
            units=64,
            run_ns=1e8 / speed_up(n),
            workers=n,
            cpus=list(range(cpus)),
        )
    return built(make)


def usl(sigma, kappa):
    return lambda n: n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


@pytest.mark.parametrize("sigma, kappa", [(0.0, 0.0), (0.1, 0.0), (0.05, 0.01)])
def test_the_law_is_found_again(sigma, kappa):
    (found,) = scaling.scalings(by_workers((1, 2, 4, 8), usl(sigma, kappa)))
    (curve,) = found.curves
    assert curve.law.contention == pytest.approx(
        sigma, abs=0.02
    ) and curve.law.coherency == pytest.approx(kappa, abs=0.003)
    assert not curve.law.oversubscribed and curve.marks == (False,) * 4
    assert (
        curve.line.y[2] == pytest.approx(usl(sigma, kappa)(4), rel=0.03)
        and curve.line.low[2] < curve.line.high[2]
    )
    assert curve.efficiency.y[3] == pytest.approx(usl(sigma, kappa)(8) / 8, rel=0.03)


def test_the_peak_is_where_it_gets_slower():
    assert scaling.Law(0.05, 0.01, False).peak == pytest.approx(9.75, rel=0.01)
    assert scaling.Law(0.05, 0.0, False).peak is None
    assert scaling.Law(1.2, 0.0, False).peak == 1


def test_oversubscribed_cells_are_marked_and_the_fit_says_so():
    report = by_workers((1, 2, 4, 8), lambda n: min(n, 2), cpus=2)
    (found,) = scaling.scalings(report)
    (curve,) = found.curves
    assert curve.marks == (False, False, True, True) and curve.law.oversubscribed
    assert curve.efficiency.y[3] == pytest.approx(
        1.0, rel=0.03
    ), "eight workers can use two CPUs and do"
    page = html_page.render(report)
    assert (
        "oversubscribed" in page and "more workers than CPUs" not in page.split('id="scaling"')[0]
    )
    assert [p.key.workers for p in report.points] == [1, 2, 4, 8]
    assert all("--workers" in p.command for p in report.points)


def test_two_numbers_of_workers_give_no_fit():
    (found,) = scaling.scalings(by_workers((1, 2), lambda n: n))
    assert found.curves[0].law is None


def test_workers_are_no_size_where_they_do_not_vary():
    report = by_workers((2,), lambda n: n)
    assert [p.key.workers for p in report.points] == [0] and scaling.scalings(report) == []


def granular(overhead_ns, grains=(1, 10, 100, 1_000, 10_000)):
    """The work is 1 s; a task of grain g does 100 g ns of it and costs its overhead besides."""
    make = fake_runs.Maker(4, rounds=8, noise=0.003)
    for grain in grains:
        tasks = int(1e9 / (100 * grain))
        for name, cost in (("serial", 0.0), ("fiber", overhead_ns)):
            make.add(
                name,
                "fib",
                {"n": 30, "grain": grain},
                units=tasks,
                unit="task",
                run_ns=1e9 + tasks * cost,
            )
    return built(make)


def test_the_task_size_that_is_efficient():
    """Overhead 1 us: 90 % are reached when it is a ninth of the task, at 9 us."""
    (found,) = scaling.granularities(granular(1_000))
    reached = dict(found.reached)
    assert found.by_size and 6_000 < reached["fiber"] < 12_000
    assert reached["serial"] < 110, "a task that costs nothing is efficient at every size"


def test_one_that_never_gets_efficient_says_so():
    lines = [0.1, 0.5, 1.0, 0.8]
    assert scaling._reaches([1, 10, 100, 1_000], lines) is None
    assert scaling._reaches([1, 10], [0.95, 1.0]) == 1


def test_memory_is_the_slope_and_not_the_start():
    make = fake_runs.Maker(6, rounds=8)
    for units in (1_000, 4_000, 16_000):
        for name, start, each in (("fiber", 50_000_000, 9_000), ("callback", 1_000_000, 300)):
            make.add(
                name, "echo", {"connections": units}, units=units, pss_bytes=start + each * units
            )
    (found,) = scaling.memories(built(make))
    assert [(name, round(e.value)) for name, e in found.slopes] == [
        ("callback", 300),
        ("fiber", 9_000),
    ]
    assert all(e.low <= e.value <= e.high for _, e in found.slopes)


def test_memory_of_waiting_units_is_what_was_seen_while_they_waited():
    """What a process holds after its units have ended says nothing of them: `waits` has no slope, and that of `idle`
    is not the slope of what was left."""
    make = fake_runs.Maker(6, rounds=8)
    for units in (1_000, 4_000, 16_000):
        make.add("fiber", "waits", {"waits": units}, units=units, pss_bytes=10**7 + 9_000 * units)
        seen = {
            "pss_bytes": 10**7 + 500 * units,
            "page_table_bytes": 20_000 + 10 * units,
            "kernel_stack_bytes": 16_384,
        }
        waiting = {"bytes_per_unit": 505.0, "looks": [{**seen, "units": units}]}
        make.add(
            "fiber",
            "idle",
            {"units": units},
            units=units,
            unit="waiting unit",
            pss_bytes=10**7 + 3 * units,
            waiting=waiting,
        )
    (found,) = scaling.memories(built(make))
    assert [(name, round(e.value)) for name, e in found.slopes] == [("fiber", 505)]
    assert found.size == "units" and found.lines[0].y[-1] == 10**7 + 510 * 16_000 + 36_384


def test_waiting_units_are_judged_by_their_bytes():
    make = fake_runs.Maker(6, rounds=8)
    for name, each in (("fiber", 9_000.0), ("callback", 300.0)):
        make.add(
            name,
            "idle",
            {"units": 1_000},
            units=1_000,
            unit="waiting unit",
            waiting={"bytes_per_unit": each},
        )
    (point,) = built(make).points
    assert point.headline.metric == "waiting_bytes" and point.rankings["waiting_bytes"].group == (
        "callback",
    )
    assert [round(bar.value) for bar in point.bars("waiting_bytes")] == [300, 9_000]


def test_the_page_and_the_plots_draw_them(tmp_path):
    report = granular(1_000)
    page = html_page.render(report)
    assert 'id="granularity"' in page and "Granularity of fib" in page
    assert any(path.name == "granularity-0.png" for path in plot.write(report, tmp_path))


# The sweep that measures such curves.
@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return models.discover(fakes.build(tmp_path_factory.mktemp("build"), "steady", "twofold"))


def test_a_sweep_of_workers_is_planned_and_each_is_a_process_of_its_own(found):
    made = plan.make(found, plan.Options(rounds=2, sweep={"workers": (1, 2, 8)}), (0, 1), "run")
    assert {p["workers"] for p in made["processes"]} == {1, 2, 8}
    assert len({samples.key(p) for p in made["processes"]}) == len(made["processes"])
    assert (
        len(
            {
                p["point"]
                for p in made["processes"]
                if p["workload"] == made["processes"][0]["workload"]
            }
        )
        == 1
    )
    assert not schema.violation("plan", made)


def test_a_sweep_of_a_field_sets_it(found):
    field = next(iter(found.workloads.values()))["fields"][0]
    values = (field["least"], field["least"] + 1)
    made = plan.make(found, plan.Options(rounds=1, sweep={field["name"]: values}), (0, 1), "run")
    assert {p["params"][field["name"]] for p in made["processes"]} == set(values)
    assert all(p["set"][field["name"]] == p["params"][field["name"]] for p in made["processes"])
    with pytest.raises(UsageError, match="--sweep"):
        plan.make(found, plan.Options(sweep={"no_such_field": (1,)}), (0, 1), "run")


@pytest.mark.parametrize(
    "text, values",
    [
        ("workers=1..8", (1, 2, 4, 8)),
        ("workers=1..6", (1, 2, 4, 6)),
        ("grain=3,1", (3, 1)),
        ("n=0", (0,)),
    ],
)
def test_sweeps_are_read(text, values):
    assert _options.Sweep().convert(text, None, None)[1] == values


@pytest.mark.parametrize(
    "text", ["workers", "workers=", "workers=0,1", "grain=8..2", "grain=a", "=1,2", "grain=1,,2"]
)
def test_what_is_no_sweep_is_refused(text):
    import click

    with pytest.raises(click.BadParameter, match="is no sweep"):
        _options.Sweep().convert(text, None, None)


def test_samples_of_different_workers_are_different_cells():
    make = fake_runs.Maker(1, rounds=5)
    for n in (1, 2):
        make.add("thread", "hash_blocks", {"blocks": 4}, workers=n, cpus=[0, 1])
    assert [c.at.workers for c in estimates.cells(make.samples)] == [1, 2]

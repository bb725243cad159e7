# SPDX-License-Identifier: MIT
"""The winner map, latency by throughput, and several runs on one page."""

import copy

import fake_runs
from yard import report as report_package
from yard.report import assemble, html_page, plot, side_by_side, winners

MODELS = {"coroutine": 1.0, "thread": 1.0, "process": 1.0}


def built(make, **meta):
    return assemble.build(fake_runs.Run("x", {**fake_runs.meta(), **meta}, {}, make.samples))


def mapped():
    """Coroutines lead where nothing is computed, threads where much is, and between them nobody does."""
    make = fake_runs.Maker(8, rounds=9, noise=0.01)
    point = 0
    for connections in (8, 64):
        for burn_us, times in (
            (10, {"coroutine": 1.0, "thread": 1.4}),
            (500, {"coroutine": 1.0, "thread": 1.0}),
            (5_000, {"coroutine": 2.0, "thread": 1.0}),
        ):
            for name, factor in times.items():
                make.add(
                    name,
                    "mixed",
                    {
                        "connections": connections,
                        "burn_us": burn_us,
                        "dear_percent": 50,
                        "offload": 0,
                    },
                    point=point,
                    units=100,
                    unit="request",
                    run_ns=factor * 1e7,
                )
            point += 1
    for in_flight in (1, 100):
        for name in ("coroutine", "process"):
            make.add(
                name,
                "fetch",
                {"in_flight": in_flight, "delay_us": 5_000},
                point=in_flight,
                units=100,
                run_ns=1e7 * (2 if name == "process" else 1),
            )
    return built(make)


def test_the_map_has_winners_and_zones_without_one():
    found = {m.workload: m for m in winners.maps(mapped())}
    mixed = found["mixed"]
    assert mixed.columns == [8, 64]
    assert [at for at, _ in mixed.rows] == [
        ("none", "5.00 µs", ""),
        ("none", "250 µs", ""),
        ("none", "2.50 ms", ""),
    ]
    leaders = [[field.group for (field,) in row] for _, row in mixed.rows]
    assert leaders[0] == [("coroutine",)] * 2 and leaders[2] == [("thread",)] * 2
    assert all(field.nobody for (field,) in mixed.rows[1][1]) and not mixed.rows[0][1][0][0].nobody
    assert found["fetch"].rows[0][0] == ("5.00 ms", "none", "")


def test_the_page_shows_the_map_and_hatches_what_nobody_wins():
    page = html_page.render(mapped())
    section = page.split('id="winners"')[1].split("</section>")[0]
    assert section.count('class="nobody"') == 2 and section.count("no separation") == 2
    assert "<b>thread</b>" in section and section.count('class="won s') == 6


def test_one_point_is_no_map():
    make = fake_runs.Maker(1)
    make.add("coroutine", "fetch", {"in_flight": 1, "delay_us": 5_000})
    assert winners.maps(built(make)) == []


def loaded():
    make = fake_runs.Maker(2, rounds=6)
    make.iterations = 1
    for point, rate in enumerate((1_000, 5_000, 9_000, 20_000, 40_000)):
        for name, capacity in (("fiber", 15_000), ("callback", 10_000)):
            reached = min(rate, capacity)
            wait = 50_000 / (1 - min(reached / capacity, 0.98))
            make.add(
                name,
                "echo",
                {"connections": 16, "rate_per_s": rate, "poisson": 1, "messages": 10 * rate},
                point=point,
                units=reached,
                run_ns=1e9,
                verdict="overloaded" if rate > capacity else "ok",
                latency=lambda slow, wait=wait: fake_runs.latency(
                    slow * make.random.lognormal(0, 0.2, 3_000) * wait
                ),
            )
    return built(make)


def test_latency_by_throughput_has_one_point_a_rate_and_ends_at_the_knee():
    curves = {c.quantile: c for c in winners.load_curves(loaded())}
    assert set(curves) == {"p50", "p99"}
    line = next(line for line in curves["p99"].lines if line.contender == "callback")
    assert len(line.x) == 4, "the first rate that overloads it ends the curve"
    assert abs(line.x[-1] / 10_000 - 1) < 0.1, "it reached its capacity and not the offered rate"
    assert line.y[-1] > 10 * line.y[0]
    assert "Latency p99 by throughput of echo" in html_page.render(loaded())


def test_latency_by_throughput_is_a_picture_too(tmp_path):
    assert "load-0.png" in {path.name for path in plot.write(loaded(), tmp_path)}


def test_where_the_load_is_given_the_map_judges_latency():
    (found,) = [m for m in winners.maps(mapped_open())]
    assert {field.metric for _, row in found.rows for at in row for field in at} == {"p99_ns"}


def mapped_open():
    make = fake_runs.Maker(2, rounds=6)
    make.iterations = 1
    for point, connections in enumerate((8, 64)):
        for name, tail in (("fiber", 1.0), ("thread", 3.0)):
            make.add(
                name,
                "mixed",
                {"connections": connections, "burn_us": 100, "dear_percent": 10, "rate_per_s": 500},
                point=point,
                units=500,
                run_ns=1e9,
                latency=lambda slow, tail=tail: fake_runs.latency(
                    1e6 * tail * make.random.lognormal(0, 0.1, 3_000)
                ),
            )
    return built(make)


def test_runs_stand_side_by_side_and_are_not_judged():
    first = fake_runs.realistic(seed=1, rounds=6, operations=400)
    second = copy.deepcopy(fake_runs.realistic(seed=2, rounds=6, operations=400))
    second.meta["run"], second.meta["host"]["name"] = (
        "20261124T000000Z-4567def",
        "<script>alert(1)</script>",
    )
    reports = [assemble.build(run) for run in (first, second)]
    shared = side_by_side.shared(reports)
    assert [s.title for s in shared] == [p.title for p in reports[0].points]
    row = next(r for r in shared[-1].rows if r.contender == "thread")
    assert row.seen[0].value and row.seen[1].value and row.seen[0].rank == 1
    page = html_page.render(reports[0], None, reports[1:])
    section = page.split('id="runs"')[1].split("</section>")[0]
    assert (
        "20261124T000000Z-4567def" in section
        and "is no verdict" in section
        and "&lt;script&gt;" in section
    )
    assert "<script>alert" not in page and 'id="runs"' not in html_page.render(reports[0])


def test_a_point_of_one_run_alone_is_not_laid_beside_anything():
    one, other = fake_runs.Maker(1), fake_runs.Maker(1)
    one.add("fiber", "fetch", {"in_flight": 1, "delay_us": 1})
    other.add("fiber", "fetch", {"in_flight": 2, "delay_us": 1})
    assert side_by_side.shared([built(one), built(other)]) == []


def test_the_command_takes_several_runs(tmp_path):
    folders = [
        fake_runs.write(fake_runs.realistic(seed=s, rounds=5, operations=300), tmp_path / str(s))
        for s in (1, 2)
    ]
    paths = report_package.write(folders[0], tmp_path / "out", plots=False, beside=folders[1:])
    assert 'id="runs"' in paths[0].read_text(encoding="utf-8")

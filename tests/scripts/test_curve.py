# SPDX-License-Identifier: MIT
"""The search against queueing theory, and the command against a server whose service time is known."""

import json
import math
import signal
import subprocess
import sys
import time
from decimal import Decimal, getcontext
from pathlib import Path

import numpy as np
import pytest

import fakes
from yard.data import samples
from yard.engine import load_curve
from yard.stats.rate_search import (
    AHEAD,
    FAILS,
    HOLDS,
    MOST_TRIALS,
    TOLERANCE,
    UNKNOWN,
    Rate,
    Search,
)
from yard.report import assemble, winners

SERVICE_S = 50e-6  # also fake_server's


def within(seconds, rate):
    """M/D/1: the share of requests that are served within this (Erlang 1909: the waiting time's distribution)."""
    getcontext().prec = 80  # the terms alternate and are much larger than their sum
    load, wait = Decimal(rate * SERVICE_S), Decimal(seconds) / Decimal(SERVICE_S) - 1
    if wait < 0:
        return 0.0
    terms = (
        (-load * (wait - j)) ** j / math.factorial(j) * (load * (wait - j)).exp()
        for j in range(int(wait) + 1)
    )
    return float((1 - load) * sum(terms))


def bisect(function, low, high):
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) else (low, middle)
    return low


def latencies(rate, count, seed):
    """A queue: each is served when it has come and the one before it is done."""
    came = np.cumsum(np.random.default_rng(seed).exponential(1 / rate, count))
    place = np.arange(count)
    done = np.maximum.accumulate(came - place * SERVICE_S) + (place + 1) * SERVICE_S
    return done - came


@pytest.mark.parametrize("load", [0.2, 0.5, 0.7, 0.8, 0.9])
def test_the_simulated_server_obeys_theory(load):
    rate = load / SERVICE_S
    seen = latencies(rate, 1_000_000, 1)
    mean = SERVICE_S * (1 + load / (2 * (1 - load)))
    p99 = bisect(lambda t: within(t, rate) < 0.99, SERVICE_S, 100 * SERVICE_S)
    assert np.mean(seen) == pytest.approx(mean, rel=0.05) and np.quantile(
        seen, 0.99
    ) == pytest.approx(p99, rel=0.05)


def searched(trial, start=10_000, least=10, most=30_000):
    search = Search(start, least, most)
    while (rate := search.next()) is not None:
        search.record(rate, trial(rate, search.rates.get(rate, Rate()).trials))
        assert search.trials < 1000, "it goes on for ever"
    return search


@pytest.mark.parametrize("limit_services", [4, 10, 25])
@pytest.mark.parametrize("start", [2_000, 14_000, 19_900])
def test_the_search_finds_the_rate_that_theory_gives(limit_services, start):
    limit = limit_services * SERVICE_S
    truth = bisect(lambda rate: within(limit, rate) > 0.99, 1, 1 / SERVICE_S)

    def trial(rate, number):
        return (
            HOLDS if np.quantile(latencies(rate, 50_000, rate + number), 0.99) <= limit else FAILS
        )

    found = searched(trial, start)
    assert found.highest_held < found.lowest_failed <= 1.2 * found.highest_held
    assert found.highest_held == pytest.approx(
        truth, rel=0.08
    ) and found.lowest_failed == pytest.approx(truth, rel=0.08)
    assert math.sqrt(found.highest_held * found.lowest_failed) == pytest.approx(truth, rel=0.05)


def test_a_sharp_limit_is_bracketed_and_no_closer_than_wanted():
    found = searched(lambda rate, _: HOLDS if rate <= 7_777 else FAILS, 1_000)
    assert found.highest_held <= 7_777 < found.lowest_failed <= found.highest_held * (1 + TOLERANCE)
    assert all(rate.trials == AHEAD for rate in found.rates.values())


def test_no_end_is_invented():
    assert searched(lambda *_: FAILS).highest_held is None
    assert searched(lambda *_: HOLDS).lowest_failed is None
    nothing = searched(lambda *_: UNKNOWN)
    assert nothing.highest_held is nothing.lowest_failed is None


def test_undecided_rates_stay_inside_the_interval():
    def trial(rate, number):
        return HOLDS if rate < 5_000 else FAILS if rate > 6_000 else (HOLDS, FAILS)[number % 2]

    found = searched(trial)
    assert 5_000 / 1.06 < found.highest_held < 5_000 and 6_000 < found.lowest_failed < 6_000 * 1.06


@pytest.mark.parametrize("share, wrong", [(0.25, HOLDS), (0.75, FAILS)])
def test_the_error_of_a_decision_is_what_is_promised(share, wrong):
    chance, total, mistaken = {(0, 0): 1.0}, 0.0, 0.0
    for _ in range(MOST_TRIALS):
        following = {}
        for (held, failed), p in chance.items():
            for step, q in (((held + 1, failed), share), ((held, failed + 1), 1 - share)):
                state = Rate(*step).state
                total += p * q if state else 0.0
                mistaken += p * q if state == wrong else 0.0
                if state is None:
                    following[step] = following.get(step, 0.0) + p * q
        chance = following
    assert not chance and total == pytest.approx(1) and 0.02 < mistaken <= 1 / (1 + 3**AHEAD)


def test_a_late_generator_is_not_held_against_the_server():
    def of(verdict, p99):
        return load_curve.outcome(
            {"verdict": verdict, "latency": {"p99_ns": p99}}, load_curve.Objective("p99_ns", 5e6)
        )

    assert (of("ok", 5e6), of("ok", 5.1e6), of("unstable", 6e6), of("overloaded", 1e6)) == (
        HOLDS,
        FAILS,
        FAILS,
        FAILS,
    )
    assert (of("rig_limited", 4e6), of("rig_limited", 6e6), of("ok", None)) == (
        HOLDS,
        UNKNOWN,
        UNKNOWN,
    )


def test_rates_and_connections():
    assert load_curve.rounded(74_690.2) == 74_700 and load_curve.rounded(0.2) == 1
    assert load_curve.common_rates([1_000, 4_000], (50, 100)) == [500, 1_000, 2_000, 4_000]
    assert load_curve.stops_growing({16: 100, 64: 103, 256: 104}) == 16
    assert (
        load_curve.stops_growing({16: 60, 64: 100}) is None
        and load_curve.stops_growing({16: 60, 64: 100, 256: 99}) == 64
    )
    assert load_curve.stops_growing({64: 5}) == 64


@pytest.fixture
def build(tmp_path):
    folder = tmp_path / "build" / "bin"
    folder.mkdir(parents=True)
    for model in ("queue", "dying", "slow", "client"):
        file = folder / f"switchyard-{model}"
        file.write_text(
            f"#!{sys.executable} -S\n" + (Path(__file__).parent / "fake_server.py").read_text()
        )
        file.chmod(0o755)
    return folder.parent


def run(tmp_path, build, *arguments):
    return fakes.switchyard(
        tmp_path,
        "curve",
        "--workload",
        "echo",
        "--build",
        build,
        "--out",
        tmp_path / "run",
        *arguments,
    )


def test_a_known_server_gets_its_curve_and_its_limit(tmp_path, build):
    done = run(
        tmp_path,
        build,
        "--models",
        "queue",
        "--fractions",
        "20,50,80",
        "--common",
        "--overload",
        "--slo",
        "p99=500us",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    (found,) = value["contenders"]
    assert (
        found["capacity"]["value"] == pytest.approx(1 / SERVICE_S, rel=0.01)
        and found["capacity"]["low"]
    )
    for point in found["curve"]:
        p99 = bisect(lambda t: within(t, point["rate_per_s"]) < 0.99, SERVICE_S, 100 * SERVICE_S)
        assert (
            point["rate_per_s"] == pytest.approx(point["percent"] / 100 / SERVICE_S, rel=0.01)
            and point["rounds"] >= 5
        )
        assert point["p99_ns"]["value"] / 1e9 == pytest.approx(p99, rel=0.15)  # 0.5 s of arrivals
    assert [c["rate_per_s"] for c in found["common"]] == [c["rate_per_s"] for c in found["curve"]]
    for point in found[
        "overload"
    ]:  # for 0.5 s the queue grows by the excess; half of the capacity is left to drain it
        assert point["goodput"] == pytest.approx(1 / SERVICE_S, rel=0.03)
        assert point["recovery_ns"] / 1e9 == pytest.approx(
            0.5 * (point["percent"] / 100 - 1) / 0.5, rel=0.25
        )
        assert point["recovered"] == point["rounds"] >= 5
    truth = bisect(lambda rate: within(500e-6, rate) > 0.99, 1, 1 / SERVICE_S)
    limit = found["objective"]
    assert (
        limit["complete"] and limit["highest_held"] * 0.98 <= truth <= limit["lowest_failed"] * 1.02
    )
    assert limit["lowest_failed"] <= 1.25 * limit["highest_held"]
    assert json.loads((tmp_path / "run" / "curve.json").read_text()) == {
        k: v for k, v in value.items() if k != "exit_code"
    }
    # An ordinary run: complete, and drawn.
    folder = samples.read_run(tmp_path / "run")
    assert len(folder.samples) == len(folder.plan["processes"]) and folder.meta["ended"]
    drawn = list(winners.load_curves(assemble.build(folder)))
    assert {c.quantile for c in drawn} == {"p50", "p99"} and len(drawn[0].lines[0].x) >= 3
    assert fakes.switchyard(tmp_path, "run", "--resume", tmp_path / "run").returncode == 0


def test_rounds_are_interleaved_and_repeatable(tmp_path, build):
    orders = []
    for out in ("one", "two"):
        assert (
            run(
                tmp_path,
                build,
                "--models",
                "queue,slow",
                "--rounds",
                "2",
                "--connections",
                "8",
                "--fractions",
                "20,80",
                "--out",
                tmp_path / out,
            ).returncode
            == 0
        )
        plan = samples.read_run(tmp_path / out).plan
        orders.append(
            [
                (p["round"], p["model"], p["set"].get("rate_per_s"), p["seed"])
                for p in plan["processes"]
            ]
        )
    assert orders[0] == orders[1]
    rounds = [r for r, _, rate, _ in orders[0] if rate]
    assert rounds == sorted(rounds)
    assert {(m, r) for r, m, rate, _ in orders[0] if rate} == {
        (m, r) for m in ("queue", "slow") for r in (0, 1)
    }


def test_the_servers_get_the_workers_that_were_asked_for(tmp_path, build):
    done = run(
        tmp_path,
        build,
        "--models",
        "queue",
        "--connections",
        "4",
        "--fractions",
        "50",
        "--rounds",
        "1",
        "--workers",
        "3",
    )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "run" / "samples.jsonl").read_text().splitlines()
    assert {json.loads(line)["workers"] for line in lines} == {3}


def test_a_server_that_dies_is_told_and_the_others_go_on(tmp_path, build):
    done = run(tmp_path, build, "--models", "queue,dying", "--rounds", "2", "--fractions", "20,50")
    assert done.returncode == 1 and "dying is left out: crashed" in done.stdout
    assert any(
        line.startswith("queue") and line.count("µs") == 2 for line in done.stdout.splitlines()
    ), done.stdout


def test_the_budget_ends_the_search_and_says_so(tmp_path, build):
    done = run(
        tmp_path,
        build,
        "--models",
        "queue",
        "--rounds",
        "1",
        "--fractions",
        "none",
        "--slo",
        "p99=500us",
        "--time-budget",
        "0.01s",
    )
    assert done.returncode == 0 and "time budget" in done.stdout and "cut short" in done.stdout


def test_an_interruption_keeps_and_shows_what_there_is(tmp_path, build):
    started = fakes.start(
        tmp_path,
        "curve",
        "--workload",
        "echo",
        "--build",
        build,
        "--models",
        "slow",
        "--rounds",
        "400",
        "--out",
        tmp_path / "run",
    )
    notes, ends = tmp_path / "notes", time.monotonic() + 60
    while (not notes.exists() or notes.read_text().count("\n") < 4) and time.monotonic() < ends:
        time.sleep(0.01)
    started.send_signal(signal.SIGINT)
    out, error = started.communicate(timeout=60)
    assert (
        started.returncode == 130
        and "interrupted" in error
        and "slow" in out
        and "Traceback" not in error
    )
    assert len(samples.read_run(tmp_path / "run").samples) >= 3
    # What was planned by then can be completed as any run.
    assert fakes.switchyard(tmp_path, "run", "--resume", tmp_path / "run").returncode == 0
    kept = samples.read_run(tmp_path / "run")
    assert len(kept.samples) == len(kept.plan["processes"])


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["--workload", "ecko"], "did you mean echo?"),
        (["--workload", "count"], "count has no rate_per_s"),
        (["--slo", "5ms"], "write p99=5ms"),
        (["--slo", "p98=5ms"], "there is p50"),
        (["--slo", "p99=0ms"], "p99=5ms"),
        (["--fractions", "0,50"], "20,50,90"),
        (["--models", "queeu"], "did you mean queue?"),
    ],
)
def test_errors_have_a_code_and_a_next_step(tmp_path, build, arguments, text):
    done = run(tmp_path, build, *arguments)
    assert done.returncode == 64 and text in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_without_a_load_generator_there_is_no_curve(tmp_path, build):
    (build / "bin" / "switchyard-client").unlink()
    done = run(tmp_path, build)
    assert done.returncode == 64 and "--target switchyard-client" in done.stderr


CLIENT = fakes.REPOSITORY / "build" / "release" / "bin" / "switchyard-client"


@pytest.mark.slow
@pytest.mark.skipif(
    not CLIENT.exists(),
    reason="no load generator: cmake --build --preset release --target switchyard-client",
)
def test_the_load_generator_measures_what_theory_says_of_a_real_server():
    """M/D/1 over TCP. A long service time, so that what a busy machine adds is a small part of it; many small servers
    side by side, which nearly always sleep, so that it does not take minutes."""
    service_s, load, count = 0.04, 0.5, 500
    servers = [
        subprocess.Popen(
            [
                sys.executable,
                fakes.REPOSITORY / "tests/scripts/toy_server.py",
                "64",
                str(service_s),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(12)
    ]
    try:
        clients = [
            subprocess.Popen(
                [
                    CLIENT,
                    "echo",
                    "--port",
                    server.stdout.readline().strip(),
                    "--connections",
                    "32",
                    "--messages",
                    str(count),
                    "--message-bytes",
                    "64",
                    "--seed",
                    str(seed),
                    "--poisson",
                    "--rate-per-s",
                    str(load / service_s),
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            for seed, server in enumerate(servers)
        ]
        reports = [json.loads(client.communicate(timeout=100)[0]) for client in clients]
    finally:
        for server in servers:
            server.kill()
            server.communicate()
    assert all(report["received"] == count for report in reports)
    seen = np.mean([report["latency"]["mean_ns"] for report in reports]) / 1e9
    assert seen == pytest.approx(service_s * (1 + load / (2 * (1 - load))), rel=0.05)

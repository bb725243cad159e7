# SPDX-License-Identifier: MIT
"""The advice is held against what it did not see, and its words against its numbers."""

import gzip
import json
from pathlib import Path

import fake_runs
import pytest
from fakes import switchyard
from yard.data import workloads
from yard.learn import advice
from yard.stats import estimates, rank
from yard.text import leads
from yard.cli.commands import advise as command
from yard.errors import UsageError

# Measured: 12 points of mixed by ten contenders, 5 rounds each, on a machine that others used meanwhile.
MEASURED = Path(__file__).parent / "golden" / "mixed.jsonl.gz"


KNOWN = workloads.of_descriptions(fake_runs.WORKLOADS)


def advised(cells, mix):
    return advice.advise(advice.of_run(cells, KNOWN), mix)


@pytest.fixture(scope="module")
def measured():
    with gzip.open(MEASURED, "rt") as lines:
        return estimates.cells([json.loads(line) for line in lines])


def mix_of(at):
    sizes = at.sizes
    return advice.Mix(
        0.0, sizes["dear_percent"] / 100 * sizes["burn_us"] * 1000, sizes["connections"]
    )


def test_held_out_points_agree(measured):
    points = sorted({cell.at for cell in measured})
    assert len(points) >= 10
    good, said_one = 0, 0
    for at in points:
        answer = advised([cell for cell in measured if cell.at != at], mix_of(at))
        truth = rank.rank(
            [cell for cell in measured if cell.at == at], advice.COST, advice.ACCEPT
        ).group
        tied = {choice.contender for choice in answer.choices if choice.rank == 1}
        assert all(evidence.at != at for evidence in answer.evidence)
        # A tie that leaves the best out would be wrong, too.
        good += bool(tied & set(truth)) if answer.tie else answer.choices[0].contender in truth
        said_one += not answer.tie
    assert good >= 0.9 * len(points)
    assert said_one >= 2, "to answer tie each time is no advice"


def cell(model, workload, sizes, cost, p99=None, rate=None, rounds=7):
    made = estimates.Cell(
        estimates.PointKey(workload, "quick", 0, tuple(sizes.items())), model, "", workers=1
    )
    made.counts["ok"] = rounds
    noise = [1 + 0.004 * (r % 3 - 1) for r in range(rounds)]
    for name, value in ((advice.COST, cost), ("p99_ns", p99), ("throughput", rate)):
        if value:
            made.values[name] = {r: value * noise[(r + len(model)) % rounds] for r in range(rounds)}
            made.estimates[name] = estimates.estimate(made.values[name])
    return made


def servers(connections, **costs):
    sizes = {
        "connections": connections,
        "messages": 1,
        "message_bytes": 64,
        "rate_per_s": 0,
        "poisson": 0,
    }
    # A closed loop whose p99 is twice its mean response.
    return [cell(m, "echo", sizes, c, 2 * connections * c, 1e9 / c) for m, c in costs.items()]


def clients(in_flight, **costs):
    return [
        cell(
            m,
            "fetch",
            {"requests": 1, "in_flight": in_flight, "delay_us": 20_000, "response_bytes": 1},
            c,
        )
        for m, c in costs.items()
    ]


def test_serving_waiting_and_computing_are_added():
    cells = servers(64, ab=10e3, cde=12e3) + clients(64, ab=30e3, cde=5e3)
    answer = advised(cells, advice.Mix(20e6, 100e3, 64))
    assert [c.contender for c in answer.choices] == ["cde", "ab"] and not answer.tie
    assert answer.choices[0].cost_ns == pytest.approx(117e3, rel=0.01)
    assert answer.words.startswith("Take cde") and "leads ab by" in answer.words
    assert (
        "echo (connections 64" in answer.evidence[0].words()
        and "fetch" in answer.evidence[1].words()
    )
    assert (
        advised(cells, advice.Mix(0.0, 100e3, 64)).choices[0].contender == "ab"
    )  # nothing waits: fetch is no evidence


def test_what_is_not_separated_is_a_tie():
    answer = advised(servers(64, ab=10_000, cde=10_001), advice.Mix(0.0, 200e3, 64))
    assert answer.tie and answer.words.startswith("A tie: ")
    assert any("the choice matters little" in note for note in answer.notes)


def test_a_lead_that_rounds_to_nothing_is_no_lead():
    """Separated, but of a request that computes for a second the models cost next to nothing."""
    answer = advised(servers(64, ab=10e3, cde=40e3), advice.Mix(0.0, 1e9, 64))
    assert answer.choices[0].rank == 1 and answer.choices[1].rank == 2
    assert answer.tie and "ab and cde differ by less than 0.1 % in CPU per request" in answer.words
    assert leads.lead_words(rank.Lead("a", "b", 1.0003, 1.0002, 1.0004)).endswith("less than 0.1 %")


def test_it_says_when_it_would_flip():
    cells = servers(64, ab=10e3, cde=20e3) + servers(4096, ab=40e3, cde=20e3)
    answer = advised(cells, advice.Mix(0.0, 0.0, 64))
    assert answer.choices[0].contender == "ab"
    assert [flip for flip in answer.flips if "1024 requests at once or more: cde" in flip]


def test_who_misses_the_target_comes_last():
    cells = servers(64, ab=10e3, cde=12e3)
    for each in cells:
        if each.model == "ab":  # cheap on average, with a long tail
            each.values["p99_ns"] = {r: 50 * v for r, v in each.values["p99_ns"].items()}
    answer = advised(cells, advice.Mix(0.0, 0.0, 64, p99_ns=5e6))
    assert [(c.contender, c.meets) for c in answer.choices] == [("cde", "yes"), ("ab", "no")]
    assert answer.words.startswith("Take cde")


def test_a_target_below_the_wait_is_refused_in_words():
    answer = advised(
        servers(64, ab=1e4, cde=2e4) + clients(64, ab=1e4, cde=2e4), advice.Mix(20e6, 0.0, 64, 10e6)
    )
    assert answer.words.startswith("None: a request needs 20.0 ms even alone")


def test_far_evidence_is_called_so_and_none_is_an_error():
    assert (
        "far from your mix"
        in advised(servers(2, a=1e4, b=2e4), advice.Mix(0.0, 0.0, 5000)).evidence[0].words()
    )
    with pytest.raises(UsageError, match="no measured cell of fetch"):
        advised(servers(2, a=1e4, b=2e4), advice.Mix(1e6, 0.0, 2))


def test_live_measures_that_very_point():
    serve, wait = command.live_options(advice.Mix(20e6, 200e3, 500), (), KNOWN)
    assert serve.workloads == ("mixed",)
    assert {k: serve.set[k] for k in ("connections", "dear_percent", "burn_us")} == {
        "connections": 500,
        "dear_percent": 100,
        "burn_us": 200,
    }
    assert wait.workloads == ("fetch",) and (wait.set["in_flight"], wait.set["delay_us"]) == (
        500,
        20_000,
    )
    assert [o.workloads for o in command.live_options(advice.Mix(0.0, 0.0, 5), (), KNOWN)] == [
        ("echo",)
    ]


def test_the_command_answers_from_a_run(tmp_path):
    run = fake_runs.write(fake_runs.realistic(), tmp_path / "run")
    mix = ("--io-wait", "5ms", "--cpu", "50us", "--concurrency", "100", "--p99", "1s")
    ended = switchyard(tmp_path, "advise", run, *mix)
    assert ended.returncode == 0, ended.stderr
    assert "It rests on: echo" in ended.stdout and "100 requests at once" in ended.stdout
    value = json.loads(switchyard(tmp_path, "advise", run, *mix, "--json").stdout)
    assert value["choices"][0]["rank"] == 1 and value["source"] == str(run)


def test_what_is_missing_is_named(tmp_path):
    ended = switchyard(tmp_path, "advise", tmp_path, "--cpu", "1ms")
    assert ended.returncode == 64 and "--io-wait is missing" in ended.stderr
    assert switchyard(tmp_path, "advise", tmp_path, "--cpu", "fast").returncode == 64

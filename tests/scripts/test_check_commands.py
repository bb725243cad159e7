# SPDX-License-Identifier: MIT
"""The gate on other people's programs: Google Benchmark binaries and whatever prints JSON lines."""

import json
import sys
from pathlib import Path

import pytest

import fakes
from yard.gate import command_pairs
from yard.gate.formats import registry
from yard.gate.reading import Failed
from yard.errors import UsageError

FAKE = f"{sys.executable} -S {Path(__file__).parent / 'fake_command.py'}"


def check(folder, base, head, *more):
    return fakes.switchyard(
        folder,
        "check",
        "--base-cmd",
        f"{FAKE} {base}",
        "--head-cmd",
        f"{FAKE} {head}",
        "--out",
        folder / "out",
        "--cache",
        folder / "cache",
        "--profile",
        "quick",
        "--seed",
        3,
        "--no-plots",
        *more,
    )


def red(folder):
    cells = json.loads((folder / "out" / "check.json").read_text())["cells"]
    return {(c["scenario"], c["metric"]) for c in cells if c["verdict"] == "REGRESSION"}


@pytest.mark.parametrize("kind", ["google", "lines"])
def test_the_same_twice_is_ok(tmp_path, kind):
    done = check(tmp_path, f"{kind} 1.0", f"{kind} 1.0")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads((tmp_path / "out" / "check.json").read_text())
    assert document["compared"] == 4 and document["control"]["of"] in ("alpha/64", "beta")


def test_a_slower_google_benchmark_is_red_alone(tmp_path):
    done = check(tmp_path, "google 1.0", "google 1.08")
    assert done.returncode == 1, done.stdout + done.stderr
    assert red(tmp_path) == {("alpha/64", "cpu_time")}
    assert "-> 1.08 µs" in done.stdout


def test_a_rate_is_worse_when_it_falls(tmp_path):
    done = check(tmp_path, "lines 1.0", "lines 1.08", "--metric", "rate:more")
    assert done.returncode == 1 and red(tmp_path) == {("alpha/64", "rate")}, (
        done.stdout + done.stderr
    )
    done = check(tmp_path, "lines 1.08", "lines 1.0", "--metric", "rate:more")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_benchmark_that_is_new_is_named_and_one_that_is_gone_is_red(tmp_path):
    done = check(tmp_path, "google 1 alpha beta", "google 1 beta gamma")
    assert done.returncode == 1
    assert "new: head only: gamma" in done.stdout
    assert "BROKEN  alpha: stopped measuring on head alone: removed" in done.stdout


@pytest.mark.parametrize(
    "base, head, more, code, text",
    [
        ("google 1 alpha", "google 1 beta", [], 3, "share no scenario"),
        ("google 1", "lines 1", [], 3, "take two of a kind"),
        ("broken 1", "lines 1", [], 3, "the base's command ended with 9: no such device"),
        ("lines 1", "broken 1", [], 4, "the head's command ended with 9: no such device"),
        ("lines 1", "lines 1", ["--metric", "tiem"], 64, "did you mean time?"),
        ("lines 1", "lines 1", ["--metric", "time:up"], 64, "more is better"),
        ("lines 1", "lines 1", ["--only", "bata"], 64, "did you mean beta?"),
    ],
)
def test_what_cannot_be_compared(tmp_path, base, head, more, code, text):
    done = check(tmp_path, base, head, *more)
    assert done.returncode == code and text in done.stderr, done.stdout + done.stderr


def test_a_program_that_is_not_there(tmp_path):
    done = fakes.switchyard(
        tmp_path,
        "check",
        "--base-cmd",
        "/nonexistent/x",
        "--head-cmd",
        "true",
        "--out",
        tmp_path / "o",
        "--cache",
        tmp_path / "cache",
    )
    assert done.returncode == 64 and "is no program here" in done.stderr


def test_lines_may_be_our_samples():
    sample = {
        "schema": 1,
        "run": "r",
        "round": 0,
        "order": 0,
        "model": "m",
        "variant": "",
        "workload": "w",
        "preset": "quick",
        "point": 0,
        "params": {},
        "iteration": 0,
        "warm": False,
        "verdict": "ok",
        "reason": "",
        "run_ns": 500,
        "units": 5,
        "cpu_ns": 250,
    }
    found = registry.LINES.read("hello\n" + json.dumps(sample) + "\n")
    assert found.values == {"m/w@0": {"time_per_unit_ns": 100.0, "cpu_per_unit_ns": 50.0}}


@pytest.mark.parametrize("text", ["", "no json"])
def test_lines_that_say_nothing_are_refused(text):
    with pytest.raises(Failed):
        registry.LINES.read(text)


@pytest.mark.parametrize("text", ["{broken", '{"a": 1}'])
def test_a_line_that_cannot_be_read_is_named_and_ends_nothing(text):
    good = '{"scenario": "s", "metrics": {"time": 2}}'
    found = registry.LINES.read(f"{good}\n{text}\n")
    assert found.values == {"s": {"time": 2}} and list(found.unread) == ["(line 2)"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"benchmarks": 3}', "{broken"])
def test_google_benchmark_that_says_nothing_is_refused(text):
    with pytest.raises(Failed):
        registry.GOOGLE.read(text)


def test_repetitions_give_their_median_and_aggregates_are_not_counted():
    rows = [
        {"name": "x", "run_name": "x", "run_type": "iteration", "time_unit": "ns", "cpu_time": t}
        for t in (3, 1, 2)
    ]
    rows.append(
        {
            "name": "x_mean",
            "run_name": "x",
            "run_type": "aggregate",
            "time_unit": "ns",
            "cpu_time": 99,
        }
    )
    text = "a line of its own\n{ another }\n" + json.dumps({"benchmarks": rows}, indent=1)
    assert registry.GOOGLE.read(text).values == {"x": {"cpu_time": 2}}


def test_benchmarks_that_share_a_name_are_kept_apart():
    rows = [
        {"name": "x", "family_index": i, "time_unit": "us", "cpu_time": 1 + i} for i in (0, 1, 1)
    ]
    found = registry.GOOGLE.read(json.dumps({"benchmarks": rows}))
    assert found.values == {"x": {"cpu_time": 1000}, "x#2": {"cpu_time": 2000}}


def test_a_flag_for_a_metric_knows_its_direction():
    assert (
        command_pairs.wanted(["items_per_second"])[0].more
        and not command_pairs.wanted(["cpu_time"])[0].more
    )
    assert not command_pairs.wanted(["items_per_second:less"])[0].more
    with pytest.raises(UsageError):
        command_pairs.wanted([":more"])

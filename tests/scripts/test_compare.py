# SPDX-License-Identifier: MIT
"""Comparing: paired inside a run, never a verdict between stored runs, refused where it would mislead."""

import copy
import json

import pytest
from click.testing import CliRunner

import fake_runs
from yard import errors
from yard.report import comparison
from yard.cli.commands import compare as compare_command


@pytest.fixture(scope="module")
def run():
    return fake_runs.realistic(operations=400)


def find(differences, workload, metric, **params):
    return next(
        d
        for d in differences
        if d.at.workload == workload
        and d.metric == metric
        and params.items() <= dict(d.at.params).items()
    )


def test_two_models_inside_a_run(run):
    found = comparison.two_models(run, ["coroutine", "callback"])
    cpu = find(found, "echo", "cpu_per_unit_ns", connections=1000)
    assert cpu.better == "coroutine" and cpu.low < 7_700 / 6_150 - 1 < cpu.high
    same = find(found, "hash_blocks", "throughput")
    assert same.better == "" and same.low < 0 < same.high


def test_two_runs_of_one_build(run):
    other = fake_runs.realistic(seed=9, operations=400)
    found = comparison.two_runs(run, other)
    assert comparison.apples_and_oranges(run, other) == []
    assert len(found) > 100
    separated = sum(bool(d.better) for d in found)
    assert separated / len(found) < 0.15


def test_a_slower_run_is_seen(run):
    slow = copy.copy(run)
    slow.samples = [{**s, "cpu_ns": int(s["cpu_ns"] * 1.5)} for s in run.samples]
    d = find(comparison.two_runs(run, slow), "hash_blocks", "cpu_per_unit_ns")
    assert d.better == "first" and d.low < 0.5 < d.high


def test_marked_cells_have_no_better_side(run):
    d = find(
        comparison.two_models(run, ["coroutine", "callback"]), "echo", "throughput", connections=64
    )
    assert d.better == "" and d.note == "rig_limited"


@pytest.mark.parametrize(
    "change, word",
    [
        (lambda r: r.meta["host"].update(cpu_model="Other CPU"), "CPU model"),
        (lambda r: r.meta["host"].update(kernel="Linux 7"), "kernel"),
        (lambda r: r.meta["host"].update(cpus=4), "CPUs"),
        (lambda r: r.meta["describe"]["fiber"]["build"].update(flags="-O0"), "flags"),
        (lambda r: r.meta["describe"]["fiber"]["build"].update(type="debug"), "build type"),
        (lambda r: r.meta.update(harness_sha256="0123456789abcdef"), "harness"),
        (lambda r: [s.update(schema=2) for s in r.samples], "harness"),
        (
            lambda r: [
                s.update(params={k: v + 1 for k, v in s["params"].items()}) for s in r.samples
            ],
            "params",
        ),
    ],
)
def test_apples_and_oranges_are_refused(run, change, word):
    other = copy.deepcopy(run)
    change(other)
    reasons = comparison.apples_and_oranges(run, other)
    assert len(reasons) == 1 and word in reasons[0]


def test_another_commit_is_what_comparing_is_for(run):
    other = copy.deepcopy(run)
    other.meta.update(commit="fedcba9", run="20261124T000000Z-fedcba9")
    assert comparison.apples_and_oranges(run, other) == []


def test_few_rounds_have_no_interval():
    few = fake_runs.realistic(rounds=4, operations=200)
    found = comparison.two_models(few, ["coroutine", "callback"])
    assert found and all(d.change is None and d.note == "too few rounds" for d in found)


@pytest.fixture
def folders(tmp_path, run, monkeypatch):
    other = copy.deepcopy(run)
    other.meta["host"]["kernel"] = "Linux 7"
    known = {"a": run, "b": fake_runs.realistic(seed=3, operations=200), "c": other}
    monkeypatch.setattr(compare_command.samples, "read_run", lambda path: known[str(path)])


def invoke(*words):
    return CliRunner().invoke(compare_command.command, words, standalone_mode=False)


def test_the_command_says_that_stored_runs_give_no_verdict(folders):
    result = invoke("a", "b")
    assert result.exception is None and "Not a verdict" in result.output
    document = json.loads(invoke("a", "b", "--json").output)
    assert document["verdict"] is False and "interleaved" in document["note"]
    assert (
        json.loads(invoke("a", "--models", "coroutine,fiber", "--json").output)["verdict"] is True
    )


def test_the_command_refuses_with_exit_code_3(folders):
    result = invoke("a", "c")
    assert isinstance(result.exception, errors.NotComparable) and result.exception.code == 3
    assert "kernel" in str(result.exception)


@pytest.mark.parametrize(
    "words",
    [
        ("a",),
        ("a", "b", "--models", "x,y"),
        ("a", "--models", "coroutine"),
        ("a", "--models", "coroutine,corutine"),
    ],
)
def test_usage(folders, words):
    assert isinstance(invoke(*words).exception, Exception)
    import click

    assert isinstance(invoke(*words).exception, click.UsageError)

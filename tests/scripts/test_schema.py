# SPDX-License-Identifier: MIT
"""The schemas accept what the protocol says and refuse what it does not; reading a folder never dies of it."""

import json
import random

import pytest

from yard.data import fast_check, samples, schema
from yard.errors import UsageError

SAMPLE = {
    "schema": 1,
    "run": "r",
    "round": 0,
    "order": 0,
    "model": "m",
    "variant": "",
    "workload": "w",
    "preset": "quick",
    "point": 0,
    "params": {"n": 1},
    "iteration": 0,
    "warm": False,
    "verdict": "ok",
    "reason": "",
    "run_ns": 5,
    "units": 1,
}
PLAN = {
    "schema": 1,
    "run": "r",
    "preset": "quick",
    "rounds": 1,
    "seed": 1,
    "cells": [],
    "processes": [],
}
META = {
    "schema": 1,
    "run": "r",
    "preset": "quick",
    "seed": 1,
    "commit": "c",
    "command": "",
    "host": {},
    "describe": {},
}


def line(**changes):
    return (json.dumps({**SAMPLE, **changes}) + "\n").encode()


def test_a_sample_is_read():
    assert schema.parse_sample(line()) == (SAMPLE, "")


@pytest.mark.parametrize(
    "data, why",
    [
        (line()[:-1], "cut off"),
        (b"\n", "not JSON"),
        (b"[]\n", "not a JSON object"),
        (line(verdict="fine"), "verdict"),
        (line(run_ns=-1), "run_ns"),
        (line(run_ns=None), "run_ns"),
        (line(params={"n": "x"}), "params.n"),
        (line(round="0"), "round"),
        (line(schema=2), "schema"),
        (b"\xff\xfe\n", "not JSON"),
    ],
)
def test_what_is_no_sample_is_told_why(data, why):
    sample, remark = schema.parse_sample(data)
    assert sample is None and why in remark


def test_a_failed_sample_needs_no_numbers():
    assert schema.parse_sample(line(verdict="crashed", run_ns=None))[1] == ""


def folder(path, lines=b"", plan=PLAN, meta=META):
    path.mkdir(exist_ok=True)
    (path / "plan.json").write_text(json.dumps(plan))
    (path / "meta.json").write_text(json.dumps(meta))
    (path / "samples.jsonl").write_bytes(lines)
    return path


def test_unreadable_lines_are_counted(tmp_path):
    run = samples.read_run(
        folder(tmp_path / "run", line() + b"rubbish\n" + line(iteration=1) + line()[:20])
    )
    assert len(run.samples) == 2 and run.unreadable == 2


@pytest.mark.parametrize("attempts", [(0, 1), (1, 0)])
def test_only_the_last_attempt_of_a_process_counts(tmp_path, attempts):
    lines = b"".join(line(attempt=attempt, run_ns=attempt) for attempt in attempts)
    run = samples.read_run(folder(tmp_path / "run", lines + line(round=1)))
    assert [s["run_ns"] for s in run.samples] == [1, 5] and run.repeated == 1


@pytest.mark.parametrize(
    "spoil, text",
    [
        (lambda p: (p / "plan.json").unlink(), "no results folder"),
        (lambda p: (p / "meta.json").write_text("{"), "not JSON"),
        (lambda p: (p / "meta.json").write_text("{}"), "schema"),
    ],
)
def test_a_folder_that_is_none_is_a_usage_error(tmp_path, spoil, text):
    path = folder(tmp_path / "run")
    spoil(path)
    with pytest.raises(UsageError, match=text) as error:
        samples.read_run(path)
    assert error.value.code == 64


def test_a_missing_folder_and_a_file_are_usage_errors(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "nothing", tmp_path / "file"):
        with pytest.raises(UsageError):
            samples.read_run(path)


def test_what_obeys_at_once_obeys_the_schema():
    draw = random.Random(5)
    odd = (
        None,
        True,
        -2,
        -1,
        0,
        1,
        1.0,
        2.5,
        10**30,
        "",
        "x",
        [],
        [1],
        ["x"],
        {},
        {"a": 1},
        {"a": "x"},
    )
    at_once = schema.obeys_at_once("sample")
    fields = list(schema.validator("sample").schema["properties"])
    agreed = {True: 0, False: 0}
    for _ in range(4_000):
        value = {**SAMPLE}
        for _ in range(draw.choice((0, 1, 1, 2, 3))):
            value[draw.choice((*fields, "other"))] = draw.choice(odd)
        if draw.random() < 0.1:
            del value[draw.choice(list(value))]
        right = schema.validator("sample").is_valid(value)
        agreed[at_once(value)] += 1
        assert right or not at_once(value), value
        # Only a whole number that is written as 1.0 is left to the slow one.
        assert at_once(value) == right or 1.0 in map(strictly, value.values()), value
    assert min(agreed.values()) > 500


def strictly(value):
    return value if isinstance(value, float) else None


def test_a_keyword_that_the_fast_check_does_not_know_is_left_to_jsonschema():
    known = fast_check.compiled({"type": "string", "minLength": 2})
    assert known("ab") and not known("a") and not known(1)
    assert not fast_check.compiled({"type": "string", "pattern": "a"})("a")
    assert not fast_check.compiled({})(1)

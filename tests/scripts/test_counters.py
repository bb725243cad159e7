# SPDX-License-Identifier: MIT
"""Allocations and system calls counted after a run: in a file of their own, by processes that measure nothing else."""

import json
import sys

import pytest

import fake_runs
from yard.data import samples
from yard.engine import counters
from yard.engine.command import CellProcess
from yard.stats import estimates

SCRIPT = """
import json, os, sys
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert words["--iterations"] == "1"
sample = json.loads(words["--tag"].partition("=")[2])
sample["allocations"] = 40 if os.environ.get("LD_PRELOAD", "").endswith("count.so") else None
sample["system_calls"] = 60 if os.environ.get("TRACED") else None
for warm in (True, False):
    with open(words["--samples"], "a") as out:
        out.write(json.dumps({**sample, "warm": warm, "iteration": 0}) + "\\n")
"""


@pytest.fixture
def made():
    make = fake_runs.Maker(1, rounds=5)
    make.add("fiber", "echo", {"connections": 4}, units=20)
    make.add("serial", "echo", {"connections": 4}, units=20)
    return make.samples


def record(folder, made, say=lambda _: None):
    (folder / "bin").mkdir()
    model = folder / "bin" / "fiber"
    model.write_text(f"#!{sys.executable} -S\n{SCRIPT}")
    model.chmod(0o755)
    jobs = [s for s in made if s["round"] < 2 and s["iteration"] == 0 and not s["warm"]]

    def process_of(job):
        return CellProcess(
            model,
            job["workload"],
            job["variant"],
            job["preset"],
            job["point"],
            *(1, [0], [1]),
            job["seed"],
            *(7, 1, 10.0),
            samples=folder / "never.jsonl",
            tags={"sample": json.dumps(job)},
        )

    return lambda: counters.record(folder, jobs, process_of, 5, say)


def tracer(folder, script):
    file = folder / "bin" / counters.TRACER
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_each_cell_is_counted_once_and_the_report_has_it(tmp_path, made):
    go = record(tmp_path, made)
    (tmp_path / "bin" / counters.LIBRARY).touch()
    tracer(tmp_path, 'TRACED=1 exec "$@"')
    assert go() == 2
    lines, unreadable = samples.read_lines(tmp_path / counters.FILE)
    assert len(lines) == 4 and unreadable == 0
    fake_runs.write(fake_runs.Run(tmp_path, fake_runs.meta(), {}, made), tmp_path)
    counted = [s for s in samples.read_lines(tmp_path / counters.FILE)[0] if not s["warm"]]
    cells = estimates.cells(made, counted)
    assert [c.estimates["allocations_per_unit"].value for c in cells] == [2.0, 2.0]
    assert all(c.rounds == 5 and c.samples == 15 for c in cells), "a counting process gave no time"
    assert [c.estimates["system_calls_per_unit"].value for c in cells] == [3.0, 3.0]
    assert "allocations_per_unit" not in estimates.cells(made)[0].estimates


def test_without_the_library_it_says_what_to_build(tmp_path, made):
    messages = []
    assert record(tmp_path, made, messages.append)() == 0
    assert "switchyard-count" in messages[0] and not (tmp_path / counters.FILE).exists()


def test_where_tracing_is_forbidden_allocations_are_counted_all_the_same(tmp_path, made):
    messages = []
    go = record(tmp_path, made, messages.append)
    (tmp_path / "bin" / counters.LIBRARY).touch()
    tracer(tmp_path, 'echo "ptrace is not permitted here" >&2; exit 4')
    assert go() == 2
    assert messages == ["system calls are not counted: ptrace is not permitted here"]
    lines, _ = samples.read_lines(tmp_path / counters.FILE)
    assert all(s["allocations"] == 40 and s["system_calls"] is None for s in lines)


def test_without_the_tracer_it_says_what_to_build(tmp_path):
    (tmp_path / counters.LIBRARY).touch()
    assert counters.TRACER in counters.beside({"fiber": tmp_path / "fiber"}).note

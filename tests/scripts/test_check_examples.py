# SPDX-License-Identifier: MIT
"""The projects of tests/examples through the gate: the same twice, 7 % slower, and a benchmark
that stopped measuring."""

import json
import shutil
import subprocess
import sys

import pytest

import fakes

EXAMPLES = fakes.REPOSITORY / "tests" / "examples"
TABLE = {  # what each reports as slower, and what stops: (scenario, metric), scenario
    "google_benchmark": (
        ("parse/64/iterations:10/manual_time", "real_time"),
        "print<std::string, 8>",
    ),
    "go": (("BenchmarkParse/size=64", "ns/op"), "BenchmarkPrint"),
    "criterion": (("parse 64", "time_per_iteration"), "print/lines (8)"),
    "commands": (("parse", "time"), "print"),
}


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f"no {program}: scripts/setup installs it")


def built(name, folder):
    """The command of an example, and further flags of the check."""
    source = EXAMPLES / name
    if name == "google_benchmark":
        need("g++")
        words = ["g++", "-std=c++20", "-O0", source / "bench.cpp", "-lbenchmark", "-lpthread"]
        subprocess.run([*words, "-o", folder / "bench"], check=True, timeout=110)
        return f"{folder / 'bench'} --benchmark_min_time=0.001", ["--metric", "real_time"]
    if name == "go":
        need("go")
        words = ["go", "test", "-c", "-o", folder / "example.test"]
        subprocess.run(words, cwd=source, check=True, timeout=110)
        return f"{folder / 'example.test'} -test.bench=. -test.benchtime=1x", []
    if name == "criterion":
        return f"{sys.executable} -S {source / 'stand_in.py'} --bench", ["--format", "criterion"]
    return str(source / "bench.sh"), []


def check(folder, command, example, more):
    done = fakes.switchyard(
        folder,
        "check",
        *("--base-cmd", command, "--head-cmd", f"env EXAMPLE={example} {command}"),
        *("--out", folder / "out", "--cache", folder / "cache", "--profile", "quick"),
        *("--seed", 3, "--no-plots", *more),
    )
    return done, json.loads((folder / "out" / "verdict.json").read_text())


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", TABLE)
def test_an_example_is_judged(tmp_path, name):
    command, more = built(name, tmp_path)
    slower, stopped = TABLE[name]
    done, verdict = check(tmp_path, command, "same", more)
    assert done.returncode == 0 and verdict["compared"] >= 2, done.stdout + done.stderr
    done, verdict = check(tmp_path, command, "slower", more)
    assert done.returncode == 1, done.stdout + done.stderr
    assert verdict["regressions"] == [" ".join(slower)]
    assert "+7.0 %" in done.stdout
    done, verdict = check(tmp_path, command, "stopped", more)
    assert done.returncode == 1, done.stdout + done.stderr
    assert any(stopped in name for name in verdict["regressions"]), verdict

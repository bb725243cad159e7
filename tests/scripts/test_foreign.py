# SPDX-License-Identifier: MIT
"""The cell main of models in other languages: it must agree with the C++ suite and see through a broken worker."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import REPOSITORY, build, switchyard
from yard.data import models
from yard.data import hdr_histogram

FOREIGN = REPOSITORY / "impl" / "foreign"
sys.path.insert(0, str(FOREIGN))
from harness import kernel, latency, oracle  # noqa: E402

SIZES = [
    {
        "name": "fetch_data",
        "group": "lesson",
        "role": "batch",
        "unit": "fetch",
        "fields": [
            {"name": "fetches", "least": 1, "most": 9, "meaning": ""},
            {"name": "step_us", "least": 1, "most": 9000, "meaning": ""},
        ],
        "presets": {name: [{"fetches": 3, "step_us": 1000}] for name in ("smoke", "quick", "full")},
    }
]


def test_the_kernel_is_that_of_the_cpp_suite():
    # Printed by bench/kernel, compiled.
    assert kernel.mix(7) == 7191089600892374487
    assert kernel.fetched_value(3, 5) == 7485121835981390325
    assert kernel.wait_ns(3, 5, 1000, 5000) == kernel.wait_ns(3, 5, 5000, 1000) == 2399150
    assert kernel.hash_block(3, 5, 1001, 3) == 11084603257780271203
    assert kernel.payload(9, 4, 13).hex() == "08117ed45dd1c01c2567af0887"
    assert kernel.hash_bytes(2, kernel.payload(9, 4, 13)) == 6799217001961246485


def test_the_oracle_of_hash_blocks_side_by_side_is_the_one_after_another():
    pytest.importorskip("numpy")
    alone = sum(kernel.hash_block(11, b, 64, 3) for b in range(200)) & kernel.MASK
    assert oracle._hash_blocks_side_by_side(11, 200, 64, 3) == alone


def test_latencies_are_read_by_the_report():
    values = [5, 5, 900, 70_000, 3_000_000_000]
    found = hdr_histogram.decode(
        latency.encode({latency.index_of(v): values.count(v) for v in values})
    )
    assert int(found.counts.sum()) == 5
    told = latency.summary(list(range(1, 101)))
    assert (told["count"], told["p50_ns"], told["p99_ns"]) == (100, 50, None)


WORKER = """
import json, os, sys, time
slots = None
def slot(at, value): os.pwrite(slots, value.to_bytes(8, "little"), 8 * at)
print("{}", flush=True)
for line in sys.stdin:
    asked, started = json.loads(line), time.monotonic_ns()
    if asked["do"] == "make":
        slots, p = asked["slot_fd"], asked["params"]
        answer = {"make_ns": 1}
    elif asked["do"] == "run":
        DEED
        for i in range(p["fetches"]):
            slot(2 * i, time.monotonic_ns())
            time.sleep((i + 1) * p["step_us"] / 1e6)
            slot(2 * i + 1, time.monotonic_ns())
        answer = {"run_ns": time.monotonic_ns() - started, "started_ns": started, "outcome": OUTCOME}
    else:
        answer = {"destroy_ns": 1}
    print(json.dumps(answer), flush=True)
"""


def contender(folder: Path, deed: str, outcome: str, **more: object) -> tuple[int, list[dict]]:
    build(folder, "sizes")
    sizes = folder / "bin" / "switchyard-sizes"
    sizes.write_text(f"#!/bin/sh\ncat <<'E'\n{json.dumps({'workloads': SIZES})}\nE\n")
    worker, main = folder / "worker.py", folder / "switchyard-broken"
    worker.write_text(WORKER.replace("DEED", deed).replace("OUTCOME", outcome))
    main.write_text(
        f"import sys\nsys.path.insert(0, {str(FOREIGN)!r})\nfrom harness.main import cell, main\n"
        f"sys.exit(main({{'model': 'broken', 'summary': '', 'library': 'none', **{more!r}, "
        f"'cells': [cell('fetch_data', '')], 'worker': [sys.executable, {str(worker)!r}]}}))\n"
    )
    samples = folder / "samples.jsonl"
    ended = subprocess.run(
        [
            sys.executable,
            main,
            "--cell",
            "fetch_data",
            "--preset",
            "smoke",
            "--workers",
            "1",
            "--iterations",
            "2",
            "--timeout",
            "2",
            "--samples",
            samples,
            "--tag",
            "run=r",
            "--tag",
            "round=0",
            "--tag",
            "order=0",
        ],
        env={**os.environ, "SWITCHYARD_RIG": str(folder / "bin")},
        timeout=30,
    )
    return ended.returncode, [json.loads(line) for line in samples.read_text().splitlines()]


RIGHT = '{"fetched": 3, "sum": %d}' % (
    sum(kernel.fetched_value(1, i) for i in range(3)) & kernel.MASK
)


def test_an_honest_worker_has_a_sample_for_each_iteration(tmp_path):
    code, samples = contender(tmp_path, "pass", RIGHT)
    assert code == 0
    assert [(s["verdict"], s["warm"]) for s in samples] == [
        ("ok", True),
        ("ok", False),
        ("ok", False),
    ]
    assert all(
        s["run_ns"] >= 6_000_000 and s["units"] == 3 and s["latency"]["count"] == 3 for s in samples
    )
    assert all(s["destroy_ns"] == 1 and s["cpu_ns"] > 0 for s in samples)


@pytest.mark.parametrize(
    "deed, outcome, verdict, says",
    [
        ("pass", '{"fetched": 3, "sum": 1}', "wrong", "sum is 1"),
        ("p['step_us'] = 100", RIGHT, "wrong", "cannot take less"),
        ("time.sleep(60)", RIGHT, "timeout", "not finished after 2 s"),
        ("print('{\"look\": true}', flush=True)", RIGHT, "wrong", "without looks"),
        ("os.kill(os.getpid(), 11)", RIGHT, "crashed", "SIGSEGV"),
        (
            "import threading; e = threading.Event(); "
            "[threading.Thread(target=e.wait, daemon=True).start() for _ in range(3)]",
            RIGHT,
            "over_budget",
            "3 threads",
        ),
    ],
)
def test_a_broken_worker_is_seen_through(tmp_path, deed, outcome, verdict, says):
    code, samples = contender(tmp_path, deed, outcome)
    assert code == 1 and samples[-1]["verdict"] == verdict and says in samples[-1]["reason"]


def foreign(folder: Path, **more: object) -> Path:
    """A repository of which impl/foreign has one model."""
    file = folder / "impl/foreign/other/switchyard-other"
    file.parent.mkdir(parents=True)
    text = {
        "schema": 1,
        "model": "other",
        "summary": "",
        "foreign": True,
        "build": {"type": "release", "compiler": ""},
        "cells": [{"workload": "count", "variant": "", "declined": None}],
        **more,
    }
    file.write_text(f"#!/bin/sh\ncat <<'E'\n{json.dumps(text)}\nE\n")
    file.chmod(0o755)
    return folder


def test_a_foreign_model_is_found_and_its_gaps_are_no_holes(tmp_path):
    from yard.text import matrix

    found = models.discover(build(tmp_path, "good"), foreign(tmp_path))
    assert found.foreign("other") and not found.foreign("good")
    assert not [hole for hole in matrix.make(found)["holes"] if hole["model"] == "other"]


def test_a_missing_interpreter_is_no_failure(tmp_path):
    missing = {"skipped": "there is no other", "install": "apt-get install other"}
    found = models.discover(build(tmp_path, "good"), foreign(tmp_path, missing=missing))
    assert (
        "other" not in found.describe
        and found.not_built["other"]["install"] == "apt-get install other"
    )


def test_a_foreign_model_is_measured_only_if_it_is_named(tmp_path):
    from yard.engine import plan

    found = models.discover(build(tmp_path, "good"), foreign(tmp_path))

    def chosen(**options):
        return {model for model, _ in plan.selected(found, plan.Options(preset="smoke", **options))}

    assert chosen() == {"good"}
    assert chosen(models=("other",)) == {"other"} == chosen(cells=("other/*",))
    assert chosen(foreign=True) == {"good", "other"}


def test_its_hash_covers_what_its_script_imports(tmp_path):
    file = foreign(tmp_path) / "impl/foreign/other/switchyard-other"
    before = models.model_sha256(file)
    (file.parent / "cells.py").write_text("x = 1\n")
    assert models.model_sha256(file) != before


def test_python_is_a_column_of_the_matrix(tmp_path):
    listed = switchyard(build(tmp_path, "good"), "list", "--json", "--build", tmp_path)
    python = json.loads(listed.stdout)["models"].get("python")
    assert python and python["foreign"] and python["library"].startswith("CPython")


def test_node_without_node_says_so(tmp_path):
    told = subprocess.run(
        [sys.executable, FOREIGN / "node/switchyard-node", "--describe"],
        capture_output=True,
        env={"PATH": str(tmp_path)},
        timeout=30,
    )
    value = json.loads(told.stdout)
    assert value["cells"] == [] and value["missing"]["install"] == "sudo apt-get install nodejs"

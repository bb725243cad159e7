#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every supported cell of one model at every smoke point with 1 and with 2 workers, and at
the first with 4, which may be more than there are CPUs, under the auditor. Each must be `ok`, or
`declined` or `skipped` with a reason; a cell that is declined altogether must say why; each
workload of the suite must be in the model's table (unless --partial)."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from verdicts import ABSENT, MEASURED

SKIPPED = 77  # to ctest


def name_of(cell):
    return cell["workload"] + ("/" + cell["variant"] if cell["variant"] else "")


def holes(description):
    """What the model's table lacks, in words."""
    named = {cell["workload"] for cell in description["cells"]}
    for workload in description["workloads"]:
        if workload["group"] != "self" and workload["name"] not in named:
            yield f"{workload['name']} is neither supported nor declined"
    names = [name_of(cell) for cell in description["cells"]]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is in the table more than once"
    for cell in description["cells"]:
        if cell["declined"] is not None and not cell["declined"].strip():
            yield f"{name_of(cell)} is declined without a reason"


def fault(executable, cell, point, workers, timeout):
    """What is wrong with one cell at one point, or None; prints one line."""
    with tempfile.TemporaryDirectory(prefix="switchyard-") as folder:
        samples = pathlib.Path(folder, "samples.jsonl")
        ended = subprocess.run(
            [
                executable,
                "--cell",
                name_of(cell),
                "--preset",
                "smoke",
                "--point",
                str(point),
                "--workers",
                str(workers),
                "--iterations",
                "2",
                "--audit",
                "--timeout",
                str(timeout),
                "--samples",
                str(samples),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        text = samples.read_text() if samples.exists() else ""
    lines = [json.loads(line) for line in text.splitlines()]
    verdicts = sorted({line["verdict"] for line in lines})
    reasons = sorted({line["reason"] for line in lines if line["reason"]})
    print(
        f"{name_of(cell)} point {point} workers {workers}: {' '.join(verdicts) or 'no sample'}"
        f" {'; '.join(reasons)}",
        flush=True,
    )
    if ended.returncode != 0:
        return f"exit code {ended.returncode}: {'; '.join(reasons) or ended.stderr[-500:]}"
    if not lines:
        return "no sample"
    for line in lines:
        # A machine that runs other tests beside may be too slow for the load; that is no fault of
        # the answer.
        # What this machine lacks (a kernel interface, a disk that takes O_DIRECT) skips a cell.
        if line["verdict"] not in MEASURED | ABSENT:
            return f"{line['verdict']}: {line['reason']}"
        if line["verdict"] != "ok" and not line["reason"].strip():
            return f"{line['verdict']} without a reason"
        if line["verdict"] not in ABSENT and not line["run_ns"]:
            return "a run that took no time"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("executable")
    parser.add_argument("--partial", action="store_true", help="the table may have holes")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--crowd", type=int, nargs="*", default=[4], help="at the first point")
    parser.add_argument("--timeout", type=float, default=30, help="seconds for one cell")
    arguments = parser.parse_args()
    described = subprocess.run(
        [arguments.executable, "--describe"], check=True, stdout=subprocess.PIPE, text=True
    )
    description = json.loads(described.stdout)
    if missing := description.get("missing"):
        print(f"{description['model']}: skipped: {missing['skipped']}; {missing['install']}")
        return SKIPPED
    faults = [] if arguments.partial else list(holes(description))
    smoke = {
        workload["name"]: workload["presets"]["smoke"] for workload in description["workloads"]
    }
    # Side by side: what is asked for is the right answer, and a load that came too slowly is marked.
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        asked = {}
        for cell in description["cells"]:
            if cell["declined"] is not None:
                print(f"{name_of(cell)}: declined {cell['declined']}")
                continue
            for point in range(len(smoke[cell["workload"]])):
                for workers in arguments.workers + arguments.crowd * (point == 0):
                    asked[f"{name_of(cell)} point {point} workers {workers}"] = pool.submit(
                        fault, arguments.executable, cell, point, workers, arguments.timeout
                    )
    for name, ended in asked.items():
        if why := ended.result():
            faults.append(f"{name}: {why}")
    for why in faults:
        print(f"FAULT: {description['model']}: {why}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

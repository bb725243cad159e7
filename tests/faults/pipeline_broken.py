#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Breaks a `pipeline` in the middle: its output folder is taken away, or its backend is killed. Each cell of the model
must end with the verdict `crashed` and a reason, without a signal or a hang, and leave nothing behind. What a killed
process has left before is cleared away, what a living one uses is not."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 60
PREFIX = "switchyard-output-"


def children(pid):
    try:
        tasks = list(pathlib.Path("/proc", str(pid), "task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def take_folder(process, folder):
    shutil.rmtree(folder, ignore_errors=True)
    # A model may have written in the meantime.
    while folder.exists() and process.poll() is None:
        shutil.rmtree(folder, ignore_errors=True)


def kill_backend(process, folder):
    for child in children(process.pid):
        if "switchyard-backend" in pathlib.Path("/proc", str(child), "cmdline").read_text():
            os.kill(child, signal.SIGKILL)


BREAKS = {"folder": take_folder, "backend": kill_backend}
# A killed peer shows as an end of file, a reset or a broken pipe, as it happens to be met.
REASONS = {"folder": r"\.ppm: No such file", "backend": "closed|reset|Broken pipe|End of file"}


def wait_for_output(process, inside):
    """The folder, when a file is in it."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        for folder in inside.glob(f"{PREFIX}{process.pid}-*"):
            if next(folder.iterdir(), None) is not None:
                return folder
        time.sleep(0.001)
    return None


def left_over_of_a_dead_process(inside):
    dead = subprocess.Popen(["true"])
    dead.wait()
    folder = inside / f"{PREFIX}{dead.pid}-abcdef"
    folder.mkdir()
    (folder / "1.ppm").write_text("left")
    return folder


def fault(executable, cell, way):
    name = cell["workload"] + ("/" + cell["variant"] if cell["variant"] else "")
    with tempfile.TemporaryDirectory(prefix="switchyard-") as root:
        inside = pathlib.Path(root, "tmp")
        inside.mkdir()
        old = left_over_of_a_dead_process(inside)
        ours = inside / f"{PREFIX}{os.getpid()}-abcdef"
        ours.mkdir()
        samples = pathlib.Path(root, "samples.jsonl")
        process = subprocess.Popen(
            [
                executable,
                "--cell",
                name,
                "--preset",
                "smoke",
                "--point",
                "0",
                "--set",
                "items=200000",
                "--set",
                "delay_us=0",
                "--iterations",
                "1",
                "--warm-up",
                "0",
                "--samples",
                str(samples),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"TMPDIR": str(inside)},
        )
        folder = wait_for_output(process, inside)
        if folder is not None:
            BREAKS[way](process, folder)
        code = process.wait(timeout=PATIENCE_S)
        lines = (
            [json.loads(line) for line in samples.read_text().splitlines()]
            if samples.exists()
            else []
        )
        left = sorted(each.name for each in inside.iterdir())
        said = [(line["verdict"], line["reason"]) for line in lines]
        print(name, way, code, said, flush=True)
        if said and said[0][0] == "skipped":
            return None
        if folder is None:
            return f"{name}: it ended before anything was written: {said}"
        if (
            code != 1
            or len(said) != 1
            or said[0][0] != "crashed"
            or not re.search(REASONS[way], said[0][1])
        ):
            return f"{name}, {way}: exit code {code}, {said}"
        if left != [ours.name]:
            return f"{name}, {way}: {left} are left, not only {ours.name} (and never {old.name})"
    return None


def main():
    executable = sys.argv[1]
    described = json.loads(
        subprocess.run([executable, "--describe"], check=True, stdout=subprocess.PIPE).stdout
    )
    cells = [c for c in described["cells"] if c["workload"] == "pipeline" and c["declined"] is None]
    faults = [found for cell in cells for way in BREAKS if (found := fault(executable, cell, way))]
    for found in faults:
        print(f"FAULT: {found}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

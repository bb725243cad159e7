#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cuts the file of `file_read` in half while a model reads it. Each cell of the model must end with the verdict
`crashed` and say that the file has become shorter: no signal, no hang, no wrong sum."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

FILE_BYTES = 1_048_576
PATIENCE_S = 60


def ticks_of(pid):
    """CPU time of a process and its children, in ticks; 0 for one that has ended."""
    try:
        fields = pathlib.Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
        tasks = pathlib.Path("/proc", str(pid), "task").iterdir()
        children = " ".join(pathlib.Path(task, "children").read_text() for task in tasks).split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12]) + sum(ticks_of(child) for child in children)


def links_to_file(pid):
    """The harness makes the file; the model opens it in `make`, and then there are two."""
    try:
        return [
            link
            for link in pathlib.Path("/proc", str(pid), "fd").iterdir()
            if "switchyard-data" in os.readlink(link)
        ]
    except OSError:
        return []


def cut(process):
    """Waits until the model has read for a while, by its CPU time, then cuts the file."""
    until = time.monotonic() + PATIENCE_S
    opened_at = None
    while time.monotonic() < until and process.poll() is None:
        links = links_to_file(process.pid)
        if len(links) >= 2 and opened_at is None:
            opened_at = ticks_of(process.pid)
        if opened_at is not None and ticks_of(process.pid) >= opened_at + 3:
            os.truncate(links[0], FILE_BYTES // 2)
            return True
        time.sleep(0.001)
    return False


def fault(executable, cell):
    name = cell["workload"] + ("/" + cell["variant"] if cell["variant"] else "")
    with tempfile.TemporaryDirectory(prefix="switchyard-") as folder:
        samples = pathlib.Path(folder, "samples.jsonl")
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
                "reads=1000000",
                "--set",
                f"file_bytes={FILE_BYTES}",
                "--iterations",
                "1",
                "--warm-up",
                "0",
                "--samples",
                str(samples),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        was_cut = cut(process)
        code = process.wait(timeout=PATIENCE_S)
        lines = (
            [json.loads(line) for line in samples.read_text().splitlines()]
            if samples.exists()
            else []
        )
    if not was_cut:
        return f"{name}: it ended before the file was cut: {lines}"
    said = [(line["verdict"], line["reason"]) for line in lines]
    print(name, code, said, flush=True)
    if said and said[0][0] == "skipped":
        return None
    if (
        code != 1
        or len(said) != 1
        or said[0][0] != "crashed"
        or "has become shorter" not in said[0][1]
    ):
        return f"{name}: exit code {code}, {said}"
    return None


def main():
    executable = sys.argv[1]
    described = json.loads(
        subprocess.run([executable, "--describe"], check=True, stdout=subprocess.PIPE).stdout
    )
    cells = [
        c for c in described["cells"] if c["workload"] == "file_read" and c["declined"] is None
    ]
    faults = [found for found in (fault(executable, cell) for cell in cells) if found]
    for found in faults:
        print(f"FAULT: {found}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

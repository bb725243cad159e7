#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ends the PostgreSQL of `query` while a model waits for its answers. Each cell of the model must end with the verdict
`crashed` and the server's words, and nothing may be left: no server, no folder."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 60


def postmaster(folder):
    for file in folder.glob("switchyard-postgres-*/data/postmaster.pid"):
        try:
            return int(file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            pass  # it is being written, or gone
    return None


def is_asked(server):
    """A backend shows what it does in its command line."""
    try:
        tasks = pathlib.Path("/proc", str(server), "task")
        children = " ".join(
            pathlib.Path(task, "children").read_text() for task in tasks.iterdir()
        ).split()
        return any(
            b"SELECT" in pathlib.Path("/proc", child, "cmdline").read_bytes() for child in children
        )
    except OSError:
        return False


def kill_database(folder, process):
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        server = postmaster(folder)
        if server and is_asked(server):
            os.kill(server, signal.SIGQUIT)  # the immediate shutdown, as of a server that crashes
            return True
        time.sleep(0.002)
    return False


def fault(executable, cell, folder):
    name = cell["workload"] + ("/" + cell["variant"] if cell["variant"] else "")
    samples = folder / (name.replace("/", "-") + ".jsonl")
    process = subprocess.Popen(
        [
            executable,
            "--cell",
            name,
            "--preset",
            "smoke",
            "--point",
            "1",
            "--set",
            "queries=4000",
            "--iterations",
            "1",
            "--warm-up",
            "0",
            "--samples",
            str(samples),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    was_killed = kill_database(folder, process)
    code = process.wait(timeout=PATIENCE_S)
    lines = (
        [json.loads(line) for line in samples.read_text().splitlines()] if samples.exists() else []
    )
    said = [(line["verdict"], line["reason"]) for line in lines]
    print(name, code, said, flush=True)
    if said and said[0][0] == "skipped":
        return None
    if not was_killed:
        return f"{name}: it ended before the database was killed: {said}"
    if code != 1 or len(said) != 1 or said[0][0] != "crashed" or "PostgreSQL:" not in said[0][1]:
        if "a child ended" not in str(said):
            return f"{name}: exit code {code}, {said}"
    left = [
        path.name for path in folder.glob("switchyard-postgres-*") if "-empty-" not in path.name
    ]
    if left:
        return f"{name}: left behind: {left}"
    return None


def main():
    executable = sys.argv[1]
    described = json.loads(
        subprocess.run([executable, "--describe"], check=True, stdout=subprocess.PIPE).stdout
    )
    cells = [c for c in described["cells"] if c["workload"] == "query" and c["declined"] is None]
    with tempfile.TemporaryDirectory(prefix="switchyard-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o777)  # as root the server runs as another user
        faults = [found for found in (fault(executable, cell, folder) for cell in cells) if found]
    for found in faults:
        print(f"FAULT: {found}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

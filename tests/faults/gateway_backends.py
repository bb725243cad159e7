#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts backends that misbehave behind each `gateway` of a model. Answers in pieces, answers that
nobody asked for and answers that come twice must not disturb it: `ok`. When the backends vanish in
the middle it must not hang: its clients are closed, and the load generator says so."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
HERE = pathlib.Path(__file__).resolve().parent
# A machine that runs other tests beside may be too slow for the load.
RIGHT = {
    "trickle": {"ok", "disturbed", "rig_limited", "overloaded", "unstable"},
    "vanish": {"crashed"},
}


def fault(executable, cell, mode, folder):
    """A complaint, or None."""
    name = cell["workload"] + ("/" + cell["variant"] if cell["variant"] else "")
    samples = folder / "samples.jsonl"
    samples.unlink(missing_ok=True)
    words = [
        "--cell",
        name,
        "--preset",
        "smoke",
        "--point",
        "0",
        "--workers",
        "2",
        "--iterations",
        "1",
    ]
    words += [
        "--set",
        "messages=400",
        "--set",
        "backends=3",
        "--timeout",
        "60",
        "--samples",
        samples,
    ]
    ended = subprocess.run(
        [executable, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "FAULT_MODE": mode},
    )
    lines = samples.read_text().splitlines() if samples.exists() else []
    said = [(line["verdict"], line["reason"]) for line in map(json.loads, lines)]
    print(name, mode, ended.returncode, said, flush=True)
    if said and said[0][0] == "skipped":
        return None
    if len(said) != 1 or said[0][0] not in RIGHT[mode]:
        return f"{name}: {mode}: exit code {ended.returncode}, {said}, {ended.stderr[-300:]}"
    return None


def main():
    source, relay = pathlib.Path(sys.argv[1]), HERE / "gateway_relay.py"
    cells = json.loads(
        subprocess.run([source, "--describe"], capture_output=True, check=True).stdout
    )["cells"]
    with tempfile.TemporaryDirectory(prefix="switchyard-") as name:
        folder = pathlib.Path(name)
        executable = shutil.copy(source, folder)
        shutil.copy(source.parent / "switchyard-client", folder)
        if (workers := source.resolve().parent / "workers").is_dir():  # of other languages
            (folder / "workers").symlink_to(workers)
        backend = folder / "switchyard-backend"
        real = source.resolve().parent / "switchyard-backend"
        backend.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{relay}" "{real}" "$@"\n')
        backend.chmod(0o755)
        gateways = [c for c in cells if c["workload"] == "gateway" and not c["declined"]]
        faults = [fault(executable, cell, mode, folder) for cell in gateways for mode in RIGHT]
    if not faults:
        print("skipped: no gateway")
        return SKIPPED
    for text in filter(None, faults):
        print("FAULT", text)
    return 1 if any(faults) else 0


if __name__ == "__main__":
    sys.exit(main())

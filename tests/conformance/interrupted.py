#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks every server of a model for its account again and again while it serves. A measured server is asked
twice; whatever system call the question interrupts, the answer to the client must be right."""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from verdicts import ABSENT, MEASURED

PAUSE_S = 0.0005  # between two questions: several hit each kind of call


def asks_with(process):
    """The real-time signal that the process catches; none yet, or no more."""
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    caught = int(re.search(r"^SigCgt:\s*([0-9a-f]+)", status, re.MULTILINE).group(1), 16)
    for number in range(signal.SIGRTMIN, signal.SIGRTMAX + 1):
        if caught >> (number - 1) & 1:
            return number
    return None


def fault(executable, cell, point):
    with tempfile.TemporaryDirectory(prefix="switchyard-") as folder:
        samples = pathlib.Path(folder, "samples.jsonl")
        command = [executable, "--cell", cell, "--preset", "smoke", "--point", str(point)]
        command += ["--timeout", "60", "--samples", str(samples)]
        questions = 0
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as child:
            while child.poll() is None:
                if number := asks_with(child.pid):
                    # Not reaped before `poll` says so: the number is that of this process.
                    os.kill(child.pid, number)
                    questions += 1
                time.sleep(PAUSE_S)
            errors = child.stderr.read()
        lines = samples.read_text().splitlines() if samples.exists() else []
    verdicts = [json.loads(line)["verdict"] for line in lines]
    print(f"{cell} point {point}: {questions} questions: {' '.join(verdicts)}", flush=True)
    if child.returncode != 0 or not verdicts or not set(verdicts) <= MEASURED | ABSENT:
        return f"exit code {child.returncode}: {errors[-500:]}"
    if not questions and set(verdicts) & {"ok"}:
        return "was never asked"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("executable")
    arguments = parser.parse_args()
    description = json.loads(
        subprocess.run(
            [arguments.executable, "--describe"], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
    )
    workloads = {workload["name"]: workload for workload in description["workloads"]}
    faults = []
    for about in description["cells"]:
        workload = workloads[about["workload"]]
        if workload["role"] != "server" or about["declined"] is not None:
            continue
        cell = "/".join(filter(None, (about["workload"], about["variant"])))
        for point in range(len(workload["presets"]["smoke"])):
            if why := fault(arguments.executable, cell, point):
                faults.append(f"{cell} point {point}: {why}")
    for why in faults:
        print(f"FAULT: {description['model']}: {why}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

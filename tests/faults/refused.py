#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""refused.py EXECUTABLE DENY [NAME...]: what a machine refuses is no fault of a model.

Every cell of the model runs where one thing after the other is refused or absent: calls under a
seccomp filter (what DENY knows), the loopback interface, shared memory, the folder of temporary
files. Each cell must end with a verdict that is no failure, `skipped` with a reason among them,
and never without a verdict. NAME: only these."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "conformance"))
from verdicts import FAILED  # noqa: E402

ONE_RUN_S = 240


def surroundings(deny):
    """(name, command in front of the model's, environment) of each machine that refuses
    something."""
    usage = subprocess.run([deny], capture_output=True, text=True, timeout=20, check=False).stderr
    for name in re.search(r"the names: (.*)", usage).group(1).split():
        yield name, [deny, name], {}
    yield "temporary folder", [], {"TMPDIR": "/nonexistent"}
    yield "loopback", ["unshare", "--user", "--map-root-user", "--net"], {}
    hide = 'mount -t tmpfs -o ro tmpfs /dev/shm && exec "$@"'
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    yield "shared memory", [*alone, "sh", "-c", hide, "sh"], {}


def is_possible(front):
    """Whether this machine lets us pretend: a container may have no namespaces of its own, or no
    filters."""
    tried = subprocess.run([*front, "true"], capture_output=True, timeout=20, check=False)
    return tried.returncode == 0


def faults(executable, name, front, environment):
    with tempfile.TemporaryDirectory(prefix="switchyard-") as folder:
        path = pathlib.Path(folder, "samples.jsonl")
        command = [*front, executable, "--preset", "smoke"]
        command += ["--iterations", "1", "--warm-up", "0", "--workers", "2", "--samples", str(path)]
        ended = subprocess.run(
            command,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=ONE_RUN_S,
            check=False,
        )
        samples = []
        if path.exists():
            samples = [json.loads(line) for line in path.read_text().splitlines()]
    found = [
        f"{name}: {sample['workload']}/{sample['variant']}: {sample['verdict']}: {sample['reason']}"
        for sample in samples
        if sample["verdict"] in FAILED or (sample["verdict"] == "skipped" and not sample["reason"])
    ]
    # 1 is a failed cell, named above.
    if ended.returncode not in (0, 1) or not samples:
        found.append(f"{name}: exit code {ended.returncode}: {ended.stderr[-500:]}")
    counts = {}
    for sample in samples:
        counts[sample["verdict"]] = counts.get(sample["verdict"], 0) + 1
    print(f"{name}: {counts}", flush=True)
    return found


def main(executable, deny, *names):
    found, tried = [], 0
    for name, front, environment in surroundings(deny):
        if names and name not in names:
            continue
        if front and not is_possible(front):
            print(f"{name}: skipped, this machine does not let us refuse it")
            continue
        tried += 1
        found += faults(executable, name, front, environment)
    for line in found:
        print("FAULT:", line)
    if tried == 0:
        return 77
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

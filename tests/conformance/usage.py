#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the samples of a model's servers to what the kernel says of the whole process tree when it
has ended (`wait4`, as `/usr/bin/time` does): context switches, CPU time, page faults, peak memory.

The tree's sum also has what lies outside the measured window: the start, the connecting, the
end, the load generator. The generator says what it used itself, and the warm-up is left out. The
rest is the same however many messages there are, so each cell runs twice, with few messages and
with many: what the second run took more, by the kernel and by the samples, must agree."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from verdicts import ABSENT, MEASURED

TOLERANCE = 0.05
# What the rest may differ by between two runs. A start is preempted as often as others want its
# CPU.
SLACK = {
    "voluntary_switches": 15,
    "involuntary_switches": 150,
    "cpu_ns": 5_000_000,
    "minor_faults": 150,
}
# The cell main beside a worker in another language watches it meanwhile, and is in the kernel's sum
# alone.
SLACK_OF_HOST = {"voluntary_switches": 200, "cpu_ns": 50_000_000}
HOST_PEAK_BYTES = 2_000_000
# Another program may have stood in the way of one of two runs, not of one after the other.
ATTEMPTS = 3
FEW = 10
MANY = {"echo": 2_000, "accept": 1_500, "http": 2_000, "mixed": 500, "pump": 150, "delay": 300}
# A request a second on each connection: as many would take half an hour, and what it needs is what
# `delay` needs.
TOO_SLOW = {"held"}
# Its backend is in the kernel's sum, too.
WITH_A_BACKEND = {"gateway"}


def measured(tool, executable, cell, settings):
    """The sample, and what the kernel says of its process tree; none if there are no numbers."""
    with tempfile.TemporaryDirectory(prefix="switchyard-") as folder:
        samples = pathlib.Path(folder, "samples.jsonl")
        command = [executable, "--cell", cell, "--preset", "smoke", "--point", "0"]
        command += ["--warm-up", "0", "--timeout", "60", "--samples", str(samples)]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        ended = subprocess.run([tool, *command], capture_output=True, text=True, check=True)
        lines = samples.read_text().splitlines() if samples.exists() else []
    tree = json.loads(ended.stdout.splitlines()[-1])
    if not lines:
        raise SystemExit(f"{cell}: exit code {tree['status']}: {ended.stderr[-500:]}")
    sample = json.loads(lines[-1])
    return sample, tree if sample["verdict"] in MEASURED else None


def by_kernel(sample, tree, name):
    """Of the tree without the load generator."""
    return tree[name] - sample["client"]["client"]["life"][name]


def faults(measure, cell, messages, unknown, may_be_unknown):
    few, many = (measure(cell, {"connections": 1, "messages": n}) for n in (FEW, messages))
    for sample, tree in (few, many):
        if tree is None:
            print(f"{cell}: {sample['verdict']}: {sample['reason']}")
            if sample["verdict"] not in ABSENT:
                yield f"{sample['verdict']}: {sample['reason']}"
            return
    for name, slack in SLACK.items():
        slack += SLACK_OF_HOST.get(name, 0) if may_be_unknown else 0
        of_samples = [sample[name] for sample, _ in (few, many)]
        if unknown and name.endswith("switches"):
            if of_samples[1] is not None:
                yield f"{name}: nobody can know them, and the sample says {of_samples[1]}"
            continue
        if None in of_samples and may_be_unknown and name.endswith("switches"):
            print(f"{cell}: {name}: unknown by the samples", flush=True)
            continue
        if None in of_samples:
            yield f"{name}: the sample has none"
            continue
        found = of_samples[1] - of_samples[0]
        expected = by_kernel(*many, name) - by_kernel(*few, name)
        print(f"{cell}: {name}: {found} by the samples, {expected} by the kernel", flush=True)
        if abs(found - expected) > TOLERANCE * abs(expected) + slack:
            yield f"{name}: {found} more in the samples, {expected} by the kernel"
    sample, tree = many
    # Of a tree the kernel has the peak of its largest process, which may be the load generator.
    peak = max(sample["peak_rss_bytes"], sample["client"]["client"]["life"]["peak_rss_bytes"])
    # Beside a worker in another language it may be the cell main, which is in no sample.
    below = HOST_PEAK_BYTES if may_be_unknown else 0
    grain = TOLERANCE * tree["peak_rss_bytes"]
    if not -grain - below <= peak - tree["peak_rss_bytes"] <= grain:
        yield f"peak memory: {peak} in the sample, {tree['peak_rss_bytes']} by the kernel"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("executable")
    parser.add_argument("--tool", required=True, help="the program tree_usage")
    parser.add_argument("--cells", nargs="+", help="these only, such as echo/pool")
    parser.add_argument("--messages", type=int, help="of the larger run")
    parser.add_argument(
        "--unknown", action="store_true", help="the switches must be null: nobody can know them"
    )
    parser.add_argument(
        "--may-be-unknown",
        action="store_true",
        help="the switches may be null, and are right if not",
    )
    arguments = parser.parse_args()
    description = json.loads(
        subprocess.run(
            [arguments.executable, "--describe"], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
    )
    if missing := description.get("missing"):
        print(f"skipped: {missing['skipped']}; {missing['install']}")
        return 77
    roles = {workload["name"]: workload["role"] for workload in description["workloads"]}
    found = []
    looked_at = 0
    for about in description["cells"]:
        cell = "/".join(filter(None, (about["workload"], about["variant"])))
        if roles[about["workload"]] != "server" or about["declined"] is not None:
            continue
        if arguments.cells and cell not in arguments.cells:
            continue
        if about["workload"] in TOO_SLOW:
            print(f"{cell}: left out: its own rate makes it too slow")
            continue
        if about["workload"] in WITH_A_BACKEND:
            print(f"{cell}: left out: the kernel's sum has its backend, too")
            continue
        looked_at += 1
        for _ in range(ATTEMPTS):
            why = list(
                faults(
                    lambda *subject: measured(arguments.tool, arguments.executable, *subject),
                    cell,
                    arguments.messages or MANY[about["workload"]],
                    arguments.unknown,
                    arguments.may_be_unknown,
                )
            )
            if not why:
                break
        found += [f"{cell}: {reason}" for reason in why]
    for reason in found:
        print(f"FAULT: {description['model']}: {reason}", file=sys.stderr)
    if not looked_at:
        print(f"no server of {description['model']} was looked at")
    return 1 if found or (arguments.cells and not looked_at) else 0


if __name__ == "__main__":
    sys.exit(main())

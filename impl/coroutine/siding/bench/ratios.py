#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every contender's benchmarks in interleaved rounds and prints ratios.

One fresh process per (contender, benchmark) and round, in seeded random order, so that drift of the
machine cancels in the ratios of a round. A ratio is printed as its median over the rounds with the
interval between order statistics that covers the true median with at least 95 %. Needs only
Python's standard library.

    ratios.py BUILD/bench [--rounds 9] [--filter REGEX] [--json FILE]
"""

import argparse
import json
import math
import pathlib
import random
import re
import subprocess
import sys

CONTENDERS = ["raw", "siding", "asio", "boost-asio", "libuv"]


def benchmarks_of(program):
    listed = subprocess.run(
        [program, "--benchmark_list_tests"], capture_output=True, text=True, check=True
    )
    return listed.stdout.split()


def measure(program, benchmark, seconds):
    """One process; its figures by name: the time in ns, and each counter."""
    ran = subprocess.run(
        [
            program,
            f"--benchmark_filter=^{re.escape(benchmark)}$",
            "--benchmark_format=json",
            f"--benchmark_min_time={seconds}",
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    if ran.returncode != 0:
        raise RuntimeError(
            f"{program.name} {benchmark}: exit {ran.returncode}: {ran.stderr.strip()}"
        )
    row = json.loads(ran.stdout)["benchmarks"][0]
    if row.get("error_occurred"):
        raise RuntimeError(f"{program.name} {benchmark}: {row['error_message']}")
    figures = {
        "time_ns": row["real_time"] * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[row["time_unit"]]
    }
    for counter in ("p99_lateness_us", "bytes_per_unit", "allocations_per_operation"):
        if counter in row:
            figures[counter] = row[counter]
    if "bytes_per_unit" in figures:
        del figures["time_ns"]
    return figures


def median_with_interval(values):
    """Median, and the order statistics that cover it with >= 95 % (sign test); needs 6 values."""
    ordered = sorted(values)
    count = len(ordered)
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    rank = 0
    while 2 * sum(math.comb(count, i) for i in range(rank + 1)) / 2**count <= 0.05:
        rank += 1
    if rank == 0:
        return middle, -math.inf, math.inf
    return middle, ordered[rank - 1], ordered[count - rank]


def canonical(benchmark):
    """Without what Google Benchmark appends: timers/10000/iterations:3/manual_time -> timers/10000."""
    return "/".join(
        part for part in benchmark.split("/") if ":" not in part and not part.endswith("_time")
    )


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--filter", default=".")
    arguments.add_argument("--min-time", type=float, default=0.2)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--json", type=pathlib.Path)
    options = arguments.parse_args()

    work = []
    for contender in CONTENDERS:
        program = options.folder / f"siding-bench-{contender}"
        if not program.exists():
            print(f"ratios: {program.name} is not built, left out", file=sys.stderr)
            continue
        work += [
            (contender, program, name)
            for name in benchmarks_of(program)
            if re.search(options.filter, name)
        ]

    rows = {}  # (benchmark, figure) -> contender -> [value per round]
    shuffler = random.Random(options.seed)
    for number in range(options.rounds):
        shuffler.shuffle(work)
        for contender, program, benchmark in work:
            for figure, value in measure(program, benchmark, options.min_time).items():
                rows.setdefault((canonical(benchmark), figure), {}).setdefault(
                    contender, []
                ).append(value)
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)

    print(
        f"{'benchmark':<26} {'figure':<16} {'contender':<11} {'median':>10}   siding / contender [95 %]"
    )
    for (benchmark, figure), by_contender in sorted(rows.items()):
        for contender, values in by_contender.items():
            middle = median_with_interval(values)[0]
            line = f"{benchmark:<26} {figure:<16} {contender:<11} {middle:>10.2f}"
            if contender != "siding" and "siding" in by_contender:
                ratio = [ours / theirs for ours, theirs in zip(by_contender["siding"], values)]
                line += "   {:.3f} [{:.3f}, {:.3f}]".format(*median_with_interval(ratio))
            print(line)
    if options.json:
        flat = [{"benchmark": b, "figure": f, "rounds": r} for (b, f), r in sorted(rows.items())]
        options.json.write_text(json.dumps(flat, indent=1) + "\n")


if __name__ == "__main__":
    main()

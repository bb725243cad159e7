#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an operation costs in instructions, by callgrind: the same number on a busy machine.

instructions.py BUILD/bench/siding-instructions [NAME...] [--against OTHER-EXECUTABLE]

Prints a row for each: the operation, OTHER-EXECUTABLE's price, this one's, what it is to be at
most, and the least of the libraries that were measured (docs/costs.md says which and why).
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

COUNT = 2_000
# What is wanted, and what the best peer takes, its allocator included.
AIMS = {
    "await": (60, 235),
    "yield_2": (30, 45),
    "yield_1000": (30, 46),
    "spawn_join": (150, 276),
    "spawn_1000": (140, 243),
    "gather_1000": (160, None),
    "group_1000": (200, None),
    "queue_hop": (130, 191),
    "lock_contended": (90, 82),
    "gather_10": (900, 2388),
    "timeout": (170, None),
    "wait_for": (170, None),
}


def instructions(executable, name, count):
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "valgrind",
            "--tool=callgrind",
            f"--callgrind-out-file={pathlib.Path(folder, 'out')}",
            executable,
            name,
            str(count),
        ]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    collected = re.search(r"Collected : (\d+)", ran.stderr)
    if ran.returncode != 0 or collected is None:
        last = ran.stderr.strip().splitlines()[-1:]
        sys.exit(f"instructions.py: '{' '.join(command)}' failed: {' '.join(last)}")
    return int(collected.group(1))


def price(executable, name):
    """Of one operation, without what the process and the loop cost."""
    twice = instructions(executable, name, 2 * COUNT)
    return (twice - instructions(executable, name, COUNT)) / COUNT


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("executable")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--against", metavar="EXECUTABLE", help="what is compared with it")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("instructions.py: valgrind is not installed: apt-get install valgrind")
    listed = subprocess.run([options.executable], capture_output=True, text=True, check=True)
    known = listed.stdout.split()
    for unknown in sorted(set(options.names) - set(known)):
        parser.error(f"no operation '{unknown}': there are {' '.join(known)}")
    print("| operation | before | now | wanted | best peer |\n| --- | ---: | ---: | ---: | ---: |")
    for name in options.names or known:
        before = "-"
        if options.against:
            before = f"{price(options.against, name):.0f}"
        wanted, peer = AIMS.get(name, (None, None))
        cells = [name, before, f"{price(options.executable, name):.0f}", wanted or "-", peer or "-"]
        print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


if __name__ == "__main__":
    main()

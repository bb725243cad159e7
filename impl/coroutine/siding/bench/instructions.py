#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an operation costs in instructions, by callgrind: the same number on a busy machine.

instructions.py BUILD/bench/siding-instructions [NAME...] [--against OTHER-EXECUTABLE]
"""

import argparse
import pathlib
import re
import subprocess
import tempfile

COUNT = 10_000


def instructions(executable, name, count):
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={pathlib.Path(folder, 'out')}",
                executable,
                name,
                str(count),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    return int(re.search(r"Collected : (\d+)", ran.stderr).group(1))


def price(executable, name):
    """Of one operation, without what the process and the loop cost."""
    twice = instructions(executable, name, 2 * COUNT)
    return (twice - instructions(executable, name, COUNT)) / COUNT


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("executable")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--against", metavar="EXECUTABLE", help="what is compared with it")
    options = parser.parse_args()
    listed = subprocess.run([options.executable], capture_output=True, text=True, check=True)
    for name in options.names or listed.stdout.split():
        line = f"{name:<16}{price(options.executable, name):10.1f}"
        if options.against:
            line += f"{price(options.against, name):10.1f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""twin_test.py PROGRAM TWIN.py: the example in C++ and its twin in Python must tell the same story.

What is compared: who does what, in which order. Times are left out, and where several actors act at the
same moment in threads or processes, their order (the lines are then compared sorted).
"""

import re
import subprocess
import sys

UNORDERED = ("example5", "example6")  # threads and processes end in any order


def story(command):
    ran = subprocess.run(command, capture_output=True, text=True, timeout=50)
    if ran.returncode != 0:
        sys.exit(f"{command}: exit {ran.returncode}\n{ran.stderr}")
    told = ran.stdout.split("\n\n")[0]  # the picture depends on the times
    lines = [re.sub(r"^ *\d+\.\d s  ", "", line).rstrip() for line in told.splitlines()]
    # What was measured is for the reader: no test asserts a time.
    return [re.sub(r"^(ten (?:waits|pieces).*):.*", r"\1", line) for line in lines]


def compare(name, program, twin):
    ours, theirs = story(program), story(twin)
    if any(part in name for part in UNORDERED):
        ours, theirs = sorted(ours), sorted(theirs)
    if ours != theirs or not ours:
        sys.exit(f"{name}: the stories differ\nC++:    {ours}\nPython: {theirs}")


def main():
    program, twin = sys.argv[1:]
    if sys.version_info < (3, 11):
        print("skipped: the twins need Python 3.11 (TaskGroup)")
        return 77
    if not twin.endswith("terms.py"):
        compare(twin, [program], [sys.executable, "-B", twin])
        return 0
    words = [line.split()[0] for line in story([program])]
    compare("the list of terms", [program], [sys.executable, "-B", twin])
    for word in words:
        compare(word, [program, word], [sys.executable, "-B", twin, word])
    unknown = subprocess.run([program, "no-such-word"], capture_output=True, text=True)
    if unknown.returncode != 64 or "no such word: no-such-word" not in unknown.stderr:
        sys.exit("an unknown word must be refused with exit code 64")
    return 0


if __name__ == "__main__":
    sys.exit(main())

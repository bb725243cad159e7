#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles sources without the precompiled headers, as if each were alone: who uses a name includes its header.
Looks at what the last commits and the working tree changed, or with --all at everything."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

SKIPPED = 77


def changed(root, commits):
    """The files, or None where git cannot say it."""
    names = set()
    for command in (
        ["log", f"--max-count={commits}", "--name-only", "--format="],
        ["status", "--porcelain", "--no-renames"],
    ):
        said = subprocess.run(["git", "-C", root, *command], capture_output=True, text=True)
        if said.returncode != 0:
            return None
        names |= {line[3:] if command[0] == "status" else line for line in said.stdout.splitlines()}
    return {str(root / name) for name in names if name}


def without_precompiled(command):
    """The compiler's words without the precompiled header, and without a result. None: it has no such header."""
    words = shlex.split(command)
    if not any(word.endswith("cmake_pch.hxx") for word in words):
        return None
    kept, skip = [], 0
    for at, word in enumerate(words):
        if skip:
            skip -= 1
        elif word == "-o":
            skip = 1
        elif word == "-include" and words[at + 1].endswith("cmake_pch.hxx"):
            skip = 1
        elif word == "-Xclang":  # clang's way to name the compiled copy: four words
            skip = 1
        elif word not in ("-Winvalid-pch", "-fpch-preprocess", "-c") and "ccache" not in word:
            kept.append(word)
    return [*kept, "-fsyntax-only"]


def fault(folder, file, words):
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    print(f"{file}: {'ok' if done.returncode == 0 else 'fails'}", flush=True)
    return None if done.returncode == 0 else done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("commands", type=pathlib.Path, help="compile_commands.json")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--commits", type=int, default=5)
    parser.add_argument("--most", type=int, default=24, help="sources, without --all")
    parser.add_argument("--files", nargs="+", help="only these", default=None)
    arguments = parser.parse_args()
    wanted = None if arguments.all else changed(arguments.root.resolve(), arguments.commits)
    if arguments.files:
        wanted = {str(pathlib.Path(name).resolve()) for name in arguments.files}
    elif wanted is None and not arguments.all:
        print("skipped: git does not say what has changed here; --all looks at everything")
        return SKIPPED
    units = []
    for entry in json.loads(arguments.commands.read_text()):
        words = without_precompiled(entry["command"])
        if words and (wanted is None or entry["file"] in wanted):
            units.append((entry["directory"], entry["file"], words))
    if not arguments.all and len(units) > arguments.most:
        print(f"{len(units)} sources were changed: the first {arguments.most} are looked at")
        units = units[: arguments.most]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        faults = [why for why in pool.map(lambda unit: fault(*unit), units) if why]
    print(f"{len(units)} sources, {len(faults)} faults")
    for why in faults:
        print(why, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

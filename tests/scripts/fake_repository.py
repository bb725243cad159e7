# SPDX-License-Identifier: MIT
"""A git repository with a project whose benchmark reports what a file of each commit says."""

import json
import subprocess

# What a build makes is a script that prints the number of the source.
BUILD = (
    "test ! -e broken && sed 's/TIME/'$(cat parse.txt)'/' bench.in > bench.sh && chmod +x bench.sh"
)
BENCH = """#!/bin/sh
echo '{"scenario": "parse", "metrics": {"time": TIME, "rate": 7}}'
"""
PROJECT = f"""
[project]
build = {json.dumps(BUILD)}
command = "./bench.sh"
[check]
profile = "quick"
metrics = ["time"]
"""


def git(folder, *words):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, timeout=60, capture_output=True
    )


def commit(folder, time, **files):
    (folder / "parse.txt").write_text(f"{time}\n")
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "-m", f"parse takes {time}", "--allow-empty")


def repository(folder, *times, project=PROJECT):
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "bench.in").write_text(BENCH)
    (folder / "switchyard.toml").write_text(project)
    for time in times:
        commit(folder, time)
    return folder

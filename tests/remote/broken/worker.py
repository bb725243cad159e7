#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A worker whose variants each do one thing wrong; the harness must find it. `honest` does none."""

import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
import time

MASK = (1 << 64) - 1
kept = []  # what is never given back


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def answer(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fetch_data(words, hurry=1):
    """The right work, done `hurry` times as fast as it may be."""
    count, slots = int(words["param.fetches"]), int(words["slots"])
    total = 0
    with mmap.mmap(int(words["slots_fd"]), 16 * slots) as memory:
        times = memoryview(memory).cast("Q")
        for i in range(count):
            times[2 * i] = time.monotonic_ns()
            time.sleep((i + 1) * int(words["param.step_us"]) / 1e6 / hurry)
            times[2 * i + 1] = time.monotonic_ns()
            total += mix(int(words["seed"]) ^ mix(i))
        times.release()
    return count, total & MASK


def start_threads(count):
    for _ in range(count):
        threading.Thread(target=threading.Event().wait, daemon=True).start()


def orphan():
    """A grandchild that its parent leaves at once."""
    subprocess.run(["sh", "-c", "sleep 600 >/dev/null &"], check=True)


# During `run`, before the work.
DEEDS = {
    "hangs": lambda: time.sleep(600),
    "dies": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exits": lambda: os._exit(3),
    "prints": lambda: answer("Hello"),
    "looks": lambda: (answer("look"), sys.stdin.readline()),
    "crowds": lambda: start_threads(4),
    "leaves_threads": lambda: start_threads(1),
    "leaves_a_child": lambda: kept.append(subprocess.Popen(["sleep", "600"])),
    "leaves_an_orphan": orphan,
    "leaves_sockets": lambda: kept.append(socket.socket()),
    "leaves_descriptors": lambda: kept.append(os.open("/dev/null", os.O_RDONLY)),
}
# Instead of the answer to `make`.
REFUSALS = {
    "declines": "declined these sizes",
    "skips": "skipped no such part; apt-get install part",
    "fails": "failed to begin",
    "is_mute": "",
}
OUTCOMES = {
    "lies": "ran fetched={} sum=1",
    "forgets_a_field": "ran fetched={}",
    "counts_below_zero": "ran fetched=-{} sum={}",
}
SERVERS = ("accepts_nobody",)
CANNOT_STOP = "cannot_stop"


def describe():
    names = ["honest", "hurries", CANNOT_STOP, *DEEDS, *REFUSALS, *OUTCOMES]
    cells = [{"workload": "fetch_data", "variant": name} for name in names]
    cells += [{"workload": "echo", "variant": name} for name in SERVERS]
    return {"protocol": 1, "summary": "broken on purpose", "library": "none", "cells": cells}


def run(variant, words):
    if variant == "accepts_nobody":
        os.read(int(words["stop_fd"]), 1)  # until the load generator has given up
        return "ran accepted=0 echoed_bytes=0"
    DEEDS.get(variant, lambda: None)()
    count, total = fetch_data(words, 10 if variant == "hurries" else 1)
    return OUTCOMES.get(variant, "ran fetched={} sum={}").format(count, total)


def converse(variant):
    answer("ready protocol=1")
    made = {}
    for line in sys.stdin:
        verb, *words = line.split()
        if verb == "make":
            made = dict(word.split("=", 1) for word in words)
            answer(REFUSALS.get(variant, "made"))
        elif verb == "run":
            answer(run(variant, made))
        else:
            answer("failed to join" if variant == CANNOT_STOP else "stopped")


if __name__ == "__main__":
    if sys.argv[1:] == ["--describe"]:
        print(json.dumps(describe()))
    else:
        converse(sys.argv[2])

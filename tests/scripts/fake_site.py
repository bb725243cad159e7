# SPDX-License-Identifier: MIT
"""Summaries of invented runs, as many as a site may hold; as a program it says what a site of them
costs.

    /usr/bin/python3 tests/scripts/fake_site.py FOLDER MACHINES COMMITS CELLS
"""

import sys
import time
from pathlib import Path

import numpy as np

MODELS = ("floor", "coroutine", "callback", "fiber", "thread/pool", "process", "asio", "go")
MODELS += ("tokio", "serial")
METRICS = ("time_per_unit_ns", "cpu_per_unit_ns", "p50_ns", "p99_ns", "peak_anonymous_bytes")


def number(value):
    return float(f"{value:.5g}")


def cells(count):
    """(contender, workload, sizes) of each, ten contenders a point."""
    found = []
    for place in range(count):
        point, workload = place // len(MODELS), f"work{place // len(MODELS) % 17}"
        found.append((MODELS[place % len(MODELS)], workload, {"connections": 2 ** (point // 17)}))
    return found


def summary(machine, commit, count, step_at=None):
    """`step_at`: from this commit on, every fourth cell costs 8 % more."""
    draw = np.random.default_rng([commit, *machine.encode()])
    rows = []
    for place, (contender, workload, sizes) in enumerate(cells(count)):
        model, _, variant = contender.partition("/")
        slower = 1.08 if step_at is not None and commit >= step_at and place % 4 == 1 else 1.0
        metrics = {}
        for i, metric in enumerate(METRICS):
            ratio = (1.1 + place % 10 * 0.07) * slower * float(np.exp(draw.normal() * 0.003))
            own = [1000 * (i + 1) * ratio, 990 * (i + 1) * ratio, 1010 * (i + 1) * ratio]
            own += [None] * 3 if model == "floor" else [ratio, ratio * 0.985, ratio * 1.015]
            metrics[metric] = [None if value is None else number(value) for value in own]
        row = {"model": model, "variant": variant, "workload": workload, "sizes": sizes}
        row |= {"link": "loopback", "verdict": "ok", "reason": "", "headline": METRICS[0]}
        rows.append({**row, "metrics": metrics})
    utc = f"{2030 + commit // 360:04d}-{commit // 30 % 12 + 1:02d}-{commit % 30 + 1:02d}T00:00:00Z"
    run = f"{utc.replace('-', '').replace(':', '')}-c{commit:06d}"
    facts = {"commit": f"c{commit:06d}", "CPU model": f"CPU of {machine}", "CPUs": "64"}
    facts |= {"kernel": "Linux 6.1", "link": "loopback", "governor": "performance"}
    return {
        "schema": 1,
        "kind": "run",
        "slug": f"{run}-{machine}",
        "run": run,
        "machine": machine,
        "utc": utc,
        "revision": f"c{commit:06d}",
        "preset": "quick",
        "rounds": 10,
        "command": "scripts/switchyard run",
        "complete": True,
        "verdicts": {"ok": count},
        "facts": facts,
        "cells": rows,
    }


def put(folder, summaries):
    """Adds them as the command does. Returns the names of the files that were written."""
    from yard.site.publish import Site
    from yard.site.shelf import Shelf

    shelf = Shelf(Path(folder))
    with shelf.opened():
        for one in summaries:
            shelf.keep(one)
        site = Site(shelf)
        for one in summaries:
            site.add(one)
        site.write()
    return shelf.written


def main(folder, machines, commits, count):
    from yard.site.publish import Site
    from yard.site.shelf import Shelf

    shelf = Shelf(Path(folder))
    with shelf.opened():
        for machine in range(machines):
            for commit in range(commits):
                shelf.keep(summary(f"machine{machine}", commit, count, commits // 2))
        print("summaries are there")
        start = time.process_time()
        site = Site(shelf)
        for one in shelf.summaries():
            site.add(one)
        site.write()
    print(f"built: {time.process_time() - start:.1f} CPU seconds, {len(shelf.written)} files")
    one = summary("machine0", commits, count, commits // 2)
    start = time.process_time()
    written = put(folder, [one])
    print(f"one run added: {time.process_time() - start:.1f} CPU seconds, {len(written)} files")
    for name in ("index.html", "assets/site.css", "assets/data.js", "assets/filter.js"):
        print(name, (Path(folder) / name).stat().st_size)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
    main(sys.argv[1], *map(int, sys.argv[2:5]))

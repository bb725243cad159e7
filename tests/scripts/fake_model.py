# SPDX-License-Identifier: MIT
"""A model executable that obeys docs/protocol.md, or breaks it in the way its file name asks for."""

import json
import os
import random
import signal
import subprocess
import sys
import time

FACTOR = 1.0  # fakes.build may write another one here
FAILS = ""  # "now and then": a crash in a third of the processes

WORKLOADS = [
    {
        "name": "count",
        "group": "cpu_bound",
        "role": "batch",
        "unit": "item",
        "fields": [{"name": "items", "least": 1, "most": 1000, "meaning": "items"}],
        "presets": {
            "smoke": [{"items": 1}],
            "quick": [{"items": 1}, {"items": 2}],
            "full": [{"items": 3}],
        },
    },
    {
        "name": "serve",
        "group": "io_bound",
        "role": "server",
        "unit": "message",
        "fields": [{"name": "clients", "least": 1, "most": 9, "meaning": "clients"}],
        "presets": {"smoke": [{"clients": 1}], "quick": [{"clients": 1}], "full": [{"clients": 1}]},
    },
    {
        "name": "noop",
        "group": "self",
        "role": "batch",
        "unit": "call",
        "fields": [],
        "presets": {"smoke": [{}], "quick": [{}], "full": [{}]},
    },
]
MODEL = os.path.basename(sys.argv[0])[len("switchyard-") :]


def describe():
    cell = {
        "variant": "",
        "style": "idiomatic",
        "allowance": "workers",
        "ledger": {},
        "declined": None,
    }
    cells = [
        {**cell, "workload": "count"},
        {**cell, "workload": "serve", "declined": "it only counts"},
    ]
    if MODEL == "twofold":
        cells = [{**cell, "workload": "count", "variant": v} for v in ("left", "right")] + [
            {**cell, "workload": "serve"}
        ]
    if MODEL == "holey":
        cells = cells[:1]
    build = {
        "type": "debug" if MODEL == "unoptimised" else "release",
        "compiler": "none",
        "flags": "",
        "sanitizer": "",
    }
    return {
        "schema": 1,
        "model": MODEL,
        "summary": "fake",
        "library": "none",
        "build": build,
        "cells": cells,
        "workloads": WORKLOADS,
    }


def arguments():
    found, rest = {"tag": {}, "set": {}}, sys.argv[1:]
    while rest:
        flag = rest.pop(0)
        if flag.startswith("--benchmark_"):
            name, _, value = flag.partition("=")
            found[name[2:]] = value
        elif flag == "--audit":
            found["audit"] = True
        elif flag in ("--tag", "--set"):
            name, _, value = rest.pop(0).partition("=")
            found[flag[2:]][name] = int(value) if value.isdecimal() else value
        else:
            found[flag[2:]] = rest.pop(0)
    return found


def append(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        if os.write(fd, data) != len(data):
            raise OSError("short write")
    finally:
        os.close(fd)


def slowed(time_ns):
    """With a little noise of the process, as a real one has."""
    return int(time_ns * FACTOR * random.uniform(0.997, 1.003))


def main():
    if sys.argv[1:] == ["--describe"]:
        print(json.dumps(describe()))
        return 0
    given = arguments()
    workload, _, variant = given["cell"].partition("/")
    about = next(w for w in WORKLOADS if w["name"] == workload)
    params = {**about["presets"][given["preset"]][int(given["point"])], **given["set"]}
    sample = {
        "schema": 1,
        "model": MODEL,
        "variant": variant,
        "workload": workload,
        "preset": given["preset"],
        "point": -1 if given["set"] else int(given["point"]),
        "params": params,
        "workers": int(given["workers"]),
        "cpus": [int(c) for c in given["cpus"].split(",")],
        "client_cpus": [int(given["client-cpus"])],
        "seed": int(given["seed"]),
        "iteration": 0,
        "warm": False,
        "verdict": "ok",
        "reason": "",
        "make_ns": 1,
        "run_ns": slowed(100_000_000),
        "destroy_ns": 1,
        "units": 1,
        "unit": about["unit"],
        "cpu_ns": slowed(90_000_000),
        "latency": None,
        "padding": len(os.environ["SWITCHYARD_PADDING"]),
        **given["tag"],
    }
    code = 0
    if MODEL == "crasher" or (FAILS == "now and then" and random.random() < 0.34):
        print("about to die", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
    if MODEL == "hanger":
        child = subprocess.Popen(["/bin/sleep", "1000"])
        with open(os.environ["FAKE_NOTES"], "a") as notes:
            notes.write(f"{os.getpid()} {child.pid}\n")
        signal.pause()
    if MODEL == "slow":
        with open(os.environ["FAKE_NOTES"], "a") as notes:
            notes.write(f"{os.getpid()}\n")
        time.sleep(float(os.environ.get("FAKE_PACE_S", "0.05")))
    if MODEL == "disturbed":  # the first time
        with open(os.environ["FAKE_NOTES"], "a+") as notes:
            seen = [notes.seek(0), *notes.read().split()]
            place = f"{given['tag']['round']}-{given['point']}"
            notes.write(f"{place}\n")
        if place not in seen:
            sample.update(verdict="disturbed", reason="waited", run_ns=1)
    if MODEL == "bulky":  # its part is larger than a limit on files may allow
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        for _ in range(10):
            append(given["benchmark_out"], bytes(10_000))
    if MODEL == "silent":
        return 0
    if MODEL == "failing":
        print("no descriptors are left", file=sys.stderr)
        return 4
    if MODEL == "garbage":
        append(given["samples"], b"this is no JSON\n")
        return 0
    if MODEL == "short":
        append(given["samples"], json.dumps(sample).encode()[:40])
        return 0
    if MODEL == "misfit":
        sample["verdict"] = "splendid"
    if MODEL == "liar":
        sample.update(verdict="wrong", reason="checksum 1 instead of 2")
        code = 1
    for iteration in range(int(given["iterations"])):
        append(given["samples"], json.dumps({**sample, "iteration": iteration}).encode() + b"\n")
        if MODEL == "slow":
            time.sleep(0.01)
    if "benchmark_out" in given:
        row = {
            "name": f"{MODEL}/{given['cell']}",
            "run_name": f"{MODEL}/{given['cell']}",
            "run_type": "iteration",
            "repetitions": 1,
            "repetition_index": 0,
            "threads": 1,
            "iterations": 3,
            "real_time": 1.0 + len(params),
            "cpu_time": 1.0,
            "time_unit": "ns",
        }
        with open(given["benchmark_out"], "w") as out:
            json.dump({"context": {"library_build_type": "release"}, "benchmarks": [row]}, out)
    return code


sys.exit(main())

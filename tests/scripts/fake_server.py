# SPDX-License-Identifier: MIT
"""A model executable whose server is a simulated queue: Poisson arrivals, one server, a constant service time.

Its closed loop serves at 1 / SERVICE_S; its open loop is what queueing theory calls M/D/1."""

import json
import os
import random
import sys
import time

SERVICE_S = 50e-6
MODEL = os.path.basename(sys.argv[0])[len("switchyard-") :]
FIELDS = ("connections", "messages", "bytes", "rate_per_s", "poisson", "surge_percent")
POINT = {
    "connections": 64,
    "messages": 4000,
    "bytes": 64,
    "rate_per_s": 0,
    "poisson": 0,
    "surge_percent": 100,
}
POINTS = [
    {**POINT, "connections": 1, "bytes": 1},
    {**POINT, "rate_per_s": 100, "poisson": 1},
    POINT,
]
WORKLOADS = [
    {
        "name": "echo",
        "group": "io_bound",
        "role": "server",
        "unit": "round trip",
        "fields": [{"name": name, "least": 0, "most": 10**8, "meaning": name} for name in FIELDS],
        "presets": dict.fromkeys(("smoke", "quick", "full"), POINTS),
    },
    {
        "name": "count",
        "group": "cpu_bound",
        "role": "batch",
        "unit": "item",
        "fields": [{"name": "items", "least": 1, "most": 9, "meaning": "items"}],
        "presets": dict.fromkeys(("smoke", "quick", "full"), [{"items": 1}]),
    },
]


def describe():
    cell = {
        "variant": "",
        "style": "idiomatic",
        "allowance": "workers",
        "ledger": {},
        "declined": None,
    }
    build = {"type": "release", "compiler": "none", "flags": "", "sanitizer": ""}
    return {
        "schema": 1,
        "model": MODEL,
        "summary": "fake",
        "library": "none",
        "build": build,
        "cells": [{**cell, "workload": w["name"]} for w in WORKLOADS],
        "workloads": WORKLOADS,
    }


def queue(random, messages, rate, surge_percent):
    """When each message came and how long it took, and when the last was served."""
    now = free = 0.0
    came = []
    for i in range(messages):
        surge = surge_percent / 100 if messages // 3 <= i < 2 * (messages // 3) else 1
        now += random.expovariate(rate * surge)
        free = max(free, now) + SERVICE_S
        came.append((now, free - now))
    return came, free


def surge_of(came):
    """What the load generator says of a surge: see bench/client/surge.hpp."""
    third = len(came) // 3
    normal = sorted(took for _, took in came[:third])[int(0.99 * third)]
    begins, ends = came[third][0], came[2 * third - 1][0]
    replied = sum(begins <= at + took < ends for at, took in came)
    after, window = came[2 * third :], max(20, third // 20)
    recovered = next(
        (
            after[i][0]
            for i in range(len(after) - window + 1)
            if after[i][1] <= normal
            and sum(took <= normal for _, took in after[i : i + window]) >= 0.95 * window
        ),
        None,
    )
    return {
        "normal_p99_ns": int(normal * 1e9),
        "goodput_per_s": replied / (ends - begins),
        "recovery_ns": None if recovered is None else int((recovered - ends) * 1e9),
    }


def main():
    if sys.argv[1:] == ["--describe"]:
        print(json.dumps(describe()))
        return 0
    given, changes, tags = {}, {}, {}
    rest = [a for a in sys.argv[1:] if not a.startswith("--benchmark_")]
    for flag, text in zip(rest[::2], rest[1::2]):
        name, _, value = text.partition("=")
        if flag == "--set":
            changes[name] = int(value)
        elif flag == "--tag":
            tags[name] = int(value) if value.isdecimal() else value
        else:
            given[flag[2:]] = text
    params = {**POINTS[int(given["point"])], **changes}
    sample = {
        "schema": 1,
        "model": MODEL,
        "variant": "",
        "workload": "echo",
        "preset": given["preset"],
        "point": -1,
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
        "destroy_ns": 1,
        "unit": "round trip",
        "units": params["messages"],
        "cpu_ns": int(params["messages"] * SERVICE_S * 1e9),
        "latency": None,
        **tags,
    }
    noise = random.Random(f"{MODEL} {given['seed']}")
    if MODEL == "slow":
        with open(os.environ["FAKE_NOTES"], "a") as notes:
            notes.write(f"{os.getpid()}\n")
        time.sleep(0.05)
    if MODEL == "dying" and params["rate_per_s"]:
        os.abort()
    if params["rate_per_s"] == 0:
        sample["run_ns"] = int(params["messages"] * SERVICE_S * 1e9 * noise.uniform(0.997, 1.003))
    else:
        came, ended = queue(
            noise, params["messages"], params["rate_per_s"], params["surge_percent"]
        )
        latencies, held = sorted(took for _, took in came), came[-1][0] / ended
        at = {
            f"p{name}_ns": int(latencies[int(q * len(latencies))] * 1e9)
            for name, q in ((50, 0.5), (90, 0.9), (99, 0.99))
        }
        sample.update(
            run_ns=int(ended * 1e9), latency={"count": len(latencies), "p999_ns": None, **at}
        )
        sample["client"] = {
            "window_ns": int(ended * 1e9),
            "received": len(latencies),
            "guards": {"achieved_rate": {"ok": held >= 0.95, "value": held, "limit": 0.95}},
        }
        if params["surge_percent"] != 100:
            sample["client"]["surge"] = surge_of(came)
        if held < 0.95:
            sample.update(verdict="overloaded", reason="the rate was not held")
    with open(given["samples"], "ab", buffering=0) as out:
        out.write(json.dumps(sample).encode() + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

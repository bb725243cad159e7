# SPDX-License-Identifier: MIT
"""Makes realistic runs from a seed: noise that a round shares, heavy tails, servers, refusals, histograms.

The numbers are invented, for tests only; the shape is that of results/README.md and docs/protocol.md.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import numpy as np

LIBRARIES = {
    "serial": "std only",
    "floor": "no runtime: epoll by hand",
    "coroutine": "siding (this repository)",
    "callback": "libuv 1.44.2",
    "fiber": "Boost.Fiber 1.74",
    "thread": "std::thread",
    "process": "fork",
}
FETCH_DATA = {
    "serial": "sum",
    "coroutine/sequential": "sum",
    "coroutine/tasks": "max",
    "callback": "max",
    "fiber": "max",
    "thread": "max",
    "process": "max",
    "floor": "max",
}
ECHO_CPU_NS = {
    "floor": 6_000,
    "coroutine": 6_150,
    "callback": 7_700,
    "fiber": 8_400,
    "thread/pool": 8_200,
    "thread/per_connection": 11_000,
    "process": 6_400,
    "serial": 0,
}
HASH_SPEED_UP = {
    "serial": 1.0,
    "floor": 1.98,
    "coroutine": 1.0,
    "callback": 1.0,
    "fiber": 1.0,
    "thread": 1.95,
    "process": 1.91,
}
WAIT_CPU_NS = {
    "serial": 0,
    "floor": 300,
    "coroutine": 420,
    "callback": 610,
    "fiber": 900,
    "thread": 14_000,
    "process": 60_000,
}


def _workload(
    name: str, group: str, role: str, question: Optional[str], **in_report: Any
) -> dict[str, Any]:
    said = {"question": question, "request_part": None, "headline": "throughput"}
    said |= {"headline_reason": "", "preferred": {}, **in_report}
    return {"name": name, "group": group, "role": role, "in_report": said}


WORKLOADS = [
    _workload(
        "fetch_data",
        "lesson",
        "batch",
        "waiting",
        headline="run_ns",
        preferred={"fetches": 3, "step_us": 10_000},
    ),
    _workload(
        "echo",
        "io_bound",
        "server",
        "serving",
        request_part="serving",
        preferred={"connections": 64, "message_bytes": 64, "rate_per_s": 0},
    ),
    _workload(
        "fetch",
        "io_bound",
        "client",
        "waiting",
        request_part="waiting",
        preferred={"in_flight": 100, "delay_us": 5_000},
    ),
    _workload(
        "waits",
        "io_bound",
        "batch",
        "waiting",
        headline="cpu_per_unit_ns",
        headline_reason="All waits are in progress at once.",
        preferred={"waits": 10_000},
    ),
    _workload("hash_blocks", "cpu_bound", "batch", "computing", preferred={"blocks": 512}),
    _workload("mixed", "mixed", "server", None, request_part="serving_and_computing"),
    _workload("noop", "self", "batch", None),
    _workload("spin", "self", "batch", None),
]


@dataclass
class Run:
    path: Path
    meta: dict[str, Any]
    plan: dict[str, Any]
    samples: list[dict[str, Any]]
    unreadable: int = 0
    describe: dict[str, Any] = field(default_factory=dict)


def _leb128(word: int) -> bytes:
    word = (word << 1) ^ (word >> 63)
    out = bytearray()
    while True:
        if len(out) == 8:
            out.append(word & 0xFF)
            return bytes(out)
        if word < 0x80:
            out.append(word)
            return bytes(out)
        out.append((word & 0x7F) | 0x80)
        word >>= 7


def encode_histogram(values_ns: np.ndarray, digits: int = 3) -> str:
    """HdrHistogram V2, written independently of the decoder: places values one by one."""
    half_magnitude = (2 * 10**digits - 1).bit_length() - 1
    counts: dict[int, int] = {}
    for value in values_ns.astype(np.int64).tolist():
        bucket = max(0, value.bit_length() - (half_magnitude + 1))
        place = ((bucket + 1) << half_magnitude) + ((value >> bucket) - (1 << half_magnitude))
        counts[place] = counts.get(place, 0) + 1
    payload, at = bytearray(), 0
    for place in sorted(counts):
        if place > at:
            payload += _leb128(-(place - at))
        payload += _leb128(counts[place])
        at = place + 1
    body = (
        struct.pack(">iiiiqqd", 0x1C849313, len(payload), 0, digits, 1, 3_600_000_000_000, 1.0)
        + payload
    )
    packed = zlib.compress(bytes(body))
    return base64.b64encode(struct.pack(">ii", 0x1C849314, len(packed)) + packed).decode()


def latency(values_ns: np.ndarray, histogram: bool = True) -> dict[str, Any]:
    values = np.sort(values_ns)
    result: dict[str, Any] = {
        "count": len(values),
        "min_ns": int(values[0]),
        "mean_ns": float(values.mean()),
        "max_ns": int(values[-1]),
    }
    for name, q in (("p50_ns", 0.5), ("p90_ns", 0.9), ("p99_ns", 0.99), ("p999_ns", 0.999)):
        enough = len(values) * (1 - q) >= 20 - 1e-6
        result[name] = int(values[int(np.ceil(q * len(values))) - 1]) if enough else None
    result["hdr"] = encode_histogram(values) if histogram else ""
    return result


class Maker:
    def __init__(
        self, seed: int = 1, rounds: int = 10, noise: float = 0.03, iterations: int = 3
    ) -> None:
        self.random = np.random.default_rng(seed)
        self.rounds, self.noise, self.iterations = rounds, noise, iterations
        self.samples: list[dict[str, Any]] = []
        drift = np.cumsum(self.random.standard_t(3, rounds) * 0.03)
        self.shared = np.exp(drift - drift.mean())

    def factor(self, number: int) -> float:
        return float(self.shared[number] * np.exp(self.random.standard_t(4) * self.noise))

    def add(
        self,
        contender: str,
        workload: str,
        params: dict[str, int],
        *,
        point: int = 0,
        run_ns: float = 1e6,
        units: int = 1,
        unit: str = "run",
        cpu_ns: float = 1e6,
        verdict: str = "ok",
        reason: str = "",
        only_rounds: Optional[range] = None,
        **more: Any,
    ) -> None:
        model, _, variant = contender.partition("/")
        for number in only_rounds if only_rounds is not None else range(self.rounds):
            slow = self.factor(number)
            for iteration in range(-1, self.iterations):
                here = slow * float(np.exp(self.random.normal() * self.noise / 3))
                void = verdict in (
                    "crashed",
                    "wrong",
                    "timeout",
                    "over_budget",
                    "declined",
                    "skipped",
                )
                sample = {
                    "schema": 1,
                    "run": "20261123T013000Z-0123abc",
                    "round": number,
                    "order": 0,
                    "model": model,
                    "variant": variant,
                    "workload": workload,
                    "preset": "quick",
                    "point": point,
                    "params": params,
                    "workers": 2,
                    "cpus": [0, 1],
                    "client_cpus": [1],
                    "seed": 7 + number,
                    "iteration": max(iteration, 0),
                    "warm": iteration < 0,
                    "verdict": verdict,
                    "reason": reason,
                    "make_ns": int(40_000 * here),
                    "run_ns": None if void else int(run_ns * here),
                    "destroy_ns": int(20_000 * here),
                    "units": None if void else units,
                    "unit": unit,
                    "cpu_ns": int(cpu_ns * here),
                    "user_ns": int(cpu_ns * here * 0.4),
                    "system_ns": int(cpu_ns * here * 0.6),
                    "busiest_thread_ns": int(cpu_ns * here * 0.7),
                    "voluntary_switches": int(units * 0.1) + 3,
                    "involuntary_switches": 2,
                    "minor_faults": 10,
                    "major_faults": 0,
                    "peak_rss_bytes": 6_000_000,
                    "pss_bytes": 3_500_000,
                    "threads": 2,
                    "processes": 1,
                    "latency": None,
                    "client": None,
                    "backend": None,
                    "started_ns": 1,
                }
                sample.update(more)
                if callable(sample["latency"]):
                    sample["latency"] = sample["latency"](slow)
                self.samples.append(sample)


def realistic(seed: int = 1, rounds: int = 10, operations: int = 4_000) -> Run:
    make = Maker(seed, rounds)
    waits_ns = [10e6, 20e6, 30e6]
    for name, kind in FETCH_DATA.items():
        make.noise = 0.002
        make.shared[:] = 1.0
        make.add(
            name,
            "fetch_data",
            {"fetches": 3, "step_us": 10_000},
            units=3,
            unit="fetch",
            run_ns=(sum(waits_ns) if kind == "sum" else max(waits_ns)) + 150_000,
            cpu_ns=60_000,
        )
    make = _continue(make, seed, rounds)
    for point, waits in enumerate((1_000, 10_000)):
        for name, cpu in WAIT_CPU_NS.items():
            if not cpu or (name == "process" and waits > 1_000):
                continue
            make.add(
                name,
                "waits",
                {"waits": waits, "shortest_us": 1_000, "longest_us": 10_000},
                point=point,
                run_ns=10.2e6 + waits * 90,
                units=waits,
                unit="wait",
                cpu_ns=cpu * waits,
                latency=lambda slow, cpu=cpu: latency(
                    slow * (60_000 + cpu * 20) * make.random.lognormal(0, 0.5, operations // 2)
                ),
            )
    make.add(
        "process",
        "waits",
        {"waits": 10_000, "shortest_us": 1_000, "longest_us": 10_000},
        point=1,
        verdict="declined",
        reason="one process per wait: 10000 exceed the limit of 1024",
    )
    for point, connections in enumerate((1, 64, 1_000)):
        for name, cpu in ECHO_CPU_NS.items():
            if not cpu:
                continue
            limited = connections == 64 and name in ("floor", "coroutine", "process")
            make.iterations = 1
            make.add(
                name,
                "echo",
                {
                    "connections": connections,
                    "messages": 50_000,
                    "message_bytes": 64,
                    "rate_per_s": 0,
                    "poisson": 0,
                },
                point=point,
                units=50_000,
                unit="round trip",
                run_ns=50_000 * cpu * 1.9 * (2.5 if connections == 1 else 1),
                cpu_ns=50_000 * cpu,
                pss_bytes=2_000_000
                + connections * (140_000 if name == "thread/per_connection" else 2_000),
                verdict="rig_limited" if limited else "ok",
                reason="the client used 97 % of its CPU" if limited else "",
                client={"cpu_ns": 9, "share": 0.97 if limited else 0.7},
                latency=lambda slow, c=cpu, n=connections: latency(
                    slow * c * (1.5 + n) * make.random.lognormal(0, 0.35, operations)
                ),
            )
    for name, cpu in ECHO_CPU_NS.items():
        if cpu and name != "thread/per_connection":
            make.add(
                name,
                "fetch",
                {"requests": 2_000, "in_flight": 100, "delay_us": 5_000, "response_bytes": 512},
                units=2_000,
                unit="request",
                run_ns=108e6 + cpu * 400,
                cpu_ns=2_000 * cpu * 1.4,
                backend={"requests": 2_000},
                latency=lambda slow, c=cpu: latency(
                    5_000_000 + slow * c * 5 * make.random.lognormal(0, 0.6, operations // 2)
                ),
            )
    make.iterations = 3
    for name, speed_up in HASH_SPEED_UP.items():
        make.add(
            name,
            "hash_blocks",
            {"blocks": 256, "block_bytes": 16_384, "passes": 16},
            units=256,
            unit="block",
            run_ns=60e6 / speed_up,
            cpu_ns=60e6,
        )
    make.add(
        "thread/crashing",
        "hash_blocks",
        {"blocks": 256, "block_bytes": 16_384, "passes": 16},
        verdict="crashed",
        reason="signal 11 (SIGSEGV)",
        only_rounds=range(2),
        unit="block",
    )
    make.noise = 0.01
    make.shared[:] = 1.0
    make.add("self", "noop", {"calls": 1}, run_ns=180, cpu_ns=170, unit="call")
    make.add("self", "spin", {"spin_us": 1_000}, run_ns=1_000_400, cpu_ns=1_000_100, unit="spin")
    plan = {
        "schema": 1,
        "run": make.samples[0]["run"],
        "preset": "quick",
        "rounds": rounds,
        "seed": seed,
        "cells": [],
        "processes": [],
    }
    return Run(Path("results/raw/testhost/20261123T013000Z-0123abc"), meta(), plan, make.samples)


def _continue(make: Maker, seed: int, rounds: int) -> Maker:
    following = Maker(seed + 1, rounds)
    following.samples = make.samples
    return following


def describe(model: str, cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schema": 1,
        "model": model,
        "summary": f"{model}, for tests",
        "library": LIBRARIES.get(model, "none"),
        "build": {
            "type": "release",
            "compiler": "g++ 12.2.0",
            "flags": "-O3 -march=native",
            "sanitizer": "",
        },
        "cells": cells,
    }


def meta() -> dict[str, Any]:
    cell = {
        "variant": "",
        "style": "idiomatic",
        "allowance": "workers",
        "ledger": {},
        "declined": None,
    }
    describes = {
        model: describe(
            model,
            [
                {**cell, "workload": "echo", "ledger": {"TCP_NODELAY": "on", "buffer": "64 KiB"}},
                {**cell, "workload": "hash_blocks"},
            ],
        )
        for model in LIBRARIES
    }
    describes["serial"]["cells"][0]["declined"] = "one connection would keep all others waiting"
    return {
        "schema": 1,
        "run": "20261123T013000Z-0123abc",
        "preset": "quick",
        "rounds": 10,
        "seed": 7,
        "commit": "0123abc",
        "command": "scripts/switchyard run --preset quick --seed 7",
        "host": {
            "name": "testhost",
            "cpu_model": "Test CPU @ 2.60GHz",
            "cpus": 2,
            "kernel": "Linux 6.1.0",
            "governor": "powersave",
            "memory_bytes": 8_000_000_000,
        },
        "warnings": ["governor is powersave: the clock frequency varies"],
        "describe": describes,
        "workloads": WORKLOADS,
    }


def write(run: Run, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.json").write_text(json.dumps(run.meta))
    (folder / "plan.json").write_text(json.dumps(run.plan))
    with open(folder / "samples.jsonl", "w") as file:
        for sample in run.samples:
            file.write(json.dumps(sample) + "\n")
    return folder

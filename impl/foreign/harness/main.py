# SPDX-License-Identifier: MIT
"""Options, points, the phases of a cell and its samples. `main(model)` is all that a model's executable calls."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import latency, rig, usage
from .looks import Looks
from .oracle import RULES
from .rig import HarnessError
from .worker import Audit, Ended, Worker

FAILURES = ("wrong", "timeout", "crashed", "over_budget")
MOST_BACKEND_SHARE = 0.9
SERVER_FIELDS = (
    "cpu_ns",
    "user_ns",
    "system_ns",
    "busiest_thread_ns",
    "voluntary_switches",
    "involuntary_switches",
    "minor_faults",
    "major_faults",
    "threads",
    "processes",
    "pss_bytes",
)
EMPTY = dict.fromkeys(
    (
        "make_ns",
        "run_ns",
        "destroy_ns",
        *SERVER_FIELDS,
        "peak_rss_bytes",
        "file_rss_bytes",
        "allocations",
        "allocated_bytes",
        "system_calls",
        "latency",
        "waiting",
        "client",
        "backend",
        "started_ns",
    )
)


@dataclass
class Setting:
    """One cell at one point."""

    model: dict
    cell: dict
    about: dict
    params: dict
    given: argparse.Namespace
    rig: Path
    cpus: list
    client_cpus: list
    workers: int
    identity: dict

    def __post_init__(self):
        self.workload, self.variant = self.cell["workload"], self.cell["variant"]
        self.seed, self.timeout_s, self.warm_up = (
            self.given.seed,
            self.given.timeout,
            self.given.warm_up,
        )
        self.rules = RULES[self.workload]

    def most_extra_threads(self):
        most = self.workers
        if self.cell["allowance"] == "one_per_unit":
            most = max(most, self.rules.in_flight(self.params))
        return most + int(self.cell["ledger"].get("housekeeping_threads", 0))

    def environment(self, **more):
        return {"params": self.params, "workers": self.workers, "seed": self.seed, **more}


def cell(workload, variant, style="idiomatic", allowance="workers", declined=None, **ledger):
    return {
        "workload": workload,
        "variant": variant,
        "style": style,
        "allowance": allowance,
        "ledger": {key: str(value) for key, value in ledger.items()},
        "declined": declined,
    }


def describe(model):
    answer = {
        "schema": 1,
        "model": model["model"],
        "summary": model["summary"],
        "library": model["library"],
        "foreign": True,
        "build": {"type": "release", "compiler": model["library"], "flags": "", "sanitizer": ""},
        "cells": model["cells"],
    }
    return {**answer, "cells": [], "missing": model["missing"]} if model.get("missing") else answer


def _options(arguments):
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    for flag, kind, default in (
        ("cell", str, ""),
        ("preset", str, "quick"),
        ("point", int, None),
        ("workers", int, None),
        ("cpus", str, ""),
        ("client-cpus", str, ""),
        ("seed", int, 1),
        ("iterations", int, None),
        ("warm-up", int, 1),
        ("timeout", float, 60.0),
        ("samples", str, ""),
    ):
        parser.add_argument("--" + flag, type=kind, default=default)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--tag", action="append", default=[])
    parser.add_argument("--audit", action="store_true")
    parser.add_argument("--describe", action="store_true")
    given, rest = parser.parse_known_args(arguments)
    strange = [
        flag for flag in rest if not flag.startswith("--benchmark_")
    ]  # Google Benchmark is not here
    if strange:
        parser.error(f"unknown argument {strange[0]}")
    return given


def _numbers(text):
    return [int(part) for part in text.split(",") if part]


def _workloads(folder):
    """Sizes and units are in the C++ oracles, nowhere else."""
    for file in sorted(folder.glob("switchyard-*")):
        if (
            file.name in ("switchyard-client", "switchyard-backend", "switchyard-database")
            or "fixture" in file.name
        ):
            continue
        answer = subprocess.run(
            [file, "--describe"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20
        )
        if answer.returncode == 0:
            return {about["name"]: about for about in json.loads(answer.stdout)["workloads"]}
    raise HarnessError(
        f"no model of the C++ build is in {folder}: build one, or name its folder in SWITCHYARD_RIG"
    )


def _settings(model, given):
    folder = rig.folder()
    workloads, allowed = _workloads(folder), sorted(os.sched_getaffinity(0))
    tags = {}
    for tag in given.tag:
        key, _, value = tag.partition("=")
        tags[key] = int(value) if value.lstrip("-").isdecimal() else value
    named = False
    for one in model["cells"]:
        name = one["workload"] + ("/" + one["variant"] if one["variant"] else "")
        if one["declined"] is not None or given.cell not in ("", name, one["workload"]):
            continue
        named, about = True, workloads[one["workload"]]
        batch = about["role"] == "batch"
        cpus = _numbers(given.cpus) or (allowed if batch or len(allowed) == 1 else allowed[:-1])
        client_cpus = _numbers(given.client_cpus) or allowed[-1:]
        measured = []
        for index, params in enumerate(about["presets"][given.preset]):
            if given.point not in (None, index):
                continue
            params = {
                **params,
                **{
                    key: int(value) for key, _, value in (text.partition("=") for text in given.set)
                },
            }
            if params in measured:
                continue  # --set made it equal to another
            measured.append(params)
            workers = given.workers or len(cpus)
            identity = {
                **tags,
                "schema": 1,
                "model": model["model"],
                "variant": one["variant"],
                "workload": one["workload"],
                "preset": given.preset,
                "point": -1 if given.set else index,
                "params": params,
                "workers": workers,
                "cpus": cpus,
                "client_cpus": client_cpus,
                "seed": given.seed,
                "units": RULES[one["workload"]].units(params),
                "unit": about["unit"],
            }
            yield Setting(
                model, one, about, params, given, folder, cpus, client_cpus, workers, identity
            )
    if not named:
        raise SystemExit(f"--cell {given.cell}: {model['model']} has no such cell")


class Recorder:
    def __init__(self, where):
        self.where, self.samples = where, []

    def add(self, verdict="ok", reason="", **fields):
        self.samples.append(
            {
                **EMPTY,
                **self.where.identity,
                "iteration": 0,
                "warm": False,
                **fields,
                "verdict": verdict,
                "reason": reason,
            }
        )

    def judge_all(self, verdict, reason):
        for sample in self.samples:
            if sample["verdict"] == "ok":
                sample["verdict"], sample["reason"] = verdict, reason

    def failed(self):
        return next((s["reason"] for s in self.samples if s["verdict"] in FAILURES), None)

    def write(self):
        for sample in self.samples:
            line = json.dumps(sample, separators=(",", ":")).encode() + b"\n"
            if self.where.given.samples:
                fd = os.open(
                    self.where.given.samples, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644
                )
                os.write(fd, line)
                os.close(fd)
            else:
                sys.stdout.write(line.decode())


def _crowd(where, worker, audit):
    most = worker.threads_before + where.most_extra_threads()
    found = max(usage.threads(worker.pid), audit.end() if audit else 0)
    if found > most:
        raise Ended(
            "over_budget",
            f"{found - worker.threads_before} threads and children beside the calling thread; "
            f"{where.most_extra_threads()} are allowed",
        )


def _audit(where, worker):
    return (
        Audit(worker.pid, worker.threads_before + where.most_extra_threads())
        if where.given.audit
        else None
    )


def _end(worker, record):
    destroy_ns = worker.ask("end")["destroy_ns"]
    for sample in record.samples:
        sample["destroy_ns"] = sample["destroy_ns"] or destroy_ns
    children = len(usage.tree(worker.pid)) - 1
    if children > 0:
        record.judge_all("over_budget", f"left after destroy: {children} children")


def _run(worker, where, right, served=None):
    worker.clear()
    looks = Looks(worker.pid, where.rules.steps(where.params)) if where.rules.is_looked_at else None
    audit = _audit(where, worker)
    before = usage.read(worker.pid)
    try:
        answer = worker.run(looks and looks.look)
        after = usage.read(worker.pid)
        _crowd(where, worker, audit)
    finally:
        if audit:
            audit.end()
    slots = worker.slots()
    seen = [*slots, *looks.times] if looks else slots
    wrong = where.rules.check(where.params, where.seed, right, answer["outcome"], seen, None)
    if wrong:
        raise Ended("wrong", wrong)
    told = {
        **usage.between(before, after),
        **usage.memory(worker.pid),
        "run_ns": answer["run_ns"],
        "started_ns": answer["started_ns"],
    }
    if looks:
        # As in C++: of CPU there is no figure, since it cannot be told from what the looks cost the worker.
        return {
            **told,
            **dict.fromkeys(("cpu_ns", "user_ns", "system_ns", "busiest_thread_ns")),
            "run_ns": max(1, answer["run_ns"] - looks.spent_ns()),
            "waiting": looks.report(),
        }
    late = [
        max(
            0, slots[2 * i + 1] - slots[2 * i] - where.rules.nominal_ns(where.params, where.seed, i)
        )
        for i in range(len(slots) // 2)
    ]
    return {**told, "latency": latency.summary(late)}


def _batch(where, record, keep):
    right, more, backend = where.rules.expected(where.params, where.seed), {}, None
    if where.about["role"] == "client":
        backend = keep(rig.Backend(where, where.params))
        more["backend_port"] = backend.port
    slots = where.rules.slots(where.params)
    worker = keep(Worker(where.model["worker"], where, slots))
    made = worker.ask("make", **where.environment(slot_fd=worker.slot_file, slots=slots, **more))
    warm_up, iterations = (
        where.warm_up,
        3 if where.given.iterations is None else where.given.iterations,
    )
    if where.rules.is_looked_at:
        warm_up, iterations = 0, 1  # memory that was used before is no measure
    for warm, count in ((True, warm_up), (False, iterations)):
        for i in range(count):
            record.add(
                **_run(worker, where, right), iteration=i, warm=warm, make_ns=made["make_ns"]
            )
    _end(worker, record)
    if backend:
        backend.stop()
        report = backend.finish(where.timeout_s)
        for sample in record.samples:
            sample["backend"] = report
        wrong = where.rules.check_asked(where.params, warm_up + iterations, report)
        if wrong:
            record.judge_all("wrong", wrong)
        elif report.get("share", 0) > MOST_BACKEND_SHARE:
            record.judge_all(
                "rig_limited", f"the backend used {report['share'] * 100:.0f} % of its CPU"
            )


def _server(where, record, keep):
    for i in range(1 if where.given.iterations is None else where.given.iterations):
        listening = rig.listener()
        # The worker is up before the load generator, which watches it; the stop pipe reaches it by /proc.
        worker = keep(Worker(where.model["worker"], where, 0, (listening.fileno(),)))
        client = keep(rig.Client(where, where.params, worker.pid, listening))
        stop = f"/proc/{os.getpid()}/fd/{client.stop_fd}"
        made = worker.ask("make", **where.environment(listen_fd=listening.fileno(), stop_path=stop))
        audit = _audit(where, worker)
        client.go()
        try:
            answer = worker.ask("run")
            seen = usage.memory(worker.pid)
            _crowd(where, worker, audit)
        finally:
            if audit:
                audit.end()
        report = client.finish(where.timeout_s)
        server = report.get("server") or {}
        fields = {
            **seen,
            **{key: server[key] for key in SERVER_FIELDS if key in server},
            "run_ns": report["window_ns"],
            "latency": report["latency"],
            "started_ns": answer["started_ns"],
            "make_ns": made["make_ns"],
            "client": {k: v for k, v in report.items() if k not in ("latency", "server")},
        }
        verdict, reason = report["verdict"], report["reason"]
        if verdict not in FAILURES:
            if wrong := where.rules.check(
                where.params, where.seed, None, answer["outcome"], (), report
            ):
                verdict, reason = "wrong", wrong
        record.add(verdict, reason, iteration=i, **fields)
        _end(worker, record)
        worker.close()
        listening.close()
        if record.failed():
            return


def _measure(where):
    record, kept = Recorder(where), []

    def keep(thing):
        kept.append(thing)
        return thing

    try:
        if missing := where.model.get("missing"):
            raise Ended("skipped", f"{missing['skipped']}; {missing['install']}")
        (_server if where.about["role"] == "server" else _batch)(where, record, keep)
    except Ended as ended:
        record.add(ended.verdict, ended.reason)
        if ended.verdict in FAILURES:
            print(
                f"{where.workload}/{where.variant}: {ended.verdict}: {ended.reason}",
                file=sys.stderr,
            )
    finally:
        for thing in reversed(kept):
            if isinstance(thing, rig.Program) or thing.process.returncode is None:
                thing.close()
    record.write()
    return record.failed() is not None


def main(model):
    try:
        given = _options(sys.argv[1:])
    except argparse.ArgumentError as error:
        print(error, file=sys.stderr)
        return 64
    if given.describe:
        print(json.dumps(describe(model), indent=1))
        return 0
    try:
        failed = [_measure(where) for where in _settings(model, given)]
        return 1 if any(failed) else 0
    except (HarnessError, OSError, subprocess.SubprocessError) as error:
        print(f"{model['model']}: {error}", file=sys.stderr)
        return 4

# SPDX-License-Identifier: MIT
"""Carries a plan out: one process after another, and a line for each, whatever happens to it."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Mapping, Protocol

from yard.engine import plan as planning
from yard.data import samples, schema
from yard.engine import process
from yard.data.store import META, PARTS, Store, explained, merge_benchmarks

GRACE_S = 10.0  # beyond the cell's own watchdog
FAILURES = ("wrong", "timeout", "crashed", "over_budget")
MARKED = ("rig_limited", "overloaded", "unstable")
TRIES = 2  # a cell that failed so often is not tried again
Job = Mapping[str, Any]


class Watcher(Protocol):
    def begin(self, job: Job, done: int, total: int) -> None:
        ...

    def end(self, job: Job, verdict: str, reason: str, seconds: float) -> None:
        ...

    def say(self, text: str) -> None:
        ...


class Quiet:
    def begin(self, job: Job, done: int, total: int) -> None:
        ...

    def end(self, job: Job, verdict: str, reason: str, seconds: float) -> None:
        ...

    def say(self, text: str) -> None:
        ...


def cell_name(job: Job) -> str:
    return "/".join(part for part in (job["model"], job["workload"], job["variant"]) if part)


def file_name(job: Job) -> str:
    """Starts with the round, which the merge of benchmarks reads."""
    return (
        f"{job['round']:03d}-{job['order']:04d}-{cell_name(job).replace('/', '-')}-{job['point']}"
    )


def finished(plan: Mapping[str, Any], found: list[dict[str, Any]]) -> dict[samples.Key, str]:
    """Processes that need no repeat, with the worst verdict of each. One whose iterations are not all there was cut
    off in the middle."""
    lines = defaultdict(list)
    for sample in samples.last_attempts(found):
        lines[samples.key(sample)].append(sample)
    done = {}
    for job in plan["processes"]:
        own = lines.get(samples.key(job), [])
        verdicts = [sample["verdict"] for sample in own]
        ended_early = any(verdict not in ("ok", *MARKED) for verdict in verdicts)
        if ended_early or sum(not sample["warm"] for sample in own) >= job["iterations"]:
            done[samples.key(job)] = worst(verdicts)
    return done


def worst(verdicts: list[str]) -> str:
    return min(verdicts, key=lambda v: _ORDER.index(v), default="ok")


_ORDER = (
    "wrong",
    "crashed",
    "timeout",
    "over_budget",
    "skipped",
    "declined",
    "overloaded",
    "rig_limited",
    "unstable",
    "ok",
)


class Runner:
    def __init__(
        self,
        store: Store,
        plan: dict[str, Any],
        meta: dict[str, Any],
        executables: Mapping[str, Path],
        watcher: Watcher | None = None,
        grace_s: float = GRACE_S,
    ):
        self.store, self.plan, self.meta = store, plan, meta
        self.executables, self.watcher, self.grace_s = executables, watcher or Quiet(), grace_s
        self.verdicts: Counter[str] = Counter()
        self.unreadable = 0
        self._failures: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        self._attempts: Counter[samples.Key] = Counter()
        self._groups = {
            workload["name"]: workload["group"] for workload in samples.workloads_of(meta)
        }

    def go(self) -> None:
        """Returns when every process of the plan has its lines; raises KeyboardInterrupt with all of it kept."""
        self.store.end_line()
        found, self.unreadable = samples.read_lines(self.store.samples)
        done = finished(self.plan, found)
        self.verdicts.update(done.values())
        for sample in found:
            at = samples.key(sample)
            self._attempts[at] = max(self._attempts[at], sample.get("attempt", 0) + 1)
        for job in self.plan["processes"]:
            if done.get(samples.key(job)) in FAILURES:
                self._failures[self._cell_point(job)].append(job["round"])
        if self.unreadable:
            self.watcher.say(
                f"{self.unreadable} lines cannot be read: they stay, and their processes run again"
            )
        try:
            self._rounds(done)
        finally:
            merge_benchmarks(self.store.folder, self.plan)

    def _rounds(self, done: dict[samples.Key, str]) -> None:
        rounds = self.meta.get("rounds") or self.plan["rounds"]
        by_round = defaultdict(list)
        for job in self.plan["processes"]:
            by_round[job["round"]].append(job)
        count = len(done)
        round = 0
        while round < rounds:
            started, fresh = time.monotonic(), True
            for job in by_round[round]:
                if samples.key(job) in done:
                    fresh = False
                    continue
                self.watcher.begin(job, count, sum(len(by_round[r]) for r in range(rounds)))
                self._one(job)
                count += 1
            if round == 0 and fresh and self.plan.get("time_budget_s"):
                rounds = self._fit(rounds, time.monotonic() - started)
            round += 1

    def _fit(self, planned: int, round_s: float) -> int:
        budget_s = self.plan["time_budget_s"]
        rounds = planning.rounds_within(budget_s, round_s, planned)
        if rounds < planned:
            self.watcher.say(
                f"{planned} rounds of {round_s:.0f} s exceed the budget of {budget_s:.0f} s: "
                f"{rounds} rounds are measured"
            )
        if rounds * round_s > budget_s * 1.02:
            text = (
                f"{rounds} rounds need {rounds * round_s:.0f} s, more than the budget of {budget_s:.0f} s, "
                "and a report needs that many"
            )
            self.watcher.say(text)
            self.meta["warnings"] = [*self.meta.get("warnings", []), text]
        self.meta["rounds"] = rounds
        self.store.write_json(META, self.meta)
        return rounds

    def command(self, job: Job, part: Path, into: Path | None = None) -> list[str]:
        cell = job["workload"] + (f"/{job['variant']}" if job["variant"] else "")
        numbers = ",".join
        command = [
            str(self.executables[job["model"]]),
            "--cell",
            cell,
            "--preset",
            self.plan["preset"],
            "--point",
            str(job["point"]),
            "--workers",
            str(job["workers"]),
            "--cpus",
            numbers(map(str, job["cpus"])),
            "--client-cpus",
            numbers(map(str, job["client_cpus"])),
            "--seed",
            str(job["seed"]),
            "--iterations",
            str(job["iterations"]),
            "--warm-up",
            str(job["warm_up"]),
            "--timeout",
            str(job["timeout_s"]),
            "--samples",
            str(into or self.store.samples),
            f"--benchmark_out={part}",
            "--benchmark_out_format=json",
        ]
        for name, value in job.get("set", self.plan.get("set", {})).items():
            command += ["--set", f"{name}={value}"]
        tags = {
            "run": self.plan["run"],
            "round": job["round"],
            "order": job["order"],
            "attempt": self._attempts[samples.key(job)],
        }
        for name, value in tags.items():
            command += ["--tag", f"{name}={value}"]
        return command + (["--audit"] if self.plan.get("audit") else [])

    def _one(self, job: Job) -> None:
        failed = self._failures[self._cell_point(job)]
        if len(failed) >= TRIES:
            rounds = ", ".join(map(str, failed))
            return self._record(
                job, "skipped", f"failed in rounds {rounds} and was not tried again", 0.0
            )
        name = file_name(job)
        log, part = (
            self.store.folder / "log" / f"{name}.txt",
            self.store.folder / PARTS / f"{name}.json",
        )
        environment = {**os.environ, "SWITCHYARD_PADDING": "x" * job["padding_bytes"]}
        if self.meta.get("rig"):
            environment["SWITCHYARD_RIG"] = self.meta["rig"]
        before, started = self.store.size(), time.monotonic()
        try:
            stderr = open(log, "wb")
        except OSError as error:
            raise explained(error, f"cannot write {log}") from None
        with stderr:
            ending = process.run(
                self.command(job, part), environment, stderr, job["timeout_s"] + self.grace_s
            )
        seconds = time.monotonic() - started
        verdict, reason, written = self._judge(job, ending, log, before)
        if verdict == "ok" and ending.exit_code == 0:
            log.unlink(missing_ok=True)
        if written:
            self._count(job, verdict, reason, seconds)
        else:
            self._record(job, verdict, reason, seconds)

    def _judge(
        self, job: Job, ending: process.Ending, log: Path, before: int
    ) -> tuple[str, str, bool]:
        """The process' verdict, why, and whether its own lines already say so."""
        cut_off = self.store.end_line()
        good, bad = [], []
        for line in self.store.since(before).splitlines(keepends=True):
            sample, why = schema.parse_sample(line)
            if sample is not None and samples.key(sample) != samples.key(job):
                sample, why = None, "it tells of another process"
            if sample is None:
                bad.append("the line is cut off" if cut_off else why)
            else:
                good.append(sample)
        self.unreadable += len(bad)
        said = process.last_line(log)
        tail = f": {said}" if said else ""
        own = worst([sample["verdict"] for sample in good])
        if ending.timed_out:
            return (
                "timeout",
                f"gave no sign for {job['timeout_s'] + self.grace_s:g} s and was killed{tail}",
                False,
            )
        if ending.signal_name:
            written = own in FAILURES
            return (own if written else "crashed"), f"died of {ending.signal_name}{tail}", written
        if bad:
            return (
                "crashed",
                f"wrote {len(bad)} lines that are no samples, the first: {bad[0]}",
                False,
            )
        if not good:
            return "crashed", f"ended with {ending.exit_code} and without a sample{tail}", False
        if ending.exit_code not in (0, 1) or (ending.exit_code == 1 and own not in FAILURES):
            return "crashed", f"ended with {ending.exit_code}{tail}", False
        reason = next((sample["reason"] for sample in good if sample["verdict"] == own), "")
        return own, reason, True

    def _record(self, job: Job, verdict: str, reason: str, seconds: float) -> None:
        self.store.append(
            {
                "schema": 1,
                "run": self.plan["run"],
                "round": job["round"],
                "order": job["order"],
                "attempt": self._attempts[samples.key(job)],
                "model": job["model"],
                "variant": job["variant"],
                "workload": job["workload"],
                "preset": self.plan["preset"],
                "point": -1 if job.get("set", self.plan.get("set")) else job["point"],
                "params": job["params"],
                "workers": job["workers"],
                "cpus": job["cpus"],
                "client_cpus": job["client_cpus"],
                "seed": job["seed"],
                "iteration": 0,
                "warm": False,
                "verdict": verdict,
                "reason": reason,
            }
        )
        self._count(job, verdict, reason, seconds)

    def _count(self, job: Job, verdict: str, reason: str, seconds: float) -> None:
        self.verdicts[verdict] += 1
        if verdict in FAILURES:
            self._failures[self._cell_point(job)].append(job["round"])
        self.watcher.end(job, verdict, reason, seconds)

    @staticmethod
    def _cell_point(job: Job) -> tuple[Any, ...]:
        return samples.key(job)[1:]

    @property
    def failed(self) -> int:
        return sum(self.verdicts[verdict] for verdict in FAILURES)

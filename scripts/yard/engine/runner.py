# SPDX-License-Identifier: MIT
"""Carries a plan out: one process after another, and a line for each, whatever happens to it."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Mapping, Protocol

from yard.data.facts import FAILURES, FIELD, RANKED, VERDICT, gravest, is_void
from yard.engine import plan as planning
from yard.data import samples
from yard.data.samples import cell_name
from yard.data.store import META, PARTS, Store, explained, merge_benchmarks
from yard.engine import judge, process
from yard.engine.command import CellProcess
from yard.text import numbers

GRACE_S = 10.0  # beyond the cell's own watchdog
TRIES = 2  # a cell that failed so often is not tried again
REPEATED_SHARE = 0.2  # of the processes, at most, are measured again because they were disturbed
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
        ended_early = any(map(is_void, verdicts))
        if ended_early or sum(not sample["warm"] for sample in own) >= job["iterations"]:
            done[samples.key(job)] = gravest(verdicts)
    return done


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
        self._repeats = 0
        self._said_disturbed = False
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
        self._repeats = len(samples.replaced(found, VERDICT.disturbed))
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
                total = sum(len(by_round[r]) for r in range(rounds))
                self.watcher.begin(job, count, total)
                if self._one(job) == VERDICT.disturbed and self._repeats < REPEATED_SHARE * total:
                    self._again(job)
                count += 1
            if round == 0 and fresh and self.plan.get("time_budget_s"):
                rounds = self._fit(rounds, time.monotonic() - started)
            round += 1

    def _fit(self, planned: int, round_s: float) -> int:
        budget_s = self.plan["time_budget_s"]
        rounds = planning.rounds_within(budget_s, round_s, planned)
        if rounds < planned:
            self.watcher.say(
                f"{planned} rounds of {numbers.fixed(round_s)} s exceed the budget of {numbers.fixed(budget_s)} s: "
                f"{rounds} rounds are measured"
            )
        if rounds * round_s > budget_s * 1.02:
            text = (
                f"{rounds} rounds need {numbers.fixed(rounds * round_s)} s, more than the budget of {numbers.fixed(budget_s)} s, "
                "and a report needs that many"
            )
            self.watcher.say(text)
            self.meta["warnings"] = [*self.meta.get("warnings", []), text]
        self.meta["rounds"] = rounds
        self.store.write_json(META, self.meta)
        return rounds

    def process(self, job: Job) -> CellProcess:
        """The process of a job, whose samples become lines of this run."""
        return CellProcess(
            self.executables[job["model"]],
            job["workload"],
            job["variant"],
            self.plan["preset"],
            job["point"],
            job["workers"],
            job["cpus"],
            job[FIELD.client_cpus],
            job["seed"],
            job["iterations"],
            job["warm_up"],
            job["timeout_s"],
            self.store.samples,
            job["padding_bytes"],
            settings=job.get("set", self.plan.get("set", {})),
            tags={
                "run": self.plan["run"],
                "round": job["round"],
                "order": job["order"],
                "attempt": self._attempts[samples.key(job)],
            },
            benchmark=self.store.folder / PARTS / f"{file_name(job)}.json",
            audit=bool(self.plan.get("audit")),
        )

    def _again(self, job: Job) -> None:
        """Once, whatever the numbers were: what decides is that others had its CPUs."""
        self._repeats += 1
        self._attempts[samples.key(job)] += 1
        self.verdicts[VERDICT.disturbed] -= 1
        self._one(job)

    def _one(self, job: Job) -> str:
        """Returns the verdict."""
        failed = self._failures[self._cell_point(job)]
        if len(failed) >= TRIES:
            rounds = ", ".join(map(str, failed))
            reason = f"failed in rounds {rounds} and was not tried again"
            self._record(job, VERDICT.skipped, reason, 0.0)
            return VERDICT.skipped
        log = self.store.folder / "log" / f"{file_name(job)}.txt"
        cell = self.process(job)
        before, started = self.store.size(), time.monotonic()
        try:
            stderr = open(log, "wb")
        except OSError as error:
            raise explained(error, f"cannot write {log}") from None
        with stderr:
            limit_s = job["timeout_s"] + self.grace_s
            ending = process.run(cell.command(), cell.environment(), stderr, limit_s)
        seconds = time.monotonic() - started
        found = judge.judge(ending, self._written(job, before), process.last_line(log))
        if found.verdict in RANKED and ending.exit_code == 0:
            log.unlink(missing_ok=True)
        keep = self._count if found.written else self._record
        keep(job, found.verdict, found.reason, seconds)
        return found.verdict

    def _written(self, job: Job, before: int) -> judge.Written:
        """What the process of a job added to the samples."""
        cut_off = self.store.end_line()
        written = judge.read(
            self.store.since(before).splitlines(keepends=True),
            lambda sample: samples.key(sample) == samples.key(job),
        )
        if cut_off and written.faults:
            written.faults = ["the line is cut off"] * len(written.faults)
        self.unreadable += len(written.faults)
        return written

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
                FIELD.client_cpus: job[FIELD.client_cpus],
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
        if verdict == VERDICT.disturbed and not self._said_disturbed:
            self._said_disturbed = True
            self.watcher.say(
                f"other programs have the CPUs: {cell_name(job)} is disturbed: {reason}; "
                "what is disturbed is marked, and some of it measured again"
            )
        if verdict in FAILURES:
            self._failures[self._cell_point(job)].append(job["round"])
        self.watcher.end(job, verdict, reason, seconds)

    @staticmethod
    def _cell_point(job: Job) -> tuple[Any, ...]:
        return samples.key(job)[1:]

    @property
    def failed(self) -> int:
        return sum(self.verdicts[verdict] for verdict in FAILURES)

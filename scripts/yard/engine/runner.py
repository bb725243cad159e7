# SPDX-License-Identifier: MIT
"""Carries a plan out: one process after another, and a line for each, whatever happens to it."""

from __future__ import annotations

import dataclasses
import signal
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Iterator, Mapping, Protocol, Sequence

from yard.data.facts import FAILURES, FIELD, RANKED, VERDICT, gravest, is_void
from yard.engine import executed
from yard.data import samples, schema
from yard.data.samples import cell_name
from yard.data.store import (
    FILE_LIMIT,
    META,
    PARTS,
    RAISE_THE_LIMIT,
    NoSpace,
    Store,
    explained,
    merge_benchmarks,
)
from yard.engine import judge, process
from yard.engine.command import CellProcess
from yard.engine.schedule import Schedule
from yard.engine.standings import Standings
from yard.stats import race
from yard.link.over_link import OverLink

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


def finished(jobs: Sequence[Job], found: list[dict[str, Any]]) -> dict[samples.Key, str]:
    """Of these processes those that need no repeat, with the worst verdict of each. One whose
    iterations are not all there was cut off in the middle."""
    lines = defaultdict(list)
    for sample in samples.last_attempts(found):
        lines[samples.key(sample)].append(sample)
    done = {}
    for job in jobs:
        own = lines.get(samples.key(job), [])
        verdicts = [sample["verdict"] for sample in own]
        ended_early = any(map(is_void, verdicts))
        if ended_early or sum(not sample["warm"] for sample in own) >= job["iterations"]:
            done[samples.key(job)] = gravest(verdicts)
    return done


def begun_jobs(plan: Mapping[str, Any], lines: Sequence[executed.Line]) -> list[dict[str, Any]]:
    """The processes that the plan asks for: of an adaptive one those of the blocks that were
    begun."""
    if not plan.get("adaptive"):
        return list(plan["processes"])
    return [job for line in lines if "block" in line for job in executed.jobs_of(plan, line)]


class Runner:
    def __init__(
        self,
        store: Store,
        plan: dict[str, Any],
        meta: dict[str, Any],
        executables: Mapping[str, Path],
        watcher: Watcher | None = None,
        grace_s: float = GRACE_S,
        over: OverLink | None = None,
    ):
        self.store, self.plan, self.meta = store, plan, meta
        self.executables, self.watcher, self.grace_s = executables, watcher or Quiet(), grace_s
        self.schedule = Schedule(plan, samples.workloads_of(meta)) if plan.get("adaptive") else None
        self.executed = executed.Executed(store.folder)
        self.over = over
        self.verdicts: Counter[str] = Counter()
        self.unreadable = 0
        self._failures: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        self._repeats = 0
        self._mark = 0.0
        self._said_disturbed = False
        self._attempts: Counter[samples.Key] = Counter()
        self._groups = {
            workload["name"]: workload["group"] for workload in samples.workloads_of(meta)
        }

    def go(self) -> None:
        """Returns when every process of the plan has its lines, or the time budget is spent; raises
        KeyboardInterrupt with all of it kept."""
        self.store.end_line()
        found, self.unreadable = samples.read_lines(self.store.samples)
        begun = begun_jobs(self.plan, self.executed.lines)
        done = finished(begun, found)
        self.verdicts.update(done.values())
        for sample in found:
            process_key = samples.key(sample)
            self._attempts[process_key] = max(
                self._attempts[process_key], sample.get("attempt", 0) + 1
            )
        self._repeats = len(samples.replaced(found, VERDICT.disturbed))
        for job in begun:
            if done.get(samples.key(job)) in FAILURES:
                self._failures[self._cell_point(job)].append(job["round"])
        if self.unreadable:
            self.watcher.say(
                f"{self.unreadable} lines cannot be read: they stay, and their processes run again"
            )
        self._mark = time.monotonic()
        try:
            if self.schedule:
                self._scheduled(done, self.schedule)
            else:
                self._rounds(done)
        except (KeyboardInterrupt, SystemExit):
            merge_benchmarks(self.store.folder, self.plan)
            raise
        merge_benchmarks(self.store.folder, self.plan)

    def _rounds(self, done: dict[samples.Key, str]) -> None:
        """Every round of everything."""
        jobs, count = begun_jobs(self.plan, []), len(done)
        for job in jobs:
            if samples.key(job) not in done:
                self.watcher.begin(job, count, len(jobs))
                self._slot(job, REPEATED_SHARE * len(jobs))
                count += 1

    def _scheduled(self, done: dict[samples.Key, str], schedule: Schedule) -> None:
        """Block after block, as what was executed so far decides, until time or questions end."""
        seen, count = self.executed.seen, len(done)
        standings = Standings(self.plan.get("tolerance") or race.TOLERANCE)
        for job in self._jobs_of_blocks(schedule, standings):
            if samples.key(job) in done:
                continue
            if not schedule.has_time_for(seen, job):
                break
            self.watcher.begin(job, count, count + schedule.slots_ahead(seen))
            self._slot(job, REPEATED_SHARE * (count + len(self.plan["processes"])))
            count += 1
        self.meta["rounds"] = max(seen.rounds.values(), default=1)
        self.meta["open"] = [
            dataclasses.asdict(row) for row in schedule.still_open(seen, standings.of)
        ]
        self.store.write_json(META, self.meta)

    def _jobs_of_blocks(self, schedule: Schedule, standings: Standings) -> Iterator[Job]:
        seen, offset = self.executed.seen, 0
        if seen.open:  # its last block may have been interrupted
            yield from executed.jobs_of(self.plan, seen.open)
        while True:
            lines = self.store.since(offset)
            offset += len(lines)
            found = map(schema.parse_line, lines.splitlines(keepends=True))
            standings.add(sample for sample, _ in found if sample is not None)
            block = schedule.next(seen, standings.of)
            if block is None:
                return
            line = self.executed.begin(block.row.at, block.round, block.stage, block.contenders)
            yield from executed.jobs_of(self.plan, line)

    def _slot(self, job: Job, most_repeats: float) -> None:
        """A process, once more where it was disturbed; and what both took, with all that lies
        between slots."""
        verdict = self._one(job)
        if verdict == VERDICT.disturbed and self._repeats < most_repeats:
            verdict = self._again(job)
        now = time.monotonic()
        self.executed.slot(job, verdict, now - self._mark)
        self._mark = now

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
            link=self.over.end() if self.over else None,
        )

    def _again(self, job: Job) -> str:
        """Once, whatever the numbers were: what decides is that others had its CPUs."""
        self._repeats += 1
        self._attempts[samples.key(job)] += 1
        self.verdicts[VERDICT.disturbed] -= 1
        return self._one(job)

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
        if ending.signal_name == signal.SIGXFSZ.name:
            raise NoSpace(f"{cell_name(job)} could not write: {FILE_LIMIT}", RAISE_THE_LIMIT)
        found = judge.judge(ending, self._written(job, before), process.last_line(log))
        if found.verdict in FAILURES:  # no verdict against a model for a disk that is full
            self.store.expect_room()
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

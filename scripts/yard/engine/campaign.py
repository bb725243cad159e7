# SPDX-License-Identifier: MIT
"""A run from its options to its folder: new or resumed, with what must be true before it may start."""

from __future__ import annotations

import datetime
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any, Mapping

from yard.data import host, machine_name, models, samples, schema
from yard.errors import INTERRUPTED, NotComparable, UsageError
from yard.data.models import REPOSITORY, Catalogue
from yard.engine import executed
from yard.engine.runner import Runner, begun_jobs, finished
from yard.data.store import META, PARTS, PLAN, NoSpace, Store, plan_hash
from yard.text import numbers

RAW = REPOSITORY / "results" / "raw"


def new_name() -> tuple[str, str, bool | None]:
    """The id of a new run, its commit, and whether the work tree differs from that. The machine is a part of the id:
    two machines may start the same commit in the same second."""
    commit, dirty = host.commit(REPOSITORY)
    utc = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return f"{utc}-{commit}-{machine_name.machine_id()}", commit, dirty


def folder_of(run: str) -> Path:
    """Where a run lies unless --out names another place: results/raw/<machine>/<utc>-<commit>."""
    utc, commit, name = run.split("-", 2)
    return RAW / name / f"{utc}-{commit}"


def _described(found: Catalogue, used: set[str]) -> dict[str, Any]:
    """What each model says of itself; the workloads, which all of them repeat, stand in meta.json once."""
    return {
        model: {key: value for key, value in text.items() if key != "workloads"}
        for model, text in found.describe.items()
        if model in used or not found.foreign(model)
    }


def _of_the_sources(plan: Mapping[str, Any], commit: str, dirty: bool | None) -> list[str]:
    remarks = []
    if plan["unoptimised"]:
        remarks.append(
            "--allow-unoptimised: builds that are not release were measured; the numbers mean nothing"
        )
    if dirty:
        remarks.append("the work tree has changes that commit " + commit + " does not have")
    return remarks


def start(
    found: Catalogue,
    plan: dict[str, Any],
    commit: str,
    dirty: bool | None,
    out: Path | None,
    link: Mapping[str, Any] | None = None,
) -> Store:
    """Makes the folder and writes the plan and what the machine is, before anything is measured."""
    described_host = host.describe()
    remarks = host.warnings(described_host) + _of_the_sources(plan, commit, dirty)
    used = {process["model"] for process in plan["processes"]}
    # Contenders that nobody asked for are no gap in this run.
    not_built = {model: why for model, why in found.not_built.items() if not why.get("foreign")}
    remarks += [f"{model} was not built: {why['skipped']}" for model, why in not_built.items()]
    remarks += [
        f"{model} is skipped: {why['skipped']}. {why['install']}"
        for model, why in plan["skipped"].items()
    ]
    not_built |= plan["skipped"]
    meta = {
        "schema": 1,
        "run": plan["run"],
        "preset": plan["preset"],
        "rounds": plan["rounds"],
        "seed": plan["seed"],
        "commit": commit,
        "dirty": dirty,
        "command": shlex.join(["scripts/switchyard", *sys.argv[1:]]),
        "started_utc": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine_name.machine_id(),
        "host": described_host,
        **({"link": dict(link)} if link else {}),
        "warnings": remarks,
        "workloads": list(found.workloads.values()),
        "describe": _described(found, used),
        "not_built": not_built,
        "binaries_sha256": {m: models.model_sha256(found.executables[m]) for m in sorted(used)},
        "executables": {m: str(found.executables[m]) for m in sorted(used)},
        "harness_sha256": models.harness_sha256(),
        "plan_sha256": plan_hash(plan),
        "ended": None,
    }
    for kind, value in (("plan", plan), ("meta", meta)):
        if why := schema.violation(kind, value):
            raise AssertionError(f"{kind} does not obey its schema: {why}")
    store = Store(out or folder_of(plan["run"]))
    store.create()
    store.lock()
    try:
        store.write_json(PLAN, plan)
        store.write_json(META, meta)
    except NoSpace:  # half a folder could neither be resumed nor begun again
        store.discard()
        raise
    return store


def resume(folder: Path) -> tuple[Store, dict[str, Any], dict[str, Any], dict[str, Path]]:
    """Only the same machine, boot, plan and binaries continue a run: else two different things would be one number."""
    run = samples.read_run(folder)
    if plan_hash(run.plan) != run.meta.get("plan_sha256"):
        raise NotComparable(f"{folder / PLAN} was changed after the run began; start a new run")
    if host.boot_id() != run.meta["host"].get("boot_id"):
        raise NotComparable(
            f"{folder} was begun on another machine or before a reboot; start a new run"
        )
    executables = {model: Path(file) for model, file in run.meta["executables"].items()}
    for model, file in executables.items():
        if not file.exists():
            raise NotComparable(f"{file} is gone, so {folder} cannot be continued; start a new run")
        if models.model_sha256(file) != run.meta["binaries_sha256"][model]:
            raise NotComparable(f"{file} was built anew since {folder} was begun; start a new run")
    store = Store(folder)
    store.lock()
    for name in ("log", PARTS):
        (folder / name).mkdir(exist_ok=True)
    return store, run.plan, run.meta, executables


def carry_out(runner: Runner) -> int | None:
    """None if the plan was completed; otherwise the exit code of the interruption. All that was measured is kept."""
    try:
        return _carry_out(runner)
    except NoSpace as full:
        raise NoSpace(
            full.cause,
            "What was measured is kept. Free some space, or raise the limit; then continue with: "
            f"scripts/switchyard run --resume {shlex.quote(str(runner.store.folder))}",
        ) from None


def _carry_out(runner: Runner) -> int | None:
    before, own_before = host.cpu_times(), host.own_cpu_s()
    try:
        runner.go()
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else INTERRUPTED
    finally:
        runner.store.close()
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    shares = host.shares(before, host.cpu_times(), host.own_cpu_s() - own_before)
    runner.meta["ended"] = {
        "utc": now,
        **shares,
        "load_average": list(os.getloadavg()),
        "verdicts": dict(runner.verdicts),
        "unreadable_lines": runner.unreadable,
    }
    runner.store.write_json(META, runner.meta)
    shutil.rmtree(runner.store.folder / PARTS, ignore_errors=True)  # benchmark.json has them all
    return None


def remaining(folder: Path) -> int:
    """How many processes that were to be measured are not: of an adaptive run those of its last block."""
    run = samples.read_run(folder)
    jobs = begun_jobs(run.plan, executed.read(folder))
    done = finished(jobs, run.samples)
    return sum(samples.key(job) not in done for job in jobs)


def left_over(folder: Path, plan: dict[str, Any]) -> str:
    """What an interrupted run still has to do, in words."""
    if plan.get("time_budget_s"):
        left_s = plan["time_budget_s"] - executed.Seen(executed.read(folder)).spent_s
        return f"{numbers.fixed(max(0.0, left_s))} s of the time budget are left"
    return f"{remaining(folder)} processes are left"


def build_folder(given: Path | None) -> Path:
    folder = given or REPOSITORY / "build" / "release"
    if given and not (folder / "bin").is_dir():
        raise UsageError(
            f"--build {given}: it has no folder bin; name a build folder such as build/release"
        )
    return folder

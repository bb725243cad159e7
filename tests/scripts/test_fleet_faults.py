# SPDX-License-Identifier: MIT
"""What is wrong with a machine of a fleet: one line, the documented exit code, and nothing lost."""

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

import fakes
from yard import errors
from yard.data import models
from yard.fleet import conduct, job, orders, slurm, tree
from yard.fleet.config import Fleet, Member
from yard.fleet.orders import Order


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Results, caches and programs of this test alone."""
    monkeypatch.setattr(orders, "RESULTS", tmp_path / "fleet")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    for name in ("git", "sh"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(slurm, "search_path", lambda: str(tmp_path / "bin"))
    monkeypatch.delenv("CXX", raising=False)
    return tmp_path


def program(folder, name, text):
    file = folder / "bin" / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def clone(folder):
    git = ["git", "-C", str(folder / "clone"), "-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run(["git", "init", "-q", str(folder / "clone")], check=True)
    commit = ["commit", "-q", "--allow-empty", "-m", "x"]
    subprocess.run([*git, *commit], check=True)
    done = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    return folder / "clone", done.stdout.strip()


def outcome_of(order):
    """The exit code of a job, and the one line that is kept of it."""
    code = job.Job(order).do()
    state = job.read_state(job.folder_of(order.campaign, order.machine))
    assert state["outcome"] == code and "\n" not in state["reason"]
    return code, state["reason"]


def order_for(commit, **more):
    return Order("campaign", "arm1", "run", commit, (), **more)


def test_a_machine_without_a_compiler(home, monkeypatch, capsys):
    checkout, commit = clone(home)
    monkeypatch.setattr(job, "REPOSITORY", checkout)
    code, reason = outcome_of(order_for(commit))
    assert code == errors.HARNESS and reason.startswith("there is no C++ compiler")
    assert "scripts/setup" in reason and capsys.readouterr().err == f"switchyard: {reason}\n"


def test_a_machine_without_the_commit(home, monkeypatch):
    checkout, _ = clone(home)
    monkeypatch.setattr(job, "REPOSITORY", checkout)
    code, reason = outcome_of(order_for("0" * 40))
    assert code == errors.USAGE and "has no commit 000000000000" in reason and "fetch" in reason


def test_a_build_for_another_architecture_is_another_build(home, monkeypatch):
    program(home, "g++", "echo 'g++ 12.2.0'")
    own = tree.key_of("c" * 40)
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert tree.key_of("c" * 40) != own and "riscv64" in tree.key_of("c" * 40)


def test_executables_of_another_architecture(tmp_path):
    file = tmp_path / "switchyard-floor"
    file.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\xf3\x00" + bytes(44))  # RISC-V
    file.chmod(0o755)
    with pytest.raises(errors.YardError) as error:
        models.ask(file)
    assert "\n" not in str(error.value) and "Exec format error" in str(error.value)


def test_a_build_that_fails_says_where_its_log_is(home, monkeypatch):
    checkout, commit = clone(home)
    program(home, "g++", "echo 'g++ 12.2.0'")
    monkeypatch.setattr(job, "REPOSITORY", checkout)
    code, reason = outcome_of(order_for(commit))
    assert code == errors.HARNESS and "cannot build in" in reason or "scripts/setup" in reason


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_machine_without_room_on_its_disk(tmp_path):
    """What was measured before the disk was full stays, and goes on when there is room."""
    build, disk = fakes.build(tmp_path / "build", "floor", "fiber"), tmp_path / "disk"
    disk.mkdir()
    flags = f"--workloads count --rounds 5 --out {disk}/run --build {build} --quiet"
    script = f"""
        mount -t tmpfs -o size=256k tmpfs {disk} || exit 77
        head -c 250000 /dev/zero > {disk}/ballast
        {fakes.LAUNCHER} run {flags} 2> {tmp_path}/err; echo $? > {tmp_path}/full
        rm {disk}/ballast
        if [ -f {disk}/run/plan.json ]; then again="--resume {disk}/run --quiet"; else again="{flags}"; fi
        {fakes.LAUNCHER} run $again; echo $? > {tmp_path}/room
    """
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], env=fakes.environment(tmp_path), timeout=100
    )
    if done.returncode == 77 or not (tmp_path / "full").exists():
        pytest.skip("this machine lets nobody mount")
    assert (tmp_path / "full").read_text().strip() == str(errors.HARNESS)
    last = (tmp_path / "err").read_text().strip().splitlines()[-1]
    assert "no space is left" in last
    assert (tmp_path / "room").read_text().strip() == "0"


def test_a_machine_without_munge(home):
    with pytest.raises(errors.YardError, match="munged is not installed.*scripts/setup --fleet"):
        slurm.program("munged")
    assert slurm.missing() == list(slurm.PROGRAMS)


@pytest.mark.parametrize(
    "complaint",
    [
        "sbatch: error: Batch job submission failed: Protocol authentication error",
        # munge takes no credential from the future or from long ago: a clock that is an hour off.
        "sbatch: error: Munge decode failed: Rewound credential",
    ],
)
def test_what_slurm_complains_of_is_the_line(home, complaint):
    program(home, "sbatch", f"echo '{complaint}' >&2; exit 1")
    program(home, "scontrol", "exit 0")
    (home / "slurm.conf").touch()
    fleet = Fleet((Member("arm1"),), home / "slurm.conf", source="here")
    with pytest.raises(errors.YardError) as error:
        conduct.start(fleet, "run", "c" * 40, [], "", "")
    assert error.value.code == errors.HARNESS and complaint in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "state, told",
    [
        ("TIMEOUT", "its job ended as TIMEOUT"),
        ("OUT_OF_MEMORY", "its job ended as OUT_OF_MEMORY"),
        ("NODE_FAIL", "node_fail"),
    ],
)
def test_a_job_that_its_time_limit_ends_is_told_and_keeps_its_samples(home, state, told):
    campaign = orders.new("run", "c" * 40, [], ["arm1"], "here")
    campaign.jobs = {"arm1": "7"}
    campaign.save()
    own = job.folder_of(campaign.name, "arm1")
    (own / "run-1").mkdir(parents=True)
    kept = own / "run-1" / "samples.jsonl"
    kept.write_text('{"schema": 1}\n')
    (own / job.STATE).write_text(json.dumps({"outcome": None, "started": 1, "attempts": []}))
    fields = f"JobId=7 JobName=x JobState={state} NodeList=arm1 Restarts=0 ExitCode=0:15"
    program(home, "scontrol", f"echo '{fields}'")
    fleet = Fleet((Member("arm1"),), home / "slurm.conf", source="here")
    (progress,) = conduct.progress(campaign, fleet)
    assert told in progress.detail and "\n" not in progress.detail
    assert (progress.state == "failed") == (state in conduct.ENDED)
    assert progress.exit_code is None and kept.read_text() == '{"schema": 1}\n'


def test_a_clock_that_was_an_hour_off_loses_no_run(tmp_path):
    """Runs are told apart by machine and commit, too; a history is in the order of the clocks."""
    import fake_runs
    from yard.report import history_store

    file = tmp_path / "h.sqlite"
    book = history_store.History(file)
    for hour, machine in (("01", "arm1"), ("02", "arm1"), ("01", "arm2")):
        run = fake_runs.realistic(rounds=5, operations=50)
        name = f"20261123T{hour}3000Z-0123abc-{machine}"
        run.meta.update(run=name, machine=machine, started_utc=f"2026-11-23T{hour}:30:00+00:00")
        folder = fake_runs.write(run, tmp_path / name)
        book.add(history_store.points_of(Path(folder)))
    found = book.series("coroutine/echo@1", "cpu_per_unit_ns")
    book.close()
    assert {s.machine: len(s.points) for s in found} == {"arm1": 2, "arm2": 1}

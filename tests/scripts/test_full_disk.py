# SPDX-License-Identifier: MIT
"""A disk that is full in the middle of a run is no verdict against a model, and the run can be
resumed. The disk is a small tmpfs, in a mount namespace of its own; the limit on the size of a file
is another way to the same end."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import fakes
from yard.data import models, samples
from yard.data.store import NoSpace
from yard.engine import campaign, plan as planning
from yard.engine.runner import Runner

DISK_KIB = 512


def prepare(build, folder):
    found = models.discover(build)
    options = planning.Options(timeout_s=60.0, rounds=12, preset="smoke")
    plan = planning.make(found, options, [0], "run")
    store = campaign.start(found, plan, "abc", False, folder)
    return Runner(
        store, plan, json.loads((folder / "meta.json").read_text()), found.executables, None, 60.0
    )


def fill(disk, left_kib):
    """Everything but `left_kib` is taken."""
    with open(disk / "filler", "wb") as filler:
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        os.posix_fallocate(filler.fileno(), 0, max(free - left_kib * 1024, 1))


def hold_after(folder, error):
    """What was measured until `error` is kept and nothing of it blames a model; the rest
    follows."""
    assert "no space is left" in str(error) or "ulimit -f" in str(error)
    assert str(error).endswith(f"--resume {folder}") and error.code == 4
    kept = samples.read_run(folder).samples
    assert {s["verdict"] for s in kept} <= {"ok", "disturbed"}
    return len(kept)


def hold_resumed(folder):
    assert campaign.carry_out(Runner(*campaign.resume(folder))) is None
    assert campaign.remaining(folder) == 0
    run = samples.read_run(folder)
    assert {s["verdict"] for s in run.samples} <= {"ok", "disturbed"}
    assert run.meta["ended"] and not list(folder.glob(".*"))


def on_a_small_disk(work, lefts_kib):
    """Runs where `disk` may be mounted; prints how many lines were kept for each room that was
    left."""
    build, disk = fakes.build(work / "build", "steady"), work / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_KIB}k", "none", disk]
    subprocess.run(mount, check=True, timeout=20)
    kept = []
    for left_kib in lefts_kib:
        folder = disk / f"run-{left_kib}"
        runner = prepare(build, folder)
        fill(disk, left_kib)
        with pytest.raises(NoSpace) as full:
            campaign.carry_out(runner)
        kept.append(hold_after(folder, full.value))
        (disk / "filler").unlink()
        hold_resumed(folder)
    fill(disk, 0)
    with pytest.raises(NoSpace, match="no space is left. Free some space"):
        prepare(build, disk / "never")
    (disk / "filler").unlink()
    prepare(build, disk / "never").store.close()
    print("kept", kept)


def test_a_disk_that_is_full_in_mid_run_blames_no_model_and_the_run_resumes(tmp_path):
    inside = ["unshare", "--mount"]
    inside += [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    probe = subprocess.run(
        [*inside, "mount", "-t", "tmpfs", "none", tmp_path], capture_output=True, timeout=20
    )
    if probe.returncode:
        pytest.skip(f"this kernel mounts nothing for us: {probe.stderr.decode().strip()}")
    call = (
        "import pathlib, test_full_disk as t; "
        f"t.on_a_small_disk(pathlib.Path({str(tmp_path)!r}), (0, 4, 12, 20))"
    )
    done = subprocess.run(
        [*inside, sys.executable, "-c", call],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    kept = json.loads(done.stdout.rpartition("kept ")[2])
    assert kept[0] < 2 and any(2 < lines < 12 for lines in kept), kept


@pytest.mark.parametrize("model, limit, kept", [("steady", 3_000, True), ("bulky", 90_000, False)])
def test_a_limit_on_the_size_of_files_blames_no_model_either(tmp_path, model, limit, kept):
    folder = tmp_path / "run"
    runner = prepare(fakes.build(tmp_path / "build", model), folder)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(NoSpace) as full:
            campaign.carry_out(runner)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (hold_after(folder, full.value) > 0) == kept
    hold_resumed(folder)

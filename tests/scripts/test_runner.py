# SPDX-License-Identifier: MIT
"""Whatever a process does, its end becomes a line and the rest goes on; whatever ends the runner, nothing is lost."""

import errno
import json
import os
import random
import signal
from collections import Counter, defaultdict

import pytest

import fakes
from yard.data import models, samples
from yard.engine import campaign, executed, plan as planning, process
from yard.engine.schedule import Schedule
from yard.engine.standings import Standings
from yard.data import store as storing
from yard.errors import NotComparable, YardError
from yard.stats import estimates
from yard.engine.runner import Quiet, Runner, finished
from yard.text.watching import Watching


class Watcher(Quiet):
    def __init__(self):
        self.ends, self.said = [], []

    def end(self, job, verdict, reason, seconds):
        self.ends.append((job["model"], job["round"], verdict, reason))

    def say(self, text):
        self.said.append(text)


def prepare(tmp_path, *names, grace_s=0.3, **options):
    found = models.discover(fakes.build(tmp_path / "build", *names))
    plan = planning.make(found, planning.Options(**{"timeout_s": 5.0, **options}), [0], "run")
    store = campaign.start(found, plan, "abc", False, tmp_path / "run")
    meta = json.loads((store.folder / "meta.json").read_text())
    return Runner(store, plan, meta, found.executables, Watcher(), grace_s)


@pytest.fixture(autouse=True)
def notes(tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_NOTES", str(tmp_path / "notes"))


def verdicts(tmp_path, model):
    return [
        (s["verdict"], s["reason"])
        for s in samples.read_run(tmp_path / "run").samples
        if s["model"] == model
    ]


def test_every_process_is_measured_in_the_planned_order(tmp_path):
    runner = prepare(tmp_path, "steady", "twofold", rounds=3)
    assert campaign.carry_out(runner) is None
    run = samples.read_run(tmp_path / "run")
    seen = list(dict.fromkeys(samples.key(s) for s in run.samples))
    assert seen == [samples.key(p) for p in run.plan["processes"]]
    assert run.unreadable == run.repeated == 0 and runner.failed == 0
    assert run.meta["ended"]["verdicts"] == {"ok": 21}
    planned = {samples.key(p): p["padding_bytes"] for p in run.plan["processes"]}
    assert all(s["padding"] == planned[samples.key(s)] for s in run.samples)
    assert not list((tmp_path / "run" / "log").iterdir())


def test_benchmark_json_has_one_repetition_a_round(tmp_path):
    campaign.carry_out(prepare(tmp_path, "steady", rounds=3, preset="smoke"))
    rows = json.loads((tmp_path / "run" / "benchmark.json").read_text())["benchmarks"]
    assert [(r["repetition_index"], r["repetitions"]) for r in rows] == [(0, 3), (1, 3), (2, 3)]
    assert not (tmp_path / "run" / "benchmark").exists()


@pytest.mark.parametrize(
    "model, verdict, reason",
    [
        ("crasher", "crashed", "died of SIGSEGV: about to die"),
        ("silent", "crashed", "ended with 0 and without a sample"),
        ("failing", "crashed", "ended with 4 and without a sample: no descriptors are left"),
        ("garbage", "crashed", "wrote 1 lines that are no samples, the first: not JSON"),
        ("misfit", "crashed", "wrote 3 lines that are no samples, the first: verdict"),
        ("short", "crashed", "cut off"),
        ("liar", "wrong", "checksum 1 instead of 2"),
        ("hanger", "timeout", "gave no sign"),
    ],
)
def test_a_bad_process_becomes_a_line_and_stops_nothing(tmp_path, model, verdict, reason):
    runner = prepare(tmp_path, model, "steady", rounds=3, preset="smoke", timeout_s=0.5)
    assert campaign.carry_out(runner) is None
    remark = verdicts(tmp_path, model)
    assert {v for v, _ in remark[:-1]} == {verdict} and reason in remark[0][1]
    assert remark[-1] == ("skipped", "failed in rounds 0, 1 and was not tried again")
    assert [v for v, _ in verdicts(tmp_path, "steady")] == ["ok"] * 9
    assert runner.failed == 2


def test_a_hanging_process_dies_with_its_children(tmp_path):
    campaign.carry_out(prepare(tmp_path, "hanger", rounds=1, preset="smoke", timeout_s=0.3))
    pids = [int(pid) for pid in (tmp_path / "notes").read_text().split()]
    assert len(pids) == 2 and not any(fakes.alive(pid) for pid in pids)


def test_the_log_of_a_bad_process_is_kept(tmp_path):
    campaign.carry_out(prepare(tmp_path, "crasher", rounds=1, preset="smoke"))
    assert [f.read_text() for f in (tmp_path / "run" / "log").iterdir()] == ["about to die\n"]


def test_what_was_disturbed_is_measured_again_for_a_fifth_of_the_processes(tmp_path):
    runner = prepare(tmp_path, "disturbed", rounds=10, preset="smoke")
    assert campaign.carry_out(runner) is None
    found, _ = samples.read_lines(tmp_path / "run" / "samples.jsonl")
    first = {samples.key(s) for s in found if s["attempt"] == 0 and s["verdict"] == "disturbed"}
    again = {samples.key(s) for s in found if s["attempt"] == 1}
    assert len(first) == 10 and len(again) == 2 and again < first
    kept = Counter(s["verdict"] for s in samples.read_run(tmp_path / "run").samples)
    iterations = len(found) // 12
    assert kept == {"disturbed": 8 * iterations, "ok": 2 * iterations}
    assert runner.verdicts == {"disturbed": 8, "ok": 2}
    (said,) = runner.watcher.said
    assert said.startswith("other programs have the CPUs: disturbed/count is disturbed: waited;")
    # It is ranked, and the mark is there.
    (cell,) = estimates.cells(samples.read_run(tmp_path / "run").samples)
    assert cell.verdict == "ok" and cell.counts == {"disturbed": 8, "ok": 2}


def test_a_time_budget_ends_the_run_after_a_slot_and_names_what_is_open(tmp_path):
    runner = prepare(tmp_path, "steady", "twofold", preset="quick", time_budget_s=0.001)
    campaign.carry_out(runner)
    run = samples.read_run(tmp_path / "run")
    assert len({samples.key(s) for s in run.samples}) == 1
    assert all(row["why"] and row["minutes"] > 0 for row in run.meta["open"])
    assert len(run.meta["open"]) == len({planning.place_of(p) for p in run.plan["processes"]})


def test_every_decision_can_be_repeated_from_what_was_recorded(tmp_path):
    options = {"preset": "quick", "time_budget_s": 600.0, "rounds": 7, "until": 0.0005}
    campaign.carry_out(prepare(tmp_path, "steady", "twofold", **options))
    run = samples.read_run(tmp_path / "run")
    schedule = Schedule(run.plan, samples.workloads_of(run.meta))
    by_key = defaultdict(list)
    for sample in run.samples:
        by_key[samples.key(sample)].append(sample)
    seen, standings, stages = executed.Seen(), Standings(0.0005), Counter()
    for line in executed.read(tmp_path / "run"):
        if "block" in line:
            block = schedule.next(seen, standings.of)
            assert (block.row.at, block.round) == (planning.place_of(line), line["round"])
            assert (block.stage, list(map(list, block.contenders))) == (
                line["stage"],
                line["contenders"],
            )
            stages[line["stage"]] += 1
        else:
            standings.add(by_key[samples.key(line)])
        seen.add(line)
    assert stages["least"] == 5 * len(schedule.rows) and stages["race"] >= 2
    assert schedule.next(seen, standings.of) is None and run.meta["rounds"] == 7


def test_an_adaptive_run_that_was_killed_goes_on_in_its_block(tmp_path):
    options = {"preset": "quick", "time_budget_s": 600.0, "rounds": 5}
    campaign.carry_out(prepare(tmp_path, "steady", "twofold", **options))
    lines = (tmp_path / "run" / "executed.jsonl").read_bytes().splitlines(keepends=True)
    cut = next(i for i, line in enumerate(lines) if b'"slot":9,' in line)
    file = tmp_path / "run" / "samples.jsonl"
    kept = [line for line in lines[:cut] if b'"slot"' in line]
    (tmp_path / "run" / "executed.jsonl").write_bytes(b"".join(lines[:cut]) + b'{"slot":')
    samples_kept = file.read_bytes().splitlines(keepends=True)[: 3 * len(kept) + 1]
    file.write_bytes(b"".join(samples_kept))
    assert campaign.remaining(tmp_path / "run") > 0
    assert campaign.carry_out(Runner(*campaign.resume(tmp_path / "run"))) is None
    again = [
        json.loads(x)
        for x in (tmp_path / "run" / "executed.jsonl").read_bytes().splitlines()
        if x != b'{"slot":'
    ]
    before = [json.loads(line) for line in lines]

    def blocks(found):
        return [line for line in found if "block" in line]

    assert blocks(again) == blocks(before)
    run = samples.read_run(tmp_path / "run")
    assert {samples.key(s) for s in run.samples} == {
        samples.key(job) for r in range(5) for job in planning.round_of(run.plan, r)
    }


def test_a_truncated_last_line_is_counted_kept_and_its_process_repeated(tmp_path):
    campaign.carry_out(prepare(tmp_path, "steady", rounds=2, preset="smoke"))
    file = tmp_path / "run" / "samples.jsonl"
    data = file.read_bytes()
    file.write_bytes(data[:-30])
    assert campaign.remaining(tmp_path / "run") == 1
    watcher = Watcher()
    assert campaign.carry_out(Runner(*campaign.resume(tmp_path / "run"), watcher)) is None
    run = samples.read_run(tmp_path / "run")
    assert run.unreadable == 1 and run.repeated == 2 and len(run.samples) == 6
    assert file.read_bytes().startswith(data[:-30]) and "1 lines cannot be read" in watcher.said[0]
    assert len(watcher.ends) == 1 and campaign.remaining(tmp_path / "run") == 0


def resumed_like_uninterrupted(tmp_path):
    run = samples.read_run(tmp_path / "run")
    count = Counter(samples.key(s) for s in run.samples)
    assert count == {samples.key(p): p["iterations"] for p in run.plan["processes"]}
    assert {s["verdict"] for s in run.samples} == {"ok"}


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_runner_is_resumed_without_loss(tmp_path, seed):
    build = fakes.build(tmp_path / "build", "slow")
    child = fakes.start(
        tmp_path, "run", "--build", build, "--rounds", 4, "--out", tmp_path / "run", "--quiet"
    )
    wanted = random.Random(seed).randrange(1, 7)
    while (
        not (tmp_path / "notes").exists() or len((tmp_path / "notes").read_text().split()) < wanted
    ):
        assert child.poll() is None, child.communicate()
    child.kill()
    child.communicate()
    last = int((tmp_path / "notes").read_text().split()[-1])
    while fakes.alive(last):  # it dies with the runner, a moment later
        pass
    before = (tmp_path / "run" / "samples.jsonl").read_bytes()
    done = fakes.switchyard(tmp_path, "run", "--resume", tmp_path / "run", "--quiet")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "samples.jsonl").read_bytes().startswith(before)
    resumed_like_uninterrupted(tmp_path)


def test_a_killed_runner_leaves_no_process_that_measures(tmp_path):
    build = fakes.build(tmp_path / "build", "slow")
    child = fakes.start(
        tmp_path, "run", "--build", build, "--out", tmp_path / "run", "--quiet", FAKE_PACE_S="600"
    )
    while not (tmp_path / "notes").exists() or not (tmp_path / "notes").read_text().endswith("\n"):
        assert child.poll() is None, child.communicate()
    child.kill()
    child.communicate()
    last = int((tmp_path / "notes").read_text())
    while fakes.alive(last):  # the time limit of the test is far below the 600 s
        pass


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_keeps_all_and_says_how_to_go_on(tmp_path, number, code):
    build = fakes.build(tmp_path / "build", "slow")
    child = fakes.start(
        tmp_path,
        "run",
        "--build",
        build,
        "--rounds",
        4,
        "--out",
        tmp_path / "run",
        FAKE_PACE_S="0.3",
    )
    while not (tmp_path / "notes").exists() or len((tmp_path / "notes").read_text().split()) < 3:
        assert child.poll() is None, child.communicate()
    child.send_signal(number)
    out, err = child.communicate(timeout=30)
    assert child.returncode == code, err
    assert f"run --resume {tmp_path / 'run'}" in err and "Traceback" not in err
    assert not fakes.alive(int((tmp_path / "notes").read_text().split()[-1]))
    assert (tmp_path / "run" / "benchmark.json").exists()
    assert fakes.switchyard(tmp_path, "run", "--resume", tmp_path / "run").returncode == 0
    resumed_like_uninterrupted(tmp_path)


def spoil_plan(path):
    plan = json.loads((path / "plan.json").read_text())
    plan["processes"].reverse()
    (path / "plan.json").write_text(json.dumps(plan))


def spoil_boot(path):
    meta = json.loads((path / "meta.json").read_text())
    meta["host"]["boot_id"] = "another"
    (path / "meta.json").write_text(json.dumps(meta))


def spoil_binary(path):
    with open(path.parent / "build" / "bin" / "switchyard-steady", "a") as file:
        file.write("# built anew\n")


@pytest.mark.parametrize(
    "spoil, text", [(spoil_plan, "changed"), (spoil_boot, "reboot"), (spoil_binary, "built anew")]
)
def test_only_the_same_thing_is_resumed(tmp_path, spoil, text):
    campaign.carry_out(prepare(tmp_path, "steady", rounds=2, preset="smoke"))
    spoil(tmp_path / "run")
    with pytest.raises(NotComparable, match=text):
        campaign.resume(tmp_path / "run")


def test_a_run_can_be_watched(tmp_path):
    runner = prepare(tmp_path, "steady", rounds=4, preset="smoke")
    shown = runner.watcher
    runner.watcher = Watching(shown, tmp_path / "run", every_s=0.0)
    assert campaign.carry_out(runner) is None
    assert len(shown.ends) == 4
    seen = [text for text in shown.said if "steady" in text and "rounds" in text]
    # Before the second process at the latest a table may be shown; how many follow depends on what each took to make.
    assert 1 <= len(seen) <= 3, shown.said
    assert "items=1" in seen[0] and "CPU/unit" in seen[0]
    late = Watching(shown, tmp_path / "run", every_s=3600.0)
    before = len(shown.said)
    late.ended = 1
    late.begin({"round": 0}, 0, 1)
    assert len(shown.said) == before


def test_one_runner_a_folder(tmp_path):
    runner = prepare(tmp_path, "steady", rounds=1, preset="smoke")
    with pytest.raises(YardError, match="another process is measuring"):
        campaign.resume(tmp_path / "run")
    campaign.carry_out(runner)
    with pytest.raises(YardError, match="holds a run already"):
        storing.Store(tmp_path / "run").create()


def test_a_full_disk_is_told_and_loses_nothing(tmp_path, monkeypatch):
    runner = prepare(tmp_path, "steady", "crasher", rounds=2, preset="smoke")
    real = os.write

    def full(fd, data):
        if fd == runner.store._lock:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(storing.os, "write", full)
    with pytest.raises(YardError, match="no space is left.*resume") as error:
        campaign.carry_out(runner)
    assert error.value.code == 4
    monkeypatch.undo()
    monkeypatch.setenv("FAKE_NOTES", str(tmp_path / "notes"))
    assert campaign.carry_out(Runner(*campaign.resume(tmp_path / "run"))) is None
    assert campaign.remaining(tmp_path / "run") == 0


def test_a_failed_replacement_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "meta.json"
    storing.write_atomically(file, "old")
    monkeypatch.setattr(
        storing.os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full"))
    )
    with pytest.raises(YardError, match="no space"):
        storing.write_atomically(file, "new")
    assert file.read_text() == "old" and list(tmp_path.glob(".meta*")) == []


def test_a_process_is_finished_only_with_all_its_iterations():
    job = {"round": 0, "model": "m", "workload": "w", "variant": "", "params": {}, "iterations": 2}
    good = {**job, "verdict": "ok", "warm": False}
    assert not finished([job], [good, {**good, "warm": True}])
    assert finished([job], [good, good])
    assert list(finished([job], [{**good, "verdict": "crashed"}]).values()) == ["crashed"]


def test_what_left_the_group_dies_too(tmp_path):
    # Job control gives the background job a group of its own, within the session.
    script = f"set -m; sleep 998 & echo $! > {tmp_path}/pid; disown"
    with open(tmp_path / "err", "wb") as err:
        ending = process.run(["/bin/bash", "-c", script], dict(os.environ), err, 20)
    assert ending.exit_code == 0
    assert not fakes.alive(int((tmp_path / "pid").read_text()))

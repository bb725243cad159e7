# SPDX-License-Identifier: MIT
"""`clean` keeps what is new, unfinished, in use or unknown; what it packs can still be read."""

import fcntl
import json
import shutil

import pytest

import fake_runs
import fakes
from yard.data import archive, samples
from yard.errors import UsageError
from yard.report import history_store


def make_run(raw, machine, number, ended=True):
    run = fake_runs.realistic(rounds=2, operations=50)
    name = f"2030010{number}T000000Z-abc000{number}"
    run.meta |= {"run": name, "machine": machine, "started_utc": f"2030-01-0{number}"}
    run.meta["ended"] = {"verdicts": {"ok": 1}} if ended else None
    run.samples = [s for s in run.samples if s["workload"] == "hash_blocks"]
    folder = fake_runs.write(run, raw / machine / name)
    (folder / "report").mkdir()
    (folder / "report" / "index.html").write_text("made again")
    return folder


@pytest.fixture
def raw(tmp_path):
    for number in (1, 2, 3):
        make_run(tmp_path / "raw", "arm1", number)
    make_run(tmp_path / "raw", "epyc1", 1)
    return tmp_path / "raw"


def clean(tmp_path, *words):
    done = fakes.switchyard(
        tmp_path, "clean", "--raw", tmp_path / "raw", "--db", tmp_path / "h.sqlite", *words
    )
    assert "Traceback" not in done.stderr
    return done


def names(raw):
    return sorted(str(p.relative_to(raw)) for p in raw.glob("*/*"))


def test_a_dry_run_changes_nothing_and_says_the_same(tmp_path, raw):
    before = names(raw)
    done = clean(tmp_path, "--keep", 1, "--dry-run")
    assert done.returncode == 0 and names(raw) == before
    assert done.stdout.count("would pack") == 2 and done.stdout.count("kept") == 2


def test_the_newest_of_each_machine_stay_and_the_rest_can_be_read(tmp_path, raw):
    old = raw / "arm1" / "20300101T000000Z-abc0001"
    before = samples.read_run(old)
    done = clean(tmp_path, "--keep", 1)
    assert done.returncode == 0 and done.stdout.count("packed: ") == 2, done.stdout
    assert done.stdout.count("the history does not have it") == 2
    assert names(raw) == [
        "arm1/20300101T000000Z-abc0001.zip",
        "arm1/20300102T000000Z-abc0002.zip",
        "arm1/20300103T000000Z-abc0003",
        "epyc1/20300101T000000Z-abc0001",
    ]
    after = samples.read_run(old.with_name(old.name + ".zip"))
    assert after.samples == before.samples and after.meta == before.meta
    again = clean(tmp_path, "--keep", 1)
    assert again.stdout.count("is packed already") == 2
    report = fakes.switchyard(tmp_path, "report", f"{old}.zip", "--quiet")
    assert report.returncode == 64 and "--out" in report.stderr


def test_only_what_the_history_has_is_removed(tmp_path, raw):
    clean(tmp_path, "--keep", 2)
    packed = raw / "arm1" / "20300101T000000Z-abc0001.zip"
    done = clean(tmp_path, "--keep", 1, "--remove", "--json")
    deeds = {row["run"].rpartition("/")[2]: row for row in json.loads(done.stdout)["runs"]}
    assert all(row["deed"] == "keep" for row in deeds.values())
    assert "history add" in deeds[packed.name]["reason"]
    book = history_store.History(tmp_path / "h.sqlite")
    book.add(history_store.points_of(packed))
    book.close()
    done = clean(tmp_path, "--keep", 1, "--remove")
    assert done.stdout.count("removed: ") == 1 and not packed.exists()
    assert (raw / "arm1" / "20300102T000000Z-abc0002").is_dir()


def test_what_is_unfinished_in_use_or_no_run_is_left_alone(tmp_path, raw):
    shutil.rmtree(raw / "arm1")
    unfinished = make_run(raw, "arm1", 1, ended=False)
    busy = make_run(raw, "arm1", 2)
    (raw / "arm1" / "notes").mkdir()
    (raw / "arm1" / "notes" / "mine.txt").write_text("mine")
    (raw / "arm1" / "odd.zip").write_bytes(b"no archive")
    (raw / "arm1" / "link").symlink_to(busy)
    with open(busy / "samples.jsonl", "rb") as lines:
        fcntl.flock(lines, fcntl.LOCK_EX)
        done = clean(tmp_path, "--keep", 0)
    assert done.returncode == 4 and "is being measured into" in done.stdout
    for text in ("is unfinished", "notes: is no run", "odd.zip: is no run", "link: is a link"):
        assert text in done.stdout, text
    assert unfinished.is_dir() and busy.is_dir() and (raw / "arm1" / "notes" / "mine.txt").exists()


def test_a_run_that_changes_while_it_is_packed_is_kept(tmp_path, raw, monkeypatch):
    run = raw / "arm1" / "20300101T000000Z-abc0001"
    whole = archive._verify

    def late(partial, folder):
        (folder / "meta.json").write_text("{}")
        whole(partial, folder)

    monkeypatch.setattr(archive, "_verify", late)
    with pytest.raises(Exception, match="changed while it was packed"):
        archive.pack(run)
    assert run.is_dir() and not list(run.parent.glob("*.zip")) and not list(run.parent.glob(".*"))


@pytest.mark.parametrize("words", [[], ["--keep", "-1"], ["--keep", "x"]])
def test_usage(tmp_path, raw, words):
    assert clean(tmp_path, *words).returncode == 64


def test_what_is_no_archive_is_one_line(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK")
    with pytest.raises(UsageError, match="no packed run"):
        samples.read_run(tmp_path / "x.zip")
    done = fakes.switchyard(tmp_path, "clean", "--keep", 1, "--raw", tmp_path / "none")
    assert done.returncode == 64 and "--raw" in done.stderr

# SPDX-License-Identifier: MIT
"""switchyard.toml: sides, commands, metrics, tolerances and accepted slow-downs of a project."""

import json
import subprocess

import pytest

import fakes
from fake_repository import BENCH, PROJECT, commit, repository
from yard.errors import UsageError
from yard.gate import project_file
from yard.gate.rule import Metric


def check(folder, *words):
    out = folder.parent / "out"
    flags = ["--out", out, "--cache", folder.parent / "cache", "--no-plots", "--seed", 3]
    done = subprocess.run(
        [fakes.LAUNCHER, "check", *map(str, [*words, *flags])],
        cwd=folder,
        env=fakes.environment(folder.parent),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done, out


def test_two_revisions_of_a_project_are_built_and_compared(tmp_path):
    folder = repository(tmp_path / "r", 5.0, 5.0, 5.4)
    done, out = check(folder, "--base", "HEAD~2", "--head", "HEAD~1")
    assert done.returncode == 0, done.stdout + done.stderr
    done, out = check(folder, "--base", "HEAD~2")
    assert done.returncode == 1 and "+8.0 %" in done.stdout, done.stdout + done.stderr
    assert json.loads((out / "verdict.json").read_text())["regressions"] == ["parse time"]
    assert "building" in done.stderr and done.stderr.count("building") == 1  # base is in the cache


def test_what_does_not_build_is_named(tmp_path):
    folder = repository(tmp_path / "r", 5.0)
    commit(folder, 5.0, broken="")
    done, _ = check(folder, "--base", "HEAD~1", "--head", "HEAD")
    assert done.returncode == 4 and "does not build" in done.stderr, done.stderr
    done, _ = check(folder, "--base", "HEAD", "--head", "HEAD~1")
    assert done.returncode == 3 and "the base (HEAD" in done.stderr, done.stderr
    done, _ = check(folder, "--base", "--nonsense")
    assert done.returncode == 64 and "there is no revision" in done.stderr, done.stderr


def test_tolerances_directions_and_accepted_slow_downs_come_from_the_file(tmp_path):
    rules = '[metrics.time]\ntolerated = 0.10\nmust_find = 0.20\n[metrics.rate]\nbetter = "more"\n'
    folder = repository(tmp_path / "r", 5.0, 5.4, project=PROJECT + rules)
    done, _ = check(folder, "--base", "HEAD~1")
    assert done.returncode == 0, done.stdout + done.stderr
    accepted = (
        '[[accepted]]\ncell = "parse"\nmetric = "time"\nmost = 1.09\nreason = "checks every byte"\n'
    )
    base = "until = 2999-01-01\n"
    (folder / "switchyard.toml").write_text(PROJECT + accepted + base)
    done, _ = check(folder, "--base", "HEAD~1", "--head", "HEAD")
    assert done.returncode == 0 and "ACCEPTED" in done.stdout, done.stdout + done.stderr


def test_the_command_line_comes_first(tmp_path):
    sides = '[base]\ncommand = "./a.sh"\n[head]\ncommand = "./a.sh"\nfolder = "sub"\n[check]\nprofile = "quick"\n'
    folder = tmp_path / "r"
    (folder / "sub").mkdir(parents=True)
    (folder / "switchyard.toml").write_text(sides)
    for place, time in ((folder, 5.0), (folder / "sub", 5.4)):
        (place / "a.sh").write_text(BENCH.replace("TIME", str(time)))
        (place / "a.sh").chmod(0o755)
    done, _ = check(folder)
    assert done.returncode == 1 and "parse" in done.stdout, done.stdout + done.stderr
    done, _ = check(folder, "--base-cmd", "./a.sh", "--head-cmd", "./a.sh", "--metric", "rate")
    assert done.returncode == 0, done.stdout + done.stderr
    done, _ = check(folder, "--profile", "quik")
    assert done.returncode == 64 and "did you mean quick?" in done.stderr


@pytest.mark.parametrize(
    "text, reason",
    [
        ("[bass]", "unknown key 'bass': did you mean base?"),
        ("[base]\ncomand = 'x'", "unknown key 'base.comand': did you mean command?"),
        ("[check]\nprofil = 'x'", "unknown key 'check.profil': did you mean profile?"),
        ("[check]\nprofile = 7", "'check.profile' is not text in quotes"),
        ("[check]\nonly = 'x'", "'check.only' is no list of texts"),
        (
            "[metrics.time]\ntolerate = 1",
            "unknown key 'metrics.time.tolerate': did you mean tolerated?",
        ),
        ("[metrics.time]\ntolerated = true", "'metrics.time.tolerated' is not a number"),
        ("[metrics.time]\nbetter = 'big'", 'neither "less" nor "more"'),
        ("base = 1", "'base' is no table"),
        ("[[accepted]]\ncell = 'x'", "entry 1 has no proper"),
        ("[base", "is no TOML"),
    ],
)
def test_what_is_wrong_in_the_file_is_refused(tmp_path, text, reason):
    file = tmp_path / "switchyard.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match="switchyard.toml") as error:
        project_file.read(file)
    assert reason in str(error.value) and "\n" not in str(error.value)


def test_a_tolerance_above_what_must_be_found_is_refused(tmp_path):
    file = tmp_path / "switchyard.toml"
    file.write_text("[metrics.time]\ntolerated = 0.3")
    with pytest.raises(UsageError, match="has to be below must_find"):
        project_file.read(file).with_tolerances({"time": Metric("time", "gating", 0.02, 0.05)})


def test_the_file_is_found_up_to_the_root_of_the_work_tree(tmp_path):
    (tmp_path / "switchyard.toml").write_text("")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert project_file.find(below) == tmp_path / "switchyard.toml"
    (tmp_path / "a" / ".git").mkdir()
    assert project_file.find(below) is None

# SPDX-License-Identifier: MIT
"""The search for the commit that made a cell slower: its logic, its error under noise, and a
small repository."""

import random
import shutil
import subprocess

import pytest

import fakes
from fake_repository import commit, repository
from yard.gate import bisect_search, profile_difference
from yard.gate.bisect_search import Judged, Verdict


def searched(verdicts):
    """`verdicts`: of commits 1 to n, the last being slow."""
    asked = []

    def judge(number):
        asked.append(number)
        return Judged(verdicts[number - 1])

    return bisect_search.search(len(verdicts), judge), asked


F, S, X, U = Verdict.FAST, Verdict.SLOW, Verdict.SKIPPED, Verdict.UNSURE


@pytest.mark.parametrize("count", [1, 2, 3, 8, 100])
def test_every_place_of_the_change_is_found(count):
    for slow in range(1, count + 1):
        found, asked = searched([F] * (slow - 1) + [S] * (count - slow + 1))
        assert found.candidates == [slow] and not found.skipped
        assert len(asked) + 1 <= bisect_search.steps(count)


def test_what_is_skipped_is_searched_around():
    found, _ = searched([F, F, X, X, S, S, S, S])
    assert found.candidates == [3, 4, 5] and found.skipped == [3, 4]
    found, _ = searched([F, X, F, X, S, X, S, S])
    assert found.candidates == [4, 5] and found.skipped == [4]


def test_an_unsure_commit_stops_the_search():
    found, _ = searched([F, F, F, U, S, S, S, S])
    assert found.stopped == 4 and found.candidates == list(range(1, 9))


@pytest.mark.parametrize("spread, most_unsure", [(0.02, 6), (0.08, 60)])
def test_the_error_of_a_whole_search_is_bounded_under_noise(spread, most_unsure):
    """Heavy tails, a change of 5 % at a random commit of 16; at most ALPHA of the searches may
    name another one."""
    draw = random.Random(7)
    tests, wrong, unsure, searches = bisect_search.steps(16), 0, 0, 60
    for _ in range(searches):
        slow = draw.randrange(1, 17)

        def judge(number, slow=slow):
            def pair():
                noise = draw.gauss(0, spread) + (draw.gauss(0, 0.3) if draw.random() < 0.05 else 0)
                return (0.05 if number >= slow else 0.0) + noise

            return Judged(bisect_search.judge(pair, 0.025, tests)[0])

        found = bisect_search.search(16, judge)
        unsure += found.stopped is not None
        wrong += found.stopped is None and found.candidates != [slow]
    assert wrong <= 4 and unsure <= most_unsure, (
        wrong,
        unsure,
    )  # of 60; more than 4 have p < 0.2 at 5 %


def test_pairs_without_a_value_end_a_step():
    assert bisect_search.judge(lambda: None, 0.0, 3) == (Verdict.SKIPPED, [])


def bisect(folder, *words):
    return subprocess.run(
        [fakes.LAUNCHER, "bisect", *map(str, words), "--cache", folder.parent / "cache"],
        cwd=folder,
        env=fakes.environment(folder.parent),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
    )


def test_the_commit_is_found_in_a_repository(tmp_path):
    folder = repository(tmp_path / "r", 5.0, 5.0)
    commit(folder, 5.0, broken="")
    (folder / "broken").unlink()
    for time in (5.05, 5.6, 5.6):
        commit(folder, time)
    flags = ("--cell", "parse", "--metric", "time", "--no-profile")
    done = bisect(folder, "HEAD~5", "HEAD", *flags)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "parse takes 5.6 made parse slower" in done.stdout and "+12.0 %" in done.stdout
    again = bisect(folder, "HEAD~5", "HEAD", *flags)
    assert again.returncode == 0 and again.stdout == done.stdout
    assert "building" not in again.stderr and "pairs" not in again.stderr  # all was kept
    done = bisect(folder, "HEAD~5", "HEAD~4", *flags)
    assert done.returncode == 3 and "is no slower than" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    "words, code, text",
    [
        (["HEAD", "HEAD~1", "--cell", "parse"], 64, "name the older first"),
        (["HEAD~1", "HEAD", "--cell", "prase"], 64, "did you mean parse?"),
        (["nothing", "HEAD", "--cell", "parse"], 64, "there is no revision"),
        (["HEAD~1", "HEAD"], 64, "--cell"),
        (["HEAD~1", "HEAD", "--cell", "parse", "--build", "false"], 3, "does not build"),
    ],
)
def test_what_cannot_be_searched(tmp_path, words, code, text):
    done = bisect(repository(tmp_path / "r", 5.0, 5.6), *words)
    assert done.returncode == code and text in done.stderr, done.stdout + done.stderr


PROGRAM = """#include <stdio.h>
#include <stdlib.h>
static long sum;
void parse(void) { for (int i = 0; i < COUNT; i++) { void *p = malloc(8); sum += p != 0; free(p); } }
int main(void) { parse(); printf("{\\"scenario\\": \\"parse\\", \\"metrics\\": {\\"time\\": %d}}\\n", COUNT); return 0; }
"""


@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind: apt-get install valgrind")
def test_a_slow_commit_is_explained(tmp_path):
    project = '[project]\nbuild = "cc -g -O0 bench.c -o bench"\ncommand = "./bench"\n'
    folder = repository(tmp_path / "r", project=project)
    for count in (1000, 1500):
        commit(folder, count, **{"bench.c": PROGRAM.replace("COUNT", str(count))})
    done = bisect(folder, "HEAD~1", "HEAD", "--cell", "parse")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("instructions: ") for line in lines)
    assert any(
        line.startswith("  parse: ") and "near the change at bench.c:" in line for line in lines
    )
    assert any(line.startswith("allocations: ") and "(+500)" in line for line in lines), done.stdout


def test_a_profile_of_callgrind_is_read():
    text = """version: 1
fl=(1) /src/parse.c
fn=(1) parse
3 100
+1 20
cfn=(2) malloc
calls=7 0
4 700
* 5
fn=(2)
0 50
"""
    profile = profile_difference.Profile()
    profile_difference.read_callgrind(profile, text)
    assert profile.instructions == {"parse": 125, "malloc": 50}
    assert profile.allocations == 7 and profile.files["parse"] == "/src/parse.c"


def test_tools_that_are_missing_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(profile_difference.shutil, "which", lambda name: None)
    profile = profile_difference.measured(["true"], tmp_path, tmp_path)
    lines = profile_difference.sentences(profile, profile, [])
    assert len(lines) == 2 and all("apt-get install" in line for line in lines)

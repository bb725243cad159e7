# SPDX-License-Identifier: MIT
"""docs/ci/check.sh with a check whose codes are known: what a CI job ends with."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

RECIPE = Path(__file__).parents[2] / "docs" / "ci" / "check.sh"
# Ends with the next code of `codes`, keeps its arguments, and writes a verdict unless the code says that it failed.
CHECK = """#!/bin/sh
echo "$*" >> calls
code=$(sed -n "$(wc -l < calls)p" codes)
while [ $# -gt 0 ]; do [ "$1" = --out ] && folder=$2; shift; done
mkdir -p "$folder"; rm -f "$folder/verdict.json"
[ "$code" = 4 ] || [ -e lost ] || echo '{}' > "$folder/verdict.json"
exit "$code"
"""


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "docs" / "ci").mkdir(parents=True)
    (tmp_path / "scripts").mkdir()
    shutil.copy(RECIPE, tmp_path / "docs" / "ci")
    fake = tmp_path / "scripts" / "switchyard"
    fake.write_text(CHECK)
    fake.chmod(0o755)
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, "first")
    git(tmp_path, "checkout", "-q", "-b", "change")
    commit(tmp_path, "second")
    return tmp_path


def git(folder, *words):
    who = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.org",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "core.hooksPath=/dev/null",
    ]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", *who, *words], cwd=folder, env=clean, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder, message):
    git(folder, "commit", "-q", "--allow-empty", "-m", message)


def recipe(repository, codes, *words):
    (repository / "codes").write_text("".join(f"{code}\n" for code in codes))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["docs/ci/check.sh", *words],
        cwd=repository,
        env=clean,
        capture_output=True,
        text=True,
        timeout=60,
    )
    calls = repository / "calls"
    return done, calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.parametrize("code", [0, 1, 3, 4, 64])
def test_what_is_sure_is_passed_on(repository, code):
    done, calls = recipe(repository, [code], "main")
    base = git(repository, "rev-parse", "main")
    assert done.returncode == code
    assert calls == [f"check --base {base} --head HEAD --out check-results"]


@pytest.mark.parametrize("second, code", [(0, 0), (1, 1), (2, 0), (4, 4)])
def test_what_is_inconclusive_is_tried_once_more_with_half_the_error_probability(
    repository, second, code
):
    done, calls = recipe(repository, [2, second], "main", "elsewhere")
    assert done.returncode == code
    assert [call.endswith("--out elsewhere --second-try") for call in calls] == [False, True]
    assert ("::warning::" in done.stdout) == (second == 2)


def test_a_code_without_a_verdict_is_a_failure(repository):
    (repository / "lost").touch()
    assert recipe(repository, [0], "main")[0].returncode == 4


def test_without_a_target_or_a_merge_base_it_says_what_to_do(repository):
    done, calls = recipe(repository, [0])
    assert (done.returncode, calls) == (64, []) and "check.sh TARGET" in done.stderr
    done, calls = recipe(repository, [0], "no-such-branch")
    assert (done.returncode, calls) == (64, []) and "fetch-depth: 0" in done.stderr


def test_nothing_to_compare_is_ok(repository):
    git(repository, "checkout", "-q", "main")
    done, calls = recipe(repository, [1], "main")
    assert (done.returncode, calls) == (0, [])

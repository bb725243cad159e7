# SPDX-License-Identifier: MIT
"""scripts/build with fake tools on PATH, in a folder of its own: whatever fails, it names the cause of this build."""

import json
import shutil
import subprocess

import pytest

import fakes

SCRIPTS = fakes.REPOSITORY / "scripts"
TOOLS = "sh awk sed grep head tail cat dirname mkdir date nproc echo env tr".split()


@pytest.fixture
def checkout(tmp_path):
    scripts, folder = tmp_path / "tree" / "scripts", tmp_path / "bin"
    scripts.mkdir(parents=True)
    folder.mkdir()
    for name in ("build", "compiler"):
        shutil.copy(SCRIPTS / name, scripts / name)
    for tool in TOOLS:
        found = shutil.which(tool)
        if found:
            (folder / tool).symlink_to(found)

    def tool(name, text):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)

    tool("g++", "echo 12")
    tool("ninja", "true")
    tool("cmake", f'echo "$CXX $*" >>{tmp_path}/asked')

    def call(*arguments, **environment):
        return subprocess.run(
            [scripts / "build", *arguments],
            env={"PATH": str(folder), **environment},
            text=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )

    call.tool, call.folder, call.tree = tool, folder, tmp_path / "tree"
    call.asked = lambda: (tmp_path / "asked").read_text().splitlines()
    return call


def test_configures_and_builds_the_targets_with_the_compiler_that_is_here(checkout):
    done = checkout("release", "suite")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    configured, built = checkout.asked()
    assert configured == "g++ --preset release"
    assert built.startswith("g++ --build build/release -j ") and built.endswith("--target suite")


def test_the_preset_of_ci_lies_in_the_folder_of_release(checkout):
    assert checkout("ci").returncode == 0
    assert "--build build/release " in checkout.asked()[1]


@pytest.mark.parametrize(
    "versions, chosen",
    [
        ({"g++": "14.2.0", "clang++": "19.1.7"}, "g++"),
        ({"clang++": "16.0.6"}, "clang++"),
        ({"g++": "11", "clang++-19": "19.1.7"}, "clang++-19"),
        ({"g++": "11", "g++-13": "13"}, "g++-13"),
    ],
)
def test_a_machine_with_another_compiler_builds_with_that(checkout, versions, chosen):
    (checkout.folder / "g++").unlink()
    for name, version in versions.items():
        checkout.tool(name, f"echo {version}")
    assert checkout("release").returncode == 0
    assert checkout.asked()[0].split()[0] == chosen


@pytest.mark.parametrize("absent", ["cmake", "ninja", "g++"])
def test_a_bare_machine_is_sent_to_setup(checkout, absent):
    (checkout.folder / absent).unlink()
    done = checkout("release")
    assert done.returncode == 4 and "scripts/setup" in done.stderr and absent in done.stderr


def test_a_compiler_that_is_too_old_is_named(checkout):
    checkout.tool("g++", "echo 11")
    done = checkout("release")
    assert done.returncode == 4 and "only g++ 11" in done.stderr and "scripts/setup" in done.stderr


def test_a_compiler_asked_for_that_is_not_here_is_named(checkout):
    done = checkout("release", CXX="g++-99")
    assert done.returncode == 4 and "CXX=g++-99" in done.stderr


def test_a_failed_configure_shows_its_own_words(checkout):
    log = checkout.tree / "build" / "release" / "build-log.txt"
    log.parent.mkdir(parents=True)
    log.write_text("of another build\n")
    checkout.tool("cmake", "echo no such package; exit 1")
    done = checkout("release")
    assert done.returncode == 4 and "no such package" in done.stderr
    assert "scripts/setup" in done.stderr and "of another build" not in done.stderr


def test_a_failed_compile_is_shown_and_counted(checkout):
    checkout.tool(
        "cmake",
        'case "$*" in *--build*) echo "[1/9] Building a"; echo "FAILED: b.o"; echo "b.cpp:1: error: no";'
        " exit 2;; esac; echo configured",
    )
    done = checkout("release")
    assert done.returncode == 4 and "b.cpp:1: error: no" in done.stderr
    assert "configured" not in done.stderr and "Building a" not in done.stderr
    assert "Building a" in (checkout.tree / "build/release/build-log.txt").read_text()


def test_a_log_that_cannot_be_written_is_the_cause_and_no_old_log_is_shown(checkout):
    log = checkout.tree / "build" / "release" / "build-log.txt"
    log.mkdir(parents=True)  # not even root writes this; a checkout of another user is like it
    done = checkout("release")
    assert done.returncode == 4 and "cannot be written" in done.stderr and not done.stdout


def test_how_far_it_is_comes_with_the_first_step_of_a_long_build(checkout):
    checkout.tool(
        "cmake",
        'case "$*" in *--build*) echo "[1/500] Building a"; echo "[500/500] Linking" ;; esac',
    )
    done = checkout("release")
    assert done.returncode == 0 and "building release: 1 of 500 steps" in done.stderr
    assert "left" in done.stderr and "500 of 500" not in done.stderr


def test_warnings_are_errors_in_the_presets_of_ci_alone():
    text = (fakes.REPOSITORY / "CMakePresets.json").read_text()
    presets = {preset["name"]: preset for preset in json.loads(text)["configurePresets"]}

    def strict(name):
        parents = presets[name].get("inherits", [])
        parents = [parents] if isinstance(parents, str) else parents
        own = presets[name].get("cacheVariables", {}).get("SWITCHYARD_WARNINGS_AS_ERRORS")
        return own == "ON" or any(strict(parent) for parent in parents)

    shown = [name for name, preset in presets.items() if not preset.get("hidden")]
    assert {n for n in shown if strict(n)} == {"ci", "asan", "tsan", "clang"}


def test_an_option_is_no_target(checkout):
    done = checkout("release", "--targets")
    assert done.returncode == 64 and "--targets" in done.stderr

# SPDX-License-Identifier: MIT
"""scripts/setup with fake package tools on PATH: what it asks for, and what it says when it cannot."""

import os
import subprocess

import pytest

import fakes
from yard.data import host, packages

SETUP = fakes.REPOSITORY / "scripts" / "setup"
LISTED = [
    line.split()
    for file in (
        SETUP.parent / "packages.txt",
        *sorted(SETUP.parents[1].glob("impl/*/packages.txt")),
    )
    for line in file.read_text().splitlines()
    if line and not line.startswith("#")
]
REQUIRED = [words[0] for words in LISTED if words[1] == "required"]
OPTIONAL = list(dict.fromkeys(words[0] for words in LISTED if words[1] == "optional"))
TOOLS = [
    "sh",
    "awk",
    "sed",
    "tr",
    "sort",
    "grep",
    "head",
    "cat",
    "dirname",
    "mktemp",
    "rm",
    "env",
    "mkdir",
    "true",
]


@pytest.fixture
def system(tmp_path):
    """A PATH with only what is linked or written here."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = next(f"{p}/{tool}" for p in ("/bin", "/usr/bin") if os.path.exists(f"{p}/{tool}"))
        (folder / tool).symlink_to(found)

    def tool(name, text):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)

    tool("cmake", "echo cmake version 3.25.1")
    tool(
        "apt-get", f'echo "$@" >> {tmp_path}/asked; case "$*" in *{OPTIONAL[0]}*) exit 100 ;; esac'
    )
    tool("id", "echo 0")

    def installed(*names):
        tool("dpkg-query", "\n".join(f"echo installed {name}" for name in names) or "true")

    def call(*arguments):
        done = subprocess.run(
            [SETUP, *arguments],
            env={"PATH": str(folder), "HOME": str(tmp_path)},
            text=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
        )
        asked = tmp_path / "asked"
        return done, asked.read_text().splitlines() if asked.exists() else []

    call.installed, call.tool, call.folder = installed, tool, folder
    return call


def test_every_package_has_a_need_a_part_and_a_reason():
    needs = ("required", "optional", "ci", "optional-ci", "contender", "fleet")
    assert all(len(words) >= 4 and words[1] in needs for words in LISTED)
    # The suite and a model may want the same: equally.
    assert len({words[0] for words in LISTED}) == len({tuple(words[:2]) for words in LISTED})


def test_what_a_model_needs_is_listed_in_its_folder():
    own = (fakes.REPOSITORY / "impl/callback/packages.txt").read_text()
    assert own.split()[0] == "libuv1-dev" and "libuv1-dev" in OPTIONAL
    assert "libuv1-dev" not in (SETUP.parent / "packages.txt").read_text()


def test_the_suite_lists_no_package_of_a_contender():
    rows = (SETUP.parent / "packages.txt").read_text().splitlines()
    assert not [row for row in rows if row.split()[1:2] == ["contender"]]
    assert "golang-go" in {package.name for package in packages.listed()}


def test_no_build_description_names_a_package_that_no_list_has():
    """A second list would go stale: CMake and the scaffolds read packages.txt."""
    for file in fakes.REPOSITORY.glob("impl/*/CMakeLists.txt"):
        assert "PACKAGES" not in file.read_text(), file
        if "add_foreign_model" in file.read_text():
            assert (file.parent / "packages.txt").exists(), file


def test_versions_are_recorded_of_what_is_listed_and_installed(monkeypatch, tmp_path):
    shown = "installed g++ 4:12.2.0-3\\nnot-installed libuv1-dev \\ninstalled libc6 2.36\\n"
    tool = tmp_path / "dpkg-query"
    tool.write_text(f"#!/bin/sh\necho \"$*\" >{tmp_path}/asked\nprintf '{shown}'\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert host._packages() == {"g++": "4:12.2.0-3", "libc6": "2.36"}
    asked = (tmp_path / "asked").read_text().split()
    assert {"libuv1-dev", "rustc", "libc6"} <= set(asked) and "black" not in asked


def test_quiet_when_nothing_is_missing(system):
    system.installed(*REQUIRED, *OPTIONAL)
    done, asked = system()
    assert (done.returncode, done.stdout, done.stderr, asked) == (0, "", "", [])


def test_installs_only_what_is_missing(system):
    system.installed(*REQUIRED[1:], *OPTIONAL)
    done, asked = system()
    assert (
        done.returncode == 0
        and asked[-1].split()[-1] == REQUIRED[0]
        and REQUIRED[1] not in asked[-1].split()
    )


def test_an_optional_package_that_the_system_lacks_is_told_once(system):
    system.installed(*REQUIRED, *OPTIONAL[1:])
    first, asked = system()
    assert first.returncode == 0 and f"does not have {OPTIONAL[0]}" in first.stderr
    second, asked_again = system()
    assert second.returncode == 0 and second.stderr == "" and asked_again == asked


def test_check_installs_nothing(system):
    system.installed(*REQUIRED[1:])
    done, asked = system("--check")
    assert done.returncode == 4 and REQUIRED[0] in done.stderr and asked == []


def test_ci_asks_for_more(system):
    system.installed(*REQUIRED, *OPTIONAL)
    done, asked = system("--ci")
    assert any("python3-pytest" in line for line in asked)


def test_the_toolchains_of_contenders_come_only_when_asked_for(system):
    toolchains = [words[0] for words in LISTED if words[1] == "contender"]
    assert "golang-go" in toolchains
    system.installed(*REQUIRED, *OPTIONAL)
    done, asked = system("--ci")
    assert done.returncode == 0 and not any(name in line for line in asked for name in toolchains)
    done, asked = system("--contenders")
    assert done.returncode == 0 and all(
        any(name in line.split() for line in asked) for name in toolchains
    )


def test_without_root_it_prints_commands_that_work(system):
    system.installed(*REQUIRED[1:], *OPTIONAL[2:])
    system.tool("id", "echo 1000")
    done, asked = system()
    assert done.returncode == 4 and asked == []
    install = "  apt-get install -y --no-install-recommends"
    commands = [line for line in done.stderr.splitlines() if line.startswith("  ")]
    assert commands == [
        "  apt-get update",
        f"{install} {REQUIRED[0]}",
        f"{install} {OPTIONAL[0]} {OPTIONAL[1]}",
    ]


def test_without_root_it_offers_only_what_the_archive_has(system):
    system.installed(*REQUIRED, *OPTIONAL[2:])
    system.tool("id", "echo 1000")
    system.tool("apt-cache", f'[ "$2" != {OPTIONAL[0]} ]')
    done, _ = system()
    assert done.returncode == 0
    assert OPTIONAL[1] in done.stderr and OPTIONAL[0] not in done.stderr.split()


def test_optional_packages_come_in_one_call(system):
    system.installed(*REQUIRED, OPTIONAL[0])
    done, asked = system()
    assert done.returncode == 0 and len(asked) == 2
    assert asked[1].split()[-len(OPTIONAL) + 1 :] == OPTIONAL[1:]


ALTERNATIVES = next(words[0].split("|") for words in LISTED if "|" in words[0])


def test_one_of_several_names_will_do(system):
    system.installed(*REQUIRED, *OPTIONAL, ALTERNATIVES[1])
    done, asked = system("--ci")
    assert done.returncode == 0 and asked
    assert not any(name in line.split() for line in asked for name in ALTERNATIVES)
    assert set(ALTERNATIVES) <= {package.name for package in packages.listed()}


def test_of_several_names_the_first_that_the_archive_has_is_taken(system):
    system.installed(*REQUIRED, *OPTIONAL)
    done, asked = system("--ci")  # no lists of the archive: the first
    taken = {name for line in asked for name in line.split() if name in ALTERNATIVES}
    assert done.returncode == 0 and taken == {ALTERNATIVES[0]}
    system.tool("apt-cache", f'[ "$2" != {ALTERNATIVES[0]} ]')
    done, asked = system("--ci")
    taken = {name for line in asked[len(asked) // 2 :] for name in line.split()}
    assert done.returncode == 0 and ALTERNATIVES[1] in taken and ALTERNATIVES[0] not in taken


def test_another_compiler_will_do(system):
    system.installed(*[name for name in REQUIRED if name != "g++"], *OPTIONAL)
    system.tool("clang++", "echo 16.0.6")
    done, asked = system()
    assert (done.returncode, done.stderr, asked) == (0, "", [])


def test_how_far_it_is_is_shown_and_what_failed_is_kept(system):
    system.installed(*REQUIRED[1:], *OPTIONAL)
    system.tool(
        "apt-get",
        'case "$*" in *update*) exit 0 ;; esac; echo dlstatus:1:7.5:Retrieving; '
        "echo pmstatus:x:55.5:Installing; echo a word of apt; exit 100",
    )
    done, _ = system()
    assert done.returncode == 4 and "7 % downloaded" in done.stderr
    assert "55 % installed" in done.stderr and "a word of apt" in done.stderr
    assert "Retrieving" not in done.stderr


def test_a_failing_archive_is_an_error_with_its_words(system):
    system.installed(*REQUIRED[1:], *OPTIONAL)
    system.tool("apt-get", "echo no route to host; exit 100")
    done, _ = system()
    assert done.returncode == 4 and "no route to host" in done.stderr


def test_another_system_is_told_what_to_install(system):
    (system.folder / "apt-get").unlink()
    system.installed()
    done, _ = system()
    assert (
        done.returncode == 4
        and "neither Debian nor Ubuntu" in done.stderr
        and REQUIRED[0] in done.stderr
    )


def test_an_old_cmake_is_reported(system):
    system.installed(*REQUIRED, *OPTIONAL)
    system.tool("cmake", "echo cmake version 3.22.1")
    done, _ = system()
    assert done.returncode == 4 and "3.25 is needed" in done.stderr


def test_an_unknown_argument(system):
    done, _ = system("--chekc")
    assert done.returncode == 64 and "--check" in done.stderr

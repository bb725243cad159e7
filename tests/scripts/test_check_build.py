# SPDX-License-Identifier: MIT
"""Building both sides from revisions of a small repository: one harness, a cache, and every way in which it fails."""

import json
import subprocess

import pytest

from yard.gate import build
from yard.errors import NotComparable, UsageError, YardError

CMAKE = """
cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES NONE)
set(names client backend one two)
foreach(name IN LISTS names)
  if(name STREQUAL "client" OR name STREQUAL "backend")
    set(source ${CMAKE_SOURCE_DIR}/bench/${name})
  else()
    set(source ${CMAKE_SOURCE_DIR}/impl/${name})
  endif()
  set(out ${CMAKE_BINARY_DIR}/bin/switchyard-${name})
  add_custom_command(OUTPUT ${out} COMMAND sh ${CMAKE_SOURCE_DIR}/bench/compile ${source} ${out} DEPENDS ${source})
  add_custom_target(switchyard-${name} DEPENDS ${out})
  list(APPEND all switchyard-${name})
endforeach()
add_custom_target(suite DEPENDS ${all})
"""
COMPILE = (
    'if grep -q broken "$1"; then echo "$1:1: error: it is broken" >&2; exit 1; fi; cp "$1" "$2"\n'
)


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    for name in ("bench", "impl", "cmake"):
        (root / name).mkdir(parents=True)
    (root / "CMakeLists.txt").write_text(CMAKE)
    presets = {
        "version": 6,
        "configurePresets": [
            {
                "name": "hidden",
                "hidden": True,
                "generator": "Ninja",
                "cacheVariables": {"CMAKE_CXX_COMPILER": "g++"},
            },
            {"name": "release", "inherits": "hidden"},
            {
                "name": "strange",
                "generator": "Ninja",
                "cacheVariables": {"CMAKE_CXX_COMPILER": "no-such-compiler"},
            },
        ],
    }
    (root / "CMakePresets.json").write_text(json.dumps(presets))
    (root / "cmake" / "nothing").write_text("")
    (root / "bench" / "compile").write_text(COMPILE)
    for file in ("bench/client", "bench/backend", "impl/one", "impl/two"):
        (root / file).write_text(f"{file} of the first\n")
    git(root, "init", "-q", "-b", "main")
    commit(root)
    return root


def git(root, *words):
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", *words],
        cwd=root,
        check=True,
        capture_output=True,
    )


def commit(root):
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "x")


def make(root, tmp_path, base="HEAD~1", head="HEAD", which="base"):
    sources = {
        "base": build.source(base, tmp_path, root),
        "head": build.source(head, tmp_path, root),
    }
    said = []
    built = build.build(
        sources[which], sources["head"], "release", tmp_path / "cache", said.append, root
    )
    return built, said


def test_a_side_has_its_own_models_and_the_heads_harness(repository, tmp_path):
    (repository / "bench" / "client").write_text("client of the second\n")
    (repository / "impl" / "one").write_text("one of the second\n")
    commit(repository)
    base, _ = make(repository, tmp_path)
    bin = base.folder / "out" / "bin"
    assert (bin / "switchyard-one").read_text() == "impl/one of the first\n"
    assert (bin / "switchyard-client").read_text() == "client of the second\n"
    head, _ = make(repository, tmp_path, which="head")
    assert (head.folder / "out" / "bin" / "switchyard-one").read_text() == "one of the second\n"
    assert len(str(head.folder)) == len(str(base.folder)) and head.folder != base.folder


def test_what_was_built_is_not_built_again_and_a_change_of_the_harness_is(repository, tmp_path):
    (repository / "impl" / "one").write_text("second\n")
    commit(repository)
    first, said = make(repository, tmp_path)
    assert not first.cached and "building" in said[0]
    again, said = make(repository, tmp_path)
    assert again.cached and again.folder == first.folder and "built before" in said[0]
    (repository / "bench" / "backend").write_text("third\n")
    commit(repository)
    other, _ = make(repository, tmp_path, base="HEAD~2")
    assert not other.cached and other.folder != first.folder


def test_a_build_that_was_cut_off_is_begun_again(repository, tmp_path):
    first, _ = make(repository, tmp_path, base="HEAD")
    (first.folder / "built").unlink()
    again, _ = make(repository, tmp_path, base="HEAD")
    assert not again.cached


def test_the_worktree_is_taken_as_it_is_with_new_files(repository, tmp_path):
    (repository / "impl" / "one").write_text("not committed\n")
    (repository / "impl" / "new").write_text("new\n")
    before = (repository / ".git" / "index").read_bytes()
    built, _ = make(repository, tmp_path, base="HEAD", head="worktree", which="head")
    assert (built.folder / "out" / "bin" / "switchyard-one").read_text() == "not committed\n"
    assert (built.folder / "tree" / "impl" / "new").exists()
    assert (repository / ".git" / "index").read_bytes() == before


def test_one_model_that_does_not_build_is_told_and_the_others_are_kept(repository, tmp_path):
    (repository / "impl" / "two").write_text("broken\n")
    commit(repository)
    built, _ = make(repository, tmp_path, which="head")
    assert list(built.failed) == ["two"] and "it is broken" in built.failed["two"]
    assert (built.folder / "out" / "bin" / "switchyard-one").exists()
    again, _ = make(repository, tmp_path, which="head")
    assert again.cached and again.failed == built.failed


@pytest.mark.parametrize(
    "files, text",
    [
        (["impl/one", "impl/two"], "no model builds"),
        (["bench/client"], "switchyard-client does not build"),
        (["CMakeLists.txt"], "cannot be configured"),
    ],
)
def test_what_does_not_build_is_not_comparable(repository, tmp_path, files, text):
    for file in files:
        (repository / file).write_text("broken(\n")
    commit(repository)
    with pytest.raises(NotComparable, match=text):
        make(repository, tmp_path, which="head")


def test_a_revision_that_does_not_exist(repository, tmp_path):
    with pytest.raises(UsageError, match="no revision 'mian' here. Fetch it"):
        build.source("mian", tmp_path, repository)


def test_a_revision_from_before_the_suite_is_not_comparable(repository, tmp_path):
    git(repository, "rm", "-q", "-r", "impl")
    commit(repository)
    with pytest.raises(NotComparable, match="has no impl"):
        build.source("HEAD", tmp_path, repository)


def test_a_missing_compiler_is_told_with_the_next_step(repository):
    with pytest.raises(
        YardError, match="no-such-compiler is not installed.*scripts/setup"
    ) as error:
        build.compiler_of("strange", repository)
    assert error.value.code == 4
    with pytest.raises(UsageError, match="no preset 'hidden'"):
        build.compiler_of("hidden", repository)


def test_the_cache_forgets_the_oldest(tmp_path):
    import os

    for number in range(12):
        folder = tmp_path / f"{number:02d}"
        folder.mkdir()
        (folder / "built").write_text("")
        os.utime(folder, (number, number))
    build._forget_old(tmp_path, tmp_path / "00")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["00", *(f"{n:02d}" for n in range(4, 12))]


def test_names_that_a_side_has_pass_before_anything_is_built(tmp_path):
    sides = [build.source("HEAD", tmp_path)]
    build.check_names(
        sides,
        ("coroutine", "python", "self"),
        ("all", "echo", "noop"),
        ("coroutine/echo/epoll@0", "serial/fib@1"),
    )
    with pytest.raises(UsageError, match="'serial@1': '' is not there"):
        build.check_names(sides, (), (), ("serial@1",))

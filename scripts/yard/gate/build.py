# SPDX-License-Identifier: MIT
"""Both sides from source: the models of each revision with one harness, the head's, by one compiler
and preset.

A tree has the files of a revision, byte for byte, in which bench/, cmake/ and the top CMake files
are the head's, so that a change of the harness cannot look like a change of a model. Trees and
builds stay in a cache below equal-length paths, named after all that went into them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Sequence

from yard.errors import NotComparable, UsageError, YardError, nearest
from yard.data.host import git_in
from yard.data.models import REPOSITORY
from yard.gate import unpack

HARNESS = ("bench", "cmake", "CMakeLists.txt", "CMakePresets.json")
MODELS = ("impl",)
RIG = ("switchyard-client", "switchyard-backend")
WORKTREE = "worktree"
KEEP = 8  # newest builds in the cache
Say = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """What a side is made of: `content` names its files, whatever they are called."""

    given: str
    commit: str  # "" for a work tree
    content: dict[str, str]  # path -> hash of what is below it

    @property
    def label(self) -> str:
        return (
            f"{self.given} ({self.commit[:9]})"
            if self.commit and not self.commit.startswith(self.given)
            else self.given
        )


@dataclass(frozen=True)
class Built:
    source: Source
    folder: Path
    failed: dict[str, str]  # model -> first error; its cells are not compared
    cached: bool


def git(repository: Path, *words: str, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            [*git_in(repository), *words],
            cwd=repository,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        raise YardError("git is not installed: scripts/setup installs it") from None
    if done.returncode != 0:
        raise YardError(
            f"git {words[0]} failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
        )
    return done.stdout.strip()


def is_ancestor(revision: str, of: str, repository: Path = REPOSITORY) -> bool:
    try:
        git(repository, "merge-base", "--is-ancestor", of, revision)
    except YardError:
        return False
    return True


def source(given: str, scratch: Path, repository: Path = REPOSITORY) -> Source:
    if given == WORKTREE:
        tree, commit = _worktree_tree(repository, scratch), ""
    else:
        try:
            commit = git(repository, "rev-parse", "--verify", "--quiet", f"{given}^{{commit}}")
        except YardError:
            raise UsageError(
                f"there is no revision '{given}' here. Fetch it (git fetch origin {given}; a shallow clone "
                "of CI needs fetch-depth: 0), or see git branch -a"
            ) from None
        tree = commit
    content = {}
    for path in (*HARNESS, *MODELS):
        try:
            content[path] = git(repository, "rev-parse", "--verify", "--quiet", f"{tree}:{path}")
        except YardError:
            raise NotComparable(
                f"{given} has no {path}: it is older than the suite's layout; take a later base"
            ) from None
    return Source(given, commit, content)


def _worktree_tree(repository: Path, scratch: Path) -> str:
    """The files as they are, new ones included, as a tree object; the index of the user is not touched."""
    index = scratch / "index"
    environment = {**os.environ, "GIT_INDEX_FILE": str(index)}
    git(repository, "read-tree", "HEAD", environment=environment)
    git(repository, "add", "--all", "--", *HARNESS, *MODELS, environment=environment)
    tree = git(repository, "write-tree", environment=environment)
    index.unlink(missing_ok=True)
    return tree


def check_names(
    sources: Sequence[Source],
    models: Sequence[str],
    workloads: Sequence[str],
    scenarios: Sequence[str],
    repository: Path = REPOSITORY,
) -> None:
    """Models and workloads that no side has are told before minutes are spent on building: a folder below impl and a header
    below bench/contract/workloads are what they are."""

    def there(*words: str) -> set[str]:
        try:
            return {
                Path(name).stem
                for name in git(repository, "ls-tree", "--name-only", *words).split()
            }
        except YardError:
            return set()  # an older layout

    here, jobs = {"self"}, {"all"}
    for source in sources:
        here |= there("-d", source.content["impl"])
        jobs |= there(f"{source.content['bench']}:contract/workloads")
    parts = [(name, name.partition("@")[0].split("/")) for name in scenarios]
    asked = [("--models", name, name, here) for name in models] + [
        ("--workloads", name, name, jobs) for name in workloads
    ]
    asked += [("--only", name, words[0], here) for name, words in parts]
    asked += [("--only", name, words[1] if len(words) > 1 else "", jobs) for name, words in parts]
    for flag, name, word, known in asked:
        if known and word not in known:
            raise UsageError(
                f"{flag}: unknown name '{name}': '{word}' is not there: {nearest(word, known)}"
            )


def compiler_of(preset: str, repository: Path = REPOSITORY) -> str:
    """What the preset would call, and its version: part of the cache's key. A missing one is told here."""
    import json

    presets = {
        p["name"]: p
        for p in json.loads((repository / "CMakePresets.json").read_text())["configurePresets"]
    }
    if preset not in presets or presets[preset].get("hidden"):
        known = ", ".join(name for name, p in presets.items() if not p.get("hidden"))
        raise UsageError(f"--build-preset: there is no preset '{preset}'; there is {known}")
    name, queue = "", [preset]
    while queue and not name:
        entry = presets[queue.pop(0)]
        name = entry.get("cacheVariables", {}).get("CMAKE_CXX_COMPILER", "")
        parents = entry.get("inherits", [])
        queue += [parents] if isinstance(parents, str) else parents
    name = name or chosen_compiler()
    for tool in (name, "cmake", "ninja"):
        if shutil.which(tool) is None:
            raise YardError(
                f"{tool} is not installed, so nothing can be built: scripts/setup installs it"
            )
    version = subprocess.run(
        [name, "--version"], capture_output=True, text=True
    ).stdout.splitlines()
    return f"{name}: {version[0] if version else '?'}"


def chosen_compiler() -> str:
    """The one that scripts/build takes."""
    done = subprocess.run(
        [REPOSITORY / "scripts" / "compiler"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise YardError(done.stderr.strip())
    return done.stdout.strip()


def key(models: Source, harness: Source, preset: str, compiler: str) -> str:
    flags = [os.environ.get(name, "") for name in ("CXXFLAGS", "LDFLAGS", "CPPFLAGS")]
    parts = [
        preset,
        compiler,
        *flags,
        *(models.content[p] for p in MODELS),
        *(harness.content[p] for p in HARNESS),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def build(
    models: Source,
    harness: Source,
    preset: str,
    cache: Path,
    say: Say,
    repository: Path = REPOSITORY,
) -> Built:
    compiler = compiler_of(preset, repository)
    folder = cache / key(models, harness, preset, compiler)
    done = folder / "built"
    if done.exists():
        os.utime(folder)
        say(f"{models.label}: built before, in {folder}")
        return Built(models, folder, _failures(folder), True)
    say(f"{models.label}: building with the harness of {harness.label}")
    shutil.rmtree(folder, ignore_errors=True)
    tree = folder / "tree"
    tree.mkdir(parents=True)
    _extract(repository, harness, HARNESS, tree)
    _extract(repository, models, MODELS, tree)
    failed = _compile(tree, folder, preset, compiler)
    (folder / "failed.txt").write_text(
        "".join(f"{model}\t{why}\n" for model, why in sorted(failed.items()))
    )
    done.write_text(compiler + "\n")
    _forget_old(cache, folder)
    return Built(models, folder, failed, False)


def _extract(repository: Path, of: Source, paths: Sequence[str], tree: Path) -> None:
    for path in paths:
        unpack.write(repository, of.content[path], tree / path)


def _compile(tree: Path, folder: Path, preset: str, compiler: str) -> dict[str, str]:
    """Model -> why it does not build. Raises NotComparable if none does."""
    log = folder / "build-log.txt"
    # With equal paths in the debug information ccache may give both sides the same objects.
    environment = {**os.environ, "CCACHE_BASEDIR": str(tree), "CCACHE_NOHASHDIR": "1"}
    environment["CXX"] = compiler.partition(":")[0]
    output = folder / "out"
    with open(log, "wb") as out:

        def call(*words: str) -> int:
            return subprocess.run(
                words,
                cwd=tree,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            ).returncode

        if call("cmake", "--preset", preset, "-B", str(output), "-DBUILD_TESTING=OFF") != 0:
            raise NotComparable(f"it cannot be configured; see {log}")
        jobs = str(_jobs())
        if call("cmake", "--build", str(output), "-j", jobs, "--target", "suite") == 0:
            return {}
        # Something fails: find out what still builds.
        names = _targets(output)
        failed = {
            name: ""
            for name in names
            if call("cmake", "--build", str(output), "-j", jobs, "--target", name) != 0
        }
    why = next(
        (line for line in log.read_text(errors="replace").splitlines() if "error:" in line),
        "see the log",
    )
    for rig in RIG:
        if rig in failed:
            raise NotComparable(f"{rig} does not build: {why}; see {log}")
    if len(failed) == len(set(names) - set(RIG) - {"switchyard-self"}):
        raise NotComparable(f"no model builds with the head's harness: {why}; see {log}")
    return {name.removeprefix("switchyard-"): why for name in failed}


def _targets(output: Path) -> list[str]:
    ninja = (output / "build.ninja").read_text()
    line = next((text for text in ninja.splitlines() if text.startswith("build suite:")), "")
    return sorted(
        {
            word.rpartition("/")[2]
            for word in line.split()
            if word.rpartition("/")[2].startswith("switchyard-")
        }
    )


def _jobs() -> int:
    """As scripts/build: two compilers may want more memory than there is."""
    try:
        free = (
            int(
                next(
                    line for line in open("/proc/meminfo") if line.startswith("MemAvailable")
                ).split()[1]
            )
            // 900_000
        )
    except (OSError, StopIteration):
        free = 2
    return max(1, min(os.cpu_count() or 1, free))


def _failures(folder: Path) -> dict[str, str]:
    lines = (folder / "failed.txt").read_text().splitlines()
    return dict(line.split("\t", 1) for line in lines)


def _forget_old(cache: Path, newest: Path) -> None:
    folders = sorted(
        (f for f in cache.iterdir() if (f / "built").exists()), key=lambda f: f.stat().st_mtime
    )
    for old in folders[:-KEEP]:
        if old != newest:
            shutil.rmtree(old, ignore_errors=True)

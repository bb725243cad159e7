# SPDX-License-Identifier: MIT
"""Revisions of any git project, each unpacked and built by the project's own command, once: the
cache keeps them, named after the files of the revision and the command."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from yard.data.host import git_in
from yard.data.store import make_folder
from yard.errors import UsageError, YardError
from yard.gate.build import WORKTREE, git
from yard.text.outside import readable

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "switchyard" / "projects"
BUILD_TIMEOUT_MIN = 60
Say = Callable[[str], None]


@dataclass(frozen=True)
class Recipe:
    """`within`: where in the work tree the project lies, and its command runs."""

    command: str
    within: Path


class DoesNotBuild(Exception):
    """The text says why, in one line."""


@dataclass(frozen=True)
class Revision:
    given: str
    commit: str  # "" for the work tree
    tree: str

    @property
    def label(self) -> str:
        short = self.commit[:9]
        return (
            self.given
            if not short or self.commit.startswith(self.given)
            else f"{self.given} ({short})"
        )


def top(folder: Path) -> Path:
    try:
        return Path(git(folder, "rev-parse", "--show-toplevel"))
    except YardError:
        raise UsageError(
            f"{folder} is in no git work tree: name two commands with --base-cmd and --head-cmd"
        ) from None


def revision(repository: Path, given: str) -> Revision:
    if given == WORKTREE:
        return Revision(given, "", _worktree_tree(repository))
    try:
        # --end-of-options: a name may begin with a dash.
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options")
        commit = git(repository, *words, f"{given}^{{commit}}")
        return Revision(given, commit, git(repository, "rev-parse", f"{commit}^{{tree}}"))
    except YardError:
        raise UsageError(
            f"there is no revision '{readable(given)}' here; git branch -a has the branches, and a shallow clone "
            "needs git fetch first"
        ) from None


def _worktree_tree(repository: Path) -> str:
    """The files as they are, new ones included; the index of the user is not touched."""
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "GIT_INDEX_FILE": f"{scratch}/index"}
        git(repository, "read-tree", "HEAD", environment=environment)
        git(repository, "add", "--all", environment=environment)
        return git(repository, "write-tree", environment=environment)


def built(repository: Path, of: Revision, recipe: Recipe, cache: Path, say: Say) -> Path:
    """The project's folder in a revision that is built. Raises DoesNotBuild, the second time
    from the cache."""
    key = hashlib.sha256(f"{of.tree}\0{recipe.within}\0{recipe.command}".encode()).hexdigest()[:16]
    folder, log = make_folder(cache) / key, cache / f"{key}.log"
    failed, done = cache / f"{key}.failed", cache / f"{key}.built"
    if failed.exists():
        raise DoesNotBuild(failed.read_text(encoding="utf-8"))
    project = folder / recipe.within
    if done.exists() and project.is_dir():
        return project
    say(f"{of.label}: building in {folder}")
    shutil.rmtree(folder, ignore_errors=True)  # of a build that was interrupted
    folder.mkdir()
    _unpack(repository, of, folder)
    if not project.is_dir():
        raise DoesNotBuild(f"it has no folder {recipe.within}")
    if recipe.command and (why := _run(recipe.command, project, log)):
        why += f"; remove {failed} to try again"
        failed.write_text(why, encoding="utf-8")
        raise DoesNotBuild(why)
    done.touch()
    return project


def _unpack(repository: Path, of: Revision, folder: Path) -> None:
    words = [*git_in(repository), "archive", "--format=tar", of.tree]
    packed = subprocess.Popen(words, cwd=repository, stdout=subprocess.PIPE)
    unpacked = subprocess.run(["tar", "-x", "-C", folder], stdin=packed.stdout)
    if packed.wait() != 0 or unpacked.returncode != 0:
        raise YardError(f"{of.label} could not be unpacked into {folder}: is there space?")


def _run(command: str, folder: Path, log: Path) -> str:
    """Why it failed, "" if it did not."""
    with open(log, "wb") as out:
        try:
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=60 * BUILD_TIMEOUT_MIN,
            )
        except subprocess.TimeoutExpired:
            return f"'{command}' did not end within {BUILD_TIMEOUT_MIN} min; see {log}"
    if done.returncode == 0:
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    said = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "")
    said = f": {readable(said.strip())[:200]}" if said else ""
    return f"'{command}' ended with {done.returncode}{said}; see {log}"

# SPDX-License-Identifier: MIT
"""A search over the commits of a project: builds each once, compares it with the first in pairs,
keeps what was decided."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from yard.data.store import make_folder, write_atomically
from yard.errors import INCONCLUSIVE, OK, NotComparable, UsageError, YardError
from yard.gate import bisect_search, project_builds
from yard.gate.bisect_search import Judged, Verdict
from yard.gate.build import git
from yard.gate.command_choice import prepare
from yard.gate.pair_log import PairLog
from yard.gate.project_builds import Recipe, Revision
from yard.gate.project_file import ProjectFile
from yard.gate.side_command import Command, Slot
from yard.stats import inference
from yard.text import numbers
from yard.text.outside import readable

Say = Callable[[str], None]
PROFILED_S = 0.01  # under callgrind everything takes fifty times as long


@dataclass(frozen=True)
class Search:
    """What is searched. `command` runs the benchmarks in the folder of a revision."""

    repository: Path
    base: Revision
    head: Revision
    recipe: Recipe
    command: str
    scenario: str
    metric: str  # as --metric takes it, "" for the first that is judged
    format: str
    project: ProjectFile | None
    cache: Path
    seed: int

    @property
    def key(self) -> str:
        words = (self.base.tree, self.head.tree, self.recipe.command, str(self.recipe.within))
        own = (self.command, self.scenario, self.metric, self.format)
        return hashlib.sha256("\0".join((*words, *own)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Result:
    code: int
    text: str
    fast: Path | None = None  # folders of the two builds beside the change
    slow: Path | None = None
    commits: tuple[str, str] = ("", "")


def commits_between(repository: Path, base: Revision, head: Revision) -> list[str]:
    """Along the first parents: a merge is one change."""
    words = ("rev-list", "--first-parent", "--reverse", f"{base.commit}..{head.commit}")
    found = git(repository, *words).split()
    if not found:
        raise UsageError(
            f"no commit of {head.label} comes after {base.label}: name the older first"
        )
    return found


class Bisection:
    def __init__(self, search: Search, scratch: Path, say: Say):
        self.search, self.scratch, self.say = search, scratch, say
        self.commits = commits_between(search.repository, search.base, search.head)
        self.tests = bisect_search.steps(len(self.commits))
        self.file = make_folder(search.cache) / f"bisect-{search.key}.json"
        self.known: dict[str, dict[str, Any]] = self._read()
        self.half = 0.0

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            known = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def run(self) -> Result:
        last = self.judged(len(self.commits))
        if last.verdict is Verdict.SKIPPED:
            raise NotComparable(f"{self.search.head.label}: {last.reason}")
        if last.verdict is not Verdict.SLOW:
            code = NotComparable.code if last.verdict is Verdict.FAST else INCONCLUSIVE
            why = (
                "is no slower"
                if last.verdict is Verdict.FAST
                else "may be slower, and is too noisy to say"
            )
            return Result(
                code,
                f"{self.search.head.label} {why} than {self.search.base.label}: {_pairs(last)}",
            )
        self.half = math.log1p(last.change) / 2
        return self._result(bisect_search.search(len(self.commits), self.judged), last)

    def judged(self, number: int) -> Judged:
        """`number` 0 is the base, which no one asks for."""
        commit = self.commits[number - 1]
        if row := self.known.get(commit):
            return Judged(Verdict(row["verdict"]), row["reason"], row["pairs"], row["change"])
        found = self._measured(commit, number == len(self.commits))
        self.say(f"{self._title(number)}: {found.verdict.value}, {found.reason or _pairs(found)}")
        self.known[commit] = {
            "verdict": found.verdict.value,
            "reason": found.reason,
            "pairs": found.pairs,
            "change": found.change,
        }
        if found.verdict is not Verdict.UNSURE:  # the next call measures that one again
            write_atomically(self.file, json.dumps(self.known, indent=1) + "\n")
        return found

    def built(self, commit: str) -> Path:
        search = self.search
        revision = project_builds.revision(search.repository, commit)
        return project_builds.built(
            search.repository, revision, search.recipe, search.cache, self.say
        )

    def _measured(self, commit: str, is_last: bool) -> Judged:
        search = self.search
        try:
            folders = {"base": self.built(search.base.commit)}
        except project_builds.DoesNotBuild as error:
            raise NotComparable(f"{search.base.label} does not build: {error}") from None
        try:
            folders["head"] = self.built(commit)
        except project_builds.DoesNotBuild as error:
            return Judged(Verdict.SKIPPED, f"does not build: {error}")
        commands = {
            side: Command(search.command, search.format, folder=folder)
            for side, folder in folders.items()
        }
        flags = [search.metric] if search.metric else []
        with PairLog(self.scratch, lambda line: None) as log:
            try:
                source, metrics = prepare(
                    commands,
                    flags,
                    [search.scenario],
                    search.seed,
                    self.scratch,
                    log,
                    search.project,
                )
            except UsageError:
                if is_last:
                    raise
                return Judged(Verdict.SKIPPED, f"has no '{search.scenario}'")
            except YardError as error:
                return Judged(Verdict.SKIPPED, str(error))
            metric = next(iter(metrics))
            tolerated = math.log1p(metrics[metric].tolerated)
            verdict, differences = bisect_search.judge(
                lambda: source.pair(search.scenario).get(metric),
                tolerated if is_last else self.half,
                self.tests,
            )
        if not differences or verdict is Verdict.SKIPPED:
            return Judged(Verdict.SKIPPED, f"gives no value of {metric}")
        change = math.expm1(inference.hodges_lehmann(differences))
        return Judged(verdict, "", len(differences), change)

    def _title(self, number: int) -> str:
        words = ("log", "-1", "--format=%h %s", self.commits[number - 1])
        return readable(git(self.search.repository, *words))

    def _result(self, found: bisect_search.Found, last: Judged) -> Result:
        names = [self._title(number) for number in found.candidates]
        if found.stopped is not None:
            text = (
                f"{self._title(found.stopped)} could not be decided in {bisect_search.LOOKS[-1]} pairs; it is one of "
                f"{len(names)} commits: {'; '.join(names)}. The same command goes on from here"
            )
            return Result(INCONCLUSIVE, text)
        if len(names) > 1:
            text = f"one of these {len(names)} commits, of which all but the last could not be measured: {'; '.join(names)}"
            return Result(INCONCLUSIVE, text)
        before = (
            self.search.base.commit if found.last_fast == 0 else self.commits[found.last_fast - 1]
        )
        slow = self.commits[found.first_slow - 1]
        text = f"{names[0]} made {self.search.scenario} slower; {self.search.head.label}: {_pairs(last)}"
        return Result(OK, text, self.built(before), self.built(slow), (before, slow))


def _pairs(judged: Judged) -> str:
    return f"{numbers.change(judged.change)} in {judged.pairs} pairs"


def alone(search: Search, folder: Path, scratch: Path) -> list[str]:
    """The words that run the cell alone, where the tool can; otherwise the whole command."""
    command = Command(search.command, search.format, folder=folder)
    command.examine(scratch)
    return list(command.started(search.scenario, Slot(scratch, PROFILED_S, scratch)))


def run(search: Search, say: Say) -> Result:
    with tempfile.TemporaryDirectory(prefix="bisect-", dir=make_folder(search.cache)) as scratch:
        return Bisection(search, Path(scratch), say).run()

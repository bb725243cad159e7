# SPDX-License-Identifier: MIT
"""The two commands of a check of other programs: as they were typed, from switchyard.toml, or
from two revisions of a project that are built first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Mapping

from yard.errors import NotComparable, YardError
from yard.gate import project_builds
from yard.gate.build import is_ancestor
from yard.gate.project_file import ProjectFile
from yard.gate.request import Request
from yard.gate.side_command import Command

Say = Callable[[str], None]


@dataclass(frozen=True)
class CommandSides:
    """`repeat`: the flags that name the same two again. `is_within`: is the base that revision,
    or older?"""

    commands: Mapping[str, Command]
    repeat: list[str]
    is_within: Callable[[str], bool] = lambda revision: False


def of(request: Request, say: Say) -> CommandSides:
    texts = {"base": request.base, "head": request.head}
    if request.kind == "project" and request.project:
        return _of_revisions(request, request.project, texts, say)
    timed = request.kind == "time"
    project = None if timed else request.project
    commands = {
        side: Command(text, request.format, timed, project.side_folder(side) if project else None)
        for side, text in texts.items()
    }
    if timed:
        return CommandSides(commands, ["--time", *texts.values()])
    words = ["--base-cmd", texts["base"], "--head-cmd", texts["head"]]
    return CommandSides(commands, words + _format(request))


def _of_revisions(
    request: Request, project: ProjectFile, texts: Mapping[str, str], say: Say
) -> CommandSides:
    repository = project_builds.top(project.folder)
    revisions = {side: project_builds.revision(repository, text) for side, text in texts.items()}
    recipe = project_builds.Recipe(project.build, project.folder.relative_to(repository))
    commands = {}
    for side, revision in revisions.items():
        try:
            folder = project_builds.built(repository, revision, recipe, request.cache, say)
        except project_builds.DoesNotBuild as error:
            text = f"the {side} ({revision.label}) does not build: {error}"
            raise (NotComparable(text) if side == "base" else YardError(text)) from None
        commands[side] = Command(
            project.command, request.format, folder=folder, label=revision.label
        )
    words = []
    for side, revision in revisions.items():
        words += [f"--{side}", revision.commit or revision.given]
    return CommandSides(
        commands,
        words + _format(request),
        lambda revision: is_ancestor(revision, revisions["base"].commit or "HEAD", repository),
    )


def _format(request: Request) -> list[str]:
    return ["--format", request.format] if request.format else []

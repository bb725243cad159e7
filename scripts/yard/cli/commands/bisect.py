# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from yard.cli.commands import _options
from yard.errors import UsageError

PATH = click.Path(path_type=Path)


@click.command(short_help="Which commit made this cell slower, and where?")
@click.argument("base")
@click.argument("head")
@click.option("--cell", required=True, help="The scenario, as check prints it.")
@click.option("--metric", default="", help="NAME or NAME:more; default: the first that is judged.")
@click.option("--format", "form", default="", help="Of what the command prints, as check has it.")
@click.option(
    "--build", help="What builds a revision, run by sh; default: that of switchyard.toml."
)
@click.option("--project", type=PATH, help="A switchyard.toml; default: here or above.")
@click.option(
    "--cache", type=PATH, help="Builds and decisions; default ~/.cache/switchyard/projects."
)
@click.option(
    "--seed", type=click.IntRange(0, 2**48), default=1, show_default=True, help="Of coins."
)
@click.option("--no-profile", is_flag=True, help="Only find it; do not explain it.")
@_options.VERBOSE
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
def command(**given: Any) -> int:
    """Searches the commits after BASE up to HEAD for the one that made a cell slower, then profiles
    both sides of it.

    COMMAND runs the benchmarks in the folder of a revision; without it that of switchyard.toml is
    taken. What was decided is kept: the same call goes on. Exit codes: 0 found; 2 not decided; 3
    HEAD is no slower, or BASE does not build; 4 the harness failed; 64 usage.
    """
    from yard.gate import bisect_run, profile_difference

    search = _search(given)
    result = bisect_run.run(search, lambda line: print(line, file=sys.stderr, flush=True))
    click.echo(result.text)
    if result.fast and result.slow and not given["no_profile"]:
        hunks = profile_difference.hunks(search.repository, *result.commits)
        profiles = []
        with tempfile.TemporaryDirectory(dir=search.cache) as scratch:
            for folder in (result.fast, result.slow):
                one = bisect_run.alone(search, folder, Path(scratch))
                profiles.append(profile_difference.measured(one, folder, Path(scratch)))
        for line in profile_difference.sentences(profiles[0], profiles[1], hunks):
            click.echo(line)
    return result.code


def _search(given: dict[str, Any]) -> Any:
    from yard.gate import bisect_run, project_builds, project_file

    path = given["project"] or project_file.find(Path.cwd())
    project = project_file.read(path) if path else None
    text = shlex.join(given["words"]) or (project.command if project else "")
    if not text:
        raise UsageError(
            f"no command: write it behind -- or into {project_file.NAME} as project.command"
        )
    folder = project.folder if project else Path.cwd()
    repository = project_builds.top(folder)
    build = given["build"] if given["build"] is not None else project.build if project else ""
    form = given["form"] or (project.content.get("check", {}).get("format", "") if project else "")
    return bisect_run.Search(
        repository,
        project_builds.revision(repository, given["base"]),
        project_builds.revision(repository, given["head"]),
        project_builds.Recipe(build, Path(os.path.relpath(folder, repository))),
        text,
        given["cell"],
        given["metric"],
        form,
        project,
        given["cache"] or project_builds.CACHE,
        given["seed"],
    )

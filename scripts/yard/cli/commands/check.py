# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from yard.cli.commands import _check_options, _options
from yard.errors import INCONCLUSIVE


@click.command(short_help="Did this change make anything slower? Exit code 1 if so.")
@_options.add(*_check_options.ALL)
def command(**given: Any) -> int:
    """Builds or takes two sides, measures them in interleaved pairs and judges every cell.

    Exit codes: 0 no regression; 1 a regression, named; 2 inconclusive (noise, time, Ctrl-C); 3 not comparable; 4 the
    harness failed; 64 usage. FOLDER/verdict.json is written last: where it is absent, the check failed. docs/check.md
    tells the rule.
    """
    from yard.gate import check_run, outputs, project_file
    from yard.gate.check_progress import Progress
    from yard.gate.request import Request

    written = _typed()
    project = _project(given)
    if project:
        given = project_file.applied(project, given, written, _seconds)
    request = Request.of(given, project, written)
    try:
        result = check_run.run(request, Progress(given["quiet"]))
    except check_run.Interrupted:
        print("switchyard: interrupted before anything was measured", file=sys.stderr)
        return INCONCLUSIVE
    if given["into_history"]:
        _remember(result, request.out)
    outputs.write(result, request.out, not given["no_plots"])
    _show(result, given, request.out)
    return int(result["exit_code"])


def _project(given: dict[str, Any]) -> Any:
    from yard.gate import project_file

    path = given["project"] or project_file.find(Path.cwd())
    return project_file.read(path) if path else None


def _typed() -> set[str]:
    """The flags that the command line itself has."""
    context = click.get_current_context()
    typed = click.core.ParameterSource.COMMANDLINE
    return {name for name in context.params if context.get_parameter_source(name) is typed}


def _seconds(text: str) -> float:
    return _options.Duration().convert(text, None, None)


def _remember(result: dict[str, Any], out: Path) -> None:
    from yard.data.store import write_atomically
    from yard.report import history_store

    write_atomically(out / "check.json", json.dumps(result, indent=1) + "\n")
    book = history_store.History(history_store.FILE)
    book.add(history_store.points_of(out))
    book.close()


def _show(result: dict[str, Any], given: dict[str, Any], out: Path) -> None:
    from yard.gate import terminal, wording

    if given["json_output"]:
        click.echo(json.dumps(result, indent=1))
    elif given["quiet"]:
        click.echo(wording.headline(result))
    else:
        terminal.show(result, given["verbose"])
        click.echo(f"results: {out}")

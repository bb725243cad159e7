# SPDX-License-Identifier: MIT
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import click

from yard.cli import scaffold
from yard.errors import OK, UsageError
from yard.data.models import REPOSITORY
from yard.cli.commands import _options

NEXT = {
    "model": "cmake --preset release && ninja -C build/release switchyard-{name}\n"
    "scripts/switchyard verify --models {name}\n"
    "Then write its cells, one file a workload: docs/adding-a-model.md",
    "foreign": "scripts/build release switchyard-{name}\n"
    "scripts/switchyard verify --models {name}\n"
    "Then write its cells: docs/worker-protocol.md",
    "workload": "cmake --preset release && scripts/build release\n"
    "scripts/switchyard verify --workloads {name}\n"
    "Then write its contract, oracle, tests and cells: docs/adding-a-workload.md",
}


@click.command(short_help="Scaffold a model or a workload that builds and verifies.")
@click.argument("kind", type=click.Choice(["model", "foreign", "workload"]))
@click.argument("name")
@click.option(
    "--lang",
    type=click.Choice(list(scaffold.LANGUAGES)),
    help="of a foreign model: the language of its worker",
)
@click.option(
    "--root", type=click.Path(path_type=Path, exists=True), default=REPOSITORY, hidden=True
)
@_options.add(_options.VERBOSE)
def command(kind: str, name: str, lang: str | None, root: Path, **given: Any) -> int:
    """A model begins with one cell and declines the rest; a foreign model is a worker in another language with one cell;
    a workload begins with a small job, its oracle and a cell in `serial`, and is declined elsewhere. Nothing that exists
    is overwritten."""
    if (kind == "foreign") != (lang is not None):
        raise UsageError(
            f"new {kind}: --lang is for foreign models, and they need it: "
            f"new foreign {name} --lang {'|'.join(scaffold.LANGUAGES)}"
        )
    if lang is not None:
        written = scaffold.foreign(root, name, lang)
    else:
        written = (scaffold.model if kind == "model" else scaffold.workload)(root, name)
    sources = [str(file) for file in written if file.suffix in (".cpp", ".hpp")]
    formatter = shutil.which("clang-format-14")  # a long name moves line breaks
    if formatter and sources:
        subprocess.run([formatter, "-i", *sources], check=True, cwd=root)
    for file in written:
        click.echo(file.relative_to(root))
    click.echo("Next:\n" + NEXT[kind].format(name=name))
    return OK

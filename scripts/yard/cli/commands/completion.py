# SPDX-License-Identifier: MIT
from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from yard.errors import OK


@click.command(short_help="Print what lets a shell complete commands and flags.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """For bash: eval "$(scripts/switchyard completion bash)"; the Tab key then knows commands and flags."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(context.find_root().command, {}, "switchyard", "_SWITCHYARD_COMPLETE").source())
    return OK

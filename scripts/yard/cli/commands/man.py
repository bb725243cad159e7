# SPDX-License-Identifier: MIT
from __future__ import annotations

import click

from yard.text import manual
from yard.errors import OK


@click.command(short_help="Print the manual page; `scripts/switchyard man | man -l -` shows it.")
@click.pass_context
def command(context: click.Context) -> int:
    """The manual page is made from the commands when it is asked for, and so is always that of this version. To install it:
    scripts/switchyard man > /usr/local/share/man/man1/switchyard.1"""
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    click.echo(manual.page(root.command, root), nl=False)
    return OK

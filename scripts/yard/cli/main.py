# SPDX-License-Identifier: MIT
"""The command line. A command is a file in commands/; what goes wrong leaves as one line and a code of errors.py."""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import sys
import traceback
from typing import Any

import click

from yard.cli import commands
from yard.errors import HARNESS, INTERRUPTED, READER_LEFT, USAGE, YardError, nearest


class Commands(click.Group):
    """Imports only the command that is asked for: `list` needs no scipy."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(
            module.name
            for module in pkgutil.iter_modules(commands.__path__)
            if module.name[0] != "_"
        )

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        return importlib.import_module(f"{commands.__name__}.{name}").command

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.list_commands(context):
            raise click.UsageError(
                f"unknown command '{name}': {nearest(name, self.list_commands(context))}"
            )
        return super().resolve_command(context, args)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except BrokenPipeError:  # click would leave with 1, which here means a regression
            raise ReaderLeft from None


class ReaderLeft(Exception):
    """Who read our output, such as `head`, has seen enough."""


@click.command(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option("0.1.0", prog_name="switchyard")
def command() -> None:
    """The same work on every concurrency model: measure, compare, report.

    Exit codes: 0 ok; 1 a regression or a wrong result; 2 inconclusive; 3 not comparable; 4 the harness failed;
    64 usage; 130, 143 interrupted; 141 the reader of its output left.
    """


def _terminated(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    verbose = "--verbose" in arguments
    signal.signal(signal.SIGTERM, _terminated)
    try:
        result = command.main(args=arguments, prog_name="switchyard", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except YardError as error:
        if verbose:
            traceback.print_exc()
        print(f"switchyard: {error}", file=sys.stderr)
        return error.code
    except (ReaderLeft, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return READER_LEFT
    except Exception as error:
        if verbose:
            traceback.print_exc()
        hint = "" if verbose else " (--verbose shows where)"
        print(f"switchyard: {type(error).__name__}: {error}{hint}", file=sys.stderr)
        return HARNESS

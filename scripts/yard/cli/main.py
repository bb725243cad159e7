# SPDX-License-Identifier: MIT
"""The command line. A command is a file in commands/; what goes wrong leaves as one line and a code of errors.py."""

from __future__ import annotations

import importlib
import os
import re
import signal
import sys
from typing import Any

import click
from click.shell_completion import CompletionItem
from click.utils import make_default_short_help

from yard.cli import commands
from yard.data.version import version
from yard.errors import HARNESS, INTERRUPTED, READER_LEFT, USAGE, YardError, nearest

SHORT_HELP = re.compile(r'short_help="([^"]*)"')


class Commands(click.Group):
    """Imports only the command that is asked for: `list` needs no scipy."""

    def list_commands(self, context: click.Context) -> list[str]:
        names = os.listdir(commands.__path__[0])
        return sorted(n[:-3] for n in names if n.endswith(".py") and n[0] != "_")

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        return importlib.import_module(f"{commands.__name__}.{name}").command

    def summary(self, name: str) -> str:
        """What the command's file says of itself: `--help` and completion would otherwise import all that there is."""
        with open(f"{commands.__path__[0]}/{name}.py", encoding="utf-8") as file:
            found = SHORT_HELP.search(file.read())
        return found[1] if found else ""

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(context)
        room = formatter.width - 6 - max(map(len, names))
        with formatter.section("Commands"):
            formatter.write_dl([(n, make_default_short_help(self.summary(n), room)) for n in names])

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [n for n in self.list_commands(context) if n.startswith(incomplete)]
        items = [CompletionItem(name, help=self.summary(name)) for name in names]
        return items + click.Command.shell_complete(self, context, incomplete)

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
@click.version_option(version(), prog_name="switchyard")
def command() -> None:
    """The same work on every concurrency model: measure, compare, report.

    Exit codes: 0 ok; 1 a regression or a wrong result; 2 inconclusive; 3 not comparable; 4 the harness failed;
    64 usage; 130, 143 interrupted; 141 the reader of its output left.
    """


def _terminated(number: int, frame: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def end_orderly() -> None:
    """When the terminal is closed or Ctrl-\\ is pressed, a run ends as it does when it is terminated; not under nohup."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _terminated)


def _print_trace() -> None:
    import traceback

    traceback.print_exc()


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    verbose = "--verbose" in arguments
    end_orderly()
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
            _print_trace()
        print(f"switchyard: {error}", file=sys.stderr)
        return error.code
    except (ReaderLeft, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return READER_LEFT
    except Exception as error:
        if verbose:
            _print_trace()
        hint = "" if verbose else " (--verbose shows where)"
        print(f"switchyard: {type(error).__name__}: {error}{hint}", file=sys.stderr)
        return HARNESS

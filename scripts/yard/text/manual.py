# SPDX-License-Identifier: MIT
"""The manual page, made from the commands themselves, so that it is never out of date."""

from __future__ import annotations

import re
from typing import Any

import click

from yard.data.facts import EXIT_CODE

CODES = tuple((str(entry.code), entry.short) for entry in EXIT_CODE.values())


def _roff(text: str) -> str:
    """Words only: a line that begins with a dot or a quote would be a request to the formatter."""
    text = (
        re.sub(r"\s+", " ", text.replace("\b", "")).strip().replace("\\", "\\e").replace("-", "\\-")
    )
    return "\\&" + text if text[:1] in (".", "'") else text


def _usage(name: str, command: click.Command, context: click.Context) -> str:
    return " ".join([name, *(_roff(piece) for piece in command.collect_usage_pieces(context))])


def _option(option: click.Option, context: click.Context) -> list[str]:
    record: Any = option.get_help_record(context)
    return [".TP", f"\\fB{_roff(record[0])}\\fR", _roff(record[1]) or "\\&"] if record else []


def page(group: click.Group, context: click.Context) -> str:
    lines = [
        '.TH SWITCHYARD 1 "" "switchyard" "Concurrency models, measured"',
        ".SH NAME",
        "switchyard \\- the same work on every concurrency model: measure, compare, report",
        ".SH SYNOPSIS",
        "\\fBswitchyard\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...",
        ".SH DESCRIPTION",
        _roff((group.help or "").split("\n\n")[0]),
        ".SH COMMANDS",
    ]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        own = click.Context(command, info_name=name, parent=context)
        lines += [
            f".SS \\fB{_usage(f'switchyard {name}', command, own)}\\fR",
            _roff(command.get_short_help_str(200)),
        ]
        lines += [
            line for part in (command.help or "").split("\n\n") for line in (".PP", _roff(part))
        ]
        for option in command.get_params(own):
            if isinstance(option, click.Option):
                lines += _option(option, own)
    lines += [
        ".SH EXIT STATUS",
        *(line for code, text in CODES for line in (".TP", f"\\fB{code}\\fR", text)),
    ]
    lines += [
        ".SH ENVIRONMENT",
        ".TP",
        "\\fBNO_COLOR\\fR",
        "No colours on the terminal.",
        ".TP",
        "\\fBSWITCHYARD_PYTHON\\fR",
        "The interpreter to use, instead of one that has the modules.",
        ".SH FILES",
        ".TP",
        "\\fIresults/raw/<host>/<run>/\\fR",
        "One run; results/README.md tells of every field.",
    ]
    return "\n".join(lines) + "\n"

# SPDX-License-Identifier: MIT
"""The flags of `switchyard check`."""

from __future__ import annotations

from pathlib import Path

import click

from yard.cli.commands import _options

PATH = click.Path(path_type=Path)
ALL = (
    click.option("--base", help="Revision to compare with, such as the merge base with main."),
    click.option(
        "--head", default="worktree", show_default=True, help="Revision to judge, or worktree."
    ),
    click.option(
        "--build-preset",
        default="release",
        show_default=True,
        help="Of CMakePresets.json, for both sides.",
    ),
    click.option("--base-build", type=PATH, help="Instead of --base: a build folder that exists."),
    click.option("--head-build", type=PATH, help="Instead of --head: a build folder that exists."),
    click.option(
        "--base-cmd",
        help="Instead of --base: the command of a benchmark; docs/check.md has the formats.",
    ),
    click.option("--head-cmd", help="The same of the head."),
    click.option(
        "--time",
        "time_commands",
        nargs=2,
        metavar="BASE HEAD",
        help="Wall and CPU time of any two commands, from start to end.",
    ),
    click.option(
        "--format",
        help="Of what the commands print, such as go or criterion; default: seen from the content.",
    ),
    click.option(
        "--metric",
        "metrics",
        multiple=True,
        help="Judge only these; for commands also NAME:more (more is better).",
    ),
    *(_options.PRESET, *_options.CELLS),
    click.option(
        "--only",
        multiple=True,
        help="Scenarios, as printed, such as model/workload/variant@point; A,B or given again for more.",
    ),
    click.option(
        "--profile",
        default="default",
        show_default=True,
        help="How many pairs: quick, default or thorough.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, 2**48),
        help="Coins and order; default: from the clock, and printed.",
    ),
    click.option(
        "--time-budget",
        "time_budget_s",
        type=_options.Duration(),
        help="Of measuring; default by profile: 6m, 12m or 25m.",
    ),
    click.option(
        "--second-try",
        is_flag=True,
        help="After an inconclusive check: spends half the error probability.",
    ),
    click.option(
        "--project",
        type=PATH,
        help="A switchyard.toml; default: the one of the current folder or above it.",
    ),
    click.option("--out", type=PATH, help="Default results/check/<utc>."),
    click.option("--cache", type=PATH, help="Builds of revisions; default build/check."),
    click.option(
        "--accepted", type=PATH, help="Wanted slow-downs; default scripts/yard/gate/accepted.toml."
    ),
    click.option(
        "--history",
        "into_history",
        is_flag=True,
        help="Append the ratios to results/history.sqlite.",
    ),
    click.option("--no-plots", is_flag=True, help="Leave out the PNG files."),
    click.option(
        "--json", "json_output", is_flag=True, help="check.json on standard output as well."
    ),
    click.option("--quiet", is_flag=True, help="Only errors and the verdict."),
    _options.VERBOSE,
)

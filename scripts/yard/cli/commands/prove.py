# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from yard.engine import campaign
from yard.errors import FAILED, INCONCLUSIVE, OK, UsageError
from yard.data.store import make_folder, write_atomically
from yard.cli.commands import _options
from yard.text import numbers


@click.command(short_help="What `check` says where the answer is known, on this machine.")
@click.option(
    "--aa",
    default=20,
    show_default=True,
    type=click.IntRange(0, 1000),
    help="Jobs without a change.",
)
@click.option(
    "--busy",
    default=10,
    show_default=True,
    type=click.IntRange(0, 1000),
    help="Jobs with one operation 7 % slower.",
)
@click.option(
    "--tail",
    default=5,
    show_default=True,
    type=click.IntRange(0, 1000),
    help="Jobs with 1 operation in 50 slow.",
)
@click.option(
    "--moved",
    default=3,
    show_default=True,
    type=click.IntRange(0, 1000),
    help="Jobs in which only the code lies elsewhere.",
)
@click.option(
    "--hog",
    default=5,
    show_default=True,
    type=click.IntRange(0, 1000),
    help="Jobs without a change beside a CPU hog.",
)
@_options.add(_options.PRESET, _options.BUILD, _options.VERBOSE)
@click.option(
    "--cells",
    type=_options.Names(),
    default=(),
    help="Globs on model/workload/variant; default all for A/A, serial and floor for the rest.",
)
@click.option(
    "--profile",
    default="default",
    show_default=True,
    help="Of each job: quick, default or thorough, as in check.",
)
@click.option(
    "--time-budget",
    "budget_s",
    type=_options.Duration(),
    default="12m",
    show_default=True,
    help="Of each job.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Continued if it holds a part of the proof.",
)
@click.option(
    "--simulate",
    type=click.IntRange(0, 10_000),
    default=0,
    help="Only the table of rules, from so many simulated jobs.",
)
@click.option(
    "--noises",
    type=click.IntRange(0, 10_000),
    default=0,
    help="Only the table of kinds of noise: so many simulated jobs of each, without a change and 5 % slower.",
)
@click.option(
    "--races",
    type=click.IntRange(0, 100_000),
    default=0,
    help="Only the table of a run's races: so many simulated families of each kind of noise.",
)
def command(**given: Any) -> int:
    """Runs A/A jobs, injected slow-downs and a CPU hog through `check`, and prints the confusion table and what other
    tools' rules would have said of the same recorded pairs. Needs: scripts/build release suite injected.

    Exit code 0: all as expected; 1: not; 2: interrupted, the same command goes on.
    """
    from yard.gate import other_rules, proof

    out = given["out"]
    for name, table in (("races", _races), ("noises", _noises), ("simulate", _simulated)):
        if given[name]:
            return table(given[name], out)
    build = campaign.build_folder(given["build"])
    if not (build / "bin").is_dir():
        raise UsageError(
            f"{build} has no executables. Build them: scripts/build release suite injected"
        )
    budget_s = given["budget_s"]
    counts = {name: given[name] for name in ("aa", "busy", "tail", "moved", "hog")}
    plan = proof.experiments(
        counts, given["preset"], given["profile"], f"{numbers.short(budget_s)}s", given["cells"]
    )

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    say(
        f"{sum(counts.values())} jobs of at most {numbers.minutes(budget_s)}: at most "
        f"{numbers.fixed(proof.estimate_minutes(plan, budget_s) / 60, 1)} hours"
    )
    try:
        rows = proof.run(build, plan, out, say)
    except KeyboardInterrupt:
        say("interrupted; the same command goes on where it was")
        return INCONCLUSIVE
    score = other_rules.Score()
    for name, pairs, red in proof.jobs(out):
        score.job(pairs, red, proof.slowed(name), 12)
    text = f"{proof.table(rows)}\nOther rules on the same recorded pairs:\n\n{score.table()}"
    write_atomically(out / "proof.md", text)
    as_expected = all(row.as_expected == row.done for row in rows)
    summary = {
        "schema": 1,
        "utc": proof.now(),
        "as_expected": as_expected,
        "experiments": [
            {
                "name": r.experiment.name,
                "jobs": r.done,
                "as_expected": r.as_expected,
                "exit_codes": {str(code): n for code, n in sorted(r.codes.items())},
            }
            for r in rows
        ],
    }
    write_atomically(out / "proof.json", json.dumps(summary, indent=1) + "\n")
    click.echo(text + f"\nresults: {out}")
    return OK if as_expected else FAILED


def _simulated(jobs: int, out: Path) -> int:
    from yard.gate import other_rules, simulate

    make_folder(out)
    parts = []
    for machine in (simulate.QUIET, simulate.LOADED):
        for how, score in zip(
            ("on our interleaved pairs", "all of base, then all of head, as they are used"),
            other_rules.simulated(jobs, machine, 0.05, 5_000),
        ):
            parts.append(
                f"{machine.name}, {jobs} simulated jobs, half with one of 25 scenarios 5 % slower, {how}:\n\n"
                f"{score.table()}"
            )
    write_atomically(out / "simulated.md", "\n".join(parts))
    click.echo("\n".join(parts))
    return OK


def _noises(jobs: int, out: Path) -> int:
    from yard.gate import noise

    make_folder(out)
    rows = [noise.row(kind, size, jobs) for kind in noise.KINDS for size in (0.0, 0.05)]
    text = noise.table(rows)
    write_atomically(out / "noises.md", text)
    click.echo(text)
    return OK


def _races(families: int, out: Path) -> int:
    from yard.engine import race_simulation

    make_folder(out)
    rows = []
    for noise in race_simulation.NOISES:
        for models in race_simulation.MODELS:
            print(f"{noise}, {models} contenders", file=sys.stderr, flush=True)
            rows.append(race_simulation.raced(noise, models, families, race_simulation.ROUNDS))
    text = race_simulation.table(rows)
    write_atomically(out / "races.md", text)
    click.echo(text)
    return OK

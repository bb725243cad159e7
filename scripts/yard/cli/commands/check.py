# SPDX-License-Identifier: MIT
from __future__ import annotations

import datetime
import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from yard.data import models
from yard.errors import INCONCLUSIVE, NOT_COMPARABLE, NotComparable, UsageError, YardError
from yard.data.models import REPOSITORY
from yard.engine.plan import Options
from yard.data.store import make_folder
from yard.cli.commands import _options

CACHE = REPOSITORY / "build" / "check"
RESULTS = REPOSITORY / "results" / "check"
PATH = click.Path(path_type=Path)


@click.command(short_help="Did this change make anything slower? Exit code 1 if so.")
@click.option("--base", help="Revision to compare with, such as the merge base with main.")
@click.option(
    "--head", default="worktree", show_default=True, help="Revision to judge, or worktree."
)
@click.option(
    "--build-preset",
    default="release",
    show_default=True,
    help="Of CMakePresets.json, for both sides.",
)
@click.option("--base-build", type=PATH, help="Instead of --base: a build folder that exists.")
@click.option("--head-build", type=PATH, help="Instead of --head: a build folder that exists.")
@click.option(
    "--base-cmd",
    help="Instead of --base: a Google Benchmark binary, or a command that prints JSON lines.",
)
@click.option("--head-cmd", help="The same of the head.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    help="Judge only these; for commands also NAME:more (more is better).",
)
@_options.add(_options.PRESET, *_options.CELLS)
@click.option(
    "--only",
    type=_options.Names(),
    default=(),
    help="Scenarios, as printed: model/workload/variant@point.",
)
@click.option(
    "--profile",
    default="default",
    show_default=True,
    help="How many pairs: quick, default or thorough.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**48),
    help="Coins and order; default: from the clock, and printed.",
)
@click.option(
    "--time-budget",
    "time_budget_s",
    type=_options.Duration(),
    help="Of measuring; default by profile: 6m, " "12m or 25m.",
)
@click.option(
    "--second-try",
    is_flag=True,
    help="After an inconclusive check: spends half the error probability.",
)
@click.option("--out", type=PATH, help="Default results/check/<utc>.")
@click.option("--cache", type=PATH, help="Builds of revisions; default build/check.")
@click.option(
    "--accepted", type=PATH, help="Wanted slow-downs; default scripts/yard/gate/accepted.toml."
)
@click.option(
    "--history", "into_history", is_flag=True, help="Append the ratios to results/history.sqlite."
)
@click.option("--no-plots", is_flag=True, help="Leave out the PNG files.")
@click.option("--json", "json_output", is_flag=True, help="check.json on standard output as well.")
@click.option("--quiet", is_flag=True, help="Only errors and the verdict.")
@_options.VERBOSE
def command(**given: Any) -> int:
    """Builds or takes two sides, measures them in interleaved pairs and judges every cell.

    Exit codes: 0 no regression; 1 a regression, named; 2 inconclusive (noise, time, Ctrl-C); 3 not comparable; 4 the
    harness failed; 64 usage. FOLDER/verdict.json is written last: where it is absent, the check failed. docs/check.md
    tells the rule.
    """
    from yard.gate import outputs
    from yard.gate.check_progress import Progress

    _agree(given)
    profile = _profile(given["profile"], given["second_try"])
    out = given["out"] or RESULTS / datetime.datetime.now(datetime.timezone.utc).strftime(
        "%Y%m%dT%H%M%SZ"
    )
    outputs.prepare(out)
    progress = Progress(given["quiet"])
    seed = given["seed"] if given["seed"] is not None else int.from_bytes(os.urandom(4), "big")
    try:
        result = (
            _commands(given, profile, seed, out, progress)
            if given["base_cmd"]
            else _own(given, profile, seed, out, progress)
        )
    except KeyboardInterrupt:
        outputs.verdict(out, INCONCLUSIVE, "interrupted before anything was measured")
        print("switchyard: interrupted before anything was measured", file=sys.stderr)
        return INCONCLUSIVE
    except NotComparable as error:
        outputs.verdict(out, NOT_COMPARABLE, str(error))
        raise
    finally:
        progress.close()
    if given["into_history"]:
        _remember(result, out)
    outputs.write(result, out, not given["no_plots"])
    _show(result, given, out)
    return int(result["exit_code"])


def _agree(given: dict[str, Any]) -> None:
    """Exactly one kind of side, and both of it."""
    kinds = {
        "revisions": bool(given["base"]),
        "builds": bool(given["base_build"] or given["head_build"]),
        "commands": bool(given["base_cmd"] or given["head_cmd"]),
    }
    if sum(kinds.values()) != 1:
        raise UsageError(
            "name the sides: --base REV [--head REV], or --base-build and --head-build, or --base-cmd and "
            "--head-cmd"
        )
    for kind, flag in (("builds", "build"), ("commands", "cmd")):
        if kinds[kind] and not (given[f"base_{flag}"] and given[f"head_{flag}"]):
            raise UsageError(f"--base-{flag} and --head-{flag} belong together")


def _profile(name: str, second_try: bool) -> Any:
    from yard.gate import rule
    from yard.errors import nearest

    if name not in rule.PROFILES:
        raise UsageError(f"--profile: unknown profile '{name}': {nearest(name, rule.PROFILES)}")
    return replace(rule.PROFILES[name], alpha_share=rule.SECOND_TRY_SHARE if second_try else 1.0)


def _own(
    given: dict[str, Any], profile: Any, seed: int, out: Path, progress: Any
) -> dict[str, Any]:
    from yard.gate import accepted, session, result

    options = Options(
        preset=given["preset"],
        models=given["models"],
        workloads=given["workloads"],
        variants=given["variants"],
        cells=given["cells"],
        workers=given["workers"],
    )
    entries = accepted.read(given["accepted"] or REPOSITORY / accepted.FILE)
    asked = session.Asked(
        options,
        profile,
        seed,
        given["time_budget_s"] or profile.job_limit_s,
        session.chosen_metrics(given["metrics"]),
        given["only"],
    )
    cache = given["cache"] or CACHE
    if given["base"]:
        catalogues, labels, notes, repeat, within = _revisions(given, cache, progress)
    else:
        catalogues, labels, notes, repeat, within = _builds(given)
    found = session.run(catalogues, labels, asked, out, cache, progress)
    found.notes = [*notes, *found.notes]
    found.notes += accepted.apply(found.outcome, entries, within, datetime.date.today())
    return result.make(found, seed, ["scripts/switchyard", *sys.argv[1:]], repeat)


def _revisions(given: dict[str, Any], cache: Path, progress: Any) -> Any:
    from yard.gate import build

    make_folder(cache)
    with tempfile.TemporaryDirectory(prefix="index-", dir=cache) as scratch:
        head = build.source(given["head"], Path(scratch))
        base = build.source(given["base"], Path(scratch))
    build.check_names([head, base], given["models"], given["workloads"], given["only"])
    notes = []
    if any(base.content[path] != head.content[path] for path in build.HARNESS):
        notes.append(
            "the harness differs between the two: both sides are measured by the head's, so that a change of "
            "bench/ itself is not judged"
        )
    sides = {}
    for name, source in (("head", head), ("base", base)):
        try:
            sides[name] = build.build(source, head, given["build_preset"], cache, progress.say)
        except NotComparable as error:
            if name == "head":
                raise YardError(
                    f"the head ({head.label}) does not build: {error}. Build it with scripts/build "
                    f"{given['build_preset']} and repair that first"
                ) from None
            raise NotComparable(
                f"the base ({base.label}) does not build with the head's harness: {error}. If the contract "
                "changed, nothing can be compared; else take a base that builds"
            ) from None
        for model, why in sides[name].failed.items():
            if name == "head":
                raise YardError(
                    f"the head ({head.label}): {model} does not build: {why}; repair that first"
                )
            notes.append(
                f"the base's {model} does not build with the head's harness, so it is not compared: {why}"
            )
    catalogues = {
        name: models.discover(side.folder / "out", side.folder / "tree")
        for name, side in sides.items()
    }

    def within(revision: str) -> bool:
        try:
            build.git(REPOSITORY, "merge-base", "--is-ancestor", base.commit or "HEAD", revision)
        except YardError:
            return False
        return True

    repeat = [
        "scripts/switchyard",
        "check",
        "--base",
        base.commit or given["base"],
        "--head",
        head.commit or given["head"],
    ]
    return (
        catalogues,
        {"base": base.label, "head": head.label},
        notes,
        _with_preset(repeat, given),
        within,
    )


def _builds(given: dict[str, Any]) -> Any:
    catalogues = {}
    for name in ("base", "head"):
        folder = given[f"{name}_build"]
        if not (folder / "bin").is_dir():
            raise UsageError(
                f"--{name}-build {folder}: it has no folder bin; name a build folder such as build/release"
            )
        catalogues[name] = models.discover(folder)
    labels = {name: str(given[f"{name}_build"]) for name in ("base", "head")}
    repeat = [
        "scripts/switchyard",
        "check",
        "--base-build",
        labels["base"],
        "--head-build",
        labels["head"],
    ]
    return catalogues, labels, [], _with_preset(repeat, given), lambda revision: False


def _with_preset(repeat: list[str], given: dict[str, Any]) -> list[str]:
    for name in ("preset", "build_preset"):
        default = {"preset": "quick", "build_preset": "release"}[name]
        if given[name] != default:
            repeat += ["--" + name.replace("_", "-"), given[name]]
    return repeat


def _commands(
    given: dict[str, Any], profile: Any, seed: int, out: Path, progress: Any
) -> dict[str, Any]:
    from yard.gate import accepted, command_pairs, session, result

    sides = {name: command_pairs.Command(given[f"{name}_cmd"]) for name in ("base", "head")}
    entries = accepted.read(given["accepted"]) if given["accepted"] else []
    found = session.run_commands(
        sides,
        given["metrics"],
        given["only"],
        profile,
        seed,
        given["time_budget_s"] or profile.job_limit_s,
        out,
        given["cache"] or CACHE,
        progress,
    )
    found.notes += accepted.apply(
        found.outcome, entries, lambda revision: False, datetime.date.today()
    )
    repeat = [
        "scripts/switchyard",
        "check",
        "--base-cmd",
        given["base_cmd"],
        "--head-cmd",
        given["head_cmd"],
    ]
    return result.make(found, seed, ["scripts/switchyard", *sys.argv[1:]], repeat)


def _remember(result: dict[str, Any], out: Path) -> None:
    from yard.report import history_store
    from yard.data.store import write_atomically

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

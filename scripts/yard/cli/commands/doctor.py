# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from yard.data.facts import FIELD
from yard.doctor import checks, measure, mend
from yard.doctor.machine import Machine
from yard.errors import HARNESS, OK, UsageError
from yard.cli.commands import _options
from yard.text import numbers, units


def _measured_text(measured: dict[str, Any]) -> str:
    sleep, wake, same = (
        measured["sleep_overshoot_us"],
        measured["wake_up_us"],
        measured["same_against_same"],
    )
    lines = [
        "measured here, from Python:",
        f"  clock step          {measured['timer_step_ns']} ns, with the cost of reading it",
        f"  sleep of 1 ms late  {units.text(1000 * sleep['median'], 'ns')}, p99 {units.text(1000 * sleep['p99'], 'ns')}",
        f"  wake-up             {units.text(1000 * wake['median'], 'ns')}, p99 {units.text(1000 * wake['p99'], 'ns')} (half a round trip over pipes)",
    ]
    for name, label in (
        (FIELD.steal_share, "stolen CPU"),
        (FIELD.foreign_cpu_share, "others' CPU"),
    ):
        if measured[name] is not None:
            lines.append(f"  {label:<18}  {numbers.percent(measured[name], 1)}")
    noise = f"{numbers.percent(same['noise_share'], 1)} noise in pairs of a short computation"
    lines.append(
        f"  same against same   {noise}; a 5 % change needs about {same['pairs_for_5_percent']} such pairs"
    )
    return "\n".join(lines)


def _findings_text(findings: list[checks.Finding], silent: list[str]) -> str:
    lines = []
    for finding in findings:
        why = f"; {finding.why}" if finding.why else ""
        lines.append(f"{finding.level:<8} {finding.name}: {finding.value}{why}")
        if finding.mend:
            lines.append(f"         mend: {finding.mend}")
    if silent:
        lines.append(f"unknown  {', '.join(silent)}: this machine does not say")
    return "\n".join(lines)


@click.command(short_help="Tell what on this machine spoils numbers, and how to mend it.")
@click.option(
    "--quick",
    is_flag=True,
    help="Only what the machine says; leave out what takes a second to measure.",
)
@click.option("--json", "json_output", is_flag=True, help="As JSON on standard output.")
@click.option("--fix", is_flag=True, help="Change the settings that can be put back, after asking.")
@click.option("--yes", is_flag=True, help="With --fix: do not ask.")
@click.option("--restore", is_flag=True, help="Undo --fix.")
@_options.add(_options.VERBOSE)
def command(
    quick: bool, json_output: bool, fix: bool, yes: bool, restore: bool, verbose: bool
) -> int:
    """Looks at settings and neighbours, and measures for a second how much they matter. Changes nothing without --fix.
    --fix never touches mitigations, SMT or io_uring: it names the command and leaves the choice."""
    changes = fix or restore
    if (fix and restore) or (changes and (json_output or quick)) or (yes and not fix):
        raise UsageError(
            "--fix and --restore exclude each other, --json and --quick; --yes goes with --fix"
        )
    machine, record = Machine(), mend.record_file()
    if restore:
        for line in mend.restore(machine, record):
            click.echo(line)
        click.echo("restored")
        return OK
    findings, silent = checks.examine(machine)
    if fix:
        settings = [setting for finding in findings for setting in finding.settings]
        if not settings:
            click.echo("nothing that --fix could change")
            return OK
        for path, value in settings:
            click.echo(f"{path}: {machine.read(path)} -> {value}")
        if not yes and not click.confirm(
            "Write these? `switchyard doctor --restore` puts them back."
        ):
            return OK
        failures = mend.fix(machine, settings, record)
        for failure in failures:
            click.echo(failure, err=True)
        return HARNESS if failures else OK
    measured = None if quick else measure.everything()
    if json_output:
        rows = [asdict(finding) for finding in findings]
        click.echo(
            json.dumps({"schema": 1, "findings": rows, "unknown": silent, "measured": measured})
        )
    else:
        parts = [
            _findings_text(findings, silent),
            *([_measured_text(measured)] if measured else []),
        ]
        click.echo("\n\n".join(parts))
    return OK

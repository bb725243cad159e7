# SPDX-License-Identifier: MIT
"""What a check is asked for: the flags of `switchyard check`, checked against each other."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Collection, Mapping, Sequence

from yard.data.facts import metric_named
from yard.data.models import REPOSITORY
from yard.engine.plan import Options
from yard.errors import UsageError, nearest
from yard.gate import project_builds, rule
from yard.gate.project_file import ProjectFile
from yard.gate.rule import Metric, Profile

CACHE = REPOSITORY / "build" / "check"
RESULTS = REPOSITORY / "results" / "check"
KINDS = {
    "revisions": ("base",),
    "builds": ("base_build", "head_build"),
    "commands": ("base_cmd", "head_cmd"),
    "time": ("time_commands",),
}
COMMANDS = ("commands", "time", "project")  # kinds whose benchmarks are not this suite's


OURS = dict.fromkeys(
    ("models", "workloads", "variants", "cells", "workers", "preset"),
    "it chooses among this suite's cells; --only chooses among what a command prints",
)
BUILT = "nothing is built there; name the sides with --base and --head"
USELESS: dict[str, dict[str, str]] = {  # kind -> flag -> what to do instead
    "revisions": {},
    "builds": {"build_preset": BUILT, "head": "--head-build names the other side"},
    "commands": {**OURS, "build_preset": BUILT, "head": "--head-cmd names the other side"},
    "time": {**OURS, "build_preset": BUILT, "head": "the second command is the other side"},
    "project": {**OURS, "build_preset": "the project's own command builds it"},
}


@dataclass(frozen=True)
class Request:
    kind: str  # one of KINDS
    base: str
    head: str
    build_preset: str
    options: Options
    profile: Profile
    seed: int
    budget_s: float
    out: Path
    cache: Path
    metrics: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    accepted: Path | None = None
    format: str = ""
    project: ProjectFile | None = None

    @classmethod
    def of(
        cls,
        given: dict[str, Any],
        project: ProjectFile | None = None,
        written: Collection[str] = (),
    ) -> Request:
        """`written`: the flags that were given, and not left at their defaults."""
        kind = _kind(given)
        if kind == "revisions" and project and project.command:
            kind = "project"
        _refuse(kind, written)
        if kind not in COMMANDS:
            chosen_metrics(given["metrics"])
        base, head = {
            "revisions": (given["base"], given["head"]),
            "builds": (given["base_build"], given["head_build"]),
            "commands": (given["base_cmd"], given["head_cmd"]),
            "time": given["time_commands"] or ("", ""),
            "project": (given["base"], given["head"]),
        }[kind]
        profile = _profile(given["profile"], given["second_try"])
        utc = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        names = ("preset", "models", "workloads", "variants", "cells", "workers")
        return cls(
            kind,
            str(base),
            str(head),
            given["build_preset"],
            Options(**{name: given[name] for name in names}),
            profile,
            given["seed"] if given["seed"] is not None else int.from_bytes(os.urandom(4), "big"),
            given["time_budget_s"] or profile.job_limit_s,
            given["out"] or RESULTS / utc,
            given["cache"] or (project_builds.CACHE if kind == "project" else CACHE),
            tuple(given["metrics"]),
            _only(kind, given["only"]),
            given["accepted"],
            given["format"] or "",
            project,
        )


def _refuse(kind: str, written: Collection[str]) -> None:
    """A flag that would have no effect is a mistake, told before anything is built or measured."""
    for name, instead in USELESS[kind].items():
        if name in written:
            flag = "--" + name.replace("_", "-")
            sides = " and ".join(
                "--" + side.replace("_", "-") for side in KINDS.get(kind, ("base",))
            )
            raise UsageError(f"{flag} does not apply to {sides}: {instead}")


def chosen_metrics(names: Sequence[str]) -> Mapping[str, Metric]:
    """All of the table, or those of --metric, which then gate even if they usually only advise."""
    known = rule.metrics()
    chosen = [metric_named(name) for name in names]
    for name in chosen:
        if name not in known:
            raise UsageError(f"--metric: unknown metric '{name}': {nearest(name, known)}")
    return {name: replace(known[name], tier="gating") for name in chosen} if names else known


def _kind(given: dict[str, Any]) -> str:
    """Exactly one kind of side, and both of it."""
    kinds = [kind for kind, flags in KINDS.items() if any(given[flag] for flag in flags)]
    if len(kinds) != 1:
        raise UsageError(
            "name the sides: --base REV [--head REV], or --base-build and --head-build, or --base-cmd and "
            "--head-cmd, or --time A B"
        )
    if not all(given[flag] for flag in KINDS[kinds[0]]):
        first, second = ("--" + flag.replace("_", "-") for flag in KINDS[kinds[0]])
        raise UsageError(f"{first} and {second} belong together")
    return kinds[0]


def _only(kind: str, given: Sequence[str]) -> tuple[str, ...]:
    """The names of a command's scenarios may contain commas: command_choice.py tells them apart."""
    if any(not name.strip(" ,") for name in given):
        raise UsageError("--only: names nothing")
    if kind in COMMANDS:
        return tuple(given)
    return tuple(part.strip() for name in given for part in name.split(",") if part.strip())


def _profile(name: str, second_try: bool) -> Profile:
    if name not in rule.PROFILES:
        raise UsageError(f"--profile: unknown profile '{name}': {nearest(name, rule.PROFILES)}")
    return replace(rule.PROFILES[name], alpha_share=rule.SECOND_TRY_SHARE if second_try else 1.0)

# SPDX-License-Identifier: MIT
"""A campaign: what the controller asks of the machines, and what it knows of the jobs."""

from __future__ import annotations

import base64
import datetime
import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from yard.data import host
from yard.data.machine_name import checked
from yard.data.models import REPOSITORY
from yard.data.store import make_folder, write_atomically
from yard.errors import UsageError, nearest

# Jobs inherit the environment of whoever submits them, so that all sides of a campaign agree.
RESULTS = Path(os.environ.get("SWITCHYARD_FLEET") or REPOSITORY / "results" / "fleet")
FILE = "campaign.json"
VERSION = 1
NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-z]+(-\d+)?")


@dataclass(frozen=True)
class Order:
    """What one machine is to do. It travels inside the job's script: nothing else has to be shared."""

    campaign: str
    machine: str
    kind: str  # run or check
    commit: str  # the revision whose harness and models work, in full
    flags: tuple[str, ...] = ()
    build: str = ""
    cpus: str = ""
    version: int = VERSION

    def encoded(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()


def decoded(text: str) -> Order:
    """Throws UsageError for what no controller of this version wrote."""
    try:
        value = json.loads(base64.urlsafe_b64decode(text.encode()))
        if value["version"] != VERSION:
            raise UsageError(
                f"the order has version {value['version']} and this checkout knows {VERSION}: "
                "bring both to the same commit"
            )
        value["flags"] = tuple(value["flags"])
        order = Order(**value)
    except (ValueError, KeyError, TypeError):
        raise UsageError("--order is no order of switchyard fleet") from None
    if not NAME.fullmatch(order.campaign) or order.kind not in ("run", "check"):
        raise UsageError("--order is no order of switchyard fleet")
    checked(order.machine, "--order")
    return order


@dataclass
class Campaign:
    name: str
    kind: str
    commit: str
    flags: list[str]
    machines: list[str]
    source: str  # the fleet it was given to
    jobs: dict[str, str] = field(default_factory=dict)  # machine, or `any CLASS`: id of the job
    classes: list[str] = field(default_factory=list)
    schema: int = 1

    @property
    def folder(self) -> Path:
        return RESULTS / self.name

    def save(self) -> None:
        make_folder(self.folder)
        write_atomically(self.folder / FILE, json.dumps(asdict(self), indent=1) + "\n")


def new(kind: str, commit: str, flags: list[str], machines: list[str], source: str) -> Campaign:
    utc = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    name, number = f"{utc}-{commit[:7]}", 1
    while (RESULTS / name).exists():
        number += 1
        name = f"{utc}-{commit[:7]}-{number}"
    return Campaign(name, kind, commit, flags, machines, source)


def names() -> list[str]:
    """Of the campaigns here, the newest last."""
    found = RESULTS.glob(f"*/{FILE}") if RESULTS.is_dir() else ()
    return sorted(file.parent.name for file in found if NAME.fullmatch(file.parent.name))


def load(name: str = "") -> Campaign:
    """The campaign of that name, or the newest."""
    known = names()
    if not known:
        raise UsageError("there is no campaign yet. Start one with: scripts/switchyard fleet run")
    if name and name not in known:
        raise UsageError(f"no campaign '{name}': {nearest(name, known)}")
    file = RESULTS / (name or known[-1]) / FILE
    try:
        value: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if value.get("schema") != 1:
            raise UsageError(f"{file} was written by a later version of switchyard; use that one")
        return Campaign(**value)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"{file} is damaged ({error}); start a new campaign") from None


def commit_of(revision: str = "HEAD") -> str:
    """The full hash of `revision`."""
    commit = host.output("git", "rev-parse", "--verify", f"{revision}^{{commit}}", cwd=REPOSITORY)
    if not commit:
        raise UsageError(f"no revision '{revision}' here")
    return commit

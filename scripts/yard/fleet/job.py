# SPDX-License-Identifier: MIT
"""What a job does on its machine: build the commit, then measure, or go on where an earlier try of it was cut off.

Everything lies in one folder, results/fleet/<campaign>/<machine>: state.json, log.txt, and a folder for each attempt.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from yard.data import host
from yard.data.machine_name import VARIABLE
from yard.data.models import REPOSITORY
from yard.data.store import make_folder, write_atomically
from yard.errors import HARNESS, NOT_COMPARABLE, UsageError, YardError
from yard.fleet import orders, tree
from yard.fleet.orders import Order

STATE = "state.json"
LOG = "log.txt"


def folder_of(campaign: str, machine: str) -> Path:
    return orders.RESULTS / campaign / machine


def read_state(folder: Path) -> dict[str, Any]:
    """{} where the machine has not begun, or where the file is damaged: its attempts are found by their folders."""
    try:
        value = json.loads((folder / STATE).read_text(encoding="utf-8"))
        return value if isinstance(value, dict) else {}
    except (OSError, ValueError):
        return {}


class Job:
    def __init__(self, order: Order):
        self.order = order
        self.folder = make_folder(folder_of(order.campaign, order.machine))
        self.log = self.folder / LOG
        self.state: dict[str, Any] = read_state(self.folder) or {"schema": 1, "attempts": []}

    def do(self) -> int:
        """The exit code of the run or check. What hinders it is kept in state.json, in one line."""
        self._confine()
        self._note(outcome=None, reason="", started=self.state.get("started", 0) + 1)
        try:
            scripts = self._scripts()
            code = self._check(scripts) if self.order.kind == "check" else self._measure(scripts)
        except YardError as error:
            self._note(outcome=error.code, reason=str(error))
            print(f"switchyard: {error}", file=sys.stderr)
            return error.code
        self._note(outcome=code, reason=self._last_line() if code else "")
        return code

    def _confine(self) -> None:
        if self.order.cpus:
            from yard.fleet.cpus import parse

            try:
                os.sched_setaffinity(0, parse(self.order.cpus))
            except OSError as error:
                raise UsageError(
                    f"{self.order.machine} cannot be confined to the CPUs {self.order.cpus}: "
                    f"{error.strerror}"
                ) from None

    def _scripts(self) -> Path:
        """The scripts that measure: of the commit, or of this checkout where the build is given."""
        if self.order.build:
            return REPOSITORY / "scripts"
        return tree.built(REPOSITORY, self.order.commit, self.log) / "scripts"

    def _note(self, **changes: Any) -> None:
        self.state.update(changes)
        write_atomically(self.folder / STATE, json.dumps(self.state, indent=1) + "\n")

    def _measure(self, scripts: Path) -> int:
        last = self.state["attempts"][-1] if self.state["attempts"] else None
        if last and (self.folder / last["folder"] / "plan.json").exists():
            if last["boot_id"] == host.boot_id():
                resume = ["run", "--resume", str(self.folder / last["folder"])]
                code = self._call(scripts, [*resume, "--quiet"])
                if code != NOT_COMPARABLE:
                    return code
            # After a reboot, or with other binaries, it is another experiment; the old one is kept.
        attempt = self._new_attempt()
        flags = ["run", "--out", str(self.folder / attempt), "--quiet", *self._build_flag()]
        return self._call(scripts, [*flags, *self.order.flags])

    def _check(self, scripts: Path) -> int:
        attempt = self._new_attempt()
        return self._call(
            scripts, ["check", "--out", str(self.folder / attempt), *self.order.flags]
        )

    def _build_flag(self) -> list[str]:
        return ["--build", self.order.build] if self.order.build else []

    def _new_attempt(self) -> str:
        name = f"{self.order.kind}-{len(self.state['attempts']) + 1}"
        attempts = [*self.state["attempts"], {"folder": name, "boot_id": host.boot_id()}]
        self._note(attempts=attempts)
        return name

    def _call(self, scripts: Path, arguments: list[str]) -> int:
        environment = {**os.environ, VARIABLE: self.order.machine}
        with open(self.log, "ab") as output:
            output.write(f"$ switchyard {' '.join(arguments)}\n".encode())
            output.flush()
            code = subprocess.run(
                [str(scripts / "switchyard"), *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            ).returncode
        return code if code >= 0 else HARNESS

    def _last_line(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else ""


def result_folder(folder: Path) -> Path | None:
    """The newest attempt of a machine's folder that has a plan or a verdict."""
    attempts = [entry.get("folder") for entry in read_state(folder).get("attempts", [])]
    for name in reversed([name for name in attempts if isinstance(name, str) and "/" not in name]):
        if any((folder / name / file).exists() for file in ("plan.json", "check.json")):
            return folder / name
    return None

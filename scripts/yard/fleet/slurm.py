# SPDX-License-Identifier: MIT
"""Slurm's own commands (slurm.schedmd.com), with one clear line where they fail."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Sequence

from yard.errors import YardError
from yard.text import numbers

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
TIMEOUT_S = 60.0


def search_path() -> str:
    """Debian keeps daemons in sbin, which is not on the PATH of an ordinary user."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def program(name: str) -> str:
    found = shutil.which(name, path=search_path())
    if not found:
        raise YardError(
            f"{name} is not installed. Install Slurm with: scripts/setup --fleet, "
            f"or: sudo apt-get install {' '.join(PACKAGES)}"
        )
    return found


def missing() -> list[str]:
    """Programs of Slurm that this machine lacks."""
    return [name for name in PROGRAMS if not shutil.which(name, path=search_path())]


@dataclass(frozen=True)
class Node:
    name: str
    state: str
    reason: str


@dataclass(frozen=True)
class Job:
    id: str
    name: str
    state: str
    node: str
    reason: str
    restarts: int = 0
    exit_code: int = 0


class Slurm:
    """The cluster of one slurm.conf."""

    def __init__(self, conf: Path):
        self.conf = conf

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SLURM_CONF": str(self.conf)}

    def call(self, *command: str, given: str = "", timeout_s: float = TIMEOUT_S) -> str:
        """Standard output. Throws YardError with the last line of what the command complained of."""
        try:
            done = subprocess.run(
                [program(command[0]), *command[1:]],
                input=given,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=timeout_s,
            )
        except subprocess.TimeoutExpired:
            raise YardError(
                f"{command[0]} gave no answer in {numbers.fixed(timeout_s)} s; is slurmctld up?"
            )
        if done.returncode != 0:
            complaint = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise YardError(f"{command[0]}: {complaint}")
        return done.stdout

    def nodes(self) -> list[Node]:
        text = self.call("sinfo", "--noheader", "--Node", "--format=%N|%T|%E")
        rows = dict.fromkeys(line for line in text.splitlines() if line.count("|") >= 2)
        return [Node(*(part.strip() for part in row.split("|", 2))) for row in rows]

    def submit(self, script: str, *options: str) -> str:
        """The id of the new job."""
        answer = self.call("sbatch", "--parsable", *options, given=script)
        return answer.strip().split(";")[0]

    def job(self, identifier: str) -> Job | None:
        """None once the controller has forgotten it."""
        try:
            text = self.call("scontrol", "--oneliner", "show", "job", identifier)
        except YardError as error:
            if "Invalid job id" in str(error):
                return None
            raise
        fields = dict(part.partition("=")[::2] for part in text.split())
        return Job(
            identifier,
            fields.get("JobName", ""),
            fields.get("JobState", "UNKNOWN"),
            fields.get("NodeList", "").strip("()") or fields.get("ReqNodeList", ""),
            fields.get("Reason", ""),
            int(fields.get("Restarts", "0") or 0),
            int(fields.get("ExitCode", "0:0").partition(":")[0] or 0),
        )

    def cancel(self, identifiers: Sequence[str]) -> None:
        self.call("scancel", *identifiers)

    def drain(self, node: str, reason: str) -> None:
        self.call("scontrol", "update", f"nodename={node}", "state=drain", f"reason={reason}")

    def stream(self, node: str, command: Sequence[str], output: IO[bytes], wait_s: int) -> str:
        """Runs `command` on `node` and writes its standard output to `output`; the complaint, or nothing."""
        done = subprocess.run(
            [program("srun"), "--quiet", f"--nodelist={node}", "--nodes=1", "--ntasks=1"]
            + [f"--immediate={wait_s}", "--job-name=switchyard-collect", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            env=self.environment,
        )
        if done.returncode == 0:
            return ""
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return (lines or [f"srun ended with {done.returncode}"])[-1]

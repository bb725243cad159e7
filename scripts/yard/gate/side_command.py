# SPDX-License-Identifier: MIT
"""The command of one side: what it offers, and one process of it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Sequence

from yard.data import host
from yard.data.facts import FIELD
from yard.engine import process
from yard.errors import UsageError, YardError
from yard.gate import google_benchmark, whole_process
from yard.gate.formats import registry
from yard.gate.formats.output_format import Format, Invocation, Malformed
from yard.gate.reading import WHOLE, Failed, Reading
from yard.text import numbers
from yard.text.outside import readable

TIMEOUT_S = 120.0
LISTING_TIMEOUT_S = 900.0  # a tool may have to build first


@dataclass(frozen=True)
class Slot:
    """Where and for how long a process measures; `kept`: where an output goes that cannot be
    read."""

    scratch: Path
    seconds: float
    kept: Path
    padding: int = 0

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SWITCHYARD_PADDING": "x" * self.padding}


@dataclass
class Gave:
    """What one process gave. `trouble`: how it failed; what it printed before that counts."""

    reading: Reading = field(default_factory=Reading)
    steal: float = 0.0
    trouble: str = ""
    hung: bool = False

    def lacks(self, scenario: str) -> str:
        """Why there is nothing of this scenario; "" if there is."""
        if (scenario, WHOLE) in self.reading.refused:
            return self.reading.refused[scenario, WHOLE]
        if scenario in self.reading.values:
            return ""
        return self.trouble or "it is not printed"


@dataclass
class Command:
    """`names`: the benchmarks that it runs one at a time, by their unique name; None: it is run
    whole. `asked`: the name of its format, "" if its output tells. `timed`: it is measured from
    outside, and what it prints is its own business.
    """

    text: str
    asked: str = ""
    timed: bool = False
    folder: Path | None = None
    names: dict[str, str] | None = None
    format: Format | None = None
    label: str = ""  # what a person calls it, instead of the command
    trouble: str = ""  # how listing ended, if it failed

    @property
    def words(self) -> list[str]:
        try:
            words = shlex.split(self.text)
        except ValueError as error:
            raise UsageError(f"'{readable(self.text)}' is no command line: {error}") from None
        if not words:
            raise UsageError("an empty command cannot be compared; give a program")
        return words

    def examine(self, scratch: Path) -> None:
        """What can be asked for one at a time."""
        self.format = registry.named(self.asked) if self.asked else None
        if self.timed:
            self._find_program()
        elif self.format in (None, registry.GOOGLE) and not registry.of_command(self.words):
            self._ask_google()
        else:
            self.format = self.format or registry.of_command(self.words)
            self._ask_tool(scratch)

    def _find_program(self) -> None:
        program = self.words[0]
        there = self.folder / program if self.folder and "/" in program else Path(program)
        if not shutil.which(str(there)):
            raise UsageError(f"'{readable(program)}' is no program here; give its path")

    def _ask_tool(self, scratch: Path) -> None:
        """A tool that is one for sure has to list; of other commands (cat FILE) the whole output
        is read."""
        if not self.format or not self.format.one_at_a_time:
            return self._find_program()
        invocation = self.format.listing(self.words, scratch)
        code, output = self._run(invocation, LISTING_TIMEOUT_S)
        names: list[str] = []
        try:
            names = self.format.names(self.format.text(invocation, output))
        except Failed as error:
            self.trouble = self.trouble or str(error)
        if names:
            self.names = {readable(name): name for name in names}
        elif self.format.starts(self.words):
            why = self.trouble or f"ended with {code}"
            raise Unlisted(f"lists no benchmark: {why}")
        return None

    def _ask_google(self) -> None:
        code, output = self._run(Invocation([*self.words, google_benchmark.LIST]), TIMEOUT_S)
        lines = [line for line in output.splitlines() if line.strip()]
        if code != 0 or not lines or any(line.lstrip().startswith(("{", "[")) for line in lines):
            return
        if any(form.recognises(output) for form in registry.FORMATS):  # it knows no such flag
            return
        self.names, self.format = (
            google_benchmark.listed(output, lambda: self._google_nothing()),
            registry.GOOGLE,
        )

    def _google_nothing(self) -> str:
        words = [*self.words, google_benchmark.LIST, google_benchmark.NOTHING]
        return self._run(Invocation(words), TIMEOUT_S)[1]

    def _run(self, invocation: Invocation, timeout_s: float) -> tuple[int, str]:
        program = readable(self.words[0])
        try:
            done = subprocess.run(
                invocation.words,
                cwd=self.folder,
                env={**os.environ, **invocation.environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout_s,
            )
        except FileNotFoundError:
            raise UsageError(f"'{program}' is no program here; give its path") from None
        except (PermissionError, OSError) as error:
            raise UsageError(f"'{program}' cannot be started: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise YardError(
                f"'{readable(self.text)}' did not end within {numbers.short(timeout_s)} s"
            ) from None
        said = done.stderr.decode(errors="replace").strip().splitlines()
        if done.returncode:
            self.trouble = (
                f"ended with {done.returncode}{': ' + readable(said[-1]) if said else ''}"
            )
        return done.returncode, done.stdout.decode("utf-8", "surrogateescape")

    def once(self, side: str, scenario: str, slot: Slot) -> Gave:
        """One process: of a tool that runs one benchmark at a time this scenario, of another
        command all."""
        ticks = host.cpu_times()
        output, log = slot.scratch / "stdout.txt", slot.scratch / "stderr.txt"
        invocation = self._invocation(scenario, slot)
        gave = Gave()
        with open(log, "wb") as stderr, open(output, "wb") as stdout:
            environment = {**slot.environment, **invocation.environment}
            if self.timed:
                start = whole_process.Start(self.words, environment, self.folder, TIMEOUT_S)
                gave.reading, ending = whole_process.slot(start, stderr, slot.seconds)
            else:
                ending = process.run(
                    invocation.words, environment, stderr, TIMEOUT_S, stdout, self.folder
                )
        gave.steal = host.shares(ticks, host.cpu_times(), 0.0)[FIELD.steal_share] or 0.0
        said = readable(process.last_line(log))
        if how := _failure(ending):
            gave.trouble, gave.hung = f"{how}{': ' + said if said else ''}", ending.timed_out
        if not self.timed:
            text = output.read_bytes().decode("utf-8", "surrogateescape")
            self._read(gave, invocation, text, said, slot.kept / f"output-{side}.txt")
        return gave

    def started(self, scenario: str, slot: Slot) -> Sequence[str]:
        """The words of one process."""
        known = self.names is None or scenario in self.names
        return self._invocation(scenario, slot).words if known else self.words

    def _invocation(self, scenario: str, slot: Slot) -> Invocation:
        if self.names is not None and self.format:
            return self.format.one(self.words, self.names[scenario], slot.scratch, slot.seconds)
        if self.format:
            return self.format.whole(self.words, slot.scratch, slot.seconds)
        return Invocation(self.words)

    def _read(self, gave: Gave, invocation: Invocation, stdout: str, said: str, kept: Path) -> None:
        text = stdout
        try:
            if self.format:
                text = self.format.text(invocation, stdout)
            self.format = self.format or registry.of_text(text)
            gave.reading = self.format.read(text)
        except Malformed as error:
            kept.write_text(text, encoding="utf-8", errors="surrogateescape")
            gave.trouble = gave.trouble or error.text(str(kept))
        except Failed as error:
            gave.trouble = gave.trouble or f"{error}{': ' + said if said else ''}"


class Unlisted(Exception):
    """A tool that lists its benchmarks did not."""


def _failure(ending: process.Ending) -> str:
    if ending.timed_out:
        return f"hung for {numbers.short(ending.limit_s)} s"
    if ending.signal_name:
        return f"died of {ending.signal_name}"
    return f"ended with {ending.exit_code}" if ending.exit_code else ""

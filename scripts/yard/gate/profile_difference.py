# SPDX-License-Identifier: MIT
"""Why is the one slower? Instructions per function and calls of the allocator (callgrind),
system calls (strace), and the lines of the diff that lie nearest."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping, Sequence

from yard.gate.build import git
from yard.text.outside import readable

TIMEOUT_S = 600.0
MOST_FUNCTIONS = 10
ALLOCATORS = re.compile(
    r"^(malloc|calloc|realloc|aligned_alloc|posix_memalign|operator new.*)(@.*)?$"
)
_POSITION = re.compile(r"^(fn|cfn|fl|fi|fe|cfi|cfl|ob|cob)=\((\d+)\)(?: (.*))?$")
_COST = re.compile(r"^(?:[+-]?\d+|\*|0x[0-9a-f]+) (\d+)$")
_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@ ?(.*)$")


@dataclass
class Profile:
    """Of one run. `missing`: what could not be counted, and the command that changes that."""

    instructions: Counter[str] = field(default_factory=Counter)  # function -> its own
    files: dict[str, str] = field(default_factory=dict)  # function -> source file
    allocations: int = 0
    calls: Counter[str] = field(default_factory=Counter)  # system calls
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Hunk:
    file: str
    line: int
    context: str
    changed: tuple[str, ...]


def measured(command: Sequence[str], folder: Path, scratch: Path) -> Profile:
    profile = Profile()
    if shutil.which("valgrind"):
        _callgrind(profile, command, folder, scratch)
    else:
        profile.missing.append("instructions are not counted: apt-get install valgrind")
    if shutil.which("strace"):
        _strace(profile, command, folder, scratch / "calls.txt")
    else:
        profile.missing.append("system calls are not counted: apt-get install strace")
    return profile


def _run(words: Sequence[str], folder: Path) -> str:
    """Why it failed, "" if it did not."""
    try:
        done = subprocess.run(
            words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return "it did not end within 10 min"
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return (
        f"ended with {done.returncode}: {readable(said[-1]) if said else ''}"
        if done.returncode
        else ""
    )


def _callgrind(profile: Profile, command: Sequence[str], folder: Path, scratch: Path) -> None:
    for old in scratch.glob("callgrind.*"):
        old.unlink()
    own = ["valgrind", "--tool=callgrind", "--trace-children=yes"]
    why = _run([*own, f"--callgrind-out-file={scratch}/callgrind.%p", *command], folder)
    if why:
        profile.missing.append(f"callgrind {why}")
    for file in scratch.glob("callgrind.*"):
        read_callgrind(profile, file.read_text(encoding="utf-8", errors="replace"))


def read_callgrind(profile: Profile, text: str) -> None:
    """Its text format: names are given once and then by number; a cost after `calls=` belongs to
    what is called."""
    names: dict[tuple[str, str], str] = {}
    function = called = file = ""
    after_calls = False
    for line in text.splitlines():
        if match := _POSITION.match(line):
            kind, number, name = match.groups()
            room = "fn" if kind.endswith("fn") else "ob" if kind.endswith("ob") else "fl"
            if name is not None:
                names[room, number] = name
            name = names.get((room, number), "???")
            if kind == "fl":
                file = name
            elif kind == "fn":
                function = name
                profile.files.setdefault(name, file)
            elif kind == "cfn":
                called = name
        elif line.startswith("calls="):
            after_calls = True
            if ALLOCATORS.match(called):
                profile.allocations += int(line[6:].split()[0])
        elif match := _COST.match(line):
            if not after_calls:
                profile.instructions[function] += int(match[1])
            after_calls = False


def _strace(profile: Profile, command: Sequence[str], folder: Path, log: Path) -> None:
    log.unlink(missing_ok=True)
    why = _run(["strace", "-f", "-qq", "-e", "signal=none", "-o", str(log), *command], folder)
    if why:
        profile.missing.append(f"strace {why}")
    if log.exists():
        text = log.read_text(encoding="utf-8", errors="replace")
        profile.calls.update(re.findall(r"^\d+ +(\w+)\(", text, flags=re.MULTILINE))


def hunks(repository: Path, before: str, after: str) -> list[Hunk]:
    text = git(repository, "diff", "--no-ext-diff", "--no-textconv", "-U0", before, after)
    found: list[Hunk] = []
    file = ""
    for line in text.splitlines():
        if line.startswith("+++ "):
            file = line[4:].removeprefix("b/")
        elif match := _HUNK.match(line):
            found.append(Hunk(file, int(match[1]), match[3], ()))
        elif found and line[:1] in "+-" and not line.startswith("--- "):
            last = found[-1]
            found[-1] = Hunk(last.file, last.line, last.context, (*last.changed, line))
    return found


def nearest(function: str, file: str, of: Sequence[Hunk]) -> Hunk | None:
    """The hunk that names the function, or else one in its file."""
    word = re.split(r"[(<'@]", function)[0].rpartition("::")[2].strip()
    named = re.compile(rf"\b{re.escape(word)}\b") if word else None
    for hunk in of:
        if named and any(named.search(text) for text in (hunk.context, *hunk.changed)):
            return hunk
    base = file.rpartition("/")[2]
    return next((h for h in of if base and h.file.rpartition("/")[2] == base), None)


def sentences(before: Profile, after: Profile, of: Sequence[Hunk]) -> list[str]:
    lines = [f"not measured: {why}" for why in dict.fromkeys([*before.missing, *after.missing])]
    if before.instructions and after.instructions:
        totals = before.instructions.total(), after.instructions.total()
        lines.append(f"instructions: {_both(*totals)}; functions whose own changed most:")
        lines += _functions(before, after, of)
        lines.append(f"allocations: {_both(before.allocations, after.allocations)}")
    if before.calls or after.calls:
        lines.append(f"system calls: {_both(before.calls.total(), after.calls.total())}")
        lines += [f"  {name}: {_both(*pair)}" for name, pair in _changed(before.calls, after.calls)]
    return lines


def _functions(before: Profile, after: Profile, of: Sequence[Hunk]) -> list[str]:
    lines = []
    changed = _changed(before.instructions, after.instructions)
    for name, pair in changed[:MOST_FUNCTIONS]:
        hunk = nearest(name, after.files.get(name, before.files.get(name, "")), of)
        near = f", near the change at {readable(hunk.file)}:{hunk.line}" if hunk else ""
        lines.append(f"  {readable(name)}: {_both(*pair)}{near}")
    return lines


def _changed(
    before: Mapping[str, int], after: Mapping[str, int]
) -> list[tuple[str, tuple[int, int]]]:
    pairs = {n: (before.get(n, 0), after.get(n, 0)) for n in before.keys() | after.keys()}
    differing = [(name, pair) for name, pair in pairs.items() if pair[0] != pair[1]]
    return sorted(differing, key=lambda item: (-abs(item[1][1] - item[1][0]), item[0]))


def _both(before: int, after: int) -> str:
    sign = "-" if after < before else "+"
    return f"{before} -> {after} ({sign}{abs(after - before)})"

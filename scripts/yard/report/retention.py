# SPDX-License-Identifier: MIT
"""Which runs keep their folder. The rule: the newest N complete runs of each machine do; an
older complete run is packed into one zip file beside it, or removed if that is asked for and the
history has its points. What is unfinished, being written or no run is never touched, and the
reason is named."""

from __future__ import annotations

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Sequence

from yard.data import archive, json_text
from yard.data.samples import machine_of
from yard.data.store import SAMPLES, explained
from yard.errors import UsageError, YardError
from yard.report import history_store

PACK, REMOVE, KEEP = "pack", "remove", "keep"


@dataclass(frozen=True)
class Step:
    """What happens to one run, and why."""

    path: Path
    deed: str
    reason: str
    recorded: bool  # in the history


@dataclass(frozen=True)
class Found:
    path: Path
    machine: str
    run: str
    started: str
    obstacle: str = ""  # why it must not be touched


def _meta(path: Path) -> Mapping[str, Any]:
    if path.is_dir():
        text = (path / "meta.json").read_text(encoding="utf-8")
    else:
        with archive.unpacked(path) as folder:
            text = (folder / "meta.json").read_text(encoding="utf-8")
    value = json_text.parse(text)
    if not isinstance(value, dict) or not value.get("run"):
        raise ValueError("meta.json names no run")
    return value


def _found(path: Path) -> Found:
    if path.is_symlink():
        return Found(path, "", "", "", "is a link")
    if path.name.startswith("."):
        return Found(path, "", "", "", "is left of a clean that was interrupted: remove it by hand")
    try:
        meta = _meta(path)
    except (OSError, ValueError, UsageError) as error:
        return Found(path, "", "", "", f"is no run that can be read ({error})")
    obstacle = "" if meta.get("ended") else "is unfinished: continue it with run --resume"
    started = str(meta.get("started_utc") or path.name)
    return Found(path, machine_of(meta), str(meta["run"]), started, obstacle)


def runs_below(folder: Path) -> list[Found]:
    """All in results/raw/<machine>, folders and archives, whether they can be read or not."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder; name the one that holds the runs with --raw")
    try:
        machines = [path for path in sorted(folder.iterdir()) if path.is_dir()]
        paths = [path for machine in machines for path in sorted(machine.iterdir())]
    except OSError as error:
        raise explained(error, f"cannot read {folder}") from None
    packed = (path for path in paths if path.suffix == archive.SUFFIX and path.is_file())
    return [_found(path) for path in (*(p for p in paths if p.is_dir()), *packed)]


def decide(found: Sequence[Found], keep: int, remove: bool, db: Path) -> list[Step]:
    recorded = _recorded(db)
    steps, machines = [], sorted({own.machine for own in found})
    for machine in machines:
        own = [one for one in found if one.machine == machine]
        own.sort(key=lambda one: (one.started, one.run), reverse=True)
        complete = 0
        for one in own:
            known = (one.machine, one.run) in recorded
            complete += not one.obstacle
            steps.append(Step(one.path, *_deed(one, complete <= keep, remove, known), known))
    return steps


def _deed(one: Found, is_new: bool, remove: bool, known: bool) -> tuple[str, str]:
    if one.obstacle:
        return KEEP, one.obstacle
    if is_new:
        return KEEP, "is one of the newest"
    if remove:
        if known:
            return REMOVE, "is older, and the history has its points"
        return KEEP, f"is not in the history; first: scripts/switchyard history add {one.path}"
    return (KEEP, "is packed already") if one.path.is_file() else (PACK, "is older")


def _recorded(db: Path) -> set[tuple[str, str]]:
    if not db.exists():
        return set()
    book = history_store.History(db)
    try:
        return book.runs()
    finally:
        book.close()


def do(step: Step) -> Path | None:
    """Carries one step out. Returns the archive, if one was made."""
    made = None
    try:
        if step.path.is_file():
            step.path.unlink()
            return None
        with open(step.path / SAMPLES, "rb") as lines:
            fcntl.flock(lines, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if step.deed == PACK:
                made = archive.pack(step.path)
            # Renamed first: what is left of an interrupted removal is no run that misses samples.
            doomed = step.path.with_name(f".{step.path.name}.{os.getpid()}")
            step.path.rename(doomed)
            shutil.rmtree(doomed)
    except BlockingIOError:
        raise YardError(f"{step.path} is being measured into; it is kept") from None
    except OSError as error:
        raise explained(error, f"cannot {step.deed} {step.path}") from None
    return made

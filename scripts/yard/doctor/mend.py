# SPDX-License-Identifier: MIT
"""Writes settings and puts them back. The old values are on disk before the first setting changes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Iterable

from yard.errors import UsageError, YardError
from yard.doctor.machine import Machine


def record_file() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "switchyard" / "doctor.json"


def _load(record: Path) -> dict[str, Any]:
    try:
        return json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise YardError(
            f"{record} is no record of doctor ({error}); put the settings back by hand, then remove it"
        )


def _boot(machine: Machine) -> str | None:
    return machine.read("/proc/sys/kernel/random/boot_id")


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.split() == other.split()


def fix(machine: Machine, settings: Iterable[tuple[str, str]], record: Path) -> list[str]:
    """The failures, a line each. A second fix keeps the first old value."""
    known = _load(record)
    if known.get("boot_id") != _boot(machine):
        known = {}  # the machine started again and forgot the settings
    changes = known.get("changes", {})
    wanted = dict(settings)
    for path, value in wanted.items():
        old = machine.read(path)
        if old is not None:
            changes[path] = {"old": changes.get(path, {}).get("old", old), "new": value}
    record.parent.mkdir(parents=True, exist_ok=True)
    partial = record.with_suffix(".partial")
    partial.write_text(
        json.dumps({"boot_id": _boot(machine), "changes": changes}, indent=1), encoding="utf-8"
    )
    os.replace(partial, record)
    return [failure for path, value in wanted.items() if (failure := _write(machine, path, value))]


def _write(machine: Machine, path: str, value: str) -> str | None:
    try:
        machine.file(path).write_text(value, encoding="utf-8")
    except OSError as error:
        return f"{path}: {error.strerror}; are you root?"
    return None


def restore(machine: Machine, record: Path) -> list[str]:
    """Puts back what still has the value that `fix` wrote; what somebody changed since stays and is told."""
    known = _load(record)
    if not known:
        raise UsageError("nothing to restore: doctor --fix has changed nothing")
    remarks, failed = [], {}
    if known.get("boot_id") != _boot(machine):
        remarks.append("the machine has started again since; its settings are already its own")
        known["changes"] = {}
    for path, change in known["changes"].items():
        now = machine.read(path)
        if _same(now, change["old"]):
            continue
        if not _same(now, change["new"]):
            remarks.append(f"{path}: is now '{now}', not what was set; left as it is")
        elif failure := _write(machine, path, change["old"]):
            remarks.append(failure)
            failed[path] = change
    if failed:
        record.write_text(json.dumps({**known, "changes": failed}, indent=1), encoding="utf-8")
        raise YardError("; ".join(remarks))
    record.unlink()
    return remarks

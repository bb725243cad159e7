# SPDX-License-Identifier: MIT
"""fleet.toml: which machines there are, what each of them is, and where its checkout lies."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yard.data.machine_name import checked
from yard.data.models import REPOSITORY
from yard.errors import UsageError, nearest

DEFAULT = REPOSITORY / "fleet.toml"
FLEET_KEYS = {"slurm_conf", "refuse"}
MACHINE_KEYS = {"name", "class", "checkout", "cpus", "build"}
# Findings of `switchyard doctor` with which a machine measures nothing, unless fleet.toml says otherwise.
REFUSED = ("neighbours", "cgroup-cpu")


@dataclass(frozen=True)
class Member:
    """One machine of the fleet; its name is also its Slurm node."""

    name: str
    classes: tuple[str, ...] = ()
    checkout: Path = REPOSITORY
    cpus: str = ""  # a set such as 0,2-3, that its jobs are confined to; empty: all
    build: Path | None = None  # a build that is used as it is, instead of building the commit


@dataclass(frozen=True)
class Fleet:
    members: tuple[Member, ...]
    slurm_conf: Path | None = None  # None: no Slurm, and the only member is this machine
    refuse: tuple[str, ...] = REFUSED
    source: str = ""  # where this came from, for messages

    def named(self, name: str) -> Member:
        for member in self.members:
            if member.name == name:
                return member
        raise UsageError(f"{self.source} has no machine '{name}': {nearest(name, self.names)}")

    @property
    def names(self) -> list[str]:
        return [member.name for member in self.members]

    def of_class(self, name: str) -> list[Member]:
        found = [member for member in self.members if name in member.classes]
        if not found:
            known = {label for member in self.members for label in member.classes}
            raise UsageError(f"{self.source} has no class '{name}': {nearest(name, known)}")
        return found


def read(file: Path) -> Fleet:
    """Throws UsageError that names the file, the entry and what it takes."""
    try:
        value = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not TOML: {error}") from None
    _refuse_unknown(file, "the top", value, {"fleet", "machine"})
    settings = _table(file, "fleet", value.get("fleet", {}))
    _refuse_unknown(file, "[fleet]", settings, FLEET_KEYS)
    entries = value.get("machine", [])
    if not isinstance(entries, list) or not entries:
        raise UsageError(f"{file} names no machine; add a [[machine]] with a name")
    members = tuple(_member(file, number, entry) for number, entry in enumerate(entries, 1))
    if twice := sorted({m.name for m in members if [n.name for n in members].count(m.name) > 1}):
        raise UsageError(f"{file} names {', '.join(twice)} twice; each machine has one entry")
    conf = settings.get("slurm_conf", "/etc/slurm/slurm.conf")
    refuse = settings.get("refuse", list(REFUSED))
    return Fleet(
        members,
        Path(_text(file, "[fleet] slurm_conf", conf)),
        tuple(_texts(file, "[fleet] refuse", refuse)),
        str(file),
    )


def _member(file: Path, number: int, entry: Any) -> Member:
    place = f"[[machine]] number {number}"
    entry = _table(file, place, entry)
    _refuse_unknown(file, place, entry, MACHINE_KEYS)
    if "name" not in entry:
        raise UsageError(f"{file}: {place} has no name")
    name = checked(_text(file, f"{place} name", entry["name"]), str(file))
    build = entry.get("build")
    return Member(
        name,
        tuple(_texts(file, f"{place} class", entry.get("class", []))),
        Path(_text(file, f"{place} checkout", entry.get("checkout", str(REPOSITORY)))),
        _text(file, f"{place} cpus", entry.get("cpus", "")),
        None if build is None else Path(_text(file, f"{place} build", build)),
    )


def _table(file: Path, place: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{file}: {place} is no table")
    return value


def _text(file: Path, place: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or "\n" in value:
        raise UsageError(f"{file}: {place} must be one line of text")
    return value


def _texts(file: Path, place: str, value: Any) -> list[str]:
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list):
        raise UsageError(f"{file}: {place} must be a list of texts")
    return [_text(file, place, item) for item in value]


def _refuse_unknown(file: Path, place: str, table: dict[str, Any], known: set[str]) -> None:
    for key in table:
        if key not in known:
            raise UsageError(f"{file}: {place} has an unknown key '{key}': {nearest(key, known)}")

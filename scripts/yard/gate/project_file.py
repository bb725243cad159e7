# SPDX-License-Identifier: MIT
"""switchyard.toml in the root of a project: its sides, commands, metrics, tolerances and
accepted slow-downs. What the command line says comes first."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable, Collection, Iterator, Mapping

from yard.errors import UsageError, nearest
from yard.gate import accepted
from yard.gate.rule import Metric

NAME = "switchyard.toml"
ANY = "*"  # names of the project's own
NUMBER, TEXTS = (int, float), [str]
SIDE = {"command": str, "folder": str}
SHAPE: dict[str, Any] = {
    "base": SIDE,
    "head": SIDE,
    "project": {"build": str, "command": str},
    "check": {
        "format": str,
        "metrics": TEXTS,
        "only": TEXTS,
        "profile": str,
        "time_budget": str,
    },
    "metrics": {ANY: {"tolerated": NUMBER, "must_find": NUMBER, "better": ("less", "more")}},
    "accepted": [dict],
}
KINDS = {str: "text in quotes", NUMBER: "a number"}
FLAGS = {  # key of the file -> flag of `check`
    "format": "format",
    "metrics": "metrics",
    "only": "only",
    "profile": "profile",
    "time_budget": "time_budget_s",
}


@dataclass(frozen=True)
class ProjectFile:
    """`folder`: the root, from which relative folders are meant."""

    path: Path
    content: Mapping[str, Any]
    entries: list[accepted.Entry] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.path.resolve().parent

    @property
    def build(self) -> str:
        return str(self.content.get("project", {}).get("build", ""))

    @property
    def command(self) -> str:
        """Of the benchmarks, in the folder of a revision that is built."""
        return str(self.content.get("project", {}).get("command", ""))

    def side_folder(self, side: str) -> Path:
        return self.folder / self.content.get(side, {}).get("folder", ".")

    def directions(self) -> dict[str, bool]:
        """Metric -> is more of it better?"""
        rows = self.content.get("metrics", {})
        return {name: row["better"] == "more" for name, row in rows.items() if "better" in row}

    def with_tolerances(self, metrics: Mapping[str, Metric]) -> dict[str, Metric]:
        rows = self.content.get("metrics", {})
        found = {}
        for name, metric in metrics.items():
            row = rows.get(name, {})
            numbers = {key: float(row[key]) for key in ("tolerated", "must_find") if key in row}
            found[name] = replace(metric, **numbers)
            if not 0 <= found[name].tolerated < found[name].must_find:
                raise UsageError(
                    f"{self.path}: metrics.{name}: tolerated = {found[name].tolerated} has to be below "
                    f"must_find = {found[name].must_find}, as 0.02 is below 0.05"
                )
        return found


def find(start: Path) -> Path | None:
    """In the current folder or one above it, up to the root of the work tree."""
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder / NAME
        if (folder / ".git").exists():
            return None
    return None


def read(path: Path) -> ProjectFile:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}; name another with --project"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}") from None
    for reason in _faults(content, SHAPE, ""):
        raise UsageError(f"{path}: {reason}; docs/check.md has an example")
    return ProjectFile(path, content, accepted.entries(path, content.get("accepted", [])))


def _faults(value: Mapping[str, Any], shape: Mapping[str, Any], above: str) -> Iterator[str]:
    for key, found in value.items():
        name, kind = f"{above}{key}", shape.get(key, shape.get(ANY))
        if kind is None:
            yield f"unknown key '{name}': {nearest(key, shape)}"
        elif isinstance(kind, dict):
            if not isinstance(found, dict):
                yield f"'{name}' is no table"
            else:
                yield from _faults(found, kind, f"{name}.")
        elif isinstance(kind, list):
            if not isinstance(found, list) or not all(isinstance(one, kind[0]) for one in found):
                yield f"'{name}' is no list of {'texts' if kind[0] is str else 'tables'}"
        elif kind == ("less", "more"):
            if found not in kind:
                yield f'\'{name}\' is neither "less" nor "more"'
        elif not isinstance(found, kind) or isinstance(found, bool):
            yield f"'{name}' is not {KINDS[kind]}"


def applied(
    project: ProjectFile,
    given: Mapping[str, Any],
    explicit: Collection[str],
    duration_s: Callable[[str], float],
) -> dict[str, Any]:
    """The flags of `check` with what the file says in the place of those that the command line
    leaves out."""
    flags = dict(given)
    for key, value in project.content.get("check", {}).items():
        flag = FLAGS[key]
        if flag not in explicit:
            flags[flag] = duration_s(value) if key == "time_budget" else _plain(value)
    sides = ("base", "base_build", "head_build", "base_cmd", "head_cmd", "time_commands")
    if not set(explicit) & set(sides):
        for side in ("base", "head"):
            flags[f"{side}_cmd"] = project.content.get(side, {}).get("command")
    return flags


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

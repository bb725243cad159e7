# SPDX-License-Identifier: MIT
"""What a run says of itself: machine, build, plan, ledger. Reads `meta.json` and `plan.json` with lenience,
so that runs of older versions and of foreign models stay readable."""

from __future__ import annotations

import functools
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from yard.data import workloads
from yard.data.facts import FIELD
from yard.data.workloads import Workload
from yard.stats.estimates import PointKey, contender
from yard.text import numbers
from yard.report.releases import with_release

REPOSITORY = Path(__file__).resolve().parents[3]
SOURCE_SUFFIXES = {
    ".cpp",
    ".hpp",
    ".cc",
    ".h",
    ".c",
    ".py",
    ".go",
    ".rs",
    ".js",
    ".java",
    ".zig",
    ".swift",
}


@dataclass(frozen=True)
class Fact:
    name: str
    value: str


@dataclass(frozen=True)
class LedgerRow:
    """How one cell was set up: what a reader needs to call a comparison fair or not."""

    contender: str
    workload: str
    style: str
    allowance: str
    knobs: str
    lines: Optional[int]


@dataclass(frozen=True)
class ModelRow:
    model: str
    library: str
    compiler: str
    build: str
    flags: str
    lines: Optional[int]  # of the whole folder
    library_lines: Optional[int]  # of a library of its own below that folder


class Environment:
    def __init__(
        self, meta: Mapping[str, Any], plan: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]
    ):
        self.meta, self.plan = meta, plan
        self._first: Mapping[str, Any] = samples[0] if samples else {}
        self._describes = _describes(meta) or _describes(plan)
        self.workloads = workloads.of_run(meta)

    def _get(self, *names: str) -> Any:
        for source in (self.meta, self.plan, self._first):
            for name in names:
                if source.get(name) not in (None, ""):
                    return source[name]
        return None

    @property
    def run_id(self) -> str:
        return str(self._get("run", "run_id", "id") or "unknown run")

    @property
    def preset(self) -> str:
        return str(self._get("preset") or "")

    @property
    def host(self) -> str:
        """The name of the machine that measured."""
        if name := self.meta.get("machine"):
            return str(name)
        host = self.meta.get("host")
        if isinstance(host, Mapping):
            host = _first(host, "name", "hostname", "host", "node")
        return str(host or self.meta.get("hostname") or "unknown host")

    @property
    def machine(self) -> str:
        """One line: processor, CPUs, kernel."""
        cpu = self.find("cpu_model", "model_name", "cpu")
        count = self.find("cpu_count", "cpus_online", "cpus", "logical_cpus")
        if isinstance(count, (list, tuple)):
            count = len(count)
        kernel = self.find("kernel", "kernel_release", "release")
        parts = [cpu if isinstance(cpu, str) else None, f"{count} CPUs" if count else None, kernel]
        return ", ".join(str(part) for part in parts if part and not isinstance(part, Mapping))

    def find(self, *names: str) -> Any:
        """The first value of these names, anywhere in meta.json outside the descriptions."""
        for name in names:
            for path, value in _walk(
                {
                    key: value
                    for key, value in self.meta.items()
                    if value is not self._raw_describes and key != "workloads"
                }
            ):
                if path and path[-1] == name and value not in (None, ""):
                    return value
        return None

    @property
    def _raw_describes(self) -> Any:
        return next(
            (self.meta[n] for n in ("describe", "describes", "models") if n in self.meta), None
        )

    def facts(self) -> list[Fact]:
        """meta.json without the descriptions of models, one line a value."""
        rest = {
            k: v
            for k, v in self.meta.items()
            if v is not self._raw_describes and k not in ("binaries_sha256", "workloads")
        }
        for name in ("warnings", "suspicious", "suspicions"):
            rest.pop(name, None)
        leaves = ((path, value) for path, value in _walk(rest) if not isinstance(value, Mapping))
        return [Fact(".".join(path), _plain(value)) for path, value in leaves if path]

    def suspicious(self) -> list[str]:
        """What the runner warned of, and what the facts give away."""
        remarks = []
        for source in (self.meta, self.meta.get("host")):
            if isinstance(source, Mapping):
                for name in ("warnings", "suspicious", "suspicions"):
                    listed = source.get(name)
                    remarks += [_plain(item) for item in listed] if isinstance(listed, list) else []
        known = " ".join(remarks).lower()
        governor = self.find("governor", "cpu_governor")
        if (
            isinstance(governor, str)
            and governor not in ("performance", "none", "unknown", "")
            and "governor" not in known
        ):
            remarks.append(f"CPU governor is {governor}: the clock frequency varies with load")
        steal = self.find(FIELD.steal_share, "steal")
        if isinstance(steal, (int, float)) and steal > 0.01 and "steal" not in known:
            remarks.append(
                f"{numbers.percent(steal, 1)} of CPU time was stolen by the host of this virtual machine"
            )
        foreign = self.find(FIELD.foreign_cpu_share, "foreign_share")
        if isinstance(foreign, (int, float)) and foreign > 0.05 and "foreign" not in known:
            remarks.append(
                f"other programs used {numbers.percent(foreign)} of a CPU while the run measured"
            )
        for model, text in sorted(self._describes.items()):
            build = text.get("build") or {}
            if build.get("sanitizer"):
                remarks.append(
                    f"{model} was built with {build['sanitizer']}: its numbers measure the sanitizer"
                )
            if build.get("type") and str(build["type"]).lower() not in (
                "release",
                "relwithdebinfo",
            ):
                remarks.append(f"{model} is a {build['type']} build")
        return remarks

    def _cells(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for model, text in sorted(self._describes.items()):
            for cell in text.get("cells") or []:
                yield contender(model, str(cell.get("variant") or "")), cell

    def declined(self, name: str, workload: str) -> str:
        model = name.partition("/")[0]
        for who, cell in self._cells():
            if cell.get("workload") == workload and cell.get("declined") and who in (name, model):
                return str(cell["declined"])
        return ""

    def claims(self, name: str, workload: str) -> bool:
        return (name, workload) in self._claimed or (name, workload) in self._planned_cells

    @functools.cached_property
    def _claimed(self) -> set[tuple[str, str]]:
        return {(who, str(cell.get("workload"))) for who, cell in self._cells()}

    @functools.cached_property
    def _planned_cells(self) -> set[tuple[str, str]]:
        found = set()
        for name in ("cells", "processes", "order", "jobs", "steps"):
            for item in _flat(self.plan.get(name)):
                if item.get("model") and item.get("workload"):
                    who = contender(str(item["model"]), str(item.get("variant") or ""))
                    found.add((who, str(item["workload"])))
        return found

    def workload(self, name: str) -> Workload:
        """With nothing but its name if the run says nothing of it."""
        return self.workloads.get(name) or Workload(name, place=len(self.workloads))

    def answering(self, question: str) -> list[Workload]:
        """Those that answer a question of the first page: the lesson first, then what runs alone
        before what needs another program."""
        found = [w for w in self.workloads.values() if w.question == question]
        return sorted(
            found, key=lambda w: (w.group != workloads.LESSON, w.role != "batch", w.place)
        )

    def of_suite(self) -> set[str]:
        """The workloads with which the suite measures itself."""
        return {w.name for w in self.workloads.values() if w.group == workloads.SELF}

    def not_built(self) -> list[tuple[str, str]]:
        """Models without an executable, and why."""
        found = self.meta.get("not_built") or self.plan.get("missing") or {}
        remarks = []
        for model, note in sorted(found.items()) if isinstance(found, Mapping) else ():
            text = _plain(note)
            if isinstance(note, Mapping):
                text = str(note.get("skipped") or "")
                text += f"; install it with: {note['install']}" if note.get("install") else ""
            remarks.append((str(model), text))
        return remarks

    def planned(self) -> set[tuple[str, str]]:
        """Contender and workload of every cell that this run was to measure or that its models declined."""
        planned = set(self._planned_cells)
        workloads = {workload for _, workload in planned}
        models = {who.partition("/")[0] for who, _ in planned}
        for who, cell in self._cells():
            workload = str(cell.get("workload"))
            if cell.get("declined") and (
                not planned or (workload in workloads and who.partition("/")[0] in models)
            ):
                planned.add((who, workload))
        return planned

    def command_for(self, key: PointKey) -> str:
        """The command that measures this point again on all models."""
        words = ["scripts/switchyard", "run", "--workloads", key.workload]
        if key.preset:
            words += ["--preset", key.preset]
        if key.point < 0:
            for name, value in key.params:
                words += ["--set", f"{name}={value}"]
        if key.workers:
            words += ["--workers", str(key.workers)]
        for flag, names in (("--rounds", ("rounds",)), ("--seed", ("seed",))):
            chosen = next((self.plan.get(n, self.meta.get(n)) for n in names), None)
            if isinstance(chosen, int):
                words += [flag, str(chosen)]
        return shlex.join(words)

    def models(self) -> list[ModelRow]:
        rows = []
        for model, text in sorted(self._describes.items()):
            build = text.get("build") or {}
            own, library = lines_of_model(model)
            rows.append(
                ModelRow(
                    model,
                    with_release(str(text.get("library") or "")),
                    str(build.get("compiler") or ""),
                    str(build.get("type") or ""),
                    str(build.get("flags") or ""),
                    own,
                    library,
                )
            )
        return rows

    def ledger(self) -> list[LedgerRow]:
        rows = []
        for who, cell in self._cells():
            if cell.get("declined") or cell.get("workload") in self.of_suite():
                continue
            knobs = cell.get("ledger") or {}
            text = (
                "; ".join(f"{k}={_plain(v)}" for k, v in knobs.items())
                if isinstance(knobs, Mapping)
                else _plain(knobs)
            )
            workload = str(cell.get("workload"))
            rows.append(
                LedgerRow(
                    who,
                    workload,
                    str(cell.get("style") or ""),
                    str(cell.get("allowance") or ""),
                    text,
                    lines_of_cell(who.partition("/")[0], workload),
                )
            )
        return sorted(rows, key=lambda row: (row.workload, row.contender))


def _first(source: Mapping[str, Any], *names: str) -> Any:
    return next((source[name] for name in names if source.get(name)), None)


def _describes(source: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    for name in ("describe", "describes", "models"):
        found = source.get(name)
        items: Iterable[Any] = ()
        if isinstance(found, Mapping):
            items = (
                {"model": key, **value}
                for key, value in found.items()
                if isinstance(value, Mapping)
            )
        elif isinstance(found, list):
            items = found
        texts = {
            str(item.get("model")): item
            for item in items
            if isinstance(item, Mapping) and "cells" in item
        }
        if texts:
            return texts
    return {}


def _walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, value
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk(inner, (*path, str(name)))


def _flat(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _flat(item)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{name}={_plain(inner)}" for name, inner in value.items())
    return "" if value is None else str(value)


def _code_lines(file: Path) -> int:
    """Lines that are neither blank nor wholly a comment."""
    text = file.read_text(encoding="utf-8", errors="replace")
    lines = (line.strip() for line in text.splitlines())
    return sum(
        1 for line in lines if line and not line.startswith(("//", "#pragma once", "# ", "/*", "*"))
    )


def lines_of_model(model: str, root: Path = REPOSITORY) -> tuple[Optional[int], Optional[int]]:
    """Code lines of impl/<model>, and of a library of its own in a folder below it."""
    folder = _folder(model, root)
    if folder is None:
        return None, None
    own = sum(
        _code_lines(f)
        for f in sorted(folder.glob("*"))
        if f.is_file() and f.suffix in SOURCE_SUFFIXES
    )
    below = [
        f
        for f in sorted(folder.glob("*/**/*"))
        if f.is_file()
        and f.suffix in SOURCE_SUFFIXES
        and not {"tests", "examples"} & set(f.relative_to(folder).parts)
    ]
    return own, sum(_code_lines(f) for f in below) or None


def lines_of_cell(model: str, workload: str, root: Path = REPOSITORY) -> Optional[int]:
    folder = _folder(model, root)
    if folder is None:
        return None
    files = [
        file
        for place in (folder, folder / "cells", folder / "src")
        for file in place.glob(f"{workload}*")
        if file.is_file() and file.suffix in SOURCE_SUFFIXES
    ]
    return sum(_code_lines(f) for f in files) or None


def _folder(model: str, root: Path) -> Optional[Path]:
    """A name that is not a plain folder name has none."""
    if not model or not all(c.isalnum() or c in "_-" for c in model):
        return None
    folder = root / "impl" / model
    return folder if folder.is_dir() else None

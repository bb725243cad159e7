# SPDX-License-Identifier: MIT
"""The two sides of a check of this suite: from revisions, which are built first, or from builds that exist."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Mapping

from yard.data import models
from yard.data.models import Catalogue
from yard.data.store import make_folder
from yard.engine import counters
from yard.errors import NotComparable, UsageError, YardError
from yard.gate import build
from yard.gate.absence import Absent
from yard.gate.request import Request
from yard.gate.slot import Side

SIDES = ("head", "base")
FOLDERS = {
    "base": "a",
    "head": "b",
    "control": "c",
}  # of equal length: a path is part of the stack's layout
DEFAULTS = {"preset": "quick", "build_preset": "release"}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Builds:
    """What each side offers, what a person calls it, and how the same two are named again."""

    catalogues: Mapping[str, Catalogue]
    labels: Mapping[str, str]
    repeat: list[str]
    notes: list[str] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)
    is_within: Callable[
        [str], bool
    ] = lambda revision: False  # is the base that revision, or older?


def of(request: Request, say: Say) -> Builds:
    return from_revisions(request, say) if request.kind == "revisions" else from_builds(request)


def from_revisions(request: Request, say: Say) -> Builds:
    make_folder(request.cache)
    with tempfile.TemporaryDirectory(prefix="index-", dir=request.cache) as scratch:
        head = build.source(request.head, Path(scratch))
        base = build.source(request.base, Path(scratch))
    options = request.options
    build.check_names([head, base], options.models, options.workloads, request.only)
    notes = []
    if any(base.content[path] != head.content[path] for path in build.HARNESS):
        notes.append(
            "the harness differs between the two: both sides are measured by the head's, so that a change of "
            "bench/ itself is not judged"
        )
    built = {
        name: _built(name, source, head, request, say) for name, source in zip(SIDES, (head, base))
    }
    absent = [
        Absent(model, "", False, f"the base's does not build with the head's harness: {why}")
        for model, why in built["base"].failed.items()
    ]
    names = ["--base", base.commit or request.base, "--head", head.commit or request.head]
    return Builds(
        {name: models.discover(b.folder / "out") for name, b in built.items()},
        {"base": base.label, "head": head.label},
        _repeat(request, names),
        notes,
        absent,
        lambda revision: build.is_ancestor(revision, base.commit or "HEAD"),
    )


def _built(
    name: str, source: build.Source, head: build.Source, request: Request, say: Say
) -> build.Built:
    """A head that does not build is the user's to repair; of a base it means that nothing can be compared."""
    preset = request.build_preset
    try:
        built = build.build(source, head, preset, request.cache, say)
    except NotComparable as error:
        if name == "head":
            raise YardError(
                f"the head ({head.label}) does not build: {error}. Build it with scripts/build {preset} and repair "
                "that first"
            ) from None
        raise NotComparable(
            f"the base ({source.label}) does not build with the head's harness: {error}. If the contract changed, "
            "nothing can be compared; otherwise take a base that builds"
        ) from None
    if name == "head":
        for model, why in built.failed.items():
            raise YardError(
                f"the head ({head.label}): {model} does not build: {why}; repair that first"
            )
    return built


def from_builds(request: Request) -> Builds:
    labels = {"base": request.base, "head": request.head}
    for name, folder in labels.items():
        if not (Path(folder) / "bin").is_dir():
            raise UsageError(
                f"--{name}-build {folder}: it has no folder bin; name a build folder such as build/release"
            )
    names = ["--base-build", request.base, "--head-build", request.head]
    catalogues = {name: models.discover(Path(folder)) for name, folder in labels.items()}
    return Builds(catalogues, labels, _repeat(request, names))


def _repeat(request: Request, names: list[str]) -> list[str]:
    words = ["scripts/switchyard", "check", *names]
    for name, value in (("preset", request.options.preset), ("build_preset", request.build_preset)):
        if value != DEFAULTS[name]:
            words += ["--" + name.replace("_", "-"), value]
    return words


def differences(catalogues: Mapping[str, Catalogue]) -> list[str]:
    """Refuses two builds that are not alike; what only one side built is told."""

    def builds(side: str) -> set[tuple[str, ...]]:
        return {
            tuple(d["build"].get(key, "") for key in ("type", "compiler", "flags", "sanitizer"))
            for d in catalogues[side].describe.values()
            if not d.get("foreign")
        }

    base, head = builds("base"), builds("head")
    if len(base | head) > len(base & head) and not base & head:
        raise NotComparable(
            f"the sides were built differently: {sorted(base)} and {sorted(head)}. "
            "Build both with one compiler and the same flags"
        )
    alone = catalogues["base"].executables.keys() ^ catalogues["head"].executables.keys()
    return [
        f"the model {name} is on one side only"
        for name in sorted(alone)
        if not any(c.foreign(name) for c in catalogues.values())
    ]


def copied(builds: Builds, used: set[str], scratch: Path) -> dict[str, Side]:
    """base, head, and base again as control."""
    return {name: _side(name, builds, used, scratch / FOLDERS[name]) for name in FOLDERS}


def _side(name: str, builds: Builds, used: set[str], folder: Path) -> Side:
    """Its executables, copied: two paths to one file would share what differs between two builds."""
    of = "base" if name == "control" else name
    folder.mkdir()
    executables = {}
    for model, file in builds.catalogues[of].executables.items():
        if model not in used:
            continue
        executables[model] = folder / file.name
        _copy(file, executables[model])
        for rig in (*(models.PREFIX + name for name in models.RIG), counters.LIBRARY):
            helper, copy = file.with_name(rig), folder / rig
            if helper.exists() and not copy.exists():
                _copy(helper, copy)
        worker, copy = models.worker_folder(file), models.worker_folder(executables[model])
        if worker.is_dir():
            shutil.copytree(worker, copy, copy_function=lambda a, b: _copy(Path(a), Path(b)))
    return Side(name, builds.labels[of], executables)


def _copy(file: Path, to: Path) -> None:
    """Read and written, by one call each: so both sides lie alike in the page cache. A copy within the kernel takes over
    how the source lies there, which decides which of its pages are mapped, and that was seen as memory of the program.
    """
    try:
        to.write_bytes(file.read_bytes())
        shutil.copymode(file, to)
    except OSError as error:
        raise YardError(
            f"{file} cannot be copied to {to.parent}: {error.strerror}; free some space"
        ) from None

# SPDX-License-Identifier: MIT
"""Reads a results folder. An unreadable line is counted, never repaired and never fatal."""

from __future__ import annotations

import contextlib
import gc
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Mapping

from yard.data import archive, json_text, schema
from yard.data.compact import Compactor
from yard.data.facts import RANKED
from yard.errors import UsageError

LARGE_BYTES = 64_000_000  # of samples: from there on they are kept compact
SAID_EVERY = 10_000  # samples
Progress = Callable[[float], None]  # gets the share that is done
Key = tuple[int, str, str, str, tuple[tuple[str, int], ...], int]


@dataclass
class Run:
    path: Path
    meta: dict[str, Any]
    plan: dict[str, Any]
    samples: list[dict[str, Any]] = field(default_factory=list)
    unreadable: int = 0  # lines that are no samples
    counted: list[dict[str, Any]] = field(
        default_factory=list
    )  # counters.jsonl: counts, never times
    repeated: int = 0  # samples of processes that were started again after an interruption


def cell_name(of: Mapping[str, Any]) -> str:
    """model/workload/variant, of a job or a sample."""
    return "/".join(part for part in (of["model"], of["workload"], of["variant"]) if part)


def key(of: Mapping[str, Any]) -> Key:
    """What identifies a process in a plan and in its samples."""
    return (
        of["round"],
        of["model"],
        of["workload"],
        of["variant"],
        tuple(sorted(of["params"].items())),
        of.get("workers") or 0,
    )


def read_lines(file: Path, progress: Progress | None = None) -> tuple[list[dict[str, Any]], int]:
    """Those of a large file are `CompactSample`, which is read as a dict is."""
    samples: list[Any] = []
    unreadable = 0
    try:
        size = file.stat().st_size
        compactor = Compactor() if size > LARGE_BYTES else None
        with open(file, "rb") as lines, _without_collector():
            for line in lines:
                sample, _ = schema.parse_sample(line)
                if sample is not None:
                    samples.append(compactor.compact(sample) if compactor else sample)
                elif line.strip():
                    unreadable += 1
                if compactor and progress and len(samples) % SAID_EVERY == 0:
                    progress(lines.tell() / size)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unreadable(file, error) from None
    return samples, unreadable


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Lines are trees: looking for circles in a growing heap of them takes longer than to read
    them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _unreadable(file: Path, error: OSError) -> UsageError:
    if isinstance(error, PermissionError):
        return UsageError(f"{file} cannot be read: {error.strerror}. Change its permissions first")
    return UsageError(f"{file} cannot be read: {error.strerror}: the folder is damaged")


def last_attempts(samples: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A process that was cut off and started again counts once: only its last attempt does."""
    samples = list(samples)
    if not any(sample.get("attempt") for sample in samples):
        return samples
    last: dict[Key, int] = {}
    for sample in samples:
        process = key(sample)
        last[process] = max(last.get(process, 0), sample.get("attempt", 0))
    return [sample for sample in samples if sample.get("attempt", 0) == last[key(sample)]]


def replaced(samples: Iterable[dict[str, Any]], verdict: str) -> set[Key]:
    """The processes that have an attempt with this verdict which a later one replaces."""
    samples = list(samples)
    counted = {(key(s), s.get("attempt", 0)) for s in last_attempts(samples)}
    return {
        key(s)
        for s in samples
        if s["verdict"] == verdict and (key(s), s.get("attempt", 0)) not in counted
    }


def of_one_shape(samples: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """All points of a workload have the same sizes, which reports compare. A sample with others
    than most belongs to none; returned with how many were left out."""
    shapes: dict[str, Counter[frozenset[str]]] = defaultdict(Counter)
    for sample in samples:
        shapes[sample["workload"]][frozenset(sample["params"])] += 1
    usual = {workload: found.most_common(1)[0][0] for workload, found in shapes.items()}
    kept = [s for s in samples if frozenset(s["params"]) == usual[s["workload"]]]
    return kept, len(samples) - len(kept)


def read_json(file: Path, kind: str) -> dict[str, Any]:
    try:
        value = json_text.parse(file.read_bytes())
    except FileNotFoundError:
        raise UsageError(
            f"{file.parent} is no results folder: it has no {file.name}. "
            "Make one with: scripts/switchyard run --preset quick"
        ) from None
    except NotADirectoryError:
        raise UsageError(
            f"{file.parent} is a file: name the folder that holds plan.json and meta.json"
        ) from None
    except OSError as error:
        raise _unreadable(file, error) from None
    except ValueError as error:
        raise UsageError(
            f"{file} is not JSON ({error}): the folder is damaged; measure again"
        ) from None
    why = schema.violation(kind, value)
    if why:
        raise UsageError(
            f"{file} does not obey its schema ({why}); measure again with this version"
        )
    return value


def workloads_of(meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The workloads of a run, as `--describe` tells of them. Runs before 0.2.0 repeat them in each
    model's text."""
    if isinstance(own := meta.get("workloads"), list):
        return own
    describes = meta.get("describe")
    texts = describes.values() if isinstance(describes, Mapping) else ()
    found = {w["name"]: w for text in texts for w in text.get("workloads") or [] if "name" in w}
    return list(found.values())


def machine_of(meta: Mapping[str, Any]) -> str:
    """The machine of a run; runs before 0.2.0 know its host name only."""
    described = meta.get("host")
    host = described.get("name") if isinstance(described, Mapping) else ""
    return str(meta.get("machine") or host or "unknown")


def read_run(path: Path | str, progress: Progress | None = None) -> Run:
    path = Path(path)
    if not path.exists():
        raise UsageError(
            f"{path} does not exist. Make a run with: scripts/switchyard run --preset quick"
        )
    if path.suffix == archive.SUFFIX and path.is_file():
        with archive.unpacked(path) as folder:
            return _read(folder, path, progress)
    return _read(path, path, progress)


def _read(folder: Path, name: Path, progress: Progress | None) -> Run:
    plan, meta = read_json(folder / "plan.json", "plan"), read_json(folder / "meta.json", "meta")
    everything, unreadable = read_lines(folder / "samples.jsonl", progress)
    samples, misfits = of_one_shape(last_attempts(everything))
    counted = [
        s
        for s in read_lines(folder / "counters.jsonl")[0]
        if not s["warm"] and s["verdict"] in RANKED
    ]
    repeated = len(everything) - len(samples) - misfits
    return Run(name, meta, plan, samples, unreadable + misfits, counted, repeated)

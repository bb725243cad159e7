# SPDX-License-Identifier: MIT
"""A results folder while it is written: nothing that was measured is ever lost or half replaced."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
from pathlib import Path
from typing import Any, Iterator

from yard.errors import YardError

SAMPLES, PLAN, META, BENCHMARK = "samples.jsonl", "plan.json", "meta.json", "benchmark.json"
PARTS = "benchmark"  # one Google Benchmark JSON per process until the merge
ROOM_BYTES = 64 << 10  # more than the lines, the log and the part of a process usually take
FILE_LIMIT = "the limit on the size of a file is reached (ulimit -f)"
RAISE_THE_LIMIT = "Raise the limit and try again"


def plan_hash(plan: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


class NoSpace(YardError):
    """The disk is full, or a limit on files is reached: more of the same would fail too."""

    def __init__(self, cause: str, next_step: str = "Free some space and try again"):
        super().__init__(f"{cause}. {next_step}")
        self.cause = cause


def explained(error: OSError, doing: str) -> YardError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(f"{doing}: no space is left")
    if error.errno == errno.EFBIG:
        return NoSpace(f"{doing}: {FILE_LIMIT}", RAISE_THE_LIMIT)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return YardError(f"{doing}: {error.strerror}. Choose a folder you may write to with --out")
    return YardError(f"{doing}: {error.strerror or error}")


def make_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explained(error, f"cannot make the folder {folder}") from None
    return folder


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Where to write what is then `file`: either the old content or all of the new. What is there and no regular file,
    such as /dev/stdout, is written to as it is: renamed over, it would be gone for everybody."""
    if file.is_symlink() or (file.exists() and not file.is_file()):
        temporary = None
    else:
        temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        yield temporary or file
        if temporary:
            os.replace(temporary, file)
    except OSError as error:
        raise explained(error, f"cannot write {file}") from None
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def write_atomically(file: Path, text: str) -> None:
    """Even if the machine stops."""
    with replacing(file) as partial, open(partial, "w", encoding="utf-8", newline="") as out:
        out.write(text)
        out.flush()
        if partial != file:
            os.fsync(out.fileno())


class Store:
    def __init__(self, folder: Path):
        self.folder = folder
        self.samples = folder / SAMPLES
        self._lock: int | None = None

    def create(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if (self.folder / PLAN).exists():
                raise YardError(
                    f"{self.folder} holds a run already; continue it with --resume {self.folder}"
                )
            (self.folder / "log").mkdir(exist_ok=True)
            (self.folder / PARTS).mkdir(exist_ok=True)
        except OSError as error:
            raise explained(error, f"cannot make {self.folder}") from None

    def lock(self) -> None:
        """One runner a folder. The lock dies with the process, however it ends."""
        try:
            self._lock = os.open(
                self.samples, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644
            )
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise YardError(
                f"another process is measuring into {self.folder}; wait for it to end"
            ) from None
        except OSError as error:
            raise explained(error, f"cannot open {self.samples}") from None

    def discard(self) -> None:
        """Of a run that could not begin: the folder may be used again."""
        self.close()
        for name in (PLAN, META, SAMPLES):
            (self.folder / name).unlink(missing_ok=True)
        for folder in (self.folder / "log", self.folder / PARTS, self.folder):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def expect_room(self) -> None:
        """Raises NoSpace where a process could not have written what it measured."""
        probe = self.folder / f".room.{os.getpid()}"
        try:
            file = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, ROOM_BYTES)
            finally:
                os.close(file)
        except OSError as error:
            raise explained(error, f"cannot write to {self.folder}") from None
        finally:
            probe.unlink(missing_ok=True)

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def size(self) -> int:
        return os.path.getsize(self.samples)

    def since(self, offset: int) -> bytes:
        with open(self.samples, "rb") as lines:
            lines.seek(offset)
            return lines.read()

    def end_line(self) -> bool:
        """A line that was cut off gets an end, so that the next is readable. True if there was one."""
        size = self.size()
        if size == 0 or self.since(size - 1) == b"\n":
            return False
        self._append(b"\n")
        return True

    def append(self, sample: dict[str, Any]) -> None:
        self._append((json.dumps(sample, separators=(",", ":")) + "\n").encode())

    def _append(self, data: bytes) -> None:
        assert self._lock is not None, "lock() comes first"
        try:
            while data:
                data = data[os.write(self._lock, data) :]
        except OSError as error:
            raise explained(error, f"cannot append to {self.samples}") from None

    def write_json(self, name: str, value: Any) -> None:
        write_atomically(self.folder / name, json.dumps(value, indent=1) + "\n")


def merge_benchmarks(folder: Path, plan: dict[str, Any]) -> bool:
    """benchmark.json from the parts: each process is one repetition, so that Google's tools read a run."""
    context = None
    families: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for file in sorted((folder / PARTS).glob("*.json")):
        try:
            part = json.loads(file.read_text(encoding="utf-8"))
            round = int(file.name.split("-")[0])
        except (OSError, ValueError):
            continue  # its process was killed; samples.jsonl says so
        context = context or part.get("context")
        for entry in part.get("benchmarks", []):
            if entry.get("run_type", "iteration") == "iteration" and not entry.get(
                "error_occurred"
            ):
                families.setdefault(entry["name"], []).append((round, entry))
    if context is None:
        return False
    merged = []
    for index, (_, entries) in enumerate(sorted(families.items())):
        for place, (_, entry) in enumerate(sorted(entries, key=lambda pair: pair[0])):
            merged.append(
                {
                    **entry,
                    "family_index": index,
                    "per_family_instance_index": 0,
                    "repetitions": len(entries),
                    "repetition_index": place,
                }
            )
    text = {"context": {**context, "switchyard_run": plan["run"]}, "benchmarks": merged}
    write_atomically(folder / BENCHMARK, json.dumps(text, indent=1) + "\n")
    return True

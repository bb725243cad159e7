# SPDX-License-Identifier: MIT
"""A run as one zip file: all that was measured, and nothing that can be made again from it."""

from __future__ import annotations

import os
import zipfile
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Iterator

from yard.data.store import explained, replacing
from yard.errors import UsageError, YardError

SUFFIX = ".zip"
MADE_AGAIN = "report"  # results/README.md: the only thing in a run that may be deleted
READ = ("plan.json", "meta.json", "samples.jsonl", "counters.jsonl")


def _files(folder: Path) -> list[Path]:
    own = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return [path for path in own if path.relative_to(folder).parts[0] != MADE_AGAIN]


def pack(folder: Path, target: Path | None = None) -> Path:
    """Writes `target`, or `folder`.zip, and reads every byte of it again before it counts as
    written."""
    archive = target or folder.with_name(folder.name + SUFFIX)
    try:
        with replacing(archive) as partial:
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as out:
                for path in _files(folder):
                    out.write(path, str(path.relative_to(folder)))
            _verify(partial, folder)
            with open(partial, "rb") as written:
                os.fsync(written.fileno())
    except OSError as error:
        raise explained(error, f"cannot write {archive}") from None
    return archive


def _verify(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as stored:
        for path in _files(folder):
            if stored.read(str(path.relative_to(folder))) != path.read_bytes():
                raise YardError(f"{folder} changed while it was packed; it is kept as it was")


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """A folder with the files of a packed run that are read; it is gone afterwards."""
    with TemporaryDirectory(prefix="switchyard-run-") as folder:
        try:
            with zipfile.ZipFile(archive) as stored:
                for name in set(READ) & set(stored.namelist()):
                    (Path(folder) / name).write_bytes(stored.read(name))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise UsageError(f"{archive} is no packed run ({error})") from None
        except OSError as error:
            raise explained(error, f"cannot unpack {archive}") from None
        if not (Path(folder) / "plan.json").exists():
            raise UsageError(
                f"{archive} is no packed run: it has no plan.json. "
                "Make one with: scripts/switchyard clean --keep N"
            )
        yield Path(folder)

# SPDX-License-Identifier: MIT
"""The folder of a site. Summaries are written first and for ever; all other files are made from
them. A file whose content would be the same is not written: what a run does not concern keeps
its time."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

from yard.data.store import explained, make_folder, write_atomically
from yard.errors import UsageError, YardError

MARKER, VERSION = "site.json", 1
SUMMARIES = "data/summaries"
KEPT = (MARKER, ".lock", "raw", "data")


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


class Shelf:
    def __init__(self, folder: Path):
        self.folder = folder
        self.written: list[str] = []  # by this process

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Alone, and only a folder that is a site or empty."""
        make_folder(self.folder)
        self._recognise()
        with open(self.folder / ".lock", "w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise YardError(
                    f"another process is writing {self.folder}; wait for it to end"
                ) from None
            if not (self.folder / MARKER).exists():
                write_atomically(self.folder / MARKER, compact({"switchyard_site": VERSION}) + "\n")
            yield

    def _recognise(self) -> None:
        marker = self.folder / MARKER
        if not marker.exists():
            if any(path.name != ".lock" for path in self.folder.iterdir()):
                raise UsageError(
                    f"{self.folder} is no site and not empty; name a new folder or one that "
                    "switchyard site made"
                )
            return
        try:
            version = json.loads(marker.read_text(encoding="utf-8"))["switchyard_site"]
            version = int(version)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise YardError(
                f"{marker} is damaged ({error}); write {compact({'switchyard_site': VERSION})} into it"
            ) from None
        if version > VERSION:
            raise YardError(
                f"{self.folder} was written by a later version of switchyard (site {version}, this "
                f"one writes {VERSION}); use that one. Nothing was changed"
            )

    def put(self, name: str, text: str) -> None:
        """Writes a file unless it has this content already; a reader sees the old or the new."""
        file = self.folder / name
        data = text.encode()
        try:
            if file.exists() and file.stat().st_size == len(data) and file.read_bytes() == data:
                return
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_name(f".{file.name}.{os.getpid()}")
            partial.write_bytes(data)
            os.replace(partial, file)
        except OSError as error:
            raise explained(error, f"cannot write {file}") from None
        self.written.append(name)

    def put_data(self, name: str, value: Any) -> None:
        """As JSON for readers, and as a script for pages: a page that is opened as a file may
        load no JSON."""
        text = compact(value)
        self.put(f"{name}.json", text + "\n")
        self.put(f"{name}.js", f"site.receive({compact(name)},{text});\n")

    def keep(self, summary: dict[str, Any]) -> bool:
        """Whether it is new or differs from what is there. This alone is written to survive a
        power cut."""
        file = self.folder / SUMMARIES / f"{summary['slug']}.json"
        text = compact(summary) + "\n"
        if file.exists() and file.read_text(encoding="utf-8") == text:
            return False
        make_folder(file.parent)
        write_atomically(file, text)
        self.written.append(f"{SUMMARIES}/{file.name}")
        return True

    def summaries(self) -> Iterator[dict[str, Any]]:
        folder = self.folder / SUMMARIES
        for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            value = self.read(f"{SUMMARIES}/{file.name}")
            if not isinstance(value, dict) or "slug" not in value:
                raise YardError(f"{file} is no summary; move it away, and add its run again")
            yield value

    def read(self, name: str) -> Any:
        """The JSON file of that name; None if there is none."""
        file = self.folder / name
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise YardError(
                f"{file} is damaged ({error}); make it again from the summaries with: "
                f"scripts/switchyard site {self.folder} --again"
            ) from None

    def drop_made(self) -> None:
        """All but the summaries, raw archives and the marker: what is made from them anew."""
        made = [path for path in self.folder.iterdir() if path.name not in KEPT]
        made += [path for path in (self.folder / "data").iterdir() if path.name != "summaries"]
        for path in made:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

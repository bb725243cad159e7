# SPDX-License-Identifier: MIT
"""Brings what the machines measured to the controller: through Slurm, as one archive a machine."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import IO

from yard.data.store import explained, make_folder
from yard.errors import YardError
from yard.fleet import job
from yard.fleet.config import Fleet
from yard.fleet.orders import Campaign
from yard.fleet.slurm import Slurm

WAIT_S = 120
MOST_BYTES = 4 << 30
MOST_FILES = 200_000


def pack(campaign: str, machine: str, output: IO[bytes]) -> None:
    """The machine's folder of a campaign as a compressed archive."""
    folder = job.folder_of(campaign, machine)
    with tarfile.open(fileobj=output, mode="w|gz") as archive:
        if folder.is_dir():
            archive.add(folder, arcname=machine)


def unpack(file: IO[bytes], machine: str, target: Path) -> int:
    """Regular files below `machine` alone: what comes from elsewhere is data. Returns how many there were."""
    count, size = 0, 0
    with tarfile.open(fileobj=file, mode="r|gz") as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            if not parts or parts[0] != machine or ".." in parts or member.name.startswith("/"):
                raise YardError(f"{machine} sent a file outside its folder: {member.name!r}")
            if member.isdir():
                continue
            if not member.isfile():
                raise YardError(f"{machine} sent something that is no file: {member.name!r}")
            count, size = count + 1, size + member.size
            if count > MOST_FILES or size > MOST_BYTES:
                raise YardError(
                    f"{machine} sent more than {MOST_FILES} files or {MOST_BYTES} bytes"
                )
            source = archive.extractfile(member)
            place = target.joinpath(*parts[1:])
            make_folder(place.parent)
            with open(place, "wb") as out:
                assert source is not None
                shutil.copyfileobj(source, out)
    return count


def fetch(campaign: Campaign, fleet: Fleet, slurm: Slurm, machine: str) -> str:
    """Replaces what is here of the machine by what the machine has; one line that says what came."""
    member = fleet.named(machine)
    target = job.folder_of(campaign.name, machine)
    launcher = str(member.checkout / "scripts" / "switchyard")
    command = [launcher, "fleet", "pack", campaign.name, machine]
    try:
        with tempfile.TemporaryFile() as archive:
            if complaint := slurm.stream(machine, command, archive, WAIT_S):
                return f"{machine}: cannot be fetched now: {complaint}"
            archive.seek(0)
            make_folder(target.parent)
            fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{machine}."))
            try:
                count = unpack(archive, machine, fresh)
                if count:
                    _replace(fresh, target)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
    except (tarfile.TarError, EOFError) as error:
        return f"{machine}: what it sent is no archive ({error})"
    except OSError as error:
        raise explained(error, f"cannot write {target}") from None
    return f"{machine}: {count} files" if count else f"{machine}: has nothing yet"


def _replace(fresh: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.rename(target, old)
    os.rename(fresh, target)
    os.chmod(target, 0o755)
    shutil.rmtree(old, ignore_errors=True)

# SPDX-License-Identifier: MIT
"""Which machine this is: a name that stays the same over reboots and differs between machines.

A name that somebody chose comes first: the environment variable SWITCHYARD_MACHINE, then the first line of
$XDG_CONFIG_HOME/switchyard/machine. Otherwise it is the host name and eight hexadecimal digits of a hash of the machine
id (machine-id(5)); the id itself is confidential and never leaves the machine.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from pathlib import Path

from yard.errors import UsageError

VARIABLE = "SWITCHYARD_MACHINE"
# The name becomes a folder, a label and a part of run ids.
VALID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def config_file() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "switchyard" / "machine"


def _first_line(file: Path) -> str:
    try:
        return (file.read_text(encoding="utf-8", errors="replace").splitlines() or [""])[0].strip()
    except OSError:
        return ""


def checked(name: str, source: str) -> str:
    """`name` if it can be a machine's name. Throws UsageError that names `source`."""
    if not VALID.fullmatch(name):
        raise UsageError(
            f"{source}: {name!r} cannot be a machine's name; use 1 to 64 letters, digits, dots, "
            "hyphens and underscores, beginning with a letter or a digit"
        )
    return name


def machine_id(id_files: tuple[Path, ...] = ID_FILES) -> str:
    """The name of this machine."""
    if name := os.environ.get(VARIABLE):
        return checked(name, VARIABLE)
    if name := _first_line(config_file()):
        return checked(name, str(config_file()))
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).strip("-._")[:48] or "host"
    secret = next((line for file in id_files if (line := _first_line(file))), "")
    if not secret:
        return host
    return f"{host}-{hashlib.sha256(f'switchyard {secret}'.encode()).hexdigest()[:8]}"

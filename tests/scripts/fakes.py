# SPDX-License-Identifier: MIT
"""A build folder of fake models, and the launcher as a user starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
LAUNCHER = REPOSITORY / "scripts" / "switchyard"


def build(folder: Path, *models: str, factor: float = 1.0, fails: str = "") -> Path:
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    text = f"#!{sys.executable} -S\n" + (Path(__file__).parent / "fake_model.py").read_text()
    text = text.replace("FACTOR = 1.0", f"FACTOR = {factor}").replace(
        'FAILS = ""', f'FAILS = "{fails}"'
    )
    for model in models:
        file = folder / "bin" / f"switchyard-{model}"
        file.write_text(text)
        file.chmod(0o755)
    return folder


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "FAKE_NOTES": str(folder / "notes"),
        "NO_COLOR": "1",
        "SWITCHYARD_PYTHON": sys.executable,
        **more,
    }


def switchyard(folder: Path, *arguments: Any, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LAUNCHER, *map(str, arguments)],
        env=environment(folder, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )


def start(folder: Path, *arguments: Any, **more: str) -> subprocess.Popen[str]:
    # A job in the background of a shell ignores SIGINT, and its children inherit that.
    return subprocess.Popen(
        [LAUNCHER, *map(str, arguments)],
        env=environment(folder, **more),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in (b"Z", b"X")

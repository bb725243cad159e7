# SPDX-License-Identifier: MIT
"""A contender whose worker is compiled: by the suite's own build, if its toolchain is there."""

import shutil
import subprocess
from pathlib import Path

from .rig import folder


CRATES = Path("/usr/share/cargo/registry")


def _last_line(log):
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def built(name, tool, packages, crates=()):
    """`worker`, `library` and, if there is none, `missing` with the next step. The worker stays when its toolchain goes."""
    worker = folder().parent / "foreign" / name / "worker"
    if worker.exists():
        told = subprocess.run(
            [worker, "--library"], capture_output=True, text=True, timeout=20, check=True
        )
        return {"worker": [str(worker)], "library": told.stdout.strip()}
    absent = [crate for crate in crates if not any(CRATES.glob(crate))]
    if shutil.which(tool) and absent:
        missing = {
            "skipped": f"{CRATES} has no {absent[0]} to build it with",
            "install": f"sudo apt-get install {packages}, then build again",
        }
    elif (log := worker.parent / "build-log.txt").exists():
        missing = {
            "skipped": f"its build failed: {_last_line(log)}",
            "install": f"the rest is in {log}; {packages} build it on Debian",
        }
    elif shutil.which(tool):
        missing = {
            "skipped": f"{worker} has not been built",
            "install": "cmake --preset release && cmake --build --preset release",
        }
    else:
        missing = {
            "skipped": f"there is no {tool} to build it with",
            "install": f"sudo apt-get install {packages}, then build again",
        }
    return {"worker": [], "library": "", "missing": missing}

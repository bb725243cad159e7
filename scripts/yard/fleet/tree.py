# SPDX-License-Identifier: MIT
"""The source tree and the build of one commit on the machine that measures it.

A tree is named after commit, architecture and compiler, and lies below the machine's own cache folder: no machine ever
builds into the folder of another.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shlex
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from yard.data import host
from yard.data.store import explained, make_folder
from yard.errors import UsageError, YardError

DONE = ".switchyard-built"


def cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "switchyard" / "fleet"


def _compiler() -> str:
    for name in (os.environ.get("CXX"), "g++", "clang++"):
        if name and (version := host.output(name, "--version")):
            return f"{name} {version.splitlines()[0]}"
    raise YardError("there is no C++ compiler on this machine. Install one with: scripts/setup")


def key_of(commit: str) -> str:
    compiler = hashlib.sha256(_compiler().encode()).hexdigest()[:8]
    return f"{commit[:12]}-{platform.machine()}-{compiler}"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Two jobs of one machine, after a restart of its daemon, do not build into one folder at once."""
    with open(file, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], folder: Path, doing: str, log: Path) -> None:
    with open(log, "ab") as output:
        output.write(f"$ {' '.join(command)}\n".encode())
        output.flush()
        code = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        ).returncode
    if code != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise YardError(f"{doing} ended with {code}: {(lines or [''])[-1]} (all of it: {log})")


def built(checkout: Path, commit: str, log: Path) -> Path:
    """The tree of `commit`, built. `checkout` is a clone on this machine that has the commit; it is not changed."""
    known = host.output(*host.git_in(checkout), "cat-file", "-t", commit, cwd=checkout)
    if known != "commit":
        raise UsageError(
            f"{checkout} has no commit {commit[:12]}: push it where this machine can get it, "
            f"then: git -C {checkout} fetch"
        )
    tree = cache() / key_of(commit)
    make_folder(tree.parent)
    try:
        with _locked(tree.parent / f"{tree.name}.lock"):
            if not (tree / DONE).exists():
                _make(tree, checkout, commit, log)
    except OSError as error:
        raise explained(error, f"cannot build in {tree}") from None
    return tree


def _clone(checkout: Path, tree: Path) -> list[str]:
    """A clone of a checkout that another user may own: git then asks for the folder by name, on
    both of its sides."""
    inner = host.output(*host.git_in(checkout), "rev-parse", "--absolute-git-dir", cwd=checkout)
    folders = [str(checkout.resolve()), *([inner] if inner else [])]
    safe = [word for folder in folders for word in ("-c", f"safe.directory={folder}")]
    sender = shlex.join(["git", *safe, "upload-pack"])
    options = ["--quiet", "--no-checkout", "--upload-pack", sender]
    return ["git", *safe, "clone", *options, "--", str(checkout), str(tree)]


def _make(tree: Path, checkout: Path, commit: str, log: Path) -> None:
    if not (tree / ".git").exists():
        clone = _clone(checkout, tree)
        _run(clone, tree.parent, "git clone", log)
    _run(["git", "checkout", "--quiet", "--detach", commit], tree, "git checkout", log)
    _run([str(tree / "scripts" / "setup"), "--check"], tree, "scripts/setup --check", log)
    _run([str(tree / "scripts" / "build"), "release", "suite"], tree, "scripts/build", log)
    (tree / DONE).touch()

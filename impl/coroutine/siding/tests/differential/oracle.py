# SPDX-License-Identifier: MIT
"""Which Python is the oracle, and what it cannot answer.

The reference is CPython 3.13, as it comes. Where a machine has none, the newest Python is asked,
and only what has not changed since: CHANGED lists the rest. For that there are `recorded/`, where
the traces of 3.13 are kept.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

REFERENCE = (3, 13)
OLDEST = (3, 11)

# Operation: the version that brought what siding does, and what was different before.
CHANGED = {
    "gather": ((3, 12), "took notice in a later turn of what was done already"),
    "wait_for": ((3, 12), "made a task of a coroutine; lost a cancellation"),
    "timeout": ((3, 12), "counted requests for cancellation from before it began"),
    "group": ((3, 13), "took its cancellation of the parent back at another time"),
    "uncancel": ((3, 13), "left a cancellation to be thrown that was taken back"),
    "uncancel_self": ((3, 13), "the same"),
    "with_semaphore": ((3, 13), "woke one waiter where it could have woken several"),
    "semaphore_acquire": ((3, 13), "the same"),
    "semaphore_release": ((3, 13), "the same"),
    "condition_wait": ((3, 13), "a notification died with a cancelled waiter"),
    "condition_wait_for": ((3, 13), "the same"),
    "barrier_wait": ((3, 13), "the same, inside"),
    "as_completed": ((3, 13), "began when it was iterated, not when it was called"),
}


def version_of(python):
    """The version of an executable; None if it does not run (a shim of pyenv's may not)."""
    try:
        ran = subprocess.run(
            [python, "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.fullmatch(r"(\d+) (\d+)\n", ran.stdout)
    return tuple(map(int, found.groups())) if found else None


def candidates():
    if chosen := os.environ.get("SIDING_ORACLE"):
        yield chosen
        return
    yield sys.executable
    for minor in range(OLDEST[1], 40):
        if found := shutil.which(f"python3.{minor}"):
            yield found
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob("versions/*/bin/python3.*[0-9]")))


def find():
    """The executable and its version: the reference, or else the newest before it, or else the
    oldest behind it; (None, None) if there is none."""
    found = {}
    for python in candidates():
        version = version_of(python)
        if version and version >= OLDEST:
            found.setdefault(version, python)
    if not found:
        return None, None
    before = [version for version in found if version <= REFERENCE]
    version = max(before) if before else min(found)
    return found[version], version


def operations(program):
    def walk(ops):
        for op in ops:
            yield op["op"]
            for key in ("body", "finally", "on_cancel", "on_error"):
                yield from walk(op.get(key) or [])

    for function in program["functions"]:
        yield from walk(function)


def can_answer(program, version):
    """The oracle of this version does in this program what the reference does."""
    return not any(name in CHANGED and CHANGED[name][0] > version for name in operations(program))

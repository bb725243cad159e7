#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The empty PostgreSQL cluster that is kept from one run to the next: whatever lies in its place - cut short, damaged,
planted, writable for others - the server starts, and what others could have written is neither used nor written to."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


def start(executable, folder, **environment):
    """Its first line, once it serves; it has ended when this returns."""
    own = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_CACHE_HOME")}
    process = subprocess.Popen(
        [executable, "--stay", "--rows", "10", "--stop-fd", "0"],
        env={**own, "TMPDIR": str(folder), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        line = json.loads(process.stdout.readline() or "{}")
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    return line


def inventory(kept):
    """Path -> size and time of change: unlike where the cluster was made anew."""
    return {f: (f.stat().st_size, f.stat().st_mtime_ns) for f in kept.rglob("*") if f.is_file()}


def expect(condition, words):
    if not condition:
        print(f"FAULT: {words}")
        sys.exit(1)


def main():
    executable = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="switchyard-kept-") as name:
        top = pathlib.Path(name)
        top.chmod(0o755)  # the server's user must come through
        temporary = top / "temporary"
        temporary.mkdir()
        temporary.chmod(0o1777)
        cache = top / "cache"

        def serves(why, **environment):
            connection = start(
                executable, temporary, **(environment or {"XDG_CACHE_HOME": str(cache)})
            )
            if "is not installed" in connection.get("skipped", ""):
                print(connection["skipped"])
                sys.exit(SKIPPED)
            expect("where" in connection, f"{why}: it does not serve: {connection}")
            expect(not list(temporary.iterdir()), f"{why}: something is left in TMPDIR")

        serves("the first time")
        (kept,) = [f for f in (cache / "switchyard/postgres").iterdir() if f.is_dir()]
        whole = inventory(kept)
        serves("the second time")
        expect(inventory(kept) == whole, "it was not used the second time")

        control = kept / "global" / "pg_control"
        control.unlink()
        serves("a file is missing")
        expect(control.is_file(), "a cluster that was not whole was not made anew")

        control.write_bytes(bytes(control.stat().st_size))
        serves("a file is damaged")
        expect(any(control.read_bytes()), "a damaged cluster was not made anew")

        kept.with_name(kept.name + ".inventory").unlink()
        serves("it was cut short")

        whole = inventory(kept)
        kept.parent.chmod(0o777)
        serves("others may write")
        expect(inventory(kept) == whole, "it wrote where others may write")
        kept.parent.chmod(0o700)

        elsewhere = top / "elsewhere"
        elsewhere.mkdir()
        shutil.rmtree(kept.parent)
        kept.parent.symlink_to(elsewhere)
        serves("a link is planted")
        expect(not list(elsewhere.iterdir()), "it wrote through a link")
        kept.parent.unlink()

        if os.geteuid() == 0:
            kept.parent.mkdir(mode=0o700)
            os.chown(kept.parent, 65534, 65534)
            serves("another user's folder is planted")
            expect(not list(kept.parent.iterdir()), "it wrote into another user's folder")
        serves("no home", NOTHING="")
        expect(not list(temporary.iterdir()), "something is left")
    print("the server started 9 times; nothing of others was used")


if __name__ == "__main__":
    main()

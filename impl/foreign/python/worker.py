# SPDX-License-Identifier: MIT
"""The process that is measured: one cell, asked over standard input."""

import importlib
import json
import mmap
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True


class Declined(Exception):
    """These params cannot be honoured."""


class Skipped(Exception):
    """This machine lacks a part."""


class Probe:
    """Where a cell notes when operation i began and ended. Shared memory: a forked child writes as a thread does."""

    def __init__(self, fd, count, look):
        self.look = look
        self.slots = memoryview(mmap.mmap(fd, 16 * count)).cast("Q") if count else None

    def begin(self, i):
        self.slots[2 * i] = time.monotonic_ns()

    def end(self, i):
        self.slots[2 * i + 1] = time.monotonic_ns()


def main():
    out = os.fdopen(os.dup(1), "w")  # whatever a library prints must not look like an answer
    os.dup2(2, 1)

    def answer(**fields):
        out.write(json.dumps(fields) + "\n")
        out.flush()

    make = importlib.import_module(f"cells.{sys.argv[1]}").make

    def look():
        """The harness looks at this process and its children while the run stands still."""
        answer(look=True)
        sys.stdin.readline()

    session = probe = None
    answer(up=True)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            started = time.monotonic_ns()
            if asked["do"] == "make":
                probe = Probe(asked.get("slot_fd"), asked.get("slots", 0), look)
                if "stop_path" in asked:
                    asked["stop_fd"] = os.open(asked["stop_path"], os.O_RDONLY)
                started = time.monotonic_ns()
                session = make(sys.argv[2], asked["params"], asked)
                answer(make_ns=time.monotonic_ns() - started)
            elif asked["do"] == "run":
                outcome = session.run(probe)
                answer(run_ns=time.monotonic_ns() - started, started_ns=started, outcome=outcome)
            else:
                session.close()
                answer(destroy_ns=time.monotonic_ns() - started)
        except Declined as why:
            answer(verdict="declined", reason=str(why))
        except Skipped as why:
            answer(verdict="skipped", reason=str(why))
        except Exception as error:
            answer(verdict="crashed", reason=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.modules["worker"] = sys.modules["__main__"]
    main()

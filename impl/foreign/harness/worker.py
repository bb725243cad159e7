# SPDX-License-Identifier: MIT
"""The driver's end of the pipe to a worker: the process that is measured. A line of JSON asks, a line answers:
{"do": "make"} {"do": "run"} {"do": "end"}, and {"look": true} the other way; see impl/foreign/NOTES.md."""

import json
import mmap
import os
import selectors
import signal
import subprocess
import threading
import time

from . import usage
from .rig import prepare


class Ended(Exception):
    """A verdict other than ok, and its reason."""

    def __init__(self, verdict, reason):
        super().__init__(reason)
        self.verdict, self.reason = verdict, reason


class Worker:
    def __init__(self, command, where, slots, descriptors=()):
        self.deadline = time.monotonic() + where.timeout_s
        self.timeout_s = where.timeout_s
        self.slot_file = os.memfd_create("switchyard-slots")
        os.ftruncate(self.slot_file, max(1, 16 * slots))
        self.mapped = mmap.mmap(self.slot_file, max(1, 16 * slots))
        self.count = slots
        self.process = subprocess.Popen(
            [*command, where.workload, where.variant],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(self.slot_file, *descriptors),
            preexec_fn=prepare(where.cpus, own_group=True),
        )
        self.pid = self.process.pid
        self._unread = b""
        self.poll = selectors.DefaultSelector()
        self.poll.register(self.process.stdout, selectors.EVENT_READ)
        self._answer()  # it is up; what its runtime owns by itself is no worker
        self.threads_before = usage.threads(self.pid)

    def ask(self, do, **more):
        return self._tell({"do": do, **more})

    def run(self, look=None):
        """Its answer. `look` is called as often as the worker asks for it, and the worker waits for as long."""
        answer = self.ask("run")
        while "look" in answer:
            if not look:
                raise Ended("wrong", "the worker asked to be looked at in a workload without looks")
            look()
            answer = self._tell({})
        return answer

    def _tell(self, line):
        try:
            self.process.stdin.write(json.dumps(line).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer, or its absence, says why
        return self._answer()

    def _answer(self):
        while b"\n" not in self._unread:
            if not self.poll.select(self.deadline - time.monotonic()):
                raise Ended("timeout", f"not finished after {self.timeout_s:g} s")
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                code = self.process.wait()
                how = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
                raise Ended("crashed", f"the worker {how}")
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        answer = json.loads(line)
        if "verdict" in answer:
            raise Ended(answer["verdict"], answer["reason"])
        return answer

    def clear(self):
        self.mapped[:] = bytes(len(self.mapped))

    def slots(self):
        if not self.count:
            return ()
        with memoryview(self.mapped) as view, view.cast("Q") as numbers:
            return numbers.tolist()

    def close(self):
        """After this nothing of it is left."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.poll.close()
        self.mapped.close()
        os.close(self.slot_file)


class Audit:
    """Counts threads and children again and again. For conformance, never for measuring."""

    def __init__(self, pid, most):
        self.pid, self.most, self.seen, self._stop = pid, most, 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        row = []
        while not self._stop.wait(0.001):
            found = usage.threads(self.pid)
            row = [*row, found] if found > self.most else []
            # An ending thread may still be there when its successor starts: insist.
            if len(row) >= 3:
                self.seen = max(self.seen, min(row))

    def end(self):
        self._stop.set()
        self._thread.join()
        return self.seen

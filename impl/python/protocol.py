# SPDX-License-Identifier: MIT
"""The worker's end of docs/worker-protocol.md: a line asks, a line answers."""

import mmap
import os
import sys
import time
from urllib.parse import unquote_to_bytes


class Declined(Exception):
    """These params cannot be honoured."""


class Skipped(Exception):
    """This machine lacks a part."""


class Probe:
    """Where a cell notes when operation i began and ended. Shared memory: a forked child writes as
    a thread does."""

    def __init__(self, fd, count, look):
        self.look = look
        self.memory = mmap.mmap(fd, 16 * count) if count else None
        self.slots = memoryview(self.memory).cast("Q") if count else None

    def begin(self, i):
        self.slots[2 * i] = time.monotonic_ns()

    def end(self, i):
        self.slots[2 * i + 1] = time.monotonic_ns()

    def close(self):
        if self.memory:
            self.slots.release()
            self.memory.close()


class Request:
    """A verb and its words; `param.NAME` is in `params`."""

    def __init__(self, text):
        self.verb, *words = text.split()
        self.params, self.words = {}, {}
        for word in words:
            name, _, value = word.partition("=")
            if name.startswith("param."):
                self.params[name[len("param.") :]] = int(value)
            else:
                self.words[name] = os.fsdecode(unquote_to_bytes(value))

    def number(self, name):
        return int(self.words.get(name, 0))

    def environment(self):
        """What surrounds a session, whole numbers as such."""
        return {
            name: int(value) if value.isdecimal() else value for name, value in self.words.items()
        }


class Conversation:
    def __init__(self):
        # Whatever a library prints must not look like an answer.
        self.answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def answer(self, text):
        self.answers.write(text + "\n")
        self.answers.flush()

    def requests(self):
        return map(Request, iter(sys.stdin.readline, ""))

    def look(self):
        """The harness looks at this process and its children while the run stands still."""
        self.answer("look")
        sys.stdin.readline()


class Cell:
    """The session of a cell from `make` to `stop`."""

    def __init__(self, make, variant, look):
        self.make, self.variant, self.look = make, variant, look
        self.probe = self.session = None

    def do(self, request):
        if request.verb == "make":
            self.probe = Probe(request.number("slots_fd"), request.number("slots"), self.look)
            self.session = self.make(self.variant, request.params, request.environment())
            return "made"
        if request.verb == "run":
            outcome = self.session.run(self.probe)
            return " ".join(["ran", *(f"{name}={value}" for name, value in outcome.items())])
        if request.verb == "stop":
            self.session.close()
            self.probe.close()
            self.session = self.probe = None
            return "stopped"
        raise ValueError(f"there is no request '{request.verb}'")


def serve(make, variant):
    conversation = Conversation()
    cell = Cell(make, variant, conversation.look)
    conversation.answer("ready protocol=1")
    for request in conversation.requests():
        try:
            conversation.answer(cell.do(request))
        except Declined as why:
            conversation.answer(f"declined {why}")
        except Skipped as why:
            conversation.answer(f"skipped {why}")
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".replace("\n", " ")
            conversation.answer(f"failed {reason}")

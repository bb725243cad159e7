# SPDX-License-Identifier: MIT
"""The agent at the other end of a link, which starts load generators there. It is given a token,
listens on one address, and ends when this process does."""

from __future__ import annotations

import contextlib
import json
import secrets
import selectors
import subprocess
import tempfile
import time
from typing import Any, IO, Sequence

from yard.link.child_pipe import given
from yard.link.link_end import LinkMissing

EXECUTABLE = "switchyard-agent"
SCHEMA = 1
HELLO_S = 30.0  # until it says on which port it listens: a login over ssh may take long
MOST_HELLO_BYTES = 65_536
SETTLE_S = 10.0


class LoadAgent:
    """Started at once. `command` runs it where it is to be; `where` names that in what is said."""

    def __init__(self, command: Sequence[str], where: str):
        self.token = secrets.token_hex(32)
        # A file: strangers at the door would fill a pipe that nobody reads, and stop the agent.
        self._errors = tempfile.TemporaryFile()
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        try:
            self.hello = self._listen(where)
        except BaseException:
            self.close()
            raise

    def _listen(self, where: str) -> dict[str, Any]:
        try:
            given(self._child.stdin).write(f"{self.token}\n".encode())
            given(self._child.stdin).flush()
            line = _first_line(given(self._child.stdout))
        except OSError:
            line = b""
        try:
            hello = json.loads(line)
        except ValueError:
            hello = None
        if not isinstance(hello, dict) or not isinstance(hello.get("port"), int):
            raise LinkMissing(f"no agent starts {where}: {self._last_words() or 'it says nothing'}")
        if hello.get("schema") != SCHEMA:
            raise LinkMissing(
                f"the agent {where} is of another version of Switchyard: build the same commit "
                "there"
            )
        return hello

    def _last_words(self) -> str:
        """Why it did not start."""
        self._child.kill()
        self._child.wait()
        self._errors.seek(0)
        lines = self._errors.read(MOST_HELLO_BYTES).decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else ""

    @property
    def is_alive(self) -> bool:
        return self._child.poll() is None

    @property
    def pid(self) -> int:
        return self._child.pid

    def close(self) -> None:
        """Its standard input ends, and so does it."""
        for pipe in (self._child.stdin, self._child.stdout):
            with contextlib.suppress(OSError):
                given(pipe).close()
        try:
            self._child.wait(SETTLE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._errors.close()


def _first_line(stream: IO[bytes]) -> bytes:
    """Waits no longer than HELLO_S, and takes no more than such a line can have."""
    until, line = time.monotonic() + HELLO_S, b""
    with selectors.DefaultSelector() as waiting:
        waiting.register(stream, selectors.EVENT_READ)
        while not line.endswith(b"\n") and len(line) < MOST_HELLO_BYTES:
            left_s = until - time.monotonic()
            if left_s <= 0 or not waiting.select(left_s):
                break
            read = stream.read1(4096)  # type: ignore[attr-defined]
            if not read:
                break
            line += read
    return line

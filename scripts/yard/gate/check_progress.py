# SPDX-License-Identifier: MIT
"""What a check shows while it works: one line that is written over on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time

from yard.text.outside import readable

QUIET_S = 10.0  # between plain lines


class Progress:
    def __init__(self, quiet: bool = False) -> None:
        self.quiet, self.terminal = quiet, sys.stderr.isatty()
        self.last, self.width = 0.0, 0

    def say(self, text: str) -> None:
        """Stays on the screen."""
        if not self.quiet:
            self._clear()
            print(readable(text), file=sys.stderr, flush=True)

    def step(self, text: str) -> None:
        """Only the newest matters."""
        now = time.monotonic()
        if self.quiet or (not self.terminal and now - self.last < QUIET_S):
            return
        self.last, text = now, readable(text)
        if self.terminal:
            self._clear()
            sys.stderr.write(text)
            sys.stderr.flush()
            self.width = len(text)
        else:
            print(text, file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self.terminal and self.width:
            sys.stderr.write("\r" + " " * self.width + "\r")
            self.width = 0

    def close(self) -> None:
        self._clear()

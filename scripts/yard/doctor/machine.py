# SPDX-License-Identifier: MIT
"""The files in which a machine describes itself, below a root that a test may choose."""

from __future__ import annotations

import ctypes
import errno
import os
from dataclasses import dataclass
from pathlib import Path

from yard.data import host

IO_URING_SETUP = 425  # on every architecture


@dataclass(frozen=True)
class Machine:
    root: Path = Path("/")

    def file(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def read(self, path: str) -> str | None:
        return host.read(self.file(path))

    def glob(self, pattern: str) -> list[str]:
        return sorted(
            "/" + str(found.relative_to(self.root)) for found in self.root.glob(pattern.lstrip("/"))
        )

    def refusal_of_io_uring(self) -> str | None:
        """Why the kernel refuses it to this process, tried with arguments that make nothing; empty if it does not, None
        where `root` is not this machine."""
        if self.root != Path("/"):
            return None
        library = ctypes.CDLL(None, use_errno=True)
        library.syscall(ctypes.c_long(IO_URING_SETUP), ctypes.c_long(0), ctypes.c_void_p(None))
        code = ctypes.get_errno()
        return "" if code in (errno.EINVAL, errno.EFAULT) else os.strerror(code)

    def number(self, path: str) -> int | None:
        text = self.read(path)
        return int(text) if text and text.lstrip("-").isdecimal() else None

# SPDX-License-Identifier: MIT
"""A pipe of a child that was started with one, which `subprocess` types as one that may be absent."""

from __future__ import annotations

from typing import IO


def given(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe

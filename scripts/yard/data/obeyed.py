# SPDX-License-Identifier: MIT
"""Remembers which texts have been found to obey their schema, so that the same answer of the same executable is not held to
it in every call: the check takes longer than all the rest of `switchyard list`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from yard import cache

FILE = "texts"
MOST_LINES = 1_000  # a line is 65 bytes; then it begins anew


def fingerprint(schema: Path, text: bytes) -> str:
    """Of the text and of the rules: a new schema asks again."""
    digest = hashlib.sha256(schema.read_bytes())
    digest.update(b"\0" + text)
    return digest.hexdigest()


def known(print_of_text: str) -> bool:
    folder = cache.folder("obeyed")
    try:
        return folder is not None and print_of_text in (folder / FILE).read_text("ascii").split()
    except (OSError, ValueError):
        return False


def remember(print_of_text: str) -> None:
    """Best effort: without a cache the next call asks again."""
    folder = cache.folder("obeyed")
    if folder is None:
        return
    file = folder / FILE
    try:
        if file.exists() and file.stat().st_size > 65 * MOST_LINES:
            file.unlink()
        with open(file, "a", encoding="ascii") as lines:
            lines.write(f"{print_of_text}\n")
    except OSError:
        pass

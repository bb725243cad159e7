# SPDX-License-Identifier: MIT
"""The lesson on a terminal."""

from __future__ import annotations

import sys
from typing import IO

from rich.console import Console
from rich.text import Text

from yard.learn.lesson import chapters, claims, timeline
from yard.text import numbers

COLOURS = {
    claims.TRUE: "green",
    claims.FALSE: "red",
    claims.DEPENDS: "yellow",
    claims.UNKNOWN: "dim",
}


class Screen:
    def __init__(self, file: IO[str]):
        self.console = Console(highlight=False, file=file)

    def line(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style=style))

    def heading(self, text: str) -> None:
        self.line(f"\n{text}", "bold")

    def chapter(self, chapter: chapters.Chapter, seen: timeline.Timeline) -> None:
        self.heading(chapter.title)
        self.line(chapter.text)
        for when, _, says in seen.said():
            self.line(f"  {numbers.column(when * 1000, 5)} ms  {says}", "dim")
        plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
        for line in timeline.text(seen, plain=plain):
            self.console.print(Text("  " + line), soft_wrap=True)
        self.line(chapter.seen(seen))

    def verdict(self, verdict: claims.Verdict) -> None:
        mark = (verdict.mark, f"bold {COLOURS[verdict.mark]}")
        self.console.print(Text.assemble(f"\n{verdict.claim} ", mark))
        self.line(f"  {verdict.because}")
        for figure in verdict.figures:
            self.console.print(Text(f"  {figure.words()}", style="dim"), soft_wrap=True)

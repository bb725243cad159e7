# SPDX-License-Identifier: MIT
"""Who ran and who waited, noted while a demonstration runs and drawn as one lane each."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from yard.text import numbers

RUNS, WAITS, ENDED = "runs", "waits", "ended"


@dataclass(frozen=True)
class Span:
    who: str
    state: str
    begin_s: float
    end_s: float


@dataclass
class Timeline:
    events: list[tuple[float, str, str, str]] = field(
        default_factory=list
    )  # when, who, state, what it said

    def _note(self, who: str, state: str, says: str) -> None:
        self.events.append((time.monotonic(), who, state, says))

    def runs(self, who: str, says: str = "") -> None:
        self._note(who, RUNS, says)

    def waits(self, who: str, says: str = "") -> None:
        self._note(who, WAITS, says)

    def ended(self, who: str, says: str = "") -> None:
        self._note(who, ENDED, says)

    def lanes(self) -> list[str]:
        return list(dict.fromkeys(who for _, who, _, _ in sorted(self.events)))

    def spans(self) -> list[Span]:
        """In seconds from the first event."""
        events = sorted(self.events, key=lambda event: event[0])
        found, start = [], events[0][0]
        for lane in self.lanes():
            own = [event for event in events if event[1] == lane]
            for (begin, _, state, _), (end, *_) in zip(own, own[1:]):
                if state != ENDED:
                    found.append(Span(lane, state, begin - start, end - start))
        return found

    def length_s(self) -> float:
        times = [when for when, *_ in self.events]
        return max(times) - min(times)

    def together_s(self, first: str, second: str, state: str = WAITS) -> float:
        """How long both were in `state` at the same time."""
        spans = [span for span in self.spans() if span.state == state]
        return sum(
            max(0.0, min(a.end_s, b.end_s) - max(a.begin_s, b.begin_s))
            for a in spans
            if a.who == first
            for b in spans
            if b.who == second
        )

    def said(self) -> list[tuple[float, str, str]]:
        events = sorted(self.events, key=lambda event: event[0])
        return [(when - events[0][0], who, says) for when, who, _, says in events if says]


def text(timeline: Timeline, columns: int = 60, plain: bool = False) -> list[str]:
    """One line a lane: dark where it runs, light where it waits."""
    marks = {RUNS: "#", WAITS: "."} if plain else {RUNS: "█", WAITS: "░"}
    width, length = max(map(len, timeline.lanes())), timeline.length_s() or 1e-9
    lines = []
    for lane in timeline.lanes():
        row = [" "] * columns
        spans = [span for span in timeline.spans() if span.who == lane]
        # What runs is often too short to see: it is drawn last, and one column wide at least.
        for span in sorted(spans, key=lambda s: s.state == RUNS):
            first = min(columns - 1, int(span.begin_s / length * columns))
            for at in range(
                first, max(first + 1, min(columns, round(span.end_s / length * columns)))
            ):
                row[at] = marks[span.state]
        lines.append(f"{lane:>{width}} |{''.join(row)}|")
    lines.append(f"{'':>{width}}  0{f'{numbers.fixed(length * 1000)} ms':>{columns - 1}}")
    return lines

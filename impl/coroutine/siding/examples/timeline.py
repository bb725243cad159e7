# SPDX-License-Identifier: MIT
"""Who ran and who waited: the picture that every example ends with."""

import time

WIDTH = 40  # columns of the picture


class Timeline:
    """Notes what each actor does and draws it: `#` runs, `.` waits.

    Times are seconds since the timeline was made. Safe to use from one thread only, except that
    `note` may be called from a thread while the loop runs (list.append is atomic in CPython).
    """

    def __init__(self):
        self._start = time.perf_counter()
        self._notes = []  # (seconds, actor, state), state one of "runs", "waits", "ended"

    def runs(self, actor, what):
        self._note(actor, "runs", what)

    def waits(self, actor, what):
        self._note(actor, "waits", what)

    def ended(self, actor, what):
        self._note(actor, "ended", what)

    def _note(self, actor, state, what):
        now = time.perf_counter() - self._start
        self._notes.append((now, actor, state))
        print(f"{now:5.1f} s  {actor:<8} {what}", flush=True)

    def draw(self):
        total = max((at for at, _, _ in self._notes), default=0.0) or 1e-9
        actors = list(dict.fromkeys(actor for _, actor, _ in self._notes))
        print()
        for actor in actors:
            print(f"{actor:>8} |{self._row(actor, total)}|")
        print(f"{'':>8}  {'# runs   . waits':<{WIDTH - 8}}{total:6.1f} s")

    def _row(self, actor, total):
        row = [" "] * WIDTH

        def column(at):
            return min(WIDTH - 1, int(at / total * WIDTH))

        notes = [(at, state) for at, who, state in self._notes if who == actor]
        for (at, state), (until, _) in zip(notes, notes[1:] + [notes[-1]]):
            if state != "ended":
                fill = "#" if state == "runs" else "."
                for i in range(column(at), column(until) + 1):
                    row[i] = fill
        for at, state in notes:  # an instant of running is shorter than a column: keep it visible
            if state != "waits":
                row[column(at)] = "#"
        return "".join(row)

# SPDX-License-Identifier: MIT
"""The rows of a plan: the contenders at one point of a workload, and which row a reader needs
first."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from yard.data import workloads
from yard.engine import plan as planning

Job = Mapping[str, Any]
GUESS_S = 0.7  # of a slot of which nothing is known


@dataclass(frozen=True)
class Row:
    """`jobs` are those of round 0; `first` says that a question of a report's first page needs
    it."""

    at: planning.Place
    title: str
    jobs: tuple[Job, ...]
    first: bool
    headline: str

    @property
    def workload(self) -> str:
        return self.at[0]


def contender_of(job: Job) -> tuple[str, str]:
    return job["model"], job["variant"]


def title_of(at: planning.Place) -> str:
    """As it is shown and recorded: `echo connections=64 message_bytes=64, 1 worker`."""
    name, params, workers = at
    sizes = "".join(f" {field}={value}" for field, value in params)
    return f"{name}{sizes}, {workers} worker{'' if workers == 1 else 's'}"


def rows_of(plan: Mapping[str, Any], described: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Those that matter most first: one for each question of the first page, then what else
    answers one, what the suite says of itself, and the others."""
    known = workloads.of_descriptions(described)
    by_place: dict[planning.Place, list[Job]] = {}
    for job in planning.round_of(plan, 0):
        by_place.setdefault(planning.place_of(job), []).append(job)
    standing = _standing(list(by_place), known)
    asked: set[str] = set()
    ranked = []
    for number, (at, jobs) in enumerate(by_place.items()):
        workload = known.get(at[0], workloads.Workload(at[0]))
        stands = at in standing and bool(workload.question)
        own = workload.group == workloads.SELF
        ranked.append(
            (
                0 if stands else 1 if own else 2,
                workload.group == workloads.LESSON,
                workload.place,
                number,
                Row(at, title_of(at), tuple(jobs), stands or own, workload.headline),
                workload.question if stands else "",
            )
        )
    first: list[Row] = []
    others: list[Row] = []
    for *_, row, question in sorted(ranked, key=lambda entry: entry[:4]):
        leads = bool(question) and question not in asked
        asked.add(question)
        (first if leads else others).append(row)
    return first + others


def _standing(
    places: Sequence[planning.Place], known: Mapping[str, workloads.Workload]
) -> set[planning.Place]:
    """The point by which each workload is judged: the one nearest to what it prefers, or its
    last."""
    found = set()
    for name in dict.fromkeys(at[0] for at in places):
        own = [at for at in places if at[0] == name]
        preferred = known[name].preferred if name in known else {}
        nearest = min(own, key=lambda at: _distance(dict(at[1]), preferred)) if preferred else None
        found.add(nearest or max(own, key=lambda at: at[1:]))
    return found


def _distance(sizes: Mapping[str, int], wanted: Mapping[str, int]) -> float:
    return math.fsum(
        abs(math.log1p(sizes.get(name, 0)) - math.log1p(value)) for name, value in wanted.items()
    )


def drawn_order(rows: Sequence[Row], seed: int, round: int) -> dict[planning.Place, int]:
    """In which order the rows of a round are measured: drawn, so that drift hits no row in
    particular."""
    places = sorted(row.at for row in rows)
    random.Random(f"rows {seed} {round}").shuffle(places)
    return {at: place for place, at in enumerate(places)}

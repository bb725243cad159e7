# SPDX-License-Identifier: MIT
"""What a run records of its workloads: `--describe` says it, meta.json keeps it, and nothing here
names one.

Runs before 0.2.0 do not say which question a workload answers nor which metric ranks it. For them
one rule stands in: the lesson is about the time of a run, who serves and who computes follows from
the role and the group, and the point with the longest runs stands for its workload.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence

from yard.data import samples
from yard.data.facts import METRIC

LESSON, SELF = (
    "lesson",
    "self",
)  # groups that are read and ranked in their own way; SELF is a model, too
WAITING, SERVING, COMPUTING = "waiting", "serving", "computing"  # questions
SERVING_AND_COMPUTING = "serving_and_computing"  # a part of a request, as are WAITING and SERVING


@dataclass(frozen=True)
class Workload:
    name: str
    group: str = ""
    role: str = ""
    place: int = 0  # among those of the run, as its executables list them
    fields: tuple[str, ...] = ()
    question: str = ""
    request_part: str = ""
    headline: str = METRIC.throughput
    headline_reason: str = ""
    preferred: Mapping[str, int] = field(default_factory=dict)
    recorded: bool = False  # what a report makes of it; else the rule above does


def of_run(meta: Mapping[str, Any]) -> dict[str, Workload]:
    return of_descriptions(samples.workloads_of(meta))


def of_descriptions(described: Sequence[Mapping[str, Any]]) -> dict[str, Workload]:
    found = (_read(place, text) for place, text in enumerate(described))
    return {workload.name: workload for workload in found}


def of_suite(meta: Mapping[str, Any]) -> Callable[[str, str], bool]:
    """Whether the suite measures itself with a model's workload; of runs before 0.2.0 the model
    alone says it."""
    own = {workload.name for workload in of_run(meta).values() if workload.group == SELF}
    return lambda model, workload: model == SELF or workload in own


def with_part(workloads: Mapping[str, Workload], *parts: str) -> tuple[str, ...]:
    """The names of those that stand for one of these parts of a request."""
    return tuple(w.name for w in workloads.values() if w.request_part in parts)


def _read(place: int, text: Mapping[str, Any]) -> Workload:
    said = text.get("in_report")
    name, group, role = (str(text.get(key) or "") for key in ("name", "group", "role"))
    fields = tuple(str(field.get("name")) for field in text.get("fields") or [])
    if not isinstance(said, Mapping):
        headline = METRIC.run_ns if group == LESSON else METRIC.throughput
        question = _question(group, role)
        return Workload(name, group, role, place, fields, question, headline=headline)
    headline = str(said.get("headline"))
    return Workload(
        name,
        group,
        role,
        place,
        fields,
        str(said.get("question") or ""),
        str(said.get("request_part") or ""),
        headline if headline in METRIC else METRIC.throughput,
        str(said.get("headline_reason") or ""),
        dict(said.get("preferred") or {}),
        recorded=True,
    )


def _question(group: str, role: str) -> str:
    if group == LESSON:
        return WAITING
    if group == "io_bound":
        return SERVING if role == "server" else WAITING
    return COMPUTING if group == "cpu_bound" else ""

# SPDX-License-Identifier: MIT
"""Decides what is measured, in which order and with which budget: a pure function of the descriptions, the options
and the seed. The measuring policy of the whole suite stands here and nowhere else."""

from __future__ import annotations

import fnmatch
import hashlib
import itertools
import random
from dataclasses import dataclass, field, replace
from typing import Any, Mapping, Sequence

from yard.data.facts import FIELD
from yard.errors import UsageError, nearest
from yard.data import workloads
from yard.data.presets import PRESETS
from yard.data.models import Catalogue
from yard.stats import race

ROUNDS = {"smoke": 1, "quick": 7, "full": 15}
MOST_ROUNDS = 60  # of a row that a run with a time budget or --until cannot decide
LEAST_ROUNDS = 5  # a report refuses fewer
TIMEOUT_S = {"smoke": 60.0, "quick": 60.0, "full": 300.0}  # the cell's own watchdog
TIME_BUDGET_S = {"smoke": None, "quick": 300.0, "full": None}
ITERATIONS = {"batch": 3, "client": 3, "server": 1}
WARM_UP = {"batch": 1, "client": 1, "server": 1}
LINK_WINDOW_S = 5.0  # a closed loop over a link is cut to about so long
MOST_PADDING_BYTES = 4096  # one page: more moves the stack to the same offsets again


# A point of a workload and the workers it gives its models: what is compared agrees in it.
Place = tuple[str, tuple[tuple[str, int], ...], int]


@dataclass(frozen=True)
class Options:
    preset: str = "quick"
    models: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()  # globs: model/workload/variant
    set: dict[str, int] = field(default_factory=dict)
    sweep: dict[str, tuple[int, ...]] = field(
        default_factory=dict
    )  # fields, or "workers": every combination is measured
    rounds: int | None = None
    time_budget_s: float | None = None
    until: float | None = None  # every headline is decided to so much
    seed: int = 1
    workers: int | None = None
    timeout_s: float | None = None
    audit: bool = False
    allow_unoptimised: bool = False
    foreign: bool = False  # also the models in other languages, as if each were named
    link: Mapping[str, Any] | None = None  # `link` of meta.json: what crosses it is measured


def has_other_end(workload: dict[str, Any]) -> bool:
    """Whether another program does a part of the work: a load generator, a backend or a database."""
    return bool(workload.get("other_end", workload["role"] != "batch"))


def crosses_link(workload: Mapping[str, Any]) -> bool:
    """Whether its other end can stand on another host: a load generator can, and a database. Models look for a backend on
    127.0.0.1, so that stays beside them."""
    role = workload.get("role")
    return role == "server" or (role == "batch" and has_other_end(dict(workload)))


def fitting(link: Mapping[str, Any], params: Mapping[str, int]) -> dict[str, int]:
    """What a link changes of a point. A closed loop is sized by messages, and on a long or slow link as many would take
    minutes: it gets those that fit into the window, by round trip and by rate, and never more than on loopback.
    """
    if "messages" not in params or params.get("rate_per_s"):
        return {}
    lanes = params["connections"]
    most = LINK_WINDOW_S * 1e9 * lanes / max(1, link["round_trip"]["median_ns"])
    if link["rate_bit_s"]:
        bytes_each = max(params.get("message_bytes", 0), params.get("body_bytes", 0), 64)
        most = min(most, LINK_WINDOW_S * link["rate_bit_s"] / 8 / bytes_each)
    messages = max(lanes, int(most))
    return {"messages": messages} if messages < params["messages"] else {}


def budget(
    workload: dict[str, Any], allowed_cpus: Sequence[int], workers: int | None
) -> dict[str, Any]:
    """The same for every model of a workload. Work that is the model's alone gets every CPU. Where there is another
    end, that has the last CPU and the model the others; with one CPU the two share it, and the run is marked.
    """
    cpus = list(allowed_cpus)
    if has_other_end(workload) and len(cpus) > 1:
        cpus = cpus[:-1]
    return {"workers": workers or len(cpus), "cpus": cpus, FIELD.client_cpus: [allowed_cpus[-1]]}


def _jobs(found: Catalogue, options: Options, allowed_cpus: Sequence[int]) -> list[dict[str, Any]]:
    """Cells x points, as every round has them."""
    jobs: list[dict[str, Any]] = []
    for model, cell in selected(found, options):
        workload = found.workloads.get(cell["workload"])
        if workload is None:
            raise UsageError(
                f"{model} claims {cell['workload']}, but no executable of this build knows its sizes: "
                "build the C++ models too"
            )
        for point, params, changes in _points(workload, options):
            for workers in options.sweep.get("workers", (options.workers,)):
                jobs.append(
                    {
                        "model": model,
                        "variant": cell["variant"],
                        "workload": workload["name"],
                        "point": point,
                        "params": params,
                        **budget(workload, allowed_cpus, workers),
                        "iterations": min(
                            ITERATIONS[workload["role"]], cell.get("iterations", 100)
                        ),
                        "warm_up": WARM_UP[workload["role"]],
                        "timeout_s": options.timeout_s or TIMEOUT_S[options.preset],
                        **({"set": changes} if changes else {}),
                    }
                )
    return jobs


def make(
    found: Catalogue, options: Options, allowed_cpus: Sequence[int], run: str
) -> dict[str, Any]:
    """The plan: cells x points x rounds, shuffled inside each round, the contenders of a point
    as neighbours. With a time budget it is adaptive: it lists one round, and `schedule` decides
    from what is measured which row gets how many."""
    _refuse_unoptimised(found, options)
    jobs = _jobs(found, options, allowed_cpus)
    if not jobs:
        raise UsageError(
            "nothing is left to measure after this choice; see scripts/switchyard list"
        )
    pace = _pace(options)
    named = {(job["model"], job["variant"], job["workload"]) for job in jobs}
    return {
        "schema": 1,
        "run": run,
        "preset": options.preset,
        **pace,
        "seed": options.seed,
        "set": dict(options.set),
        "audit": options.audit,
        "unoptimised": options.allow_unoptimised,
        "link": options.link["request"] if options.link else None,
        "shared_cpu": len(allowed_cpus) == 1
        and any(has_other_end(found.workloads[j["workload"]]) for j in jobs),
        "cells": [{"model": m, "variant": v, "workload": w} for m, v, w in sorted(named)],
        "skipped": skipped_contenders(found, options),
        "processes": [
            process
            for round in range(1 if pace["adaptive"] else pace["rounds"])
            for process in _round(jobs, round, options.seed)
        ],
    }


def _pace(options: Options) -> dict[str, Any]:
    """How many rounds there are at most, and whether that follows from what is measured."""
    budget_s = options.time_budget_s
    if budget_s is None and options.rounds is None and options.until is None:
        budget_s = TIME_BUDGET_S[options.preset]
    adaptive = budget_s is not None or options.until is not None
    pace = {
        "rounds": options.rounds or (MOST_ROUNDS if adaptive else ROUNDS[options.preset]),
        "time_budget_s": budget_s,
        "adaptive": adaptive,
    }
    return {**pace, "tolerance": options.until or race.TOLERANCE} if adaptive else pace


def round_of(plan: Mapping[str, Any], round: int) -> list[dict[str, Any]]:
    """The processes of a round. An adaptive plan lists the first round, and each later one follows
    from it and the seed: how many rounds a row gets is decided while it is measured."""
    if not plan.get("adaptive"):
        return [process for process in plan["processes"] if process["round"] == round]
    if round == 0:
        return list(plan["processes"])
    drawn = {"round", "order", "seed", "padding_bytes"}
    jobs = [{k: v for k, v in p.items() if k not in drawn} for p in plan["processes"]]
    return _round(jobs, round, plan["seed"])


def _round(jobs: list[dict[str, Any]], round: int, seed: int) -> list[dict[str, Any]]:
    """Random order, so that drift of the machine hits no cell in particular; but what is
    compared is measured back to back: the contenders of one point follow each other, in random
    order, and so do the points. A machine that is half as fast a minute later then is so for a
    whole block. All processes of a round share one seed: they serve the same arrivals and hash
    the same bytes, and what differs is the model."""
    order = random.Random(f"order {seed} {round}")
    blocks: dict[Place, list[dict[str, Any]]] = {}
    for job in jobs:
        blocks.setdefault(place_of(job), []).append(job)
    shuffled = []
    for block in order.sample(list(blocks.values()), len(blocks)):
        shuffled += order.sample(block, len(block))
    common = _derived(seed, round)
    return [
        {
            "round": round,
            "order": place,
            **job,
            "seed": common,
            "padding_bytes": order.randrange(MOST_PADDING_BYTES),
        }
        for place, job in enumerate(shuffled)
    ]


def place_of(job: Mapping[str, Any]) -> Place:
    """Jobs that agree in this are measured as neighbours in time: contenders at one point of a
    workload."""
    return (job["workload"], tuple(sorted(job["params"].items())), job["workers"])


def _derived(seed: int, round: int) -> int:
    digest = hashlib.sha256(f"{seed} {round}".encode()).digest()
    return int.from_bytes(digest[:6], "big")  # 48 bits: exact in every JSON reader


def _points(
    workload: dict[str, Any], options: Options
) -> list[tuple[int, dict[str, int], dict[str, int]]]:
    """Index for --point, the params, and what they change of the point. Points that became equal are measured once,
    and the recorded index is that of the preset's point they were made from. A sweep starts from the last point
    alone: the one with the most work, where a curve is wanted and not a table."""
    points, seen = [], set()
    fields = {name: values for name, values in options.sweep.items() if name != "workers"}
    preset = list(enumerate(workload["presets"].get(options.preset, [])))
    for index, params in preset[-1:] if options.sweep else preset:
        for combination in itertools.product(*fields.values()):
            changes = {**options.set, **dict(zip(fields, combination))}
            changed = {**params, **changes}
            mark = tuple(sorted(changed.items()))
            if mark not in seen:
                seen.add(mark)
                cut = fitting(options.link, changed) if options.link else {}
                points.append((index, {**changed, **cut}, {**changes, **cut}))
    return points


def _known(
    flag: str, given: Sequence[str], known: Sequence[str], absent: dict[str, str] | None = None
) -> None:
    for name in given:
        if absent and name in absent:
            raise UsageError(f"{flag}: {absent[name]}")
        if name not in known:
            raise UsageError(f"{flag}: unknown name '{name}': {nearest(name, known)}")


def selected(found: Catalogue, options: Options) -> list[tuple[str, dict[str, Any]]]:
    """Supported cells that the options ask for, in a fixed order."""
    if options.preset not in PRESETS:
        raise UsageError(
            f"--preset: unknown preset '{options.preset}': {nearest(options.preset, PRESETS)}"
        )
    options = _narrowed(found, options)
    absent = {
        m: f"{m} was not built: {why['skipped']}. Install it with: {why['install']}"
        for m, why in found.not_built.items()
    }
    skipped = skipped_contenders(found, options)
    others = [model for model in options.models if model not in skipped]
    _known("--models", others or options.models, [*found.describe, *found.unasked], absent)
    _known("--workloads", options.workloads, list(found.workloads))
    _known(
        "--variants",
        options.variants,
        sorted({cell["variant"] for _, cell in found.cells() if cell["variant"]}),
    )
    for name in options.workloads if options.link else ():
        if not crosses_link(found.workloads[name]):
            raise UsageError(
                f"--workloads {name}: nothing of it crosses a link; measure it without one"
            )
    settable = _settable(found, options)
    cells = []
    for model, cell in found.cells():
        full = "/".join(part for part in (model, cell["workload"], cell["variant"]) if part)
        if (
            cell["declined"] is not None
            or (options.models and model not in options.models)
            or (found.foreign(model) and not options.foreign and not _named(options, model))
            or (options.workloads and cell["workload"] not in options.workloads)
            or (options.variants and cell["variant"] not in options.variants)
            or cell["workload"] not in settable
            or (options.link and not crosses_link(found.workloads.get(cell["workload"], {})))
            or (
                options.cells
                and not any(_matches(full, model, cell, glob) for glob in options.cells)
            )
        ):
            continue
        cells.append((model, cell))
    for glob in options.cells:
        if cells and glob.split("/")[0] in skipped:
            continue
        if not any(
            _matches("/".join(p for p in (m, c["workload"], c["variant"]) if p), m, c, glob)
            for m, c in cells
        ):
            names = [
                "/".join(p for p in (m, c["workload"], c["variant"]) if p) for m, c in found.cells()
            ]
            raise UsageError(
                f"--cells: '{glob}' names no cell that can be measured: {nearest(glob, names)}"
            )
    return cells


def named_models(models: Sequence[str], cells: Sequence[str]) -> tuple[str, ...]:
    """What `models.discover` has to ask for --models and --cells; empty for all."""
    named = tuple(models) or tuple(glob.split("/")[0] for glob in cells)
    return () if any(set(name) & set("*?[") for name in named) else named


def skipped_contenders(found: Catalogue, options: Options) -> dict[str, dict[str, str]]:
    """Asked for in another language, whose interpreter or toolchain is not here. The rest is measured without them."""
    return {
        model: {"skipped": why["skipped"], "install": why["install"]}
        for model, why in sorted(found.not_built.items())
        if why.get("foreign") and (options.foreign or _named(options, model))
    }


def _named(options: Options, model: str) -> bool:
    return model in options.models or any(glob.split("/")[0] == model for glob in options.cells)


def _narrowed(found: Catalogue, options: Options) -> Options:
    """With the workloads that are meant. Where none is named, preset quick measures those that
    answer a question of a report's first page, within minutes; the others are for those who name
    them, or say `all`."""
    if "all" in options.workloads:
        return replace(options, workloads=())
    if (
        options.preset != "quick"
        or options.workloads
        or options.cells
        or options.set
        or options.sweep
    ):
        return options
    known = workloads.of_descriptions(list(found.workloads.values())).values()
    answering = [w.name for w in known if w.recorded and w.question]
    own = [w.name for w in known if w.group == workloads.SELF]
    return replace(options, workloads=(*answering, *own)) if answering else options


def _matches(full: str, model: str, cell: dict[str, Any], glob: str) -> bool:
    return fnmatch.fnmatchcase(full, glob) or fnmatch.fnmatchcase(
        f"{model}/{cell['workload']}", glob
    )


def _settable(found: Catalogue, options: Options) -> set[str]:
    """Workloads that have every field of --set and --sweep, whose values they take."""
    fields = {
        name: {f["name"]: f for f in workload["fields"]}
        for name, workload in found.workloads.items()
    }
    everything = sorted({field for known in fields.values() for field in known})
    given = [("--set", name, value) for name, value in options.set.items()]
    given += [
        ("--sweep", name, value)
        for name, values in options.sweep.items()
        if name != "workers"
        for value in values
    ]
    for flag, name, value in given:
        _known(flag, [name], everything)
        for workload in options.workloads:
            if name not in fields[workload]:
                raise UsageError(
                    f"{flag} {name}: {workload} has no such field: {nearest(name, fields[workload])}"
                )
        for workload, known in fields.items():
            limits = known.get(name)
            wanted = not options.workloads or workload in options.workloads
            if limits and wanted and not limits["least"] <= value <= limits["most"]:
                raise UsageError(
                    f"{flag} {name}={value}: {workload} takes {limits['least']} to {limits['most']}"
                )
    needed = {name for _, name, _ in given}
    return {name for name, known in fields.items() if needed <= set(known)} or set(found.workloads)


def _refuse_unoptimised(found: Catalogue, options: Options) -> None:
    for model in options.models or found.describe:
        build = found.describe.get(model, {}).get("build", {})
        slow = build.get("sanitizer") or (
            "" if build.get("type", "").lower() == "release" else build.get("type")
        )
        if slow and not options.allow_unoptimised and not options.audit:
            raise UsageError(
                f"{model} is a {slow} build, whose numbers mean nothing. Build release "
                "(cmake --preset release && cmake --build --preset release), "
                "or say --allow-unoptimised"
            )

# SPDX-License-Identifier: MIT
"""Which workload runs on which model, and why not where it does not."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console
from rich.table import Table

from yard.data import workloads
from yard.data.models import Catalogue

SELF = "self"


def make(found: Catalogue) -> dict[str, Any]:
    known = workloads.of_descriptions(list(found.workloads.values()))
    listed = {
        name: {
            **{key: w[key] for key in ("group", "role", "unit")},
            "question": known[name].question if known[name].recorded else "",
        }
        for name, w in found.workloads.items()
    }
    models = {
        model: {
            "summary": text["summary"],
            "library": text.get("library", ""),
            "build": text["build"],
            "foreign": found.foreign(model),
        }
        for model, text in sorted(found.describe.items())
    }
    cells = [{"model": model, **cell} for model, cell in found.cells()]
    claimed = {(cell["model"], cell["workload"]) for cell in cells}
    holes = [
        {"model": model, "workload": workload}
        for model in models
        if model != SELF and not found.foreign(model)
        for workload, about in listed.items()
        if about["group"] != SELF and (model, workload) not in claimed
    ]
    return {
        "schema": 1,
        "models": models,
        "workloads": listed,
        "cells": cells,
        "holes": holes,
        "not_built": found.not_built,
    }


def _width() -> int:
    """Fixed unless a terminal is wider, so that a pipe reads the same as a screen."""
    return max(100, Console().width)


def rendered(*tables: Any) -> str:
    out = io.StringIO()
    console = Console(file=out, width=_width(), highlight=False, no_color=True)
    for table in tables:
        console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _entry(cells: list[dict[str, Any]], foreign: bool) -> str:
    names = [cell["variant"] or "yes" for cell in cells if cell["declined"] is None]
    if names:
        return "\n".join(names)
    return "declined" if cells else "-" if foreign else "HOLE"


def _column(table: dict[str, Any], model: str) -> dict[str, str]:
    cells = [cell for cell in table["cells"] if cell["model"] == model]
    foreign = table["models"][model]["foreign"]
    return {
        name: _entry([c for c in cells if c["workload"] == name], foreign)
        for name in table["workloads"]
    }


def _side_by_side(columns: dict[str, dict[str, str]], width: int) -> list[list[str]]:
    """As many models in each part as fit, for a name that is cut says nothing."""
    parts: list[list[str]] = []
    left = 0
    for model, column in columns.items():
        # rich puts a blank on either side of a column
        wide = 2 + max(
            len(line) for entry in (model, *column.values()) for line in entry.split("\n")
        )
        if wide > left or not parts:
            parts.append([])
            left = width
        parts[-1].append(model)
        left -= wide
    return parts


def _skipped(table: dict[str, Any]) -> list[str]:
    return [
        f"not built: {model}: {why['skipped']}. {why['install']}"
        for model, why in table["not_built"].items()
    ]


def matrix_text(table: dict[str, Any]) -> str:
    columns = {model: _column(table, model) for model in table["models"] if model != SELF}
    workloads = [name for name, about in table["workloads"].items() if about["group"] != SELF]
    grids: list[Any] = []
    for part in _side_by_side(columns, _width() - max(map(len, workloads))):
        grid = Table("workload", *part, box=None, pad_edge=False)
        for workload in workloads:
            grid.add_row(workload, *(columns[model][workload] for model in part))
        grids += [grid, ""]
    reasons = [
        f"declined: {c['model']} {c['workload']}: {c['declined']}"
        for c in table["cells"]
        if c["declined"]
    ]
    holes = [
        f"HOLE: {h['model']} says nothing of {h['workload']}: support it or decline it in "
        f"impl/{h['model']}/model.cpp"
        for h in table["holes"]
    ]
    return "\n".join([rendered(*grids), *reasons, *_skipped(table), *holes]).rstrip()


def list_text(table: dict[str, Any]) -> str:
    models = Table("model", "library", "what it is", box=None, pad_edge=False)
    for model, about in table["models"].items():
        models.add_row(model, about["library"], about["summary"])
    listed = Table(
        "workload", "group", "role", "unit", "cells", "question", box=None, pad_edge=False
    )
    for name, about in table["workloads"].items():
        count = sum(c["workload"] == name and c["declined"] is None for c in table["cells"])
        listed.add_row(
            name, about["group"], about["role"], about["unit"], str(count), about["question"]
        )
    return "\n".join([rendered(models, "", listed), *_skipped(table)])

# SPDX-License-Identifier: MIT
"""Which workload runs on which model, and why not where it does not."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console
from rich.table import Table

from .models import Catalogue

SELF = "self"


def make(found: Catalogue) -> dict[str, Any]:
    workloads = {name: {key: w[key] for key in ("group", "role", "unit")} for name, w in found.workloads.items()}
    models = {
        model: {"summary": text["summary"], "library": text.get("library", ""), "build": text["build"],
                "foreign": found.foreign(model)}
        for model, text in sorted(found.describe.items())
    }
    cells = [{"model": model, **cell} for model, cell in found.cells()]
    claimed = {(cell["model"], cell["workload"]) for cell in cells}
    holes = [
        {"model": model, "workload": workload}
        for model in models
        if model != SELF and not found.foreign(model)
        for workload, about in workloads.items()
        if about["group"] != SELF and (model, workload) not in claimed
    ]
    return {"schema": 1, "models": models, "workloads": workloads, "cells": cells, "holes": holes,
            "not_built": found.not_built}  # fmt: skip


def rendered(*tables: Any) -> str:
    """As text of a fixed width unless a terminal is wider, so that a pipe reads the same as a screen."""
    out = io.StringIO()
    console = Console(file=out, width=max(100, Console().width), highlight=False, no_color=True)
    for table in tables:
        console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _entry(cells: list[dict[str, Any]], foreign: bool) -> str:
    names = [cell["variant"] or "yes" for cell in cells if cell["declined"] is None]
    if names:
        return "\n".join(names)
    return "declined" if cells else "-" if foreign else "HOLE"


def _skipped(table: dict[str, Any]) -> list[str]:
    return [f"not built: {model}: {why['skipped']}. {why['install']}" for model, why in table["not_built"].items()]


def matrix_text(table: dict[str, Any]) -> str:
    models = [model for model in table["models"] if model != SELF]
    grid = Table("workload", *models, box=None, pad_edge=False)
    for workload, about in table["workloads"].items():
        if about["group"] == SELF:
            continue
        row = [[c for c in table["cells"] if (c["model"], c["workload"]) == (m, workload)] for m in models]
        grid.add_row(workload, *(_entry(cells, table["models"][m]["foreign"]) for m, cells in zip(models, row)))
    reasons = [f"declined: {c['model']} {c['workload']}: {c['declined']}" for c in table["cells"] if c["declined"]]
    holes = [f"HOLE: {h['model']} says nothing of {h['workload']}: support it or decline it in "
             f"impl/{h['model']}/model.cpp" for h in table["holes"]]  # fmt: skip
    return "\n".join([rendered(grid), "", *reasons, *_skipped(table), *holes]).rstrip()


def list_text(table: dict[str, Any]) -> str:
    models = Table("model", "library", "what it is", box=None, pad_edge=False)
    for model, about in table["models"].items():
        models.add_row(model, about["library"], about["summary"])
    workloads = Table("workload", "group", "role", "unit", "cells", box=None, pad_edge=False)
    for name, about in table["workloads"].items():
        count = sum(c["workload"] == name and c["declined"] is None for c in table["cells"])
        workloads.add_row(name, about["group"], about["role"], about["unit"], str(count))
    return "\n".join([rendered(models, "", workloads), *_skipped(table)])

# SPDX-License-Identifier: MIT
"""Measures a few cells at once, for a command that answers from them."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Callable

from . import campaign, estimates, plan as planning, samples
from .errors import YardError
from .models import Catalogue
from .runner import Runner


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while measuring; there is nothing to answer from."""


def measure(found: Catalogue, options: planning.Options, watcher: Any = None,
            read: Callable[[list[dict[str, Any]]], list[estimates.Cell]] = estimates.cells) -> list[estimates.Cell]:  # fmt: skip
    name, commit, dirty = campaign.new_name()
    plan = planning.make(found, options, sorted(os.sched_getaffinity(0)), name)
    with tempfile.TemporaryDirectory(prefix="switchyard-live-") as temporary:
        store = campaign.start(found, plan, commit, dirty, Path(temporary) / "run")
        meta = json.loads((store.folder / "meta.json").read_text(encoding="utf-8"))
        runner = Runner(store, plan, meta, found.executables, watcher)
        if campaign.carry_out(runner) is not None:
            raise Interrupted
        cells = read(samples.read_run(store.folder).samples)
    if not any(cell.measured for cell in cells):
        why = next((reason for cell in cells for _, reason in cell.reasons), "no sample")
        raise YardError(f"nothing could be measured: {why}")
    return cells

# SPDX-License-Identifier: MIT
"""Measures a few cells at once, for a command that answers from them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Callable

from yard.data import cpu_quota, host, samples
from yard.engine import campaign, plan as planning
from yard.stats import estimates
from yard.errors import YardError
from yard.data.models import Catalogue
from yard.engine.runner import Runner


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while measuring; there is nothing to answer from."""


def measure(
    found: Catalogue,
    options: planning.Options,
    watcher: Any = None,
    read: Callable[[list[dict[str, Any]]], list[estimates.Cell]] = estimates.cells,
) -> list[estimates.Cell]:
    name, commit, dirty = campaign.new_name()
    plan = planning.make(found, options, cpu_quota.usable_cpus(host.read), name)
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

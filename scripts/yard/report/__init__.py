# SPDX-License-Identifier: MIT
"""From a results folder to a report: HTML, Markdown, CSV and PNG of the same series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable, Sequence

if TYPE_CHECKING:
    from yard.report.series import Report

HTML, MARKDOWN, CSV = "index.html", "report.md", "estimates.csv"
Say = Callable[[str], None]


def write(
    run_dir: Path | str, out_dir: Path | str, plots: bool = True, beside: Sequence[Path] = ()
) -> list[Path]:
    """Writes the report of the run in `run_dir` into `out_dir`; the first path is the HTML page, in which the runs
    `beside` stand beside it."""
    return write_built(build(run_dir), out_dir, plots, [build(path) for path in beside])


def build(run_dir: Path | str, say: Say = lambda text: None) -> Report:
    """Reads a run once; `say` is told how far that is, if the run is large."""
    from yard.data import samples
    from yard.report import assemble
    from yard.text import numbers

    said = 0.0

    def progress(share: float) -> None:
        nonlocal said
        if share >= said + 0.1:
            said = share
            say(f"reading samples: {numbers.percent(share)}")

    run = samples.read_run(Path(run_dir), progress)
    if said:
        say(f"estimating from {len(run.samples)} samples")
    return assemble.build(run)


def write_built(
    report: Report, out_dir: Path | str, plots: bool = True, others: Sequence[Report] = ()
) -> list[Path]:
    from yard.data.store import make_folder, write_atomically
    from yard.report import explorer, html_page, markdown_page, plot, csv_table

    folder = make_folder(Path(out_dir))
    paths = []
    for name, text in (
        (HTML, html_page.render(report, explorer.library(), others)),
        (MARKDOWN, markdown_page.render(report)),
        (CSV, csv_table.render(report)),
    ):
        write_atomically(folder / name, text)
        paths.append(folder / name)
    if plots:
        paths += plot.write(report, folder / "plots")
    return paths

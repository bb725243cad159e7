# SPDX-License-Identifier: MIT
"""From a results folder to a report: HTML, Markdown, CSV and PNG of the same series."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

HTML, MARKDOWN, CSV = "index.html", "report.md", "estimates.csv"


def write(
    run_dir: Path | str, out_dir: Path | str, plots: bool = True, beside: Sequence[Path] = ()
) -> list[Path]:
    """Writes the report of the run in `run_dir` into `out_dir`; the first path is the HTML page, in which the runs
    `beside` stand beside it."""
    from yard.data import samples
    from yard.data.store import make_folder, write_atomically
    from yard.report import assemble, explorer, html_page, markdown_page, plot, csv_table

    report = assemble.build(samples.read_run(Path(run_dir)))
    others = [assemble.build(samples.read_run(path)) for path in beside]
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

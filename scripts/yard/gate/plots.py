# SPDX-License-Identifier: MIT
"""PNG plots of paired ratios: every cell's interval at a glance, and each pair of the cells that stand out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Mapping

from yard.data.store import replacing
from yard.gate import wording

COLOURS = {
    "REGRESSION": "#c43c12",
    "UNRESOLVED": "#b86a00",
    "IMPROVED": "#00795a",
    "ACCEPTED": "#0068a8",
    "OK": "#737a85",
}
MOST_ROWS, MOST_CELLS = 120, 12
WIDEST = 0.6  # of the axis, as a log ratio; what is wider is cut at the edge


def write(result: Mapping[str, Any], folder: Path) -> list[Path]:
    import matplotlib

    matplotlib.use("Agg")
    cells = [c for c in result["cells"] if c["tier"] == "gating"]
    if not cells:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    paths = [_overview(cells[:MOST_ROWS], len(cells), result, folder / "overview.png")]
    for cell in [c for c in cells if c["verdict"] != "OK"][:MOST_CELLS]:
        name = "".join(
            c if c.isalnum() or c in "-_" else "-" for c in f"{cell['scenario']}-{cell['metric']}"
        )
        paths.append(_pairs(cell, folder / f"{name}.png"))
    return paths


def _literal(text: str) -> str:
    return text.replace("$", r"\$")


def _overview(cells: list[wording.Cell], of: int, result: Mapping[str, Any], path: Path) -> Path:
    from matplotlib.figure import Figure

    height = 1.4 + 0.17 * len(cells)
    figure = Figure(figsize=(9, height), dpi=110)
    ax = figure.add_axes((0.42, 0.6 / height, 0.55, 1 - 1.2 / height))
    widest = min(WIDEST, max(0.05, *(max(abs(c["low"]), abs(c["high"])) for c in cells)))
    for y, cell in enumerate(reversed(cells)):
        colour = COLOURS.get(cell["verdict"], "#737a85")
        low, high = (max(-widest, min(widest, cell[end])) for end in ("low", "high"))
        ax.plot([100 * low, 100 * high], [y, y], color=colour, linewidth=1.6)
        if abs(cell["slowdown"]) <= widest:
            ax.plot(100 * cell["slowdown"], y, "o", color=colour, markersize=3)
        ax.plot(100 * cell["tolerated"], y, "|", color="#20242a", markersize=4)
    ax.axvline(0, color="#20242a", linewidth=0.7)
    ax.set_yticks(
        range(len(cells)),
        [_literal(f"{c['scenario']} {wording.metric(c['metric'])}") for c in reversed(cells)],
        fontsize=6,
    )
    ax.set_ylim(-1, len(cells))
    ax.set_xlabel(
        "head slower than base, %, with 95 % interval; the tick is what is tolerated", fontsize=8
    )
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    shown = "" if of == len(cells) else f", {len(cells)} of {of} cells"
    figure.suptitle(
        _literal(
            f"{wording.TITLES[result['exit_code']]}: {result['head']} against {result['base']}{shown}"
        ),
        fontsize=10,
    )
    with replacing(path) as partial:
        figure.savefig(partial, format="png")
    return path


def _pairs(cell: wording.Cell, path: Path) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.2), dpi=110)
    ax = figure.add_axes((0.1, 0.16, 0.87, 0.7))
    ratios = [100 * math.expm1(d) for d in cell["differences"]]
    ax.axhspan(
        100 * cell["low"],
        100 * cell["high"],
        color=COLOURS.get(cell["verdict"], "#737a85"),
        alpha=0.15,
    )
    ax.axhline(100 * cell["slowdown"], color=COLOURS.get(cell["verdict"], "#737a85"))
    ax.axhline(100 * cell["tolerated"], color="#20242a", linewidth=0.8, linestyle="--")
    ax.axhline(0, color="#20242a", linewidth=0.7)
    ax.plot(range(1, len(ratios) + 1), ratios, "o", color="#20242a", markersize=3)
    ax.set_xlabel("fresh pair, in order" if cell["confirmed"] else "pair, in order", fontsize=8)
    ax.set_ylabel("head slower than base, %", fontsize=8)
    ax.set_title(
        _literal(
            f"{cell['verdict']} {cell['scenario']} {wording.metric(cell['metric'])}: "
            f"{wording.percent(cell['slowdown'])} {wording.interval(cell)}"
        ),
        fontsize=9,
    )
    ax.spines[["top", "right"]].set_visible(False)
    with replacing(path) as partial:
        figure.savefig(partial, format="png")
    return path

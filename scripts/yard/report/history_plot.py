# SPDX-License-Identifier: MIT
"""A cell over time, on a terminal and as PNG or SVG, with its change points."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from yard.data.link import LOOPBACK
from yard.stats.changepoint import LEAST_SIDE, Change, changes
from yard.errors import UsageError
from yard.report.history_store import Series
from yard.data.store import replacing
from yard.text import numbers

BLOCKS = "▁▂▃▄▅▆▇█"
FORMATS = (".png", ".svg")


def change_points(series: Series) -> list[Change]:
    return changes(series.ratios) if len(series.ratios) >= 2 * LEAST_SIDE else []


def values(series: Series) -> list[float]:
    return series.ratios or [point.value for point in series.points if point.value is not None]


def sparkline(found_values: Sequence[float], most: int = 60) -> str:
    """The last `most` found_values, from the least to the greatest of them."""
    shown = list(found_values)[-most:]
    low, high = min(shown), max(shown)
    if high <= low:
        return BLOCKS[3] * len(shown)
    return "".join(BLOCKS[min(7, int(8 * (value - low) / (high - low)))] for value in shown)


def _over(series: Series) -> str:
    return "" if series.link == LOOPBACK else f" over {series.link}"


def in_words(series: Series) -> list[str]:
    """A few lines of one series."""
    found_values = values(series)
    if not found_values:
        return [f"{series.cell} {series.metric}: no value"]
    of = (
        f"ratio to {series.reference}"
        if series.reference
        else "absolute values: another hour is another machine"
    )
    lines = [
        f"{series.cell} {series.metric} on {series.machine}{_over(series)}, {of}: {len(found_values)} points, last {numbers.short(found_values[-1], 4)}",
        f"  {sparkline(found_values)}  {numbers.short(min(found_values), 4)} to {numbers.short(max(found_values), 4)}",
    ]
    for change in change_points(series):
        changed = [point for point in series.points if point.ratio][change.at]
        lines.append(
            f"  change at {changed.revision} ({changed.utc}): {numbers.short(change.before, 4)} -> {numbers.short(change.after, 4)}, "
            f"{numbers.change(change.change)}, p = {numbers.short(change.p, 2)}"
        )
    if series.reference and len(found_values) < 2 * LEAST_SIDE:
        lines.append(f"  too few points for change points: {2 * LEAST_SIDE} are needed")
    return lines


def draw(series: Sequence[Series], file: Path) -> None:
    if file.suffix not in FORMATS:
        raise UsageError(f"--plot {file}: the name must end in .png or .svg")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    shown = [s for s in series if len(values(s)) > 0]
    if not shown:
        raise UsageError("there is nothing to plot; see scripts/switchyard history")
    figure = Figure(figsize=(9, 0.6 + 2.4 * len(shown)), dpi=110)
    figure.subplots_adjust(
        hspace=0.55, top=1 - 0.35 / (0.6 + 2.4 * len(shown)), bottom=0.5 / (0.6 + 2.4 * len(shown))
    )
    for ax, one in zip(figure.subplots(len(shown), 1, squeeze=False)[:, 0], shown):
        _axes(ax, one)
    with replacing(file) as partial:
        figure.savefig(partial, format=file.suffix[1:] or "png")


def _axes(ax, series: Series) -> None:
    points = [p for p in series.points if (p.ratio if series.ratios else p.value) is not None]
    found_values = values(series)
    places = range(len(found_values))
    for x, point in zip(places, points):
        if series.ratios and point.low and point.high:
            ax.plot([x, x], [point.low, point.high], color="#737a85", linewidth=1)
    ax.plot(places, found_values, "o-", color="#0068a8", markersize=3, linewidth=0.8)
    found = change_points(series)
    edges = [0, *(change.at for change in found), len(found_values)]
    for change in found:
        ax.axvline(change.at - 0.5, color="#c43c12", linewidth=1)
        ax.annotate(
            numbers.change(change.change),
            (change.at - 0.5, 1),
            xycoords=("data", "axes fraction"),
            fontsize=7,
            color="#c43c12",
            xytext=(2, -8),
            textcoords="offset points",
        )
    if found:
        for a, b, level in zip(
            edges, edges[1:], [found[0].before, *(change.after for change in found)]
        ):
            ax.plot(
                [a - 0.5, b - 0.5], [level, level], color="#c43c12", linewidth=0.8, linestyle="--"
            )
    reference = f", ratio to {series.reference}" if series.reference else ", absolute"
    ax.set_title(
        f"{series.cell} {series.metric}{_over(series)}{reference}".replace("$", r"\$"), fontsize=9
    )
    step = max(1, len(points) // 12)
    ax.set_xticks(
        list(places)[::step],
        [p.revision[:9].replace("$", r"\$") for p in points[::step]],
        fontsize=7,
        rotation=20,
    )
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)

# SPDX-License-Identifier: MIT
"""The same series as PNG files by matplotlib: one figure of bars and one of percentiles per workload."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Sequence

from yard.data.facts import METRIC
from yard.data.store import replacing
from yard.report import palette, scaling, series, svg, winners

MOST_POINTS = 3  # rows of a figure; the HTML page has all


def write(report: series.Report, folder: Path) -> list[Path]:
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    colours = {m: palette.LIGHT[i] for m, i in palette.colours(report.models).items()}
    paths = []
    for workload, points in report.workloads():
        name = "".join(c if c.isalnum() or c in "_-" else "_" for c in workload)
        some = _some([p for p in points if any(c.estimates for c in p.cells)])
        if not some:
            continue
        paths.append(_bars(report, some, len(points), colours, folder / f"{name}.png"))
        curved = [(point, lines) for point in some if (lines := point.percentiles)]
        if curved:
            paths.append(_percentiles(report, curved, colours, folder / f"{name}-percentiles.png"))
    for name, title, axes in _curves(report):
        paths.append(_lines(report, title, axes, colours, folder / f"{name}.png"))
    return paths


def _curves(report: series.Report):
    """Name of the file, title, and for each axes: lines, x label, x unit, y label, y unit."""
    for i, found in enumerate(scaling.scalings(report)):
        speed_up = [scaling.ideal(found), *(curve.line for curve in found.curves)]
        yield f"scaling-{i}", f"Scaling: {found.title}", [
            (speed_up, "workers", "count", "speed-up over one worker", "times"),
            (
                [curve.efficiency for curve in found.curves],
                "workers",
                "count",
                "efficiency",
                "share",
            ),
        ]
    for i, tasks in enumerate(scaling.granularities(report)):
        x = ("length of a task", "ns") if tasks.by_size else ("grain", "count")
        yield f"granularity-{i}", f"Granularity: {tasks.title}", [
            (tasks.lines, *x, "share of its own best speed", "share")
        ]
    for i, memory in enumerate(scaling.memories(report)):
        yield f"memory-{i}", f"Memory: {memory.title}", [
            (memory.lines, memory.size, "count", "memory of the process tree", "bytes")
        ]

    for i, (workload, quantiles) in enumerate(_load_curves(report).items()):
        yield f"load-{i}", f"Latency by throughput: {workload}", [
            (
                curve.lines,
                METRIC[METRIC.throughput].label,
                "units/s",
                f"latency, {curve.quantile}",
                "ns",
            )
            for curve in quantiles
        ]


def _load_curves(report: series.Report) -> dict[str, list[winners.LoadCurve]]:
    found: dict[str, list[winners.LoadCurve]] = {}
    for curve in winners.load_curves(report):
        found.setdefault(curve.title, []).append(curve)
    return found


def _lines(report: series.Report, title: str, plots, colours: dict[str, str], path: Path) -> Path:
    figure, axes = _figure(1, len(plots), 4.2, 1.0, 0.9)
    places = {**palette.variants(report.contenders), scaling.IDEAL: 2}
    for ax, (lines, x_label, x_unit, y_label, y_unit) in zip(axes[0], plots):
        for line in lines:
            dash = ("-", "--", ":", "-.")[places.get(line.contender, 0) % 4]
            low = [y if v is None else v for v, y in zip(line.low or line.y, line.y)]
            high = [y if v is None else v for v, y in zip(line.high or line.y, line.y)]
            errors = [
                [max(0.0, y - v) for y, v in zip(line.y, low)],
                [max(0.0, v - y) for y, v in zip(line.y, high)],
            ]
            ax.errorbar(
                line.x,
                line.y,
                yerr=errors,
                linestyle=dash,
                marker="o",
                markersize=3,
                capsize=2,
                linewidth=1.2,
                color=colours.get(line.model, "#666666"),
                label=_literal(line.contender),
            )
        scale = svg.scale_of(
            [y for line in lines for y in (*line.y, *line.high, *line.low) if y is not None]
        )
        if scale.logarithmic:
            ax.set_yscale("log")
        ax.set_ylim(scale.low, scale.high)
        ticks = scale.ticks(y_unit)
        ax.set_yticks(ticks, [svg.tick_text(tick, y_unit) for tick in ticks], fontsize=7)
        ax.set_xscale("log")
        every = _apart(sorted({x for line in lines for x in line.x if x > 0}))
        ax.set_xticks(every, [svg.tick_text(x, x_unit) for x in every], fontsize=7)
        ax.minorticks_off()
        ax.set_xlabel(_literal(x_label), fontsize=8)
        ax.set_ylabel(y_label, fontsize=8)
        ax.grid(alpha=0.3)
    axes[0][-1].legend(fontsize=6)
    figure.suptitle(f"{_literal(title)}: median over rounds, 95 % interval", fontsize=10)
    figure.text(0.99, 0.002, f"run {_literal(report.run_id)}", ha="right", fontsize=7, color="#666")
    with replacing(path) as partial:
        figure.savefig(partial, format="png")
    return path


def _apart(values: Sequence[float]) -> list[float]:
    """Those whose labels do not run into each other on a logarithmic axis; the first and the last are among them."""
    if len(values) < 2:
        return list(values)
    width = math.log(values[-1] / values[0])
    chosen = [values[0]]
    for value in values[1:-1]:
        if (
            math.log(value / chosen[-1]) > 0.14 * width
            and math.log(values[-1] / value) > 0.14 * width
        ):
            chosen.append(value)
    return [*chosen, values[-1]]


def _some(points: Sequence[series.Point]) -> list[series.Point]:
    if len(points) <= MOST_POINTS:
        return list(points)
    # The rates of a load curve are each contender's own: what most of them met can be compared.
    met = [sum(bool(c.estimates) for c in p.cells) for p in points]
    points = [point for point, count in zip(points, met) if 2 * count >= max(met)]
    last = len(points) - 1
    return (
        list(points)
        if last < MOST_POINTS
        else [points[round(i * last / (MOST_POINTS - 1))] for i in range(MOST_POINTS)]
    )


def _literal(text: str) -> str:
    """A dollar sign from outside must not start mathematics."""
    return text.replace("$", r"\$")


def _figure(rows: int, columns: int, height: float, between: float, left: float):
    """Margins in inches by hand: matplotlib's automatic layout takes longer than all the drawing."""
    from matplotlib.figure import Figure

    width = 4.4 * columns
    figure = Figure(figsize=(width, height), dpi=110)
    figure.subplots_adjust(
        left=left / width,
        right=1 - 0.35 / width,
        top=1 - 0.75 / height,
        bottom=0.55 / height,
        wspace=between / (4.4 - between),
        hspace=0.6 / max(0.1, height / rows - 0.6),
    )
    return figure, figure.subplots(rows, columns, squeeze=False)


def _bars(
    report: series.Report,
    points: Sequence[series.Point],
    of: int,
    colours: dict[str, str],
    path: Path,
) -> Path:
    metrics = [
        m
        for m in dict.fromkeys((points[0].headline.metric, *series.CHARTED))
        if any(m in c.estimates for p in points for c in p.cells)
    ]
    if metrics[0] == METRIC.run_ns and METRIC.throughput in metrics:
        metrics.remove(METRIC.throughput)
    most = max(len(p.cells) for p in points)
    figure, axes = _figure(
        len(points), len(metrics), max(2.2, 0.3 * most + 1.0) * len(points) + 0.6, 1.7, 2.0
    )
    for row, point in zip(axes, points):
        for ax, metric in zip(row, metrics):
            _bar_axes(ax, point, metric, colours)
        row[0].set_ylabel(_literal(point.label), fontsize=9, fontweight="bold")
    shown = "" if len(points) == of else f", {len(points)} of {of} points"
    figure.suptitle(
        f"{_literal(points[0].key.workload)}{shown}: median over {points[0].rounds} rounds, 95 % interval",
        fontsize=11,
    )
    figure.text(0.99, 0.002, f"run {_literal(report.run_id)}", ha="right", fontsize=7, color="#666")
    with replacing(path) as partial:
        figure.savefig(partial, format="png")
    return path


def _bar_axes(ax, point: series.Point, metric: str, colours: dict[str, str]) -> None:
    bars = point.bars(metric)[::-1]
    ax.set_title(METRIC[metric].title, fontsize=9)
    if not bars:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "no value", ha="center", transform=ax.transAxes)
        return
    unit = METRIC[metric].unit
    scale = svg.scale_of(
        [v for bar in bars for v in (bar.value, bar.low, bar.high) if v is not None]
    )
    for y, bar in enumerate(bars):
        colour = colours.get(bar.model, "#666666")
        if scale.logarithmic:
            ax.plot(bar.value, y, "o", color=colour, fillstyle="none" if bar.mark else "full")
        else:
            ax.barh(y, bar.value, color=colour, alpha=0.25 if bar.mark else 0.7, height=0.62)
        if bar.low is not None and bar.high is not None:
            ax.errorbar(
                bar.value,
                y,
                xerr=[[bar.value - bar.low], [bar.high - bar.value]],
                color="#20242a",
                capsize=2.5,
                linewidth=1,
                fmt="none",
            )
        mark = f"  {bar.mark.replace('_', ' ')}" if bar.mark else ""
        ax.annotate(
            bar.text + mark,
            (bar.high or bar.value, y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
        )
    if scale.logarithmic:
        ax.set_xscale("log")
    ax.set_xlim(scale.low, scale.high * (2.5 if scale.logarithmic else 1.3))
    ax.set_yticks(range(len(bars)), [_literal(bar.contender) for bar in bars], fontsize=8)
    ticks: list[float] = []
    for tick in scale.ticks(unit, 4):
        if not ticks or scale.share(tick) - scale.share(ticks[-1]) > 0.17:
            ticks.append(tick)
    ax.set_xticks(ticks, [svg.tick_text(tick, unit) for tick in ticks], fontsize=7)
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)


def _percentiles(report: series.Report, curved, colours: dict[str, str], path: Path) -> Path:
    figure, axes = _figure(1, len(curved), 4.0, 0.8, 0.8)
    places = palette.variants(report.contenders)
    for ax, (point, lines) in zip(axes[0], curved):
        for line in lines:
            dash = ("-", "--", ":", "-.")[places.get(line.contender, 0) % 4]
            ax.plot(
                line.x,
                line.y,
                dash,
                color=colours.get(line.model, "#666666"),
                label=_literal(line.contender),
            )
        scale = svg.scale_of([y for line in lines for y in line.y])
        if scale.logarithmic:
            ax.set_yscale("log")
        ax.set_ylim(scale.low, scale.high)
        ticks = scale.ticks("ns")
        ax.set_yticks(ticks, [svg.tick_text(tick, "ns") for tick in ticks], fontsize=7)
        ax.minorticks_off()
        named = svg.percentile_ticks(lines)
        ax.set_xticks([x for x, _ in named], [text for _, text in named], fontsize=7)
        ax.set_title(_literal(point.title), fontsize=9)
        ax.set_xlabel("percentile of operations", fontsize=8)
        ax.grid(alpha=0.3)
        ax.legend(fontsize=7)
    axes[0][0].set_ylabel("latency", fontsize=8)
    figure.text(0.99, 0.002, f"run {_literal(report.run_id)}", ha="right", fontsize=7, color="#666")
    with replacing(path) as partial:
        figure.savefig(partial, format="png")
    return path

# SPDX-License-Identifier: MIT
"""Charts as inline SVG: they take their colours from the page's style, so that they follow light and dark,
and their text stays text. Bars are given in per cent of the width and need no scale at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable, Mapping, Optional, Sequence

from markupsafe import Markup, escape

from yard.report import palette
from yard.text import units
from yard.report.series import Bar, Line

LOGARITHMIC_FROM = 12.0  # greatest over least value; below that bars start at zero


@dataclass(frozen=True)
class Scale:
    low: float
    high: float
    logarithmic: bool

    def share(self, value: float) -> float:
        if self.logarithmic:
            value = max(value, self.low)
            place = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            place = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, place))

    def ticks(self, unit: str, most: int = 5) -> list[float]:
        # Bytes are counted in powers of 1024: round numbers are round in the unit they are written in.
        size = units.step(self.high, unit)[0] if unit == "bytes" else 1.0
        low, high = self.low / size, self.high / size
        found = units.log_ticks(low, high) if self.logarithmic else units.ticks(low, high, most)
        return [tick * size for tick in found]


def scale_of(values: Sequence[float], zero: bool = True) -> Scale:
    present = [v for v in values if v is not None and math.isfinite(v)]
    positive = [v for v in present if v > 0]
    greatest = max(present, default=1.0) or 1.0
    least = min(positive, default=greatest)
    if len(positive) == len(present) and greatest / least > LOGARITHMIC_FROM:
        return Scale(least / 1.5, greatest * 1.15, True)
    return Scale(0.0 if zero else least * 0.9, greatest * 1.05, False)


def tick_text(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.3g} %"
    if value == 0:
        return "0"
    if unit == "count":
        return f"{value:g}"
    size, name = units.step(value, unit)
    return f"{value / size:.3g} {name}"


@dataclass(frozen=True)
class BarChart:
    rows: list[tuple[Bar, Markup]]
    axis: Markup
    logarithmic: bool


def bar_chart(bars: Sequence[Bar], unit: str, colours: Mapping[str, int]) -> BarChart:
    ends = [v for bar in bars for v in (bar.value, bar.low, bar.high) if v is not None]
    scale = scale_of(ends)
    rows = []
    for bar in bars:
        at = 100 * scale.share(bar.value)
        parts = [
            f'<svg class="bar s{colours.get(bar.model, 1)}{" marked" if bar.mark else ""}" aria-hidden="true">'
        ]
        if scale.logarithmic:
            parts.append(f'<line class="guide" x1="0" x2="{at:.2f}%" y1="50%" y2="50%"/>')
        else:
            parts.append(
                f'<rect class="fill" x="0" y="22%" width="{at:.2f}%" height="56%" rx="2"/>'
            )
        if bar.low is not None and bar.high is not None:
            low, high = 100 * scale.share(bar.low), 100 * scale.share(bar.high)
            parts.append(
                f'<line class="whisker" x1="{low:.2f}%" x2="{high:.2f}%" y1="50%" y2="50%"/>'
            )
            for end in (low, high):
                parts.append(
                    f'<line class="whisker" x1="{end:.2f}%" x2="{end:.2f}%" y1="30%" y2="70%"/>'
                )
        if scale.logarithmic:
            parts.append(f'<circle class="dot" cx="{at:.2f}%" cy="50%" r="5"/>')
        parts.append("</svg>")
        rows.append((bar, Markup("".join(parts))))
    axis = ['<svg class="axis" aria-hidden="true">']
    places: list[float] = []
    for tick in scale.ticks(unit, 4):
        at = 100 * scale.share(tick)
        if places and at - places[-1] < 24:
            continue
        places.append(at)
        anchor = "start" if at < 8 else "end" if at > 92 else "middle"
        axis.append(f'<line x1="{at:.2f}%" x2="{at:.2f}%" y1="0" y2="4"/>')
        axis.append(
            f'<text x="{at:.2f}%" y="16" text-anchor="{anchor}">{escape(tick_text(tick, unit))}</text>'
        )
    axis.append("</svg>")
    return BarChart(rows, Markup("".join(axis)), scale.logarithmic)


WIDTH, HEIGHT = 500, 320
LEFT, RIGHT, TOP, BOTTOM = 58, 154, 26, 40


def _spread(wanted: list[float], gap: float, least: float, most: float) -> list[float]:
    """Moves labels apart as little as needed, keeping their order."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [0.0] * len(wanted)
    last = least - gap
    for i in order:
        placed[i] = last = max(wanted[i], last + gap)
    limit = most + gap
    for i in reversed(order):
        placed[i] = limit = min(placed[i], limit - gap)
    return placed


def line_chart(
    lines: Sequence[Line],
    *,
    title: str,
    x_label: str,
    y_label: str,
    y_unit: str,
    x_ticks: Sequence[tuple[float, str]],
    x_place: Callable[[float], float],
    colours: Mapping[str, int],
    variants: Mapping[str, int],
) -> Markup:
    """Lines with direct labels at their right end; `x_place` maps x to 0..1."""
    every = [v for line in lines for v in (*line.y, *line.low, *line.high) if v is not None]
    scale = scale_of(every)
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x_at(x: float) -> float:
        return LEFT + width * x_place(x)

    def y_at(y: float) -> float:
        return TOP + height * (1 - scale.share(y))

    out = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
    ]
    note = ", logarithmic" if scale.logarithmic else ""
    out.append(f'<text class="label" x="4" y="13">{escape(y_label + note)}</text>')
    for tick in scale.ticks(y_unit):
        y = y_at(tick)
        out.append(
            f'<line class="grid" x1="{LEFT}" x2="{LEFT + width}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        out.append(
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(tick_text(tick, y_unit))}</text>'
        )
    for x, text in x_ticks:
        out.append(
            f'<line class="grid" x1="{x_at(x):.1f}" x2="{x_at(x):.1f}" y1="{TOP}" y2="{TOP + height}"/>'
        )
        out.append(
            f'<text x="{x_at(x):.1f}" y="{TOP + height + 16}" text-anchor="middle">{escape(text)}</text>'
        )
    out.append(
        f'<text class="label" x="{LEFT + width / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>'
    )
    labels = _spread([y_at(line.y[-1]) for line in lines], 13, TOP + 4, TOP + height)
    for line, label_y in zip(lines, labels):
        dash = palette.DASHES[variants.get(line.contender, 0) % len(palette.DASHES)]
        style = f' stroke-dasharray="{dash}"' if dash else ""
        out.append(f'<g class="s{colours.get(line.model, 1)}">')
        places = [(x_at(x), y_at(y)) for x, y in zip(line.x, line.y)]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in _thinned(places))
        out.append(
            f'<path class="line" d="{path}"{style}><title>{escape(line.contender)}</title></path>'
        )
        for x, low, high in zip(line.x, line.low, line.high):
            if low is not None and high is not None:
                out.append(
                    f'<line class="whisker" x1="{x_at(x):.1f}" x2="{x_at(x):.1f}" y1="{y_at(low):.1f}" y2="{y_at(high):.1f}"/>'
                )
        if line.low:
            out += [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
        end_x, end_y = places[-1]
        edge = LEFT + width
        out.append(
            f'<path class="leader" d="M{end_x + 3:.1f} {end_y:.1f}L{edge + 6} {label_y:.1f}"/>'
        )
        out.append(
            f'<text class="name" x="{edge + 9}" y="{label_y + 4:.1f}">{escape(_short(line.contender))}</text></g>'
        )
    out.append("</svg>")
    return Markup("".join(out))


def _short(name: str) -> str:
    """A label of at most 21 characters: what fits beside the chart; the table below has the whole name."""
    return name if len(name) <= 21 else f"{name[:20]}…"


def _thinned(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leaves out points that lie on the same height as both neighbours."""
    return [
        p
        for i, p in enumerate(places)
        if i in (0, len(places) - 1)
        or abs(p[1] - places[i - 1][1]) > 0.05
        or abs(p[1] - places[i + 1][1]) > 0.05
    ]


def percentile_ticks(lines: Sequence[Line]) -> list[tuple[float, str]]:
    furthest = max((line.x[-1] for line in lines), default=1.0)
    named = [
        (0.0, "0"),
        (math.log10(2), "50"),
        (1.0, "90"),
        (2.0, "99"),
        (3.0, "99.9"),
        (4.0, "99.99"),
        (5.0, "99.999"),
    ]
    return [(x, text) for x, text in named if x <= furthest + 1e-9]


def percentile_chart(
    lines: Sequence[Line], title: str, colours: Mapping[str, int], variants: Mapping[str, int]
) -> Optional[Markup]:
    if not lines:
        return None
    furthest = max(max(line.x[-1] for line in lines), 0.1)
    return line_chart(
        lines,
        title=title,
        x_label="percentile of operations (each step: ten times rarer)",
        y_label="latency",
        y_unit="ns",
        x_ticks=percentile_ticks(lines),
        x_place=lambda x: x / furthest,
        colours=colours,
        variants=variants,
    )


def scaling_chart(
    lines: Sequence[Line],
    title: str,
    field: str,
    metric_label: str,
    unit: str,
    colours: Mapping[str, int],
    variants: Mapping[str, int],
    x_unit: str = "",
) -> Markup:
    every = sorted({x for line in lines for x in line.x})
    low, high = every[0], every[-1]

    def place(x: float) -> float:
        return math.log(x / low) / math.log(high / low) if high > low else 0.5

    shown, last = [], -1.0
    # Sizes that were chosen are named; what was measured gets round numbers.
    named = (
        every
        if not x_unit
        else units.log_ticks(low, high)
        if high / low > 5
        else units.ticks(low, high, 4)
    )
    for x in named:
        if place(x) - last > (0.17 if x_unit else 0.09):
            shown.append((x, tick_text(x, x_unit) if x_unit else f"{x:g}"))
            last = place(x)
    return line_chart(
        lines,
        title=title,
        x_label=f"{field}, logarithmic",
        y_label=metric_label,
        y_unit=unit,
        x_ticks=shown,
        x_place=place,
        colours=colours,
        variants=variants,
    )

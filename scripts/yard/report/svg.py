# SPDX-License-Identifier: MIT
"""Charts as inline SVG: they take their colours from the page's style, so that they follow light and dark,
and their text stays text. Bars are given in per cent of the width and need no scale at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable, Mapping, Optional, Sequence

from markupsafe import Markup, escape

from yard.report import palette
from yard.text import numbers, units
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
        return f"{numbers.short(100 * value, 3)} %"
    if value == 0:
        return "0"
    if unit == "count":
        return numbers.short(value)
    size, name = units.step(value, unit)
    return f"{numbers.short(value / size, 3)} {name}"


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
        percent = 100 * scale.share(bar.value)
        parts = [
            f'<svg class="bar s{colours.get(bar.model, 1)}{" marked" if bar.mark else ""}" aria-hidden="true">'
        ]
        if scale.logarithmic:
            parts.append(
                f'<line class="guide" x1="0" x2="{numbers.fixed(percent, 2)}%" y1="50%" y2="50%"/>'
            )
        else:
            parts.append(
                f'<rect class="fill" x="0" y="22%" width="{numbers.fixed(percent, 2)}%" height="56%" rx="2"/>'
            )
        if bar.low is not None and bar.high is not None:
            low, high = 100 * scale.share(bar.low), 100 * scale.share(bar.high)
            parts.append(
                f'<line class="whisker" x1="{numbers.fixed(low, 2)}%" x2="{numbers.fixed(high, 2)}%" y1="50%" y2="50%"/>'
            )
            for end in (low, high):
                parts.append(
                    f'<line class="whisker" x1="{numbers.fixed(end, 2)}%" x2="{numbers.fixed(end, 2)}%" y1="30%" y2="70%"/>'
                )
        if scale.logarithmic:
            parts.append(f'<circle class="dot" cx="{numbers.fixed(percent, 2)}%" cy="50%" r="5"/>')
        parts.append("</svg>")
        rows.append((bar, Markup("".join(parts))))
    axis = ['<svg class="axis" aria-hidden="true">']
    places: list[float] = []
    for tick in scale.ticks(unit, 4):
        percent = 100 * scale.share(tick)
        if places and percent - places[-1] < 24:
            continue
        places.append(percent)
        anchor = "start" if percent < 8 else "end" if percent > 92 else "middle"
        axis.append(
            f'<line x1="{numbers.fixed(percent, 2)}%" x2="{numbers.fixed(percent, 2)}%" y1="0" y2="4"/>'
        )
        axis.append(
            f'<text x="{numbers.fixed(percent, 2)}%" y="16" text-anchor="{anchor}">{escape(tick_text(tick, unit))}</text>'
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


@dataclass(frozen=True)
class Look:
    """Which colour a model has and which dash a variant of it, by contender."""

    colours: Mapping[str, int]
    variants: Mapping[str, int]

    def dash(self, contender: str) -> str:
        place = self.variants.get(contender, 0) % len(palette.DASHES)
        dash = palette.DASHES[place]
        return f' stroke-dasharray="{dash}"' if dash else ""


@dataclass(frozen=True)
class Axes:
    """`x_place` maps x to 0..1."""

    title: str
    x_label: str
    y_label: str
    y_unit: str
    x_ticks: Sequence[tuple[float, str]]
    x_place: Callable[[float], float]


class _Plane:
    """From values to places in the drawing."""

    def __init__(self, axes: Axes, scale: Scale):
        self.axes, self.scale = axes, scale
        self.width, self.height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(self, value: float) -> float:
        return LEFT + self.width * self.axes.x_place(value)

    def y(self, value: float) -> float:
        return TOP + self.height * (1 - self.scale.share(value))


def line_chart(lines: Sequence[Line], axes: Axes, look: Look) -> Markup:
    """Lines with direct labels at their right end."""
    every = [v for line in lines for v in (*line.y, *line.low, *line.high) if v is not None]
    plane = _Plane(axes, scale_of(every))
    out = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(axes.title)}">'
    ]
    out += _grid(plane)
    labels = _spread([plane.y(line.y[-1]) for line in lines], 13, TOP + 4, TOP + plane.height)
    for line, label_y in zip(lines, labels):
        out.append(f'<g class="s{look.colours.get(line.model, 1)}">')
        out += _line(plane, line, look.dash(line.contender), label_y)
        out.append("</g>")
    out.append("</svg>")
    return Markup("".join(out))


def _grid(plane: _Plane) -> list[str]:
    axes, right, bottom = plane.axes, LEFT + plane.width, TOP + plane.height
    note = ", logarithmic" if plane.scale.logarithmic else ""
    out = [f'<text class="label" x="4" y="13">{escape(axes.y_label + note)}</text>']
    for tick in plane.scale.ticks(axes.y_unit):
        y, text = plane.y(tick), escape(tick_text(tick, axes.y_unit))
        out.append(
            f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{numbers.fixed(y, 1)}" y2="{numbers.fixed(y, 1)}"/>'
        )
        out.append(
            f'<text x="{LEFT - 6}" y="{numbers.fixed(y + 4, 1)}" text-anchor="end">{text}</text>'
        )
    for value, label in axes.x_ticks:
        x = plane.x(value)
        out.append(
            f'<line class="grid" x1="{numbers.fixed(x, 1)}" x2="{numbers.fixed(x, 1)}" y1="{TOP}" y2="{bottom}"/>'
        )
        out.append(
            f'<text x="{numbers.fixed(x, 1)}" y="{bottom + 16}" text-anchor="middle">{escape(label)}</text>'
        )
    middle = LEFT + plane.width / 2
    out.append(
        f'<text class="label" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(axes.x_label)}</text>'
    )
    return out


def _line(plane: _Plane, line: Line, style: str, label_y: float) -> list[str]:
    places = [(plane.x(x), plane.y(y)) for x, y in zip(line.x, line.y)]
    path = "M" + "L".join(
        f"{numbers.fixed(x, 1)} {numbers.fixed(y, 1)}" for x, y in _thinned(places)
    )
    name = escape(line.contender)
    out = [f'<path class="line" d="{path}"{style}><title>{name}</title></path>']
    for value, low, high in zip(line.x, line.low, line.high):
        if low is not None and high is not None:
            x, ends = plane.x(value), (plane.y(low), plane.y(high))
            out.append(
                f'<line class="whisker" x1="{numbers.fixed(x, 1)}" x2="{numbers.fixed(x, 1)}" y1="{numbers.fixed(ends[0], 1)}" y2="{numbers.fixed(ends[1], 1)}"/>'
            )
    if line.low:
        out += [
            f'<circle class="dot" cx="{numbers.fixed(x, 1)}" cy="{numbers.fixed(y, 1)}" r="3"/>'
            for x, y in places
        ]
    end_x, end_y = places[-1]
    edge = LEFT + plane.width
    out.append(
        f'<path class="leader" d="M{numbers.fixed(end_x + 3, 1)} {numbers.fixed(end_y, 1)}L{edge + 6} {numbers.fixed(label_y, 1)}"/>'
    )
    out.append(
        f'<text class="name" x="{edge + 9}" y="{numbers.fixed(label_y + 4, 1)}">{escape(_short(line.contender))}</text>'
    )
    return out


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


def percentile_chart(lines: Sequence[Line], title: str, look: Look) -> Optional[Markup]:
    if not lines:
        return None
    furthest = max(max(line.x[-1] for line in lines), 0.1)
    axes = Axes(
        title,
        "percentile of operations (each step: ten times rarer)",
        "latency",
        "ns",
        percentile_ticks(lines),
        lambda x: x / furthest,
    )
    return line_chart(lines, axes, look)


def time_chart(lines: Sequence[Line], title: str, look: Look) -> Markup:
    """Multiples of a median by minutes since a beginning, which is 0."""
    end = max(line.x[-1] for line in lines) or 1.0
    ticks = [(x, numbers.short(x, 3)) for x in units.ticks(0.0, end, 4)]
    axes = Axes(
        title, "minutes since the start", "times its median", "times", ticks, lambda x: x / end
    )
    return line_chart(lines, axes, look)


@dataclass(frozen=True)
class Curve:
    """What a chart along a size, or along another metric, shows. `x_unit` is empty for a size."""

    title: str
    x: str
    y: str
    unit: str
    x_unit: str = ""


def scaling_chart(lines: Sequence[Line], curve: Curve, look: Look) -> Markup:
    every = sorted({x for line in lines for x in line.x})
    low, high = every[0], every[-1]

    def place(x: float) -> float:
        return math.log(x / low) / math.log(high / low) if high > low else 0.5

    # Sizes that were chosen are named; what was measured gets round numbers.
    named = every
    if curve.x_unit:
        named = units.log_ticks(low, high) if high / low > 5 else units.ticks(low, high, 4)
    shown, last = [], -1.0
    for x in named:
        if place(x) - last > (0.17 if curve.x_unit else 0.09):
            shown.append((x, tick_text(x, curve.x_unit or "count")))
            last = place(x)
    axes = Axes(curve.title, f"{curve.x}, logarithmic", curve.y, curve.unit, shown, place)
    return line_chart(lines, axes, look)

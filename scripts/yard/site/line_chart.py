# SPDX-License-Identifier: MIT
"""A metric of a line as a small SVG picture: for pages that are printed, and to be embedded
elsewhere."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from yard.data.facts import METRIC
from yard.site.cell_key import xml_text
from yard.site.lines import Line, Points
from yard.text import numbers, units

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 180, 64, 26, 20
STYLE = (
    "<style>svg{background:#fff}text{font:11px sans-serif;fill:#4a525c}.b{fill:#0068a8;fill-opacity:.18}"
    ".l{fill:none;stroke:#0068a8;stroke-width:1.5}.d{fill:#0068a8}.c{stroke:#c43c12}.r{fill:#a8330f}"
    "@media(prefers-color-scheme:dark){svg{background:#14171b}text{fill:#a3acb8}.b{fill:#5ab0ee}"
    ".l{stroke:#5ab0ee}.d{fill:#5ab0ee}.c{stroke:#ff8a62}.r{fill:#ff8a62}}</style>"
)


def number(value: float, metric: str, is_ratio: bool) -> str:
    return units.text(value, "times" if is_ratio else METRIC[metric].unit)


def title(line: Line, metric: str, points: Points) -> str:
    of = "times the floor" if points.is_ratio else "no floor beside it"
    return f"{line.key.contender}, {METRIC[metric].label}, on {line.machine}, {of}"


def draw(line: Line, metric: str, points: Points, changed: Sequence[Mapping[str, Any]]) -> str:
    lows = [low if low is not None else value for value, low, _ in points.numbers]
    highs = [high if high is not None else value for value, _, high in points.numbers]
    least, most = min(lows), max(highs)
    room = (most - least) * 0.08 or abs(most) * 0.05 or 1.0
    least, most = least - room, most + room
    count = len(points.numbers)
    x = [round(LEFT + (WIDTH - LEFT - 12) * (i + 0.5) / count) for i in range(count)]

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (most - value) / (most - least), 1)

    values = " ".join(f"{a},{y(v)}" for a, (v, _, _) in zip(x, points.numbers))
    band = [f"{a},{y(v)}" for a, v in zip(x, highs)]
    band += [f"{a},{y(v)}" for a, v in zip(reversed(x), reversed(lows))]
    label = xml_text(title(line, metric, points))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{label}">{STYLE}<text x="4" y="14">{label}</text>',
        f'<polygon class="b" points="{" ".join(band)}"/><polyline class="l" points="{values}"/>',
    ]
    if count < 40:
        parts += [
            f'<circle class="d" r="2.5" cx="{a}" cy="{y(v)}"/>'
            for a, (v, _, _) in zip(x, points.numbers)
        ]
    for value in (most - room, least + room):
        text = number(value, metric, points.is_ratio)
        parts.append(f'<text x="{LEFT - 6}" y="{y(value) + 4}" text-anchor="end">{text}</text>')
    parts += _marks(x, points, changed)
    ends = ((0, "start", LEFT), (count - 1, "end", WIDTH - 12)) if count > 1 else ()
    parts += [
        f'<text x="{at}" y="{HEIGHT - 5}" text-anchor="{anchor}">{xml_text(points.revisions[i][:12])}</text>'
        for i, anchor, at in ends
    ]
    return "".join(parts) + "</svg>\n"


def _marks(x: Sequence[int], points: Points, changed: Sequence[Mapping[str, Any]]) -> list[str]:
    parts = []
    for change in changed:
        at = x[points.runs.index(change["run"])]
        text = numbers.change(change["after"] / change["before"] - 1)
        parts.append(
            f'<path class="c" d="M{at} {TOP}V{HEIGHT - BOTTOM}"/>'
            f'<text class="r" x="{at + 3}" y="{TOP + 9}">{text}</text>'
        )
    return parts

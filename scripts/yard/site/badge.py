# SPDX-License-Identifier: MIT
"""The newest number of a series as a badge, for a README."""

from __future__ import annotations


from yard.data.facts import METRIC
from yard.site.cell_key import xml_text
from yard.site.line_chart import number
from yard.site.lines import Line, Points
from yard.text import numbers


def draw(line: Line, metric: str, points: Points) -> str:
    left = f"{line.key.contender} {line.key.workload}: {METRIC[metric].label}"
    value, low, high = points.numbers[-1]
    right = number(value, metric, points.is_ratio)
    if points.is_ratio and low is not None and high is not None:
        right = f"{numbers.ratio(value, low, high)} × floor"
    widths = [round(6.3 * len(text)) + 14 for text in (left, right)]
    label = xml_text(f"{left} {right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sum(widths)}" height="20" role="img" '
        f'aria-label="{label}"><title>{label}</title><rect width="{widths[0]}" height="20" fill="#434a54"/>'
        f'<rect x="{widths[0]}" width="{widths[1]}" height="20" fill="#0068a8"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{widths[0] // 2}" y="14" textLength="{widths[0] - 10}">{xml_text(left)}</text>'
        f'<text x="{widths[0] + widths[1] // 2}" y="14" textLength="{widths[1] - 10}">{xml_text(right)}</text>'
        "</g></svg>\n"
    )

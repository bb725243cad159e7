# SPDX-License-Identifier: MIT
"""A check as one HTML page that needs nothing beside it: no script, no image, nothing from the
network."""

from __future__ import annotations

import html
from typing import Any, Mapping

from yard.gate import wording
from yard.text import numbers
from yard.text.outside import readable

STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#20242a}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #d5d9df}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}code,pre{font-family:monospace}"
    ".REGRESSION,.BROKEN{color:#a32a08;font-weight:600}.UNRESOLVED,.NOT{color:#8a5000}.IMPROVED{color:#00664c}"
    "pre{overflow:auto;background:#f3f4f6;padding:.6rem}"
)


def shown(text: str) -> str:
    return html.escape(readable(text))


def render(result: Mapping[str, Any]) -> str:
    parts = [
        f"<h1>{shown(wording.headline(result))}</h1>",
        f"<p>{shown(wording.about(result))}.</p>",
        *(_line(wording.broken(one), "BROKEN") for one in result["broken"]),
        *(_line(line, line.split()[0]) for line in wording.absent(result)),
        *(_line(wording.counter(one), "REGRESSION") for one in result["counters"]),
    ]
    if summary := wording.quiet_summary(result):
        parts.append(f"<p>{shown(summary)}.</p>")
    if repeats := wording.repeats(result):
        parts += ["<h2>To repeat one alone</h2><pre>", *(shown(line) for line in repeats), "</pre>"]
    parts.append(_table(wording.shown(result, everything=True)))
    for title, lines in (
        ("Not compared", wording.not_compared(result)),
        ("Notes", result["notes"]),
    ):
        if lines:
            items = "".join(f"<li>{shown(line)}</li>" for line in lines)
            parts.append(f"<h2>{title}</h2><ul>{items}</ul>")
    head = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>switchyard check</title><style>{STYLE}</style></head><body>"
    )
    return "\n".join([head, *parts, "</body></html>"]) + "\n"


def _line(text: str, style: str) -> str:
    known = style if style in ("BROKEN", "NOT", "ACCEPTED", "REGRESSION") else "NOT"
    return f'<p class="{known}">{shown(text)}</p>'


def _table(cells: list[wording.Cell]) -> str:
    titles = (
        "verdict",
        "scenario",
        "metric",
        "change",
        "95 % interval",
        "base to head",
        "pairs",
        "p",
    )
    rows = ["<tr>" + "".join(f"<th>{title}</th>" for title in titles) + "</tr>"]
    for cell in cells:
        figures = (
            wording.percent(cell["slowdown"]),
            wording.interval(cell),
            wording.both(cell),
            str(cell["pairs"]),
            numbers.short(cell["p"], 1),
        )
        rows.append(
            f'<tr><td class="{shown(cell["verdict"])}">{shown(cell["verdict"])}</td>'
            f"<td><code>{shown(cell['scenario'])}</code></td><td>{shown(wording.metric(cell['metric']))}</td>"
            + "".join(f'<td class="n">{shown(figure)}</td>' for figure in figures)
            + "</tr>"
        )
    return f"<h2>All cells</h2><table>{''.join(rows)}</table>"

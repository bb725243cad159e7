# SPDX-License-Identifier: MIT
"""The lesson as one page that needs nothing else: works offline, on a phone and printed, light and dark."""

from __future__ import annotations

import re
from html import escape

from yard.learn.lesson.chapters import Chapter
from yard.learn.lesson.claims import Verdict
from yard.learn.lesson.timeline import RUNS, Timeline
from yard.text import numbers

STYLE = """
:root{color-scheme:light dark;--fg:#1b1b1b;--bg:#fff;--run:#0072b2;--wait:#e0e0e0;--dim:#555;--code:#f4f4f4}
@media(prefers-color-scheme:dark){:root{--fg:#e8e8e8;--bg:#161616;--run:#56b4e9;--wait:#3a3a3a;--dim:#aaa;--code:#222}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:46rem;margin:0 auto;padding:1rem}
pre{background:var(--code);padding:.6rem;overflow-x:auto;font-size:.8rem}
figure{margin:.6rem 0}svg{width:100%;max-width:34rem;height:auto}svg text{fill:var(--fg);font-size:13px}.run{fill:var(--run)}.wait{fill:var(--wait)}
.seen{border-left:4px solid var(--run);padding-left:.6rem}.key,figcaption{color:var(--dim);font-size:.85rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem;border-bottom:1px solid var(--wait);vertical-align:top}
ul{padding-left:1.1rem;margin:.3rem 0}
"""


def drawing(timeline: Timeline, title: str) -> str:
    lanes, length = timeline.lanes(), timeline.length_s() or 1e-9
    left, width, height = 64, 330, 24
    parts = []
    for row, lane in enumerate(lanes):
        y = row * height
        parts.append(f'<text x="0" y="{y + 16}">{escape(lane)}</text>')
        spans = [span for span in timeline.spans() if span.who == lane]
        for span in sorted(spans, key=lambda s: s.state == RUNS):
            x = left + span.begin_s / length * width
            wide = max(2.0, (span.end_s - span.begin_s) / length * width)
            kind = "run" if span.state == RUNS else "wait"
            parts.append(
                f'<rect class="{kind}" x="{numbers.fixed(x, 1)}" y="{y + 3}" width="{numbers.fixed(wide, 1)}" height="{height - 7}">'
                f"<title>{escape(lane)} {span.state} {numbers.fixed(span.begin_s * 1000, 1)} to {numbers.fixed(span.end_s * 1000, 1)} ms</title></rect>"
            )
    bottom = len(lanes) * height + 14
    parts.append(
        f'<text x="{left}" y="{bottom}">0 ms</text>'
        f'<text x="{left + width}" y="{bottom}" text-anchor="end">{numbers.fixed(length * 1000)} ms</text>'
    )
    return (
        f'<svg viewBox="0 0 {left + width + 10} {bottom + 6}" role="img" aria-label="Who ran and who waited: '
        f'{escape(title)}">{"".join(parts)}</svg>'
    )


def prose(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def page(shown: list[tuple[Chapter, Timeline]], verdicts: list[Verdict], machine: str) -> str:
    out = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>The lesson</title><style>{STYLE}</style><main><h1>Concurrency, word by word</h1>",
        f"<p>Each piece of code was run when this page was made, on {escape(machine)}. Lanes show who ran and who waited.",
    ]
    for chapter, timeline in shown:
        said = "".join(
            f"<li>{numbers.fixed(when * 1000)} ms: {escape(says)}"
            for when, _, says in timeline.said()
        )
        out.append(
            f'<section id="{chapter.id}"><h2>{escape(chapter.title)}</h2><p>{prose(chapter.text)}'
            f"<figure>{drawing(timeline, chapter.title)}<figcaption>Blue: runs. Grey: waits.</figcaption></figure>"
            f"<p class=seen>{prose(chapter.seen(timeline))}<details><summary>What it said, and the code</summary>"
            f"<ul>{said}</ul><pre>{escape(chapter.source())}</pre></details></section>"
        )
    if verdicts:
        rows = []
        for v in verdicts:
            figures = "".join(f"<li>{escape(figure.words())}" for figure in v.figures)
            rows.append(
                f"<tr><td>{prose(v.claim)}<td><strong>{v.mark}</strong><td>{prose(v.because)}<ul>{figures}</ul>"
            )
        out.append(
            "<section id=claims><h2>What is said, and what was measured here</h2><table><thead><tr><th scope=col>Claim<th scope=col>Here<th scope=col>"
            f"Why, with 95 % intervals<tbody>{''.join(rows)}</table></section>"
        )
    return "\n".join([*out, "</main>"]) + "\n"

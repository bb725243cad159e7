# SPDX-License-Identifier: MIT
"""A check as Markdown: for the summary of a CI job or a comment on a pull request."""

from __future__ import annotations

import re
from typing import Any, Mapping, Sequence

from yard.gate import wording
from yard.text.outside import markdown, markdown_code, readable

MARKS = {0: "✅", 1: "❌"}


def render(result: Mapping[str, Any]) -> str:
    lines = [
        f"## {MARKS.get(result['exit_code'], '⚠️')} switchyard check: {markdown(wording.headline(result))}",
        "",
        markdown(wording.about(result)) + ".",
        "",
    ]
    rows = wording.shown(result)
    if rows:
        lines += [
            "| verdict | scenario | metric | change | 95 % interval | base → head | evidence |",
            "| --- | --- | --- | ---: | ---: | ---: | --- |",
        ]
        for cell in rows:
            name = f"{markdown_code(cell['scenario'])} {markdown(wording.params(cell))}".strip()
            verdict = (
                f"**{cell['verdict']}**" if cell["verdict"] == "REGRESSION" else cell["verdict"]
            )
            cells = (
                verdict,
                name,
                markdown(wording.metric(cell["metric"])),
                wording.percent(cell["slowdown"]),
                wording.interval(cell),
                markdown(wording.both(cell).replace("->", "→")),
                markdown(wording.evidence(cell) + (f"; {cell['note']}" if cell["note"] else "")),
            )
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    for suite in result["suite"]:
        if suite["verdict"] == "REGRESSION":
            lines += [
                f"**REGRESSION of the whole suite**: {wording.metric(suite['metric'])} {wording.percent(suite['slowdown'])} "
                f"{wording.interval(suite)} in the median scenario of {suite['rounds']} rounds.",
                "",
            ]
    for broken in result["broken"]:
        verdict, _, text = wording.broken(broken).partition("  ")
        lines += [f"**{verdict}** {markdown(text)}", ""]
    for line in wording.absent(result):
        verdict, _, text = line.partition("  ")
        lines += [f"**{verdict}** {markdown(text)}", ""]
    for grown in result["counters"]:
        verdict, _, text = wording.counter(grown).partition("  ")
        lines += [f"**{verdict}** {markdown(text)}", ""]
    if repeats := wording.repeats(result):
        lines += ["To repeat one alone:", *_block(repeats), ""]
    if summary := wording.quiet_summary(result):
        lines += [markdown(summary) + ".", ""]
    lines += _not_compared(result)
    lines += [f"- note: {markdown(note)}" for note in result["notes"]]
    return "\n".join(lines).rstrip() + "\n"


def _block(lines: Sequence[str]) -> list[str]:
    """As code: fenced by more backticks than any line has."""
    shown = [readable(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, *shown, fence]


def _not_compared(result: Mapping[str, Any]) -> list[str]:
    missing = wording.not_compared(result)
    if not missing:
        return []
    return [
        f"<details><summary>{len(result['not_compared'])} not compared</summary>",
        "",
        *(f"- {markdown(line)}" for line in missing),
        "",
        "</details>",
        "",
    ]

# SPDX-License-Identifier: MIT
"""A check as Markdown: for the summary of a CI job or a comment on a pull request."""

from __future__ import annotations

from typing import Any, Mapping

from yard.gate import wording

MARKS = {0: "✅", 1: "❌"}


def _safe(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def render(result: Mapping[str, Any]) -> str:
    lines = [
        f"## {MARKS.get(result['exit_code'], '⚠️')} switchyard check: {_safe(wording.headline(result))}",
        "",
        _safe(wording.about(result)) + ".",
        "",
    ]
    rows = wording.shown(result)
    if rows:
        lines += [
            "| verdict | scenario | metric | change | 95 % interval | base → head | evidence |",
            "| --- | --- | --- | ---: | ---: | ---: | --- |",
        ]
        for cell in rows:
            name = f"`{cell['scenario']}` {wording.params(cell)}".strip()
            verdict = (
                f"**{cell['verdict']}**" if cell["verdict"] == "REGRESSION" else cell["verdict"]
            )
            cells = (
                verdict,
                name,
                wording.metric(cell["metric"]),
                wording.percent(cell["slowdown"]),
                wording.interval(cell),
                wording.both(cell).replace("->", "→"),
                wording.evidence(cell) + (f"; {cell['note']}" if cell["note"] else ""),
            )
            lines.append("| " + " | ".join(map(_safe, cells)) + " |")
        lines.append("")
    for suite in result["suite"]:
        if suite["verdict"] == "REGRESSION":
            lines += [
                f"**REGRESSION of the whole suite**: {wording.metric(suite['metric'])} {wording.percent(suite['slowdown'])} "
                f"{wording.interval(suite)} in the median scenario of {suite['rounds']} rounds.",
                "",
            ]
    for broken in result["broken"]:
        lines += [
            f"**BROKEN** `{broken['scenario']}` fails on head alone: {_safe(broken['reason'])}",
            "",
        ]
    for grown in result["counters"]:
        verdict, _, text = wording.counter(grown).partition("  ")
        lines += [f"**{verdict}** {_safe(text)}", ""]
    if repeats := wording.repeats(result):
        lines += ["To repeat one alone:", "```", *repeats, "```", ""]
    if summary := wording.quiet_summary(result):
        lines += [summary + ".", ""]
    missing = wording.not_compared(result)
    if missing:
        lines += [
            f"<details><summary>{len(result['not_compared'])} not compared</summary>",
            "",
            *(f"- {_safe(line)}" for line in missing),
            "",
            "</details>",
            "",
        ]
    lines += [f"- note: {_safe(note)}" for note in result["notes"]]
    return "\n".join(lines).rstrip() + "\n"

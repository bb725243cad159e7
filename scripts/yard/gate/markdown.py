# SPDX-License-Identifier: MIT
"""A check as Markdown: for the summary of a CI job or a comment on a pull request."""

from __future__ import annotations

from typing import Any, Mapping

from yard.gate import words

MARKS = {0: "✅", 1: "❌"}


def _safe(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def render(result: Mapping[str, Any]) -> str:
    lines = [
        f"## {MARKS.get(result['exit_code'], '⚠️')} switchyard check: {_safe(words.headline(result))}",
        "",
        _safe(words.about(result)) + ".",
        "",
    ]
    rows = words.shown(result)
    if rows:
        lines += [
            "| verdict | scenario | metric | change | 95 % interval | base → head | evidence |",
            "| --- | --- | --- | ---: | ---: | ---: | --- |",
        ]
        for cell in rows:
            name = f"`{cell['scenario']}` {words.params(cell)}".strip()
            verdict = (
                f"**{cell['verdict']}**" if cell["verdict"] == "REGRESSION" else cell["verdict"]
            )
            cells = (
                verdict,
                name,
                words.metric(cell["metric"]),
                words.percent(cell["slowdown"]),
                words.interval(cell),
                words.both(cell).replace("->", "→"),
                words.evidence(cell) + (f"; {cell['note']}" if cell["note"] else ""),
            )
            lines.append("| " + " | ".join(map(_safe, cells)) + " |")
        lines.append("")
    for suite in result["suite"]:
        if suite["verdict"] == "REGRESSION":
            lines += [
                f"**REGRESSION of the whole suite**: {words.metric(suite['metric'])} {words.percent(suite['slowdown'])} "
                f"{words.interval(suite)} in the median scenario of {suite['rounds']} rounds.",
                "",
            ]
    for broken in result["broken"]:
        lines += [
            f"**BROKEN** `{broken['scenario']}` fails on head alone: {_safe(broken['reason'])}",
            "",
        ]
    for grown in result["counters"]:
        verdict, _, text = words.counter(grown).partition("  ")
        lines += [f"**{verdict}** {_safe(text)}", ""]
    if repeats := words.repeats(result):
        lines += ["To repeat one alone:", "```", *repeats, "```", ""]
    if summary := words.quiet_summary(result):
        lines += [summary + ".", ""]
    missing = words.not_compared(result)
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

# SPDX-License-Identifier: MIT
"""A check as JUnit XML: a test case a cell. What could not be judged is skipped, never passed."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from typing import Any, Mapping

from yard.gate import wording
from yard.text import numbers


Case = tuple[str, str, str, str]  # scenario, what of it, kind, text


def render(result: Mapping[str, Any]) -> str:
    cases = _cases(result)
    count = {
        kind: sum(case[2] == kind for case in cases) for kind in ("failure", "skipped", "error")
    }
    suite = xml.Element(
        "testsuite",
        name="switchyard check",
        tests=str(len(cases)),
        failures=str(count["failure"]),
        errors=str(count["error"]),
        skipped=str(count["skipped"]),
        time=numbers.fixed(60 * result["minutes"], 1),
        timestamp=result["utc"],
    )
    for scenario, name, kind, text in cases:
        case = xml.SubElement(
            suite, "testcase", classname=_printable(scenario), name=_printable(name)
        )
        if kind:
            xml.SubElement(case, kind, message=_printable(text))
        elif text:
            xml.SubElement(case, "system-out").text = _printable(text)
    root = xml.Element("testsuites")
    root.append(suite)
    xml.indent(root)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"
    )


def _cases(result: Mapping[str, Any]) -> list[Case]:
    cases: list[Case] = []
    for cell in result["cells"]:
        if cell["tier"] != "gating":
            continue
        kind = {"REGRESSION": "failure", "UNRESOLVED": "skipped"}.get(cell["verdict"], "")
        text = (
            f"{cell['verdict']}: {wording.percent(cell['slowdown'])} {wording.interval(cell)}, {wording.both(cell)}, "
            f"{wording.evidence(cell)}; repeat: {cell['repeat']}"
        )
        cases.append((cell["scenario"], cell["metric"], kind, text))
    for suite in result["suite"]:
        kind = "failure" if suite["verdict"] == "REGRESSION" else ""
        cases.append(
            (
                "suite",
                suite["metric"],
                kind,
                f"{wording.percent(suite['slowdown'])} {wording.interval(suite)}",
            )
        )
    cases += [
        (b["scenario"], "runs", "failure", f"fails on head alone: {b['reason']}")
        for b in result["broken"]
    ]
    cases += [
        (
            c["scenario"],
            c["counter"],
            "" if c["accepted"] else "failure",
            f"{wording.counter(c)}; repeat: {c['repeat']}",
        )
        for c in result["counters"]
    ]
    cases += [(id, "compared", "skipped", why) for id, why in result["not_compared"].items()]
    if result["exit_code"] in (2, 3):
        cases.append(
            (
                "check",
                "verdict",
                "skipped" if result["exit_code"] == 2 else "error",
                result["reason"],
            )
        )
    return cases


def _printable(text: str) -> str:
    """XML 1.0 has no place for control characters, which a crashed program may have printed."""
    return "".join(
        c
        for c in text
        if c in "\t\n" or (ord(c) >= 32 and not 0xD800 <= ord(c) <= 0xDFFF and ord(c) < 0xFFFE)
    )

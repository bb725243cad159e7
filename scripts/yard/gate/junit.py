# SPDX-License-Identifier: MIT
"""A check as JUnit XML: a test case a cell. What could not be judged is never passed.

It obeys the strict schema of Ant's junit task, which older readers check: attributes that others
leave out, and no output of a single test case. A cell that stays unresolved is an error where it
leaves the check inconclusive, and skipped, with the reason, where it does not.
"""

from __future__ import annotations

import platform
import xml.etree.ElementTree as xml
from typing import Any, Mapping

from yard.gate import wording
from yard.text import numbers
from yard.text.outside import readable

Case = tuple[str, str, str, str]  # scenario, what of it, kind, text
KINDS = ("failure", "error", "skipped")


def render(result: Mapping[str, Any]) -> str:
    cases = _cases(result)
    count = {kind: sum(case[2] == kind for case in cases) for kind in KINDS}
    suite = xml.Element(
        "testsuite",
        name="switchyard check",
        package="switchyard",
        id="0",
        hostname=readable(result["machine"].get("label") or platform.node() or "unknown"),
        tests=str(len(cases)),
        failures=str(count["failure"]),
        errors=str(count["error"]),
        skipped=str(count["skipped"]),
        time=numbers.fixed(60 * result["minutes"], 1),
        timestamp=result["utc"][:19],
    )
    properties = xml.SubElement(suite, "properties")
    for name in ("base", "head", "command", "seed", "profile", "exit_code"):
        xml.SubElement(properties, "property", name=name, value=readable(str(result[name])))
    said = [readable(wording.headline(result)), readable(wording.about(result))]
    for scenario, name, kind, text in cases:
        case = xml.SubElement(
            suite,
            "testcase",
            classname=readable(scenario) or "check",
            name=readable(name) or "runs",
            time="0",
        )
        if kind == "skipped":
            xml.SubElement(case, kind, message=readable(text))
        elif kind:
            xml.SubElement(case, kind, type=kind, message=readable(text))
        elif text:
            said.append(readable(f"{scenario} {name}: {text}"))
    xml.SubElement(suite, "system-out").text = "\n".join(said)
    xml.SubElement(suite, "system-err")
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
        unresolved = "error" if result["exit_code"] == 2 else "skipped"
        kind = {"REGRESSION": "failure", "UNRESOLVED": unresolved}.get(cell["verdict"], "")
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
        (b["scenario"], b["metric"] or "measures", "failure", wording.broken(b))
        for b in result["broken"]
    ]
    cases += [
        (
            a["scenario"],
            a["metric"] or "measures",
            "skipped" if a["accepted"] else "error",
            a["accepted"] or a["reason"],
        )
        for a in result["absent"]
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
                "error",
                result["reason"],
            )
        )
    return cases

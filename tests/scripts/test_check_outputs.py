# SPDX-License-Identifier: MIT
"""What a check prints and writes, on an outcome whose words are known; and the codes of its rarer ends."""

import io
import json
import os
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest
from rich.console import Console

from yard.cli import main as cli
from yard.data import schema
from yard.gate import (
    build,
    sequential,
    junit,
    comment,
    outputs,
    plots,
    result,
    rule,
    scenarios,
    terminal,
)
from yard.gate.absence import Absent
from yard.gate.found import Found
from yard.gate.outcome import Grown
from yard.errors import NotComparable

GOLDEN = Path(__file__).parent / "golden"


class Source:
    """One slower cell, one noisy, one faster, one scenario that is equal."""

    SHIFT = {
        "floor/echo@0": {"cpu_per_unit_ns": 0.06, "p99_ns": 0.0},
        "fiber/fetch@1": {"cpu_per_unit_ns": 0.0, "p99_ns": -0.2},
        "serial/fib@0": {"time_per_unit_ns": 0.0},
    }

    def __init__(self):
        self.count = 0

    def scenarios(self):
        return list(self.SHIFT)

    def pair(self, scenario):
        self.count += 1
        jitter = (1 if self.count % 2 else -1) * 1e-4 * (1 + self.count % 7)
        return {metric: shift + jitter for metric, shift in self.SHIFT[scenario].items()}


@pytest.fixture
def document():
    outcome = sequential.run(Source(), rule.PROFILES["quick"], 5)
    outcome.absent = [
        Absent("thread/waits@0", "", True, "crashed: died of SIGSEGV: a | b\x01"),
        Absent("serial/fib@0", "p50_ns", False, "no value on base alone in 12 of 12 pairs: NaN"),
        Absent("serial/old@0", "", True, "removed: base only", "accepted: it was old"),
    ]
    outcome.counters = [
        Grown("fiber/fetch@1", "allocations", 10, 20, 8),
        Grown("fiber/fetch@1", "system_calls", 0, 9, 8, "accepted: it asks first"),
    ]
    known = {
        "floor/echo@0": scenarios.Scenario(
            "floor/echo@0", "floor", "", "echo", "quick", 0, {"connections": 64}, "server", {}
        )
    }
    host = {
        "cpu_model": "a CPU",
        "allowed_cpus": [0, 1],
        "kernel": "Linux 6",
        "load_average": [0.1, 0.1, 0.1],
        "boot_id": "b",
    }
    found = Found(
        outcome,
        {"base": "v1 (0123abc)", "head": "worktree"},
        known,
        {("floor/echo@0", "cpu_per_unit_ns"): [(10_000.0, 10_600.0)]},
        {"new/cell@0": "new: head only", "other/cell@0": "new: head only"},
        ["a note"],
        host=host,
        minutes=1.5,
    )
    made = result.make(
        found,
        5,
        ["scripts/switchyard", "check", "--base", "v1"],
        ["scripts/switchyard", "check", "--base", "0123abc", "--head", "worktree"],
    )
    return {**made, "utc": "2030-01-01T00:00:00+00:00"}


def golden(name, text):
    """After a wished change: SWITCHYARD_UPDATE_GOLDEN=1 and read the difference."""
    file = GOLDEN / name
    if os.environ.get("SWITCHYARD_UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text()


def test_markdown(document):
    golden("check.md", comment.render(document))


def test_junit(document):
    text = junit.render(document)
    golden("check.xml", text)
    suite = xml.fromstring(text)[0]
    counts = [suite.get(name) for name in ("failures", "errors", "skipped")]
    assert counts == ["3", "1", "3"]


def test_terminal(document):
    out = io.StringIO()
    terminal.show(document, console=Console(file=out, width=150, no_color=True, highlight=False))
    golden("check.txt", "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n")


def test_json_and_plots(document, tmp_path):
    assert schema.violation("check", document) == ""
    outputs.write(document, tmp_path)
    assert schema.violation("verdict", json.loads((tmp_path / "verdict.json").read_text())) == ""
    red = json.loads((tmp_path / "verdict.json").read_text())["regressions"]
    assert red == ["floor/echo@0 cpu_per_unit_ns", "thread/waits@0", "fiber/fetch@1 allocations"]
    names = {file.name for file in (tmp_path / "plots").iterdir()}
    assert names == {"overview.png", "floor-echo-0-cpu_per_unit_ns.png", "fiber-fetch-1-p99_ns.png"}
    assert plots.write({**document, "cells": []}, tmp_path / "none") == []


def test_the_verdict_is_written_last(document, tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "write", lambda *_: 1 / 0)
    outputs.prepare(tmp_path)
    with pytest.raises(ZeroDivisionError):
        outputs.write(document, tmp_path)
    assert (tmp_path / "check.json").exists() and not (tmp_path / "verdict.json").exists()


@pytest.mark.parametrize(
    "broken, code, text", [("base", 3, "the base (HEAD"), ("head", 4, "the head (HEAD")]
)
def test_a_side_that_does_not_build(tmp_path, monkeypatch, capsys, broken, code, text):
    calls = []

    def refuse(source, *_):
        calls.append(source)
        if (broken == "head") == (len(calls) == 1):  # the head is built first
            raise NotComparable("no model builds with the head's harness: echo.cpp:1: error: x")
        return build.Built(source, tmp_path, {}, True)

    monkeypatch.setattr(build, "build", refuse)
    out = tmp_path / "out"
    assert (
        cli.main(
            [
                "check",
                "--base",
                "HEAD",
                "--head",
                "HEAD",
                "--out",
                str(out),
                "--cache",
                str(tmp_path / "c"),
            ]
        )
        == code
    )
    said = capsys.readouterr().err
    assert text in said and "echo.cpp:1" in said and len(said.splitlines()) == 1
    assert (out / "verdict.json").exists() == (code == 3)


def test_blind_scenarios_are_named_beside_what_is_ok(document):
    assert document["blind"] == [] and "Too noisy" not in comment.render(document)
    assert "Too noisy to rule out what must be found: serial/fib@0" in comment.render(
        {**document, "blind": ["serial/fib@0"]}
    )

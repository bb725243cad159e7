# SPDX-License-Identifier: MIT
"""Slow-downs that somebody wants: they cover what they name, up to what they say, until they expire."""

import datetime

import pytest

from yard.gate import accepted, rule
from yard.gate.outcome import CellResult, Grown, Outcome
from yard.gate.rule import Verdict
from yard.errors import UsageError

CPU = rule.metrics()["cpu_per_unit_ns"]
TODAY = datetime.date(2030, 1, 15)
ENTRY = """[[accepted]]
cell = "floor/echo@*"
metric = "cpu_per_unit_ns"
most = 1.08
reason = "checks every byte now"
"""


def red(size=0.05):
    fresh = [size + (1 if i % 2 else -1) * 1e-4 * i for i in range(16)]
    return CellResult("floor/echo@1", CPU, list(fresh), fresh, True, Verdict.REGRESSION)


def outcome(cell):
    return Outcome(rule.PROFILES["quick"], cells=[cell])


def entries(tmp_path, more):
    file = tmp_path / "accepted.toml"
    file.write_text(ENTRY + more)
    return accepted.read(file)


def test_a_red_that_is_wanted_is_accepted(tmp_path):
    job = outcome(red())
    assert job.exit_code() == 1
    assert (
        accepted.apply(job, entries(tmp_path, 'base = "abc"'), lambda rev: rev == "abc", TODAY)
        == []
    )
    assert (
        job.cells[0].verdict is Verdict.ACCEPTED
        and job.exit_code() == 0
        and "every byte" in job.cells[0].note
    )


def test_more_than_was_accepted_stays_red(tmp_path):
    job = outcome(red(0.12))
    accepted.apply(job, entries(tmp_path, 'base = "abc"'), lambda rev: True, TODAY)
    assert job.exit_code() == 1 and "more than the 8 %" in job.cells[0].note


@pytest.mark.parametrize("head, code", [(108, 0), (109, 1)])
def test_a_counter_that_may_grow_is_accepted_up_to_what_is_said(tmp_path, head, code):
    job = outcome(CellResult("floor/echo@1", CPU, [0.0] * 12))
    job.counters = [Grown("floor/echo@1", "cpu_per_unit_ns", 100, head, 8)]
    accepted.apply(job, entries(tmp_path, 'base = "abc"'), lambda rev: True, TODAY)
    assert job.exit_code() == code and ("every byte" in job.counters[0].accepted) == (code == 0)


def test_it_expires_with_its_base_or_its_day(tmp_path):
    for more, within in (('base = "abc"', False), ("until = 2030-01-14", True)):
        job = outcome(red())
        lines = accepted.apply(job, entries(tmp_path, more), lambda rev: within, TODAY)
        assert job.exit_code() == 1 and "has expired; remove it" in lines[0]
    job = outcome(red())
    assert (
        accepted.apply(job, entries(tmp_path, "until = 2030-01-15"), lambda rev: False, TODAY) == []
    )
    assert job.exit_code() == 0


@pytest.mark.parametrize(
    "change, text",
    [
        ("", "never expires"),
        ('base = ""', "never expires"),
        ('base = "a"\nbsae = 1', "unknown field 'bsae'"),
        ('base = "a"\n[[accepted]]\ncell = 3', "entry 2 has no proper 'cell'"),
        ("base =", "no TOML"),
    ],
)
def test_a_wrong_file_is_reported(tmp_path, change, text):
    with pytest.raises(UsageError, match=text):
        entries(tmp_path, change)


def test_a_ratio_that_is_none_and_a_file_that_is_none(tmp_path):
    with pytest.raises(UsageError, match="no ratio above 1"):
        (tmp_path / "a.toml").write_text(ENTRY.replace("1.08", "0.9") + 'base = "a"')
        accepted.read(tmp_path / "a.toml")
    assert accepted.read(tmp_path / "none.toml") == []
